"""Thirty made-up customers: people who write in for themselves, and business partners with a contract.

Phone numbers stand in ranges of zeros, mail domains end in `.example`: none of them can reach anybody.
"""

from dataclasses import dataclass

from ..domain.model import Address
from ..domain.terms import Channel


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """An organisation by its local key. `domain` is the part of its mail addresses after the at sign."""

    key: str
    name: str
    b2b: bool
    contract: str | None
    domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Customer:
    """A contact by its local key. `greeting` is how one speaks to them: `Pak Andi`."""

    key: str
    name: str
    greeting: str
    organisation: str | None
    addresses: tuple[Address, ...]

    @property
    def channels(self) -> frozenset[Channel]:
        return frozenset(address.channel for address in self.addresses)


def _company(key: str, name: str, domain: str, contract: str | None = None) -> Company:
    return Company(key=key, name=name, b2b=contract is not None, contract=contract, domain=f"{domain}.example")


COMPANIES: tuple[Company, ...] = (
    _company("sagara", "Bank Sagara", "banksagara", "A"),
    _company("nusalestari", "Bank Nusa Lestari", "nusalestari", "A"),
    _company("artaguna", "Asuransi Arta Guna", "artaguna", "A"),
    _company("lintasniaga", "PT Lintas Niaga", "lintasniaga", "B"),
    _company("mitradana", "PT Mitra Dana Finance", "mitradana", "A"),
    _company("cakrawala", "PT Cakrawala Logistik", "cakrawala", "B"),
    _company("sehatprima", "RS Sehat Prima", "sehatprima", "B"),
    _company("sukamaju", "Dinas Layanan Warga Sukamaju", "layanan-sukamaju", "B"),
    _company("univharapan", "Universitas Harapan Timur", "harapantimur", "B"),
    _company("padmafarma", "PT Padma Farma", "padmafarma", "B"),
    _company("tokoramai", "PT Toko Ramai Digital", "tokoramai", "A"),
    _company("griyasentosa", "PT Griya Sentosa Properti", "griyasentosa", "B"),
    _company("karyaabadi", "CV Karya Abadi", "karyaabadi"),
    _company("kopmaju", "Koperasi Maju Bersama", "kopmaju"),
    _company("sbudigital", "Piket SBU Digital", "sbu-digital"),
)
"""Those with a contract are B2B partners; the letter is the demo's own."""

_DOMAINS = {company.key: company.domain for company in COMPANIES}

# key, name, greeting, organisation, channels: p phone, e mail, w WhatsApp, s social media
_ROWS: tuple[tuple[str, str, str, str | None, str], ...] = (
    ("andi", "Andi Prasetyo", "Pak Andi", "sagara", "pew"),
    ("kartini", "Kartini Lubis", "Bu Kartini", "sagara", "pe"),
    ("hario", "Hario Wibisono", "Pak Hario", "nusalestari", "pew"),
    ("maya", "Maya Siregar", "Bu Maya", "artaguna", "pew"),
    ("ridwan", "Ridwan Saputra", "Pak Ridwan", "lintasniaga", "pew"),
    ("stefani", "Stefani Halim", "Bu Stefani", "mitradana", "pew"),
    ("dimas", "Dimas Aryanto", "Mas Dimas", "mitradana", "pe"),
    ("wayan", "Wayan Sudarma", "Pak Wayan", "cakrawala", "pew"),
    ("lestari", "Lestari Ningsih", "Bu Lestari", "sehatprima", "pew"),
    ("yusuf", "Yusuf Abdullah", "Pak Yusuf", "sukamaju", "pe"),
    ("ines", "Ines Tambunan", "Bu Ines", "univharapan", "pew"),
    ("gilang", "Gilang Ramadhan", "Mas Gilang", "padmafarma", "pew"),
    ("cynthia", "Cynthia Wijaya", "Mbak Cynthia", "tokoramai", "pew"),
    ("harun", "Harun Al Farisi", "Pak Harun", "griyasentosa", "pew"),
    ("jokos", "Joko Susilo", "Pak Joko", "karyaabadi", "pew"),
    ("nining", "Nining Suryani", "Bu Nining", "kopmaju", "pw"),
    ("srim", "Sri Mulyati", "Bu Sri", None, "pw"),
    ("hapsari", "Hapsari Dewanti", "Bu Hapsari", None, "pew"),
    ("tono", "Tono Kurniadi", "Pak Tono", None, "pew"),
    ("amelia", "Amelia Rahma", "Mbak Amelia", None, "pews"),
    ("rizky", "Rizky Fadillah", "Mas Rizky", None, "pews"),
    ("novita", "Novita Sari", "Mbak Novita", None, "pews"),
    ("burhan", "Burhanuddin Nasution", "Pak Burhan", None, "p"),
    ("clara", "Clara Manuhutu", "Bu Clara", None, "pew"),
    ("edwin", "Edwin Tanoto", "Pak Edwin", None, "pe"),
    ("fitri", "Fitri Yuliana", "Mbak Fitri", None, "pws"),
    ("gunadi", "Gunadi Wirawan", "Pak Gunadi", None, "pe"),
    ("hilda", "Hilda Pangaribuan", "Bu Hilda", None, "pew"),
    ("imron", "Imron Rosyadi", "Pak Imron", None, "pw"),
    ("piket", "Piket SBU Digital", "Rekan piket", "sbudigital", "pe"),
)


def _addresses(place: int, name: str, organisation: str | None, channels: str) -> tuple[Address, ...]:
    user = ".".join(name.lower().split()[:2])
    domain = _DOMAINS[organisation] if organisation else "surat.example"
    mobile = f"+62812000001{place:02d}"
    phone = f"+6221000001{place:02d}" if organisation else mobile
    values = {
        "p": (Channel.PHONE, phone),
        "e": (Channel.EMAIL, f"{user}@{domain}"),
        "w": (Channel.WHATSAPP, mobile),
        "s": (Channel.SOCIAL, f"@{user.replace('.', '_')}_contoh"),
    }
    return tuple(Address(channel=values[letter][0], value=values[letter][1], verified=True) for letter in channels)


CUSTOMERS: tuple[Customer, ...] = tuple(
    Customer(
        key=key,
        name=name,
        greeting=greeting,
        organisation=organisation,
        addresses=_addresses(place, name, organisation, channels),
    )
    for place, (key, name, greeting, organisation, channels) in enumerate(_ROWS, start=1)
)

_COMPANY = {company.key: company for company in COMPANIES}


def company(customer: Customer) -> Company | None:
    """The organisation that a customer belongs to."""
    return _COMPANY[customer.organisation] if customer.organisation else None
