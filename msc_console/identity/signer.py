"""Whoever holds the unlocked keys: the session behind `agent.Client`, or `InProcess` for tests and embedding."""

from collections.abc import Iterable, Mapping
from typing import Any, Protocol

from .. import seal
from .vault import Secrets

REFRESH_PREFIX = "msc-refresh|"
"""What a refresh proof starts with. An op's signed bytes start with `{`, so neither can pass for the other."""


class Signer(Protocol):
    """What the desk needs of an unlocked identity."""

    def data_key(self) -> bytes:
        """The 32 bytes that open this person's cache."""

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """`envelopes` sealed as a chain that starts at `first_counter` behind the link `prev` (empty at the first)."""

    def sign_refresh(self, token: str) -> str:
        """The proof that this device may use the refresh token `token`, as hex."""

    def answers(self) -> bool:
        """Whether the keys are there now."""


class InProcess:
    """A signer in this process, with the interface of the session's client."""

    def __init__(self, secret: Secrets) -> None:
        self._secret = secret

    def data_key(self) -> bytes:
        """See Signer."""
        return self._secret.data_key

    def seal(self, first_counter: int, prev: str, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """See Signer. ValueError for an op of another device or one that can't be canonical; then none is sealed."""
        return seal_chain(self._secret.device_key, self._secret.device, first_counter, prev, envelopes)

    def sign_refresh(self, token: str) -> str:
        """See Signer."""
        return sign_refresh(self._secret.device_key, token)

    def answers(self) -> bool:
        """See Signer."""
        return True


def seal_chain(
    private: bytes, device: str, first_counter: int, prev: str, envelopes: Iterable[Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """Give each op salt, body hash, counter, `prev` and signature, in order.

    ValueError for an op of another device than `device` or with content that can't be signed.
    """
    sealed = []
    sign = seal.signing(private)
    for counter, envelope in enumerate(envelopes, first_counter):
        if envelope.get("device") != device:
            raise ValueError("op of another device")
        salt = seal.new_salt()
        op = {name: value for name, value in envelope.items() if name != "sig"}
        op |= {
            "counter": counter,
            "prev": prev,
            "salt": salt,
            "body": seal.body_hash(salt, envelope["args"], envelope.get("before") or {}),
        }
        signed = seal.signed_bytes(op)
        op["sig"] = sign(signed)
        prev = seal.link_of(signed, op["sig"])
        sealed.append(op)
    return sealed


def sign_refresh(private: bytes, token: str) -> str:
    """Ed25519 over `msc-refresh|<token>`, as hex."""
    return seal.sign(private, (REFRESH_PREFIX + token).encode())
