"""Words in the person's language. Message ids are English; Bahasa Indonesia is the default language.

A message with values has named places, filled after translation: `_("{n} selected").format(n=3)`. Catalogues are
read at the first message; a checkout without compiled catalogues works too, a little slower.
"""

import gettext as _gettext
from datetime import UTC, datetime, timedelta, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from . import clock

DEFAULT = "id"
DOMAIN = "msc"
LOCALE = Path(__file__).with_name("locale")

_chosen = DEFAULT
_loaded: _gettext.NullTranslations | None = None


def set_language(language: str) -> None:
    """Speak `language` from now on: id, or en. One language a process."""
    global _chosen, _loaded
    _chosen, _loaded = language, None


def language() -> str:
    """The language in force."""
    return _chosen


def _catalogue() -> _gettext.NullTranslations:
    global _loaded
    if _loaded is None:
        _loaded = _load(_chosen)
    return _loaded


@cache
def _load(language: str) -> _gettext.NullTranslations:
    """The catalogue of `language`: compiled if that is not older than its source, else from the source."""
    compiled = LOCALE / language / "LC_MESSAGES" / f"{DOMAIN}.mo"
    source = compiled.with_suffix(".po")
    if compiled.exists() and not (source.exists() and source.stat().st_mtime > compiled.stat().st_mtime):
        with compiled.open("rb") as file:
            return _gettext.GNUTranslations(file)
    if not source.exists():
        return _gettext.NullTranslations()
    from io import BytesIO

    from babel.messages.mofile import write_mo
    from babel.messages.pofile import read_po

    made = BytesIO()
    with source.open("rb") as file:
        write_mo(made, read_po(file))
    made.seek(0)
    return _gettext.GNUTranslations(made)


def _(message: str) -> str:
    """`message` in the person's language."""
    # The catalogue's header stands under the empty message.
    return _catalogue().gettext(message) if message else ""


def ngettext(singular: str, plural: str, n: int) -> str:
    """The form for `n` things; the places, also that of the number, are filled by the caller."""
    return _catalogue().ngettext(singular, plural, n)


def pgettext(context: str, message: str) -> str:
    """`message` where the same English word needs two translations; `context` tells them apart."""
    return _catalogue().pgettext(context, message)


def N_(message: str) -> str:
    """Marks a message for the catalogue where it can't be translated yet (tables, class bodies)."""
    return message


def duration_short(span: timedelta) -> str:
    """`span` in at most seven cells, rounded towards zero: 38m, 2j 05m, 15j, 2h 3j. A minus sign when negative.

    Hours stand alone from ten on, days from two on; in Bahasa Indonesia j is hours (jam) and h is days (hari).
    """
    minutes = abs(span) // timedelta(minutes=1)
    sign = "-" if span < timedelta(0) and minutes else ""
    hours, rest = divmod(minutes, 60)
    if not hours:
        return sign + _("{m}m").format(m=rest)
    if hours < 10 and rest:
        return sign + _("{h}h {m:02d}m").format(h=hours, m=rest)
    if hours < 48:
        return sign + _("{h}h").format(h=hours)
    days, hours = divmod(hours, 24)
    if hours and days < 100:
        return sign + _("{d}d {h}h").format(d=days, h=hours)
    return sign + _("{d}d").format(d=days)


def target_short(span: timedelta) -> str:
    """A clock's target as the contract names it (R2): whole hours stay hours, 48j, never days."""
    hours, rest = divmod(span // timedelta(minutes=1), 60)
    return _("{h}h").format(h=hours) if hours and not rest else duration_short(span)


@lru_cache(32)
def _zone(name: str) -> tzinfo:
    return ZoneInfo(name)


def local(moment: datetime, zone: str | tzinfo) -> datetime:
    """`moment` on the clocks of `zone` (an IANA name or a tzinfo)."""
    if moment.tzinfo is None:
        raise ValueError(f"a moment without a zone: {moment}")
    return moment.astimezone(_zone(zone) if isinstance(zone, str) else zone)


def when(moment: datetime, zone: str | tzinfo, now: datetime | None = None) -> str:
    """The short local time of a row: 09:12 today, 23/11 09:12 on another day, 23/11/25 in another year."""
    there = local(moment, zone)
    today = local(now or clock.now(), zone)
    if there.date() == today.date():
        return f"{there:%H:%M}"
    if there.year == today.year:
        return _("{date:%d/%m} {date:%H:%M}").format(date=there)
    return _("{date:%d/%m/%y}").format(date=there)


def date_long(moment: datetime, zone: str | tzinfo) -> str:
    """The whole date and time in words, with the zone's short name: for headings and reports."""
    from babel.dates import format_datetime

    there = local(moment, zone)
    return f"{format_datetime(there, 'EEEE, d MMMM y HH:mm', locale=_chosen)} {there.tzname() or UTC}"


def number(value: float) -> str:
    """`value` with the language's separators: 12.345,6 in Bahasa Indonesia."""
    from babel.numbers import format_decimal

    return format_decimal(value, locale=_chosen)
