"""The recovery key: sealed to one, opened by two halves together, and what a slip of the pen gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import escrow
from msc_console.errors import UsageError

DOCUMENT = {"login": "rina", "data_key": "00" * 32}


@pytest.fixture(scope="module")
def key() -> tuple[str, str]:
    """Identity and recipient."""
    return escrow.new_identity()


def _refused(key: str, call: object, *given: object) -> None:
    with pytest.raises(UsageError) as caught:
        call(*given)  # type: ignore[operator]
    assert caught.value.key == key


def test_any_32_bytes_are_an_identity_of_age() -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from pyrage import x25519

    for raw in (bytes(32), bytes(range(32)), b"\xff" * 32):
        identity = escrow.identity_of(raw)
        assert escrow.unseal(identity, escrow.seal_to(escrow.public_of(identity), {"n": 7})) == {"n": 7}
        # The recipient's Bech32 holds the public key of exactly this secret.
        signs = escrow.public_of(identity).removeprefix("age1")[:52]
        number = int("".join(f"{'qpzry9x8gf2tvdw0s3jn54khce6mua7l'.index(sign):05b}" for sign in signs), 2) >> 4
        assert number.to_bytes(32) == X25519PrivateKey.from_private_bytes(raw).public_key().public_bytes_raw()
        assert str(x25519.Identity.from_str(identity)) == identity
    with pytest.raises(ValueError, match="32 bytes"):
        escrow.identity_of(bytes(31))


def test_two_halves_open_what_was_sealed(key: tuple[str, str]) -> None:
    identity, recipient = key
    sealed = escrow.seal_to(recipient, DOCUMENT)
    one, other = escrow.split(identity)
    for pair in ((one, other), (other, one), (one + "\n", f"  {other}\r\n")):
        assert escrow.unseal(escrow.join(*pair), sealed) == DOCUMENT
    assert b"rina" not in sealed


def test_a_half_says_nothing(key: tuple[str, str]) -> None:
    identity, _ = key
    halves = [escrow.split(identity) for _ in range(8)]
    pads = {half for pair in halves for half in pair}
    assert len(pads) == 16
    for half in pads:
        raw = bytes.fromhex(half.split(" ")[2])
        assert identity.encode() != raw
        assert b"AGE" not in raw[:3]


def test_halves_of_two_splits_or_keys_or_twice_the_same_are_no_pair(key: tuple[str, str]) -> None:
    one, other = escrow.split(key[0])
    again, _ = escrow.split(key[0])
    foreign, _ = escrow.split(escrow.new_identity()[0])
    for pair in ((one, one), (again, other), (foreign, other)):
        _refused("recovery_halves_unmatched", escrow.join, *pair)


@given(data=st.data())
def test_a_slip_of_the_pen_is_noticed(data: st.DataObject) -> None:
    one, other = escrow.split(escrow.new_identity()[0])
    place = data.draw(st.integers(0, len(one) - 1))
    letter = data.draw(st.sampled_from("0123456789abcdef x").filter(lambda found: found != one[place]))
    _refused("recovery_half_wrong", escrow.join, one[:place] + letter + one[place + 1 :], other)


@pytest.mark.parametrize("text", ["", "msc-recovery-half-1", "x" * 5000, "é"])
def test_other_text_is_no_half(key: tuple[str, str], text: str) -> None:
    _refused("recovery_half_wrong", escrow.join, text, escrow.split(key[0])[1])


def test_another_key_or_a_changed_byte_opens_nothing(key: tuple[str, str]) -> None:
    identity, recipient = key
    sealed = escrow.seal_to(recipient, DOCUMENT)
    _refused("recovery_not_for_this_key", escrow.unseal, escrow.new_identity()[0], sealed)
    _refused("recovery_not_for_this_key", escrow.unseal, identity, sealed[:-1] + bytes([sealed[-1] ^ 1]))
    _refused("recovery_not_for_this_key", escrow.unseal, identity, b"")
    _refused("recovery_not_for_this_key", escrow.unseal, "no identity", sealed)


def test_nothing_is_sealed_to_what_is_no_recipient(key: tuple[str, str]) -> None:
    for text in ("", "age1x", key[0], key[1][:-1]):
        assert not escrow.is_recipient(text)
        with pytest.raises(ValueError, match="recipient"):
            escrow.seal_to(text, DOCUMENT)
    assert escrow.is_recipient(key[1])
