"""One code at eight sign-ins at once, fifty times, on both databases: it is never good twice."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from msc_console.central.problems import ProblemError
from msc_console.sync.wire import Code

from .conftest import Laptop, Place

ROUNDS, AT_ONCE = 50, 8


@pytest.mark.deep
@pytest.mark.protocol("P-023")
def test_fifty_times_eight_replays_are_good_once_each(place: Place) -> None:
    laptop, good = Laptop.new(), []
    for _ in range(ROUNDS):
        place.hands.move(minutes=15, seconds=30)
        pending = [place.pending("rina", laptop) for _ in range(AT_ONCE)]
        code = Code(code=place.code("rina"), take_over=True)

        def attempt(token: str, code: Code = code) -> bool:
            try:
                place.auth.code(token, code, place.hands.at)
            except ProblemError:
                return False
            return True

        with ThreadPoolExecutor(AT_ONCE) as pool:
            good.append(sum(pool.map(attempt, pending)))
    assert good == [1] * ROUNDS
