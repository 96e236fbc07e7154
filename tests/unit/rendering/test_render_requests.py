"""Messages own their arrays; the order in which a strip takes shape."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.rendering.requests import PICTURE, RenderRequest, ends_and_middle_first

quick = settings(deadline=None, derandomize=True, max_examples=60)


@quick
@given(st.integers(1, 300))
def test_every_row_is_ordered_once(count: int) -> None:
    assert sorted(ends_and_middle_first(count)) == list(range(count))


@quick
@given(st.integers(3, 300))
def test_a_strip_begins_with_its_ends_and_its_middle(count: int) -> None:
    first, second, third = ends_and_middle_first(count)[:3]
    assert (first, second) == (0, count - 1)
    assert abs(third - (count - 1) / 2) <= 0.5


@quick
@given(st.integers(3, 200), st.data())
def test_a_strip_fills_evenly(count: int, data: st.DataObject) -> None:
    order = ends_and_middle_first(count)
    known = data.draw(st.integers(2, count))
    gaps = np.diff(sorted(order[:known]))
    # Halving a gap of g leaves at least floor(g / 2); no gap waits while one half its size is halved again.
    assert gaps.max() <= 2 * (gaps.min() + 1)


def test_latents_are_copied_and_read_only() -> None:
    mine = np.ones((2, 3), np.float32)
    request = RenderRequest(PICTURE, 1, 1, mine)
    mine[:] = 7.0
    assert (request.z == 1.0).all()
    with pytest.raises(ValueError, match="read-only"):
        request.z[0, 0] = 7.0
    with pytest.raises(dataclasses.FrozenInstanceError):
        request.seq = 2  # type: ignore[misc]


def test_latents_become_float32() -> None:
    assert RenderRequest(PICTURE, 1, 1, np.zeros((1, 2))).z.dtype == np.float32  # type: ignore[arg-type]


def test_rows_come_as_they_stand_unless_ordered() -> None:
    z = np.zeros((3, 2), np.float32)
    assert RenderRequest("strip", 1, 1, z).order == (0, 1, 2)
    assert RenderRequest("strip", 1, 1, z, (2, 0, 1)).order == (2, 0, 1)


@pytest.mark.parametrize("shape", [(0, 4), (4,), (), (1, 2, 3)])
def test_latents_of_another_shape_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="latents to render have the shape"):
        RenderRequest("strip", 1, 1, np.zeros(shape, np.float32))


@pytest.mark.parametrize("order", [(0, 3), (-1, 0)])
def test_an_order_of_rows_that_are_not_there_is_refused(order: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="beyond 3 latents"):
        RenderRequest("strip", 1, 1, np.zeros((3, 2), np.float32), order)
