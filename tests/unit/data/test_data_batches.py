"""Mini-batches: coverage and exact resume."""

from __future__ import annotations

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.data.batches import Batches
from latentlab.errors import DataError


def numbered(count: int) -> np.ndarray:
    """Return pictures whose first two pixels tell their number."""
    numbers = np.arange(count, dtype=">u2")
    return numbers.view(np.uint8).reshape(count, 1, 2, 1)


@given(count=st.integers(1, 60), batch=st.integers(1, 70), seed=st.integers(0, 2**32 - 1))
def test_every_epoch_covers_everything_once(count: int, batch: int, seed: int) -> None:
    batches = Batches(numbered(count), batch, seed)
    drawn = np.concatenate([batches.next_indices() for _ in range(-(-3 * count // batch))])
    for epoch in range(3):
        assert sorted(drawn[epoch * count : (epoch + 1) * count]) == list(range(count))


@given(count=st.integers(1, 60), batch=st.integers(1, 70), seed=st.integers(0, 2**32 - 1), before=st.integers(0, 12))
def test_resume_continues_bit_for_bit(count: int, batch: int, seed: int, before: int) -> None:
    pixels = numbered(count)
    running = Batches(pixels, batch, seed)
    for _ in range(before):
        running.next()
    state = json.loads(json.dumps(running.state()))
    resumed = Batches(pixels, batch, seed=seed ^ 1)
    resumed.next()
    resumed.restore(state)
    assert resumed.state() == running.state()
    for _ in range(8):
        np.testing.assert_array_equal(resumed.next(), running.next())
    assert resumed.epoch == running.epoch


def test_state_is_a_snapshot() -> None:
    batches = Batches(numbered(10), 4, 0)
    state = batches.state()
    batches.next()
    assert state != batches.state()
    assert state["epoch"] == 0


def test_batches_are_copies_and_reshuffled() -> None:
    pixels = numbered(50)
    batches = Batches(pixels, 50, 3)
    first, second = batches.next(), batches.next()
    assert first.shape == (50, 1, 2, 1)
    assert first.dtype == np.uint8
    assert not np.array_equal(first, second)
    first[:] = 0
    np.testing.assert_array_equal(pixels, numbered(50))


def test_seed_decides() -> None:
    one, same, other = (Batches(numbered(50), 50, seed).next_indices().tolist() for seed in (7, 7, 8))
    assert one == same
    assert one != other


def test_next_gives_the_pictures_at_next_indices() -> None:
    pixels = numbered(300)
    np.testing.assert_array_equal(Batches(pixels, 64, 5).next(), pixels[Batches(pixels, 64, 5).next_indices()])


def test_other_data_are_refused() -> None:
    state = Batches(numbered(10), 4, 0).state()
    with pytest.raises(DataError, match="holds 11 pictures, the run to be resumed was trained on 10"):
        Batches(numbered(11), 4, 0).restore(state)


@pytest.mark.parametrize(("count", "batch"), [(0, 4), (4, 0)])
def test_impossible(count: int, batch: int) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        Batches(numbered(count), batch, 0)
