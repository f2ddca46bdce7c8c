"""The centre's own certificate authority: a root for ten years that laptops pin, server certificates for one.

Two files a certificate, PEM: what everybody may read, and the key (PKCS #8, mode 0600). Made so that a strict
verification passes (RFC 5280 4.2.1.1, 4.2.1.2, 4.2.1.9; OpenSSL's X509_STRICT, which Python 3.13 has on): key
identifiers on both, `basicConstraints` critical, names and addresses in `subjectAltName`. Keys are EC P-256.
"""

import ipaddress
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ..errors import UsageError
from .masterkey import refuse_shared

ROOT_LIFE = timedelta(days=3652)
SERVER_LIFE = timedelta(days=365)
EARLIER = timedelta(days=1)
"""Certificates hold from a day before they are made: a laptop's clock may be behind."""
ALERT = timedelta(days=30)
"""How long before its end a certificate is complained about."""

Extension = tuple[x509.ExtensionType, bool]


@dataclass(frozen=True, slots=True)
class Pair:
    """The files of one certificate, and until when it holds (UTC)."""

    certificate: Path
    key: Path
    until: datetime


def init(folder: Path, name: str, now: datetime) -> Pair:
    """A new root called `name` in `folder`, as `ca.pem` and `ca.key`. UsageError `file_exists`: none is overwritten."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    identifier = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=True, path_length=0), True),
        (_usage(signs_certificates=True), True),
        (identifier, False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]
    made = _signed(subject, subject, key.public_key(), key, extensions, now, ROOT_LIFE)
    return _written(folder, "ca", made, key, replace=False)


def issue(authority: Path, names: Sequence[str], folder: Path, now: datetime, *, replace: bool = False) -> Pair:
    """A server certificate for `names` (host names and IP addresses), signed by the root in the folder `authority`.

    It lies in `folder` as `server.pem` and `server.key`; `replace` renews files that are there. UsageError for a root
    that is missing, unreadable or open to others (`ca_missing`, `key_file_*`), for a name that is none, and
    `file_exists`.
    """
    root, signer = _root(authority)
    if not names:
        raise UsageError("tls_name_wrong", name="")
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = root.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
    extensions: list[Extension] = [
        (x509.BasicConstraints(ca=False, path_length=None), True),
        (_usage(signs_certificates=False), True),
        (x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), False),
        (x509.SubjectAlternativeName([_name(name) for name in names]), False),
        (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
        (x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(identifier), False),
    ]
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, names[0][:64])])
    # No server certificate outlives its root: past that no laptop would believe it.
    life = min(SERVER_LIFE, root.not_valid_after_utc - now)
    made = _signed(subject, root.subject, key.public_key(), signer, extensions, now, life)
    return _written(folder, "server", made, key, replace=replace)


def holds_until(certificate: Path) -> datetime:
    """When the first of the certificates in a PEM file to end ends (UTC). ValueError or OSError when there is none."""
    found = x509.load_pem_x509_certificates(certificate.read_bytes())
    return min(one.not_valid_after_utc for one in found)


def _root(folder: Path) -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    certificate, key = folder / "ca.pem", folder / "ca.key"
    refuse_shared(key)
    try:
        root = x509.load_pem_x509_certificate(certificate.read_bytes())
        signer = load_pem_private_key(key.read_bytes(), None)
    except FileNotFoundError:
        raise UsageError("ca_missing", path=str(folder)) from None
    except (ValueError, TypeError):
        raise UsageError("key_file_damaged", path=str(key)) from None
    if not isinstance(signer, ec.EllipticCurvePrivateKey) or signer.public_key() != root.public_key():
        raise UsageError("key_file_damaged", path=str(key))
    return root, signer


def _name(name: str) -> x509.GeneralName:
    """As a verifier looks for it: an address is no host name, and the other way round."""
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        pass
    try:
        if not name or name != name.strip() or " " in name:
            raise ValueError
        return x509.DNSName(name.encode("idna").decode("ascii"))
    except ValueError:
        raise UsageError("tls_name_wrong", name=name) from None


def _usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _signed(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signer: ec.EllipticCurvePrivateKey,
    extensions: Sequence[Extension],
    now: datetime,
    life: timedelta,
) -> x509.Certificate:
    builder = x509.CertificateBuilder(
        issuer_name=issuer,
        subject_name=subject,
        public_key=public,
        serial_number=x509.random_serial_number(),
        not_valid_before=(now - EARLIER).astimezone(UTC),
        not_valid_after=(now + life).astimezone(UTC),
    )
    for value, critical in extensions:
        builder = builder.add_extension(value, critical)
    return builder.sign(signer, hashes.SHA256())


def _written(
    folder: Path, name: str, certificate: x509.Certificate, key: ec.EllipticCurvePrivateKey, *, replace: bool
) -> Pair:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    pair = Pair(folder / f"{name}.pem", folder / f"{name}.key", certificate.not_valid_after_utc)
    for path in (pair.certificate, pair.key):
        if path.exists() and not replace:
            raise UsageError("file_exists", path=str(path))
    _write(pair.key, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)
    _write(pair.certificate, certificate.public_bytes(Encoding.PEM), 0o644)
    return pair


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all, and at no moment open to more than `mode`."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.unlink(missing_ok=True)
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
