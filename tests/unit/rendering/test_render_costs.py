"""What drawing costs, and when it pays to draw on the spot."""

from __future__ import annotations

import pytest

from latentlab.rendering.costs import CHUNK_MS, Costs


def test_a_row_costs_what_rows_of_late_did_with_as_many_threads() -> None:
    costs = Costs()
    assert costs.row_ms(2) == 0.0
    costs.note_rows(2, 4, 8.0)
    costs.note_rows(1, 1, 9.0)
    assert (costs.row_ms(2), costs.row_ms(1)) == (2.0, 9.0)
    for _ in range(30):
        costs.note_rows(2, 2, 10.0)
    assert costs.row_ms(2) == pytest.approx(5.0, abs=0.01)


def test_pictures_say_nothing_of_rows() -> None:
    costs = Costs()
    costs.note_picture(30.0)
    costs.note_on_the_spot(30.0)
    assert costs.row_ms(2) == 0.0


def test_what_was_never_drawn_does_not_pay() -> None:
    assert not Costs().knows_picture
    assert not Costs().pays_on_the_spot


@pytest.mark.parametrize(("picture_ms", "pays"), [(1.0, True), (2 * CHUNK_MS, True), (2 * CHUNK_MS + 0.1, False)])
def test_a_cold_picture_may_take_two_chunks(picture_ms: float, pays: bool) -> None:
    costs = Costs()
    costs.note_picture(100.0)
    costs.note_picture(picture_ms)
    assert costs.pays_on_the_spot == pays


@pytest.mark.parametrize(
    ("tried_ms", "pays"),
    [
        ([9.0, 9.0], True),
        ([9.0, 9.0, 9.0], False),
        ([9.0, CHUNK_MS, 9.0], True),
        ([1.0, 9.0, 9.0, 9.0], False),
        ([9.0, 9.0, 9.0, 1.0], True),
    ],
)
def test_three_slow_tries_in_a_row_do_not_pay(tried_ms: list[float], pays: bool) -> None:
    costs = Costs()
    costs.note_picture(3.0)
    for each_ms in tried_ms:
        costs.note_on_the_spot(each_ms)
    assert costs.pays_on_the_spot == pays
    costs.try_again()
    assert costs.pays_on_the_spot
