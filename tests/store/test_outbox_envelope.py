"""What an act is sealed into."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from msc_console.clock import iso
from msc_console.store import sealing, settings

from .world import ANDI, DEVICE, INC, Desk, a_ticket, put


@pytest.fixture
def desk(desk: Desk) -> Desk:
    desk.apply([put("ticket", a_ticket(id)) for id in ("t1", "t2")] + [put("contact", ANDI, ver=1)])
    return desk


@pytest.mark.protocol("P-049")
def test_an_envelope_carries_what_the_author_stood_on(desk: Desk) -> None:
    desk.do("ticket.take", "t1")
    desk.do("ticket.set", "t1", subject="Baru", before={"subject": "Stempel gagal"})
    take, change = desk.batch()
    assert take["basis"] == {"ver": 1}
    assert change["basis"] == {"ver": 1, "claim": take["op"]}
    assert change["before"] == {"subject": "Stempel gagal"}
    assert change["args"] == {"subject": "Baru"}
    assert (change["device"], change["inc"], change["kv"]) == (DEVICE, INC, 1)


@pytest.mark.protocol("P-048")
def test_an_envelope_tells_the_measured_offset_and_the_server_time_seen(desk: Desk) -> None:
    """Both are facts beside the act: what its author's clock was off by, and how old their news was."""
    seen = desk.at - timedelta(minutes=3)
    with desk.cache.write() as conn:
        settings.hear_time(conn, seen, seen + timedelta(seconds=90))
        command = replace(desk.command(conn, "ticket.take", "t1"), made_at=desk.at, seen_at=seen)
        desk.replica.record(conn, command, None)
    (take,) = desk.batch()
    assert (take["made_at"], take["skew"], take["seen_at"]) == (iso(desk.at), -90_000, iso(seen))


@pytest.mark.protocol("P-042", "P-043", "P-044")
def test_what_is_sealed_is_a_message_of_the_wire_and_verifies(desk: Desk) -> None:
    import msgspec

    from msc_console import seal
    from msc_console.identity.signer import seal_chain
    from msc_console.sync.wire import Envelope

    private, public = seal.new_device_key()

    class Real:
        def seal(self, first: int, prev: str, envelopes: list[dict[str, Any]]) -> list[dict[str, Any]]:
            return seal_chain(private, DEVICE, first, prev, envelopes)

    desk.do("ticket.take", "t1")
    desk.do("entry.note", "t1", body="á 🙂", deps=(desk.ops()[0].id,))
    with desk.cache.write() as conn:
        batch = sealing.seal_batch(conn, Real(), DEVICE, INC, desk.at)
    prev = ""
    for envelope in batch:
        received = msgspec.json.decode(msgspec.json.encode(msgspec.convert(envelope, Envelope)), type=Envelope)
        plain = msgspec.to_builtins(received)
        assert seal.verify(public, seal.signed_bytes(plain), received.sig)
        assert received.body == seal.body_hash(received.salt, received.args, received.before)
        assert received.prev == prev
        prev = seal.link(plain)
    assert desk.read(sealing.chain_head, DEVICE, INC) == (2, prev)
    assert desk.batch() == batch
