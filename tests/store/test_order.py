"""Which acts of an outbox may leave, against a rule written the other way round."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from msc_console.domain.decide import MERGING
from msc_console.store.sealing import Waiting, ready

KINDS = ("ticket.create", "ticket.set", "ticket.resolve", "entry.reply", "entry.note", "entry.call")


@st.composite
def outboxes(draw: st.DrawFn) -> list[Waiting]:
    acts: list[Waiting] = []
    for number in range(draw(st.integers(0, 12))):
        earlier = [act.id for act in acts]
        acts.append(
            Waiting(
                id=f"o{number}",
                kind=draw(st.sampled_from(KINDS)),
                target=draw(st.sampled_from("abc")),
                state=draw(st.sampled_from(["open", "open", "open", "sealed", "attention"])),
                stands_on=tuple(draw(st.lists(st.sampled_from(earlier), max_size=2))) if earlier else (),
                hold_until=draw(st.sampled_from([None, 5, 15])),
                next_at=draw(st.sampled_from([None, None, 5, 15])),
            )
        )
    return acts


@given(outboxes())
@pytest.mark.protocol("P-075")
def test_order_of_leaving(acts: list[Waiting]) -> None:
    now = 10
    leaving = ready(acts, now)
    place = {act.id: number for number, act in enumerate(acts)}
    stays = {
        act.id
        for act in acts
        if act.id not in leaving and not (act.state == "sealed" and max(act.hold_until or 0, act.next_at or 0) <= now)
    }
    assert leaving == sorted(leaving, key=place.__getitem__)
    for act in acts:
        earlier = [other for other in acts[: place[act.id]] if other.id in stays and other.target == act.target]
        free = (
            act.state == "open"
            and max(act.hold_until or 0, act.next_at or 0) <= now
            and not stays.intersection(act.stands_on)
            and not any(other.kind == "ticket.create" for other in earlier)
            and (act.kind in MERGING or not earlier)
        )
        assert (act.id in leaving) == free, act
