"""What a device signs when it signs in, and the second key that it receives sealed things with.

Both sides share these bytes. A device holds one secret of 32 bytes, its Ed25519 key; the X25519 key is derived from it
(HKDF-SHA256), so that no further secret has to be kept, and says nothing about it.
"""

from . import seal

PREFIX = "msc-sign-in|"
"""Neither an op (which starts with `{`) nor a refresh proof (`msc-refresh|`) starts like this."""
_RECEIVE = b"msc-receive/v1"


def message(nonce: str, login: str, device_key: str, receive_key: str) -> bytes:
    """What is signed: central's nonce, who signs in, and both public keys (hex)."""
    return f"{PREFIX}{nonce}|{device_key}|{receive_key}|{login}".encode("utf-8", "surrogatepass")


def receive_secret(private: bytes) -> bytes:
    """The 32 bytes of the X25519 key that belongs to a device key."""
    from cryptography.hazmat.primitives.hashes import SHA256
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(SHA256(), 32, salt=None, info=_RECEIVE).derive(private)


def receive_key(private: bytes) -> str:
    """The public half of a device's X25519 key, as hex."""
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

    return X25519PrivateKey.from_private_bytes(receive_secret(private)).public_key().public_bytes_raw().hex()


def prove(private: bytes, nonce: str, login: str) -> str:
    """The proof of a device key that it is here, now, for `login`; Ed25519, as hex."""
    return seal.sign(private, message(nonce, login, seal.public_key(private), receive_key(private)))


def holds(nonce: str, login: str, device_key: str, receive_key: str, proof: str) -> bool:
    """Whether `proof` is the device key's over this nonce; False for whatever is malformed."""
    return seal.verify(device_key, message(nonce, login, device_key, receive_key), proof)
