"""A look at a data set: groups and duplicates."""

from __future__ import annotations

import numpy as np
import pytest

from latentlab.data.dataset import DataSet
from latentlab.data.survey import drawn, find_duplicates, groups, name_of
from latentlab.errors import Cancelled


def pictures(count: int) -> np.ndarray:
    return np.random.RandomState(0).randint(0, 256, (count, 4, 4, 3), np.uint8)


def test_equal_pictures_are_found_and_like_ones_are_not() -> None:
    pixels = pictures(600)
    pixels[[7, 300, 599]] = pixels[2]
    pixels[400] = pixels[1]
    pixels[500] = pixels[0]
    pixels[500, 3, 3, 2] ^= 1
    found = find_duplicates(pixels)
    assert [rows.tolist() for rows in found] == [[1, 400], [2, 7, 300, 599]]
    assert find_duplicates(pictures(600)) == ()


def test_looking_for_duplicates_tells_how_far_it_is_and_can_be_called_off() -> None:
    seen: list[tuple[int, int]] = []
    find_duplicates(pictures(600), lambda done, total: seen.append((done, total)))
    assert seen == [(256, 600), (512, 600), (600, 600)]
    with pytest.raises(Cancelled):
        find_duplicates(pictures(600), cancelled=lambda: True)


def test_groups_of_everything_that_is_known() -> None:
    data = DataSet(
        "x",
        pictures(4),
        np.array([1, 0, 1, 1]),
        ("cat", "dog", "mule"),
        names=("a", "b", "c", "d"),
        attributes=("wet",),
        answers=np.array([[1], [-1], [0], [1]], np.int8),
    )
    found = groups(data, (np.array([1, 3]),))
    assert [(each.kind, each.title, each.rows.tolist()) for each in found] == [
        ("all", "", [0, 1, 2, 3]),
        ("class", "cat", [1]),
        ("class", "dog", [0, 2, 3]),
        ("class", "mule", []),
        ("attribute", "wet", [0, 3]),
        ("duplicates", "b", [1, 3]),
    ]
    assert name_of(DataSet("x", pictures(2)), 1) == "#2"
    assert len(groups(DataSet("x", pictures(2)))) == 1


def test_drawing_is_repeatable_and_without_repetition() -> None:
    rows = np.arange(100, 200)
    some = drawn(rows, 20, 3)
    assert len(set(some.tolist())) == 20
    assert sorted(some) == some.tolist()
    assert set(some.tolist()) <= set(rows.tolist())
    np.testing.assert_array_equal(some, drawn(rows, 20, 3))
    assert drawn(rows, 20, 4).tolist() != some.tolist()
    assert drawn(rows, 100, 0) is rows
