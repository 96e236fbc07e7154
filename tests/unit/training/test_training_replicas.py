"""Who has which rows, and what a process does that is alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import CONFIG, new_state, train_on

from latentlab.errors import Cancelled, TrainingError
from latentlab.training.replicas import ALONE, Replicas, SharedControl, joined


@given(count=st.integers(1, 8), parts=st.integers(1, 4), size=st.integers(2, 5))
def test_rows_are_shared_out_without_rest(count: int, parts: int, size: int) -> None:
    batch = count * parts * size
    rows = [row for rank in range(count) for row in range(batch)[Replicas(rank, count).own(batch, parts)]]
    assert rows == list(range(batch))


@pytest.mark.parametrize(("batch", "count", "parts"), [(9, 2, 1), (8, 8, 1), (8, 2, 4), (12, 2, 4)])
def test_a_batch_that_cannot_be_shared_out_is_refused(batch: int, count: int, parts: int) -> None:
    with pytest.raises(TrainingError, match=f"batch {batch}: cannot be shared out to {count} processes"):
        Replicas(0, count).own(batch, parts)


def test_every_process_draws_the_whole_batch_and_keeps_its_rows() -> None:
    config = replace(CONFIG, conditional=True, augment="colour", flips=True)
    whole, pair = new_state(config), [new_state(config, Replicas(rank, 2)) for rank in range(2)]
    real, y = whole.next_real()
    assert y is not None
    parts = [state.next_real() for state in pair]
    torch.testing.assert_close(torch.cat([part for part, _ in parts]), real)
    assert all(torch.equal(y, classes) for _, classes in parts if classes is not None)
    view, views = whole.next_view(), [state.next_view() for state in pair]
    assert view.shade is not None
    assert torch.equal(torch.cat([each.shade for each in views if each.shade is not None]), view.shade)
    assert all(torch.equal(state.stream.get_state(), whole.stream.get_state()) for state in pair)


def test_one_alone_agrees_with_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    state = train_on(new_state())
    before = [parameter.grad.clone() for parameter in state.D.parameters() if parameter.grad is not None]
    ALONE.average_gradients(state.D)
    after = [parameter.grad for parameter in state.D.parameters() if parameter.grad is not None]
    assert all(torch.equal(one, other) for one, other in zip(before, after, strict=True))
    assert ALONE.told_by_writer("word") == "word"
    assert (ALONE.any_stops(True), ALONE.any_stops(False)) == (True, False)
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    with joined("cpu") as (replicas, device):
        assert (replicas, device) == (ALONE, "cpu")
    with joined("mps") as (_, device):
        assert device == "mps"
    control = SharedControl(ALONE)
    control.checkpoint()
    control.stop()
    with pytest.raises(Cancelled):
        control.checkpoint()


def test_what_one_process_does_alone_asks_the_others_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    replicas = Replicas(0, 2)
    monkeypatch.setattr(replicas, "any_stops", lambda _: pytest.fail("the others are elsewhere"))
    control = SharedControl(replicas)
    control.checkpoint_alone()
    control.stop()
    with pytest.raises(Cancelled):
        control.checkpoint_alone()


def test_several_processes_do_not_train_on_metal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    with pytest.raises(TrainingError, match="mps: cannot be trained on by several processes"), joined("mps"):
        pytest.fail("joined")


def test_a_process_without_a_gpu_of_its_own_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_RANK", "1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(TrainingError, match="process 1: has no GPU: the machine has 1"), joined("cuda"):
        pytest.fail("joined")
