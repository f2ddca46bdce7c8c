"""The sealing rules: canonical bytes, body hash, signature and chain, against vectors and by properties."""

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import seal
from msc_console.sync.wire import Basis, Envelope

VECTORS = json.loads((Path(__file__).parent / "identity" / "golden" / "seal.json").read_text("utf-8"))
PRIVATE = bytes(range(32))
PUBLIC = seal.public_key(PRIVATE)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
INTEGER = st.integers(-seal.MAX_INTEGER, seal.MAX_INTEGER)
DOCUMENT = st.dictionaries(
    TEXT,
    st.recursive(
        st.none() | st.booleans() | INTEGER | TEXT,
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
        max_leaves=4,
    ),
    max_size=2,
)
ENVELOPE = st.fixed_dictionaries(
    {
        "op": TEXT, "device": TEXT, "inc": TEXT, "counter": INTEGER, "prev": TEXT, "actor": TEXT, "kind": TEXT,
        "kv": INTEGER, "target": TEXT, "made_at": TEXT, "skew": INTEGER, "body": TEXT, "salt": TEXT,
        "basis": st.fixed_dictionaries(
            {}, optional={"ver": INTEGER, "epoch": INTEGER, "claim": TEXT},
        ),
        "args": DOCUMENT,
    },
    optional={"before": DOCUMENT, "deps": st.lists(TEXT, max_size=2), "cause": TEXT, "seen_at": TEXT},
)  # fmt: skip


def _signed(envelope: dict[str, Any]) -> dict[str, Any]:
    return {**envelope, "sig": seal.sign(PRIVATE, seal.signed_bytes(envelope))}


@pytest.mark.parametrize("case", VECTORS["canonical"], ids=lambda case: str(case["name"]))
@pytest.mark.protocol("P-041")
def test_canonical_vectors(case: dict[str, Any]) -> None:
    assert seal.canonical(case["value"]).decode() == case["canonical"]


@pytest.mark.parametrize("case", VECTORS["envelopes"], ids=lambda case: str(case["name"]))
@pytest.mark.protocol("P-042", "P-043", "P-044", "P-045")
def test_envelope_vectors(case: dict[str, Any]) -> None:
    envelope = case["envelope"]
    body = seal.body_hash(envelope["salt"], envelope["args"], envelope.get("before", {}))
    assert body == envelope["body"]
    assert seal.signed_bytes(envelope).decode() == case["signed"]
    assert seal.sign(bytes.fromhex(case["private"]), case["signed"].encode()) == envelope["sig"]
    assert seal.verify(case["public"], seal.signed_bytes(envelope), envelope["sig"])
    assert seal.link(envelope) == case["link"]


@pytest.mark.protocol("P-045")
def test_second_vector_follows_the_first() -> None:
    first, second = VECTORS["envelopes"]
    assert second["envelope"]["prev"] == first["link"]
    assert second["envelope"]["counter"] == first["envelope"]["counter"] + 1


@pytest.mark.protocol("P-044")
def test_ed25519_agrees_with_rfc_8032() -> None:
    case = VECTORS["rfc8032"]
    private, message = bytes.fromhex(case["private"]), bytes.fromhex(case["message"])
    assert seal.public_key(private) == case["public"]
    assert seal.sign(private, message) == case["sig"]
    assert seal.verify(case["public"], message, case["sig"])


@pytest.mark.parametrize(
    "value",
    [
        1.0, float("nan"), {"a": [0.5]}, 2**53, -(2**53), {"a": {"b": 2**60}}, "\ud800", {"\udfff": 1}, ["a\udc00b"],
        {1: "a"}, b"bytes", {"a": {1, 2}}, object(),
    ],
)  # fmt: skip
@pytest.mark.protocol("P-041")
def test_what_json_readers_disagree_about_is_refused(value: Any) -> None:
    with pytest.raises(ValueError, match=r" at \$"):
        seal.canonical(value)


@pytest.mark.protocol("P-041")
def test_deep_nesting_is_refused_before_the_stack_is_in_danger() -> None:
    value: Any = 1
    for _ in range(50_000):
        value = [value]
    with pytest.raises(ValueError, match="nested deeper"):
        seal.canonical(value)


@pytest.mark.protocol("P-041")
def test_a_refusal_never_repeats_hostile_text() -> None:
    with pytest.raises(ValueError) as caught:
        seal.canonical({"\x1b]0;title": {"phone 0812": 1.5}})
    assert "\x1b" not in str(caught.value)
    assert "0812" not in str(caught.value)


@pytest.mark.parametrize("salt", ["", "ab", "AB" * 16, "zz" * 16, "ab" * 17, "ab" * 16 + "\n"])
@pytest.mark.protocol("P-042")
def test_a_salt_is_exactly_128_bits(salt: str) -> None:
    with pytest.raises(ValueError, match="salt"):
        seal.body_hash(salt, {}, {})


@pytest.mark.parametrize("sig", ["", "ab", "zz" * 64, "ab" * 65])
@pytest.mark.protocol("P-044")
def test_malformed_signatures_verify_nothing(sig: str) -> None:
    assert not seal.verify(PUBLIC, b"text", sig)
    with pytest.raises(ValueError, match="signature"):
        seal.link({"op": "a", "sig": sig})


@pytest.mark.parametrize("public", ["", "ab", "zz" * 32, "ff" * 32])
@pytest.mark.protocol("P-044")
def test_malformed_keys_verify_nothing(public: str) -> None:
    assert not seal.verify(public, b"text", seal.sign(PRIVATE, b"text"))


@pytest.mark.protocol("P-042")
def test_new_keys_and_salts_differ() -> None:
    private, public = seal.new_device_key()
    assert seal.public_key(private) == public
    assert seal.new_device_key()[0] != private
    assert seal.new_salt() != seal.new_salt()


@given(ENVELOPE)
@pytest.mark.protocol("P-043")
def test_defaults_written_out_or_left_out_sign_the_same(envelope: dict[str, Any]) -> None:
    full: dict[str, Any] = {"deps": [], "cause": None, "seen_at": None, **envelope}
    full["basis"] = {"ver": 0, "epoch": 0, "claim": None, **envelope["basis"]}
    assert seal.signed_bytes(full) == seal.signed_bytes(envelope)


@given(ENVELOPE)
@pytest.mark.protocol("P-043")
def test_the_wire_struct_keeps_every_signed_byte(envelope: dict[str, Any]) -> None:
    sealed = _signed(envelope)
    received = msgspec.json.decode(msgspec.json.encode(sealed), type=Envelope)
    assert seal.signed_bytes(msgspec.to_builtins(received)) == seal.signed_bytes(sealed)


@pytest.mark.protocol("P-043")
def test_optional_fields_are_those_of_the_wire() -> None:
    def optional(struct: type[msgspec.Struct]) -> dict[str, Any]:
        known = msgspec.structs.fields(struct)
        return {
            item.name: item.default if item.default is not msgspec.NODEFAULT else item.default_factory()
            for item in known
            if not item.required and item.name not in seal.UNSIGNED
        }

    assert optional(Envelope) == seal.OPTIONAL
    assert optional(Basis) == seal.OPTIONAL_BASIS


COVERED = ["op", "device", "inc", "counter", "prev", "actor", "kind", "kv", "target", "made_at", "skew", "body",
           "deps", "cause", "seen_at", "basis.ver", "basis.epoch", "basis.claim", "unknown"]  # fmt: skip


def _edit(envelope: dict[str, Any], field: str) -> dict[str, Any]:
    """A copy in which `field` has another value."""
    outer, _, inner = field.partition(".")
    if inner:
        return {**envelope, outer: _edit(envelope[outer], inner)}
    value = envelope.get(outer)
    if isinstance(value, int):
        return {**envelope, outer: value + 1 if value < seal.MAX_INTEGER else 0}
    if outer in ("ver", "epoch"):
        return {**envelope, outer: 1}
    if outer == "deps":
        return {**envelope, outer: [*(value or []), "x"]}
    return {**envelope, outer: (value or "") + "x"}


@given(ENVELOPE, st.sampled_from(COVERED))
@pytest.mark.protocol("P-043", "P-044", "P-045")
def test_any_edit_of_a_covered_field_breaks_signature_and_link(envelope: dict[str, Any], field: str) -> None:
    sealed = _signed(envelope)
    edited = _edit(sealed, field)
    assert seal.verify(PUBLIC, seal.signed_bytes(sealed), sealed["sig"])
    assert not seal.verify(PUBLIC, seal.signed_bytes(edited), edited["sig"])
    assert seal.link(edited) != seal.link(sealed)


@given(ENVELOPE, st.sampled_from(["op", "counter", "prev", "body", "kind", "basis"]))
@pytest.mark.protocol("P-043")
def test_leaving_a_required_field_out_breaks_the_signature(envelope: dict[str, Any], field: str) -> None:
    sealed = _signed(envelope)
    edited = {name: value for name, value in sealed.items() if name != field}
    assert not seal.verify(PUBLIC, seal.signed_bytes(edited), edited["sig"])


@given(DOCUMENT, DOCUMENT, TEXT, TEXT)
@pytest.mark.protocol("P-042")
def test_any_edit_of_the_body_breaks_its_hash(
    args: dict[str, Any], before: dict[str, Any], key: str, value: str
) -> None:
    salt = "00" * 16
    body = seal.body_hash(salt, args, before)
    if args.get(key) != value:
        assert seal.body_hash(salt, {**args, key: value}, before) != body
    if before.get(key) != value:
        assert seal.body_hash(salt, args, {**before, key: value}) != body
    if args != before:
        assert seal.body_hash(salt, before, args) != body
    assert seal.body_hash("01" * 16, args, before) != body


@given(ENVELOPE)
@pytest.mark.protocol("P-047")
def test_the_signature_outlives_the_erasure_of_the_body(envelope: dict[str, Any]) -> None:
    sealed = _signed(envelope)
    erased = {**sealed, "salt": "", "args": {}, "before": {}}
    assert seal.verify(PUBLIC, seal.signed_bytes(erased), erased["sig"])
    assert seal.link(erased) == seal.link(sealed)
