"""Mailboxes: newest wins, the picture first, nobody starves."""

from __future__ import annotations

import itertools
import math

from fake_backends import request_of
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.rendering.lanes import Lanes
from latentlab.rendering.requests import PICTURE, RenderRequest

OTHERS = ("strip", "walk", "shelf")

quick = settings(deadline=None, derandomize=True, max_examples=150)


def drained(lanes: Lanes, rows_at_most: int = 1) -> list[tuple[str, int, tuple[int, ...]]]:
    """Take everything; return lane, seq and rows of each turn."""
    turns = []
    while (job := lanes.take(rows_at_most)) is not None:
        request, rows = job
        turns.append((request.lane, request.seq, rows))
    return turns


def rows_of(count: int, lane: str = "strip", seq: int = 1, order: tuple[int, ...] = ()) -> RenderRequest:
    return request_of(lane, seq, *range(count), order=order)


def test_the_newest_request_of_a_lane_wins() -> None:
    lanes = Lanes()
    for seq in (1, 2, 3):
        lanes.put(request_of("strip", seq))
    assert drained(lanes) == [("strip", 3, (0,))]
    assert not lanes


def test_the_picture_goes_first_and_whole() -> None:
    lanes = Lanes()
    lanes.put(rows_of(4))
    lanes.put(rows_of(5, PICTURE, 2))
    assert drained(lanes, 2) == [(PICTURE, 2, (0, 1, 2, 3, 4)), ("strip", 1, (0, 1)), ("strip", 1, (2, 3))]


def test_after_each_picture_one_other_gets_a_turn() -> None:
    lanes = Lanes()
    lanes.put(rows_of(3, "strip"))
    lanes.put(rows_of(3, "shelf", 2))
    taken = []
    for seq in range(10, 16):
        lanes.put(request_of(PICTURE, seq))
        for _ in range(2):
            job = lanes.take(1)
            assert job is not None
            taken.append(job[0].lane)
    assert taken == [PICTURE, "strip", PICTURE, "shelf"] * 3
    assert not lanes


def test_a_picture_that_nobody_waited_behind_owes_no_turn() -> None:
    lanes = Lanes()
    lanes.put(request_of(PICTURE, 1))
    assert lanes.take(1) is not None
    lanes.put(rows_of(2, "strip", 2))
    lanes.put(request_of(PICTURE, 3))
    assert [lane for lane, _, _ in drained(lanes)] == [PICTURE, "strip", "strip"]


def test_pictures_alone_follow_each_other() -> None:
    lanes = Lanes()
    for seq in range(3):
        lanes.put(request_of(PICTURE, seq))
        assert lanes.take(1) is not None
    assert lanes.take(1) is None


def test_others_take_turns() -> None:
    lanes = Lanes()
    for seq, lane in enumerate(OTHERS):
        lanes.put(rows_of(2, lane, seq))
    assert [lane for lane, _, _ in drained(lanes)] == [*OTHERS, *OTHERS]


def test_a_replaced_request_keeps_its_place_among_the_others() -> None:
    lanes = Lanes()
    for seq, lane in enumerate(OTHERS):
        lanes.put(rows_of(1, lane, seq))
    lanes.put(rows_of(1, "strip", 9))
    assert [lane for lane, _, _ in drained(lanes)] == list(OTHERS)


def test_rows_are_taken_in_the_order_asked_for() -> None:
    lanes = Lanes()
    lanes.put(rows_of(4, order=(0, 3, 1, 2)))
    assert drained(lanes, 3) == [("strip", 1, (0, 3, 1)), ("strip", 1, (2,))]


def test_rows_not_reached_by_the_old_request_come_first_in_the_new() -> None:
    lanes = Lanes()
    lanes.put(rows_of(4, order=(0, 3, 1, 2)))
    lanes.take(2)
    lanes.put(rows_of(4, seq=2, order=(0, 3, 1, 2)))
    assert drained(lanes, 2) == [("strip", 2, (1, 2)), ("strip", 2, (0, 3))]


def test_a_request_of_another_length_begins_anew() -> None:
    lanes = Lanes()
    lanes.put(rows_of(4))
    lanes.take(2)
    lanes.put(rows_of(3, seq=2))
    assert drained(lanes, 9) == [("strip", 2, (0, 1, 2))]


def test_one_lane_is_dropped() -> None:
    lanes = Lanes()
    for seq, lane in enumerate((PICTURE, *OTHERS)):
        lanes.put(rows_of(2, lane, seq))
    for lane in ("walk", PICTURE, "nobody"):
        lanes.drop(lane)
    assert [lane for lane, _, _ in drained(lanes, 2)] == ["strip", "shelf"]
    lanes.put(rows_of(1, "walk", 9))
    assert drained(lanes) == [("walk", 9, (0,))]


def test_everything_is_dropped() -> None:
    lanes = Lanes()
    for seq, lane in enumerate((PICTURE, *OTHERS)):
        lanes.put(rows_of(2, lane, seq))
    lanes.drop()
    assert not lanes
    assert lanes.take(1) is None


def test_the_rest_of_a_request_is_dropped_but_never_a_newer_one() -> None:
    lanes = Lanes()
    old, new = rows_of(3), rows_of(3, seq=2)
    lanes.put(old)
    lanes.take(1)
    lanes.put(new)
    lanes.drop_rest_of(old)
    assert lanes
    lanes.drop_rest_of(new)
    assert not lanes
    lanes.drop_rest_of(new)


@quick
@given(
    counts=st.lists(st.integers(1, 24), min_size=1, max_size=3),
    rows_at_most=st.integers(1, 9),
    data=st.data(),
)
def test_no_row_starves_under_a_hand_that_never_rests(
    counts: list[int], rows_at_most: int, data: st.DataObject
) -> None:
    """Every lane and the picture are asked anew before each turn."""
    lanes, seqs = Lanes(), itertools.count()
    orders = [tuple(data.draw(st.permutations(range(count)))) for count in counts]
    names = OTHERS[: len(counts)]
    missing = {name: set(range(count)) for name, count in zip(names, counts, strict=True)}
    # A picture and a turn alternate; the lanes take turns; a lane needs ceil(rows / chunk) of them.
    turns = 2 * len(counts) * math.ceil(max(counts) / rows_at_most)
    for _ in range(turns):
        lanes.put(request_of(PICTURE, next(seqs)))
        newest = {}
        for name, count, order in zip(names, counts, orders, strict=True):
            newest[name] = rows_of(count, name, next(seqs), order)
            lanes.put(newest[name])
        job = lanes.take(rows_at_most)
        assert job is not None
        request, rows = job
        if request.lane != PICTURE:
            assert request is newest[request.lane]
            missing[request.lane] -= set(rows)
    assert not any(missing.values())


@quick
@given(st.data())
def test_what_is_taken_is_exactly_what_waits(data: st.DataObject) -> None:
    """Against a plain model: per lane the newest request and the set of its rows that still wait."""
    lanes = Lanes()
    waiting: dict[str, tuple[RenderRequest, set[int]]] = {}
    for seq in range(data.draw(st.integers(1, 40))):
        action = data.draw(st.sampled_from(["put", "put", "take", "take", "drop", "drop all"]))
        lane = data.draw(st.sampled_from([PICTURE, *OTHERS]))
        if action == "put":
            request = rows_of(data.draw(st.integers(1, 5)), lane, seq)
            lanes.put(request)
            waiting[lane] = (request, set(range(len(request.z))))
        elif action == "take":
            chunk = data.draw(st.integers(1, 4))
            job = lanes.take(chunk)
            assert (job is None) == (not waiting)
            if job is None:
                continue
            request, rows = job
            expected, left = waiting[request.lane]
            assert request is expected
            assert 0 < len(rows) == len(set(rows) & left)
            assert len(rows) == (len(left) if request.lane == PICTURE else min(chunk, len(left)))
            left -= set(rows)
            if not left:
                del waiting[request.lane]
        else:
            lanes.drop(None if action == "drop all" else lane)
            waiting = {} if action == "drop all" else {name: held for name, held in waiting.items() if name != lane}
        assert bool(lanes) == bool(waiting)
