"""Mini-batches: coverage and exact resume."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from latentlab.data.batches import Batches
from latentlab.errors import DataError

RECORDED = [[8, 0, 7, 1], [3, 6, 2, 4], [5, 9, 4, 2], [8, 3, 9, 1]]


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


def test_the_order_is_the_one_of_earlier_versions() -> None:
    """Recorded before data sets could be mapped: runs begun then go on as they would have."""
    batches = Batches(numbered(10), 4, 7)
    assert [batches.next_indices().tolist() for _ in range(4)] == RECORDED


def test_mapped_pictures_are_drawn_alike(tmp_path: Path) -> None:
    pixels = numbered(100)
    pixels.tofile(tmp_path / "pixels")
    mapped = np.memmap(tmp_path / "pixels", np.uint8, "r", shape=pixels.shape)
    here, there = Batches(pixels, 32, 1), Batches(mapped, 32, 1)
    for _ in range(8):
        batch = there.next()
        assert type(batch) is np.ndarray
        assert batch.flags.writeable  # torch.from_numpy warns otherwise
        np.testing.assert_array_equal(batch, here.next())


def test_other_data_are_refused() -> None:
    state = Batches(numbered(10), 4, 0).state()
    with pytest.raises(DataError, match="holds 11 pictures, the run to be resumed was trained on 10"):
        Batches(numbered(11), 4, 0).restore(state)


@pytest.mark.parametrize(("count", "batch"), [(0, 4), (4, 0)])
def test_impossible(count: int, batch: int) -> None:
    with pytest.raises(ValueError, match="cannot draw"):
        Batches(numbered(count), batch, 0)
