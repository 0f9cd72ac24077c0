"""The rate window: what a system may count, whatever happens on the way."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from connectors.door.manners import Pace
from connectors.door.rate import Window

START = 1_800_000_000_000


FLIGHT = st.tuples(st.integers(1, 2_500), st.floats(0, 1), st.integers(0, 30))


@given(st.lists(FLIGHT, min_size=40, max_size=120), st.integers(1, 4), st.sampled_from((40, 2_500)))
def test_a_system_never_counts_more_calls_than_its_limit_however_long_they_travel(
    flights: list[tuple[int, float, int]], parallel: int, longest: int
) -> None:
    """Each call takes so long (`longest` at most), and is counted at some point of that time.  Its thread had read the
    clock so much before it was its turn to ask."""
    window, now = Window(19, 1.0), START
    arrived: list[float] = []
    under_way: list[int] = []
    for takes, where, ago in flights:
        while len(under_way) == parallel or (wait := window.take(now - ago)):
            now = min(under_way) if len(under_way) == parallel else now + wait
            for end in sorted(end for end in under_way if end <= now):
                under_way.remove(end)
                window.answered(end)
        arrived.append(now + min(takes, longest) * where)
        under_way.append(now + min(takes, longest))
    arrived.sort()
    assert all(later - earlier >= 1_000 for earlier, later in zip(arrived, arrived[19:], strict=False))


def test_a_window_wastes_next_to_nothing() -> None:
    window, now, sent = Window(190, 10.0), START, 0
    while sent < 1_000:
        if wait := window.take(now):
            now += wait
        else:
            now, sent = now + 3, sent + 1
            window.answered(now)
    assert (now - START) / 1000 < 1_000 / 19 * 1.01


def test_a_window_learns_a_smaller_limit_and_calls_of_others() -> None:
    window = Window(190, 10.0)
    window.learn(Pace(limit=100, left=10), START, in_flight=0)
    assert [bool(window.take(START)) for _ in range(11)] == [False] * 10 + [True]


def test_an_answer_that_comes_while_another_thread_asks_is_counted() -> None:
    window = Window(2, 1.0)
    assert window.take(START) == window.take(START) == 0
    window.answered(START + 5)
    assert window.take(START + 4) > 0


def test_a_window_survives_a_clock_that_is_set_back() -> None:
    window = Window(1, 1.0)
    assert window.take(START) == 0
    window.answered(START)
    assert window.take(START - 3_600_000) == 0
