"""What is still worth painting."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.rendering.freshness import Freshness
from latentlab.rendering.requests import PICTURE, RenderResult

quick = settings(deadline=None, derandomize=True, max_examples=100)


def result_of(seq: int, *rows: int, epoch: int = 1, lane: str = "strip") -> RenderResult:
    return RenderResult(lane, epoch, seq, rows, np.zeros((len(rows), 1, 1, 1), np.uint8), 1.0)


def opened() -> Freshness:
    freshness = Freshness()
    assert freshness.new_epoch() == 1
    return freshness


def test_another_epoch_is_stale_whether_older_or_newer() -> None:
    freshness = opened()
    assert freshness.new_epoch() == 2
    assert freshness.accept(result_of(5, 0, epoch=1)) == ()
    assert freshness.accept(result_of(5, 0, epoch=3)) == ()
    assert freshness.accept(result_of(5, 0, epoch=2)) == (0,)


def test_a_refused_result_leaves_no_mark() -> None:
    freshness = opened()
    freshness.accept(result_of(9, 0, epoch=2))
    assert freshness.accept(result_of(1, 0)) == (0,)


def test_results_older_than_the_newest_request_are_painted() -> None:
    freshness = opened()
    # Requests 1 to 9 are submitted; 3 and 6 were rendered while the hand moved on.
    assert freshness.accept(result_of(3, 0, lane=PICTURE)) == (0,)
    assert freshness.accept(result_of(6, 0, lane=PICTURE)) == (0,)
    assert freshness.accept(result_of(9, 0, lane=PICTURE)) == (0,)


def test_what_is_older_than_painted_or_the_same_is_stale() -> None:
    freshness = opened()
    assert freshness.accept(result_of(6, 0)) == (0,)
    assert freshness.accept(result_of(3, 0)) == ()
    assert freshness.accept(result_of(6, 0)) == ()


def test_each_row_has_its_own_history() -> None:
    freshness = opened()
    assert freshness.accept(result_of(6, 4, 2)) == (0, 1)
    assert freshness.accept(result_of(5, 4, 3, 2, 1)) == (1, 3)
    assert freshness.accept(result_of(7, 1, 4)) == (0, 1)


def test_each_lane_has_its_own_history() -> None:
    freshness = opened()
    assert freshness.accept(result_of(6, 0, lane="strip")) == (0,)
    assert freshness.accept(result_of(5, 0, lane="shelf")) == (0,)


def test_a_new_epoch_forgets_what_was_painted() -> None:
    freshness = opened()
    freshness.accept(result_of(6, 0))
    freshness.new_epoch()
    assert freshness.accept(result_of(1, 0, epoch=2)) == (0,)


@quick
@given(st.lists(st.tuples(st.integers(0, 20), st.sets(st.integers(0, 4), min_size=1)), max_size=30))
def test_the_seq_of_a_painted_row_only_rises(arrivals: list[tuple[int, set[int]]]) -> None:
    freshness = opened()
    painted: dict[int, int] = {}
    for seq, rows in arrivals:
        result = result_of(seq, *rows)
        fresh = {result.rows[position] for position in freshness.accept(result)}
        assert fresh == {row for row in rows if painted.get(row, -1) < seq}
        painted |= dict.fromkeys(fresh, seq)


def test_a_lane_that_forgets_paints_nothing_asked_for_before() -> None:
    freshness = opened()
    freshness.forget("strip", 4)
    assert freshness.accept(result_of(4, 0)) == ()
    assert freshness.accept(result_of(4, 0, lane="walk")) == (0,)
    assert freshness.accept(result_of(5, 0)) == (0,)
