"""Signatures that are checked beside the reading of a push: each answer belongs to its own op."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console import seal
from msc_console.central.signatures import PIECE, Checks

pytestmark = pytest.mark.protocol("P-044", "P-067")
PRIVATE, PUBLIC = seal.new_device_key()
OTHER, _ = seal.new_device_key()


@given(st.lists(st.sampled_from(["own", "other", "altered", "none", "no hex"]), max_size=3 * PIECE), st.data())
def test_each_place_has_its_own_answer(kinds: list[str], data: st.DataObject) -> None:
    checks, expected = Checks(PUBLIC), []
    for number, kind in enumerate(kinds):
        message = f"op {number}".encode()
        signature = seal.sign(OTHER if kind == "other" else PRIVATE, message)
        if kind == "altered":
            message += b"."
        place = checks.add(None if kind == "none" else message, "?" if kind == "no hex" else signature)
        assert place == number
        expected.append(kind == "own")
        if data.draw(st.booleans()):
            asked = data.draw(st.integers(0, number))
            assert checks.hold(asked) is expected[asked]
    assert [checks.hold(place) for place in range(len(kinds))] == expected


def test_no_key_no_signature() -> None:
    for public in ("", "zz", PUBLIC.upper(), "0" * 63):
        checks = Checks(public)
        checks.add(b"op", seal.sign(PRIVATE, b"op"))
        assert not checks.hold(0)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_a_copy_of_the_process_checks_with_threads_of_its_own() -> None:
    def holds() -> bool:
        checks = Checks(PUBLIC)
        checks.add(b"op", seal.sign(PRIVATE, b"op"))
        return checks.hold(0)

    assert holds()
    child = os.fork()
    if not child:
        os._exit(0 if holds() else 1)
    assert os.waitpid(child, 0)[1] == 0
