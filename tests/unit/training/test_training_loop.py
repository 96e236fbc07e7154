"""The loop: exact resume from every phase, pausing, stopping, ticks."""

from __future__ import annotations

import copy
import threading
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_run import (
    CONFIG,
    STEPS,
    Looks,
    StopAt,
    assert_same_state,
    flat,
    ignore,
    new_state,
    saved_and_loaded,
    stopped,
    train_on,
)

from latentlab.errors import Cancelled
from latentlab.training.control import ByHand, Control, Player
from latentlab.training.loop import StepReport, phase_seconds, train
from latentlab.training.state import TrainState

LOOKS = 2 * STEPS - 1  # between the phases of each step and between steps
SECONDS = 60.0


@pytest.fixture(scope="module")
def uninterrupted() -> TrainState:
    torch.set_num_threads(1)
    return train_on(new_state())


def test_the_loop_looks_between_phases_and_the_last_batch_overshoots() -> None:
    control = Looks()
    state = train_on(new_state(), control=control)
    assert control.looks == LOOKS
    assert state.images == 48 > CONFIG.total_images


@pytest.mark.parametrize("look", range(1, LOOKS + 1))
def test_a_resume_is_bit_equal(look: int, uninterrupted: TrainState) -> None:
    state = new_state()
    assert stopped(state, look)
    assert state.images == look // 2 * CONFIG.batch
    assert (state.pending_z is not None) == (look % 2 == 1)
    assert_same_state(train_on(saved_and_loaded(state)), uninterrupted)


def test_a_stop_at_every_phase_is_bit_equal(uninterrupted: TrainState) -> None:
    state = new_state()
    for _ in range(LOOKS):
        assert stopped(state, 1)
        state = saved_and_loaded(state)
    assert not stopped(state, 1)
    assert_same_state(state, uninterrupted)


def test_going_on_without_saving_is_bit_equal(uninterrupted: TrainState) -> None:
    state = new_state()
    assert stopped(state, 5)
    assert_same_state(train_on(state), uninterrupted)


@pytest.mark.parametrize("look", [3, 4])
def test_the_comparison_notices_a_lost_draw(look: int, uninterrupted: TrainState) -> None:
    state = new_state()
    assert stopped(state, look)
    state.draw_z(1)
    with pytest.raises(AssertionError, match="differs"):
        assert_same_state(train_on(state), uninterrupted)


def test_a_longer_run_begins_like_a_shorter_one() -> None:
    shorter, longer = replace(CONFIG, lr_end=1.0), replace(CONFIG, lr_end=1.0, kimg=0.1)
    state = train_on(saved_and_loaded(train_on(new_state(), shorter)), longer)
    assert state.images == 104
    assert_same_state(state, train_on(new_state(), longer))


def test_a_finished_run_does_nothing_more(uninterrupted: TrainState) -> None:
    state = saved_and_loaded(uninterrupted)
    train(state, CONFIG, StopAt(1), pytest.fail, lambda: pytest.fail("a tick"))
    assert_same_state(state, uninterrupted)


def ticks_of(tick_images: int, images: int) -> list[int]:
    config = replace(CONFIG, tick_kimg=tick_images / 1000.0, kimg=images / 1000.0)
    state, ticks = new_state(), []
    train(state, config, Control(), ignore, lambda: ticks.append(state.images))
    return ticks


@pytest.mark.parametrize(
    ("tick_images", "images", "expected"),
    [
        (16, 48, [16, 32, 48]),  # the end is a tick of its own accord, and counted once
        (16, 45, [16, 32, 48]),
        (20, 45, [24, 40, 48]),
        (1, 24, [8, 16, 24]),
        (1000, 24, [24]),
        (24, 41, [24, 48]),
    ],
)
def test_ticks(tick_images: int, images: int, expected: list[int]) -> None:
    assert ticks_of(tick_images, images) == expected


def test_each_step_is_reported_as_the_pytorch_example_prints_it() -> None:
    reports: list[StepReport] = []
    train(new_state(), CONFIG, Control(), reports.append, ignore)
    assert len(reports) == STEPS
    for report in reports:
        assert set(report) == {"Loss_D", "Loss_G", "D_x", "D_G_z1", "D_G_z2", "grad_D", "grad_G"}
        assert all(value.shape == () and not value.requires_grad for value in report.values())
    assert 0.0 < float(reports[0]["D_x"]) < 1.0


def test_d_can_learn_again_after_a_stop() -> None:
    state = new_state()
    assert stopped(state, 3)
    assert all(parameter.requires_grad for parameter in state.D.parameters())


class PauseAt(Control):
    """Pauses at some looks; keeps the order of what happens."""

    def __init__(self, *looks: int) -> None:
        super().__init__(clock=self._told)
        self.order: list[str] = []
        self.holding = threading.Semaphore(0)
        self._look, self._pauses = 0, looks

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        self._look += 1
        if self._look in self._pauses:
            self.pause()
        return super().checkpoint(by_hand)

    def _told(self) -> float:
        """Be called when a hold begins, and when it ends."""
        self.order.append("held" if self.paused else "released")
        self.holding.release()
        return 0.0


class Worker:
    """Trains in a thread; tells how it ended."""

    def __init__(self, state: TrainState, control: Control) -> None:
        self.ended = ""
        self._state, self._control = state, control
        self._thread = threading.Thread(target=self._work)
        self._thread.start()

    def _work(self) -> None:
        torch.set_num_threads(1)
        try:
            train_on(self._state, control=self._control)
            self.ended = "finished"
        except Cancelled:
            self.ended = "cancelled"

    def join(self) -> str:
        self._thread.join(SECONDS)
        assert not self._thread.is_alive()
        return self.ended


def test_a_paused_run_waits_and_goes_on_unchanged(uninterrupted: TrainState) -> None:
    control, state = PauseAt(3, 6), new_state()
    worker = Worker(state, control)
    for images, half_way in ((8, True), (24, False)):
        assert control.holding.acquire(timeout=SECONDS)
        assert (state.images, state.pending_z is not None) == (images, half_way)
        control.order.append("go on")
        control.go_on()
        assert control.holding.acquire(timeout=SECONDS)
    assert worker.join() == "finished"
    assert control.order == ["held", "go on", "released"] * 2
    assert_same_state(state, uninterrupted)


def test_a_paused_run_is_stopped(uninterrupted: TrainState) -> None:
    control, state = PauseAt(1), new_state()
    worker = Worker(state, control)
    assert control.holding.acquire(timeout=SECONDS)
    control.stop()
    assert worker.join() == "cancelled"
    assert state.pending_z is not None
    assert_same_state(train_on(saved_and_loaded(state)), uninterrupted)


def test_the_trial_measures_a_step_after_a_first() -> None:
    times = iter([0.0, 100.0, 200.0, 200.5])
    assert phase_seconds(new_state(), CONFIG, lambda: next(times)) == 0.5


# Slow motion, and updates by hand


class Hand(Control):
    """Updates networks by hand at some looks of the loop, counted from 1."""

    def __init__(self, players: dict[int, str]) -> None:
        super().__init__()
        self._players, self._look = players, 0

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        self._look += 1
        assert by_hand is not None
        for player in self._players.get(self._look, ""):
            by_hand(player)  # type: ignore[arg-type]
        return self._look in self._players


class Slow(Control):
    """Is in slow motion, but does not rest."""

    slow = True

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        return False


def test_slow_motion_tells_each_update_and_changes_nothing(uninterrupted: TrainState) -> None:
    state, told = new_state(), list[tuple[str, frozenset[str]]]()
    train(state, CONFIG, Slow(), ignore, ignore, lambda player, report: told.append((player, frozenset(report))))
    assert [player for player, _ in told] == ["D", "G"] * STEPS
    assert told[0][1] >= {"Loss_D", "D_x", "D_G_z1", "grad_D"}
    assert told[1][1] >= {"Loss_G", "D_G_z2", "grad_G"}
    assert_same_state(state, uninterrupted)


@pytest.mark.parametrize("look", [1, 2, 3])
@pytest.mark.parametrize("player", ["D", "G"])
def test_an_update_by_hand_moves_one_network_and_no_counter(player: Player, look: int) -> None:
    seen: list[dict[str, Any]] = []

    class Watched(Hand):
        def checkpoint(self, by_hand: ByHand | None = None) -> bool:
            due = self._look + 1 == look
            if due:
                seen.append(copy.deepcopy(state.to_dict()))
            updated = super().checkpoint(by_hand)
            if due:
                seen.append(copy.deepcopy(state.to_dict()))
            return updated

    state, told = new_state(), list[str]()
    train(state, CONFIG, Watched({look: player}), ignore, ignore, lambda who, _: told.append(who))
    before, after = (flat(each) for each in seen)
    moved = {
        name.split(".")[1]
        for name, value in before.items()
        if isinstance(value, torch.Tensor) and not torch.equal(value, after[name])
    }
    assert moved - {"optimizer_D", "optimizer_G"} == {"D": {"D", "stream"}, "G": {"G", "G_ema", "D", "stream"}}[player]
    weights = [name for name, _ in state.D.named_parameters()]
    if player == "G":
        assert all(torch.equal(before[f".D.{name}"], after[f".D.{name}"]) for name in weights), "D is held still"
    for counter in (".images", ".critic_steps"):
        assert before[counter] == after[counter]
    assert told == [player]
    assert state.images >= CONFIG.total_images


def test_a_run_that_was_updated_by_hand_is_resumed_bit_for_bit() -> None:
    players = {2: "DDG", 3: "G", 4: "D"}
    whole = train_on(new_state(), control=Hand(players))

    class HandThenStop(Hand):
        def checkpoint(self, by_hand: ByHand | None = None) -> bool:
            super().checkpoint(by_hand)
            if self._look == 4:
                raise Cancelled
            return True

    state = new_state()
    with pytest.raises(Cancelled):
        train_on(state, control=HandThenStop(players))
    assert_same_state(train_on(saved_and_loaded(state)), whole)
