"""A run goes on where memory is short, weights are not finite any more, or the disk is full; and says so."""

from __future__ import annotations

import errno
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import StopAt, run

from latentlab.errors import OutputError, TrainingError
from latentlab.export.sheet import write_sheet
from latentlab.pixels import Pixels
from latentlab.training import keeping, loop, survival
from latentlab.training import run as run_module
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Event, Notice, Tick
from latentlab.training.run_folder import RunFolder
from latentlab.training.state import TrainState
from latentlab.training.survival import NotFiniteError, is_disk_full, is_out_of_memory, more_parts, remedy_of

TICKS = [0.016, 0.032, 0.048]


def notices(events: list[Event]) -> list[str]:
    return [event.text for event in events if isinstance(event, Notice)]


def logged(folder: Path) -> list[float]:
    return [json.loads(line)["kimg"] for line in (folder / "log.jsonl").read_text(encoding="utf-8").splitlines()]


def end_of(folder: Path) -> dict[str, torch.Tensor]:
    state = RunFolder(folder).load_state()
    assert state is not None
    return {f"{network}.{name}": value for network in ("G", "D", "G_ema") for name, value in state[network].items()}


def assert_same_end(folder: Path, expected: Path) -> None:
    one, other = end_of(folder), end_of(expected)
    assert one.keys() == other.keys()
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def changed_after_first_tick(folder: Path, config: TrainConfig, **changes: float) -> Path:
    """Run to the first tick, change the settings by hand, and go on to the end."""
    run(folder, config, control=StopAt(5))  # the first look is before the loop, then two a step
    assert logged(folder) == TICKS[:1]
    RunFolder(folder).save_config(config.resolved(**changes))
    run(folder, config, resume=True)
    return folder


# Memory


def short_of_memory(at: int, error: Exception) -> Callable[..., object]:
    """Return a phase D that fails at its n-th call where the batch goes through in one part."""
    calls = iter(range(1, 1000))
    real = loop.update_critic

    def update(state: TrainState, config: TrainConfig, *rest: object) -> object:
        if config.accumulate == 1 and next(calls) == at:
            raise error
        return real(state, config, *rest)  # type: ignore[arg-type]

    return update


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory"), MemoryError()])
def test_short_of_memory_it_goes_on_in_halves(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    events: list[Event] = []
    with monkeypatch.context() as patched:
        patched.setattr(loop, "update_critic", short_of_memory(4, error))
        finished = run(tmp_path / "run", config, emit=events.append)
    assert finished.complete
    assert notices(events) == ["out of memory: going on from the last tick with the batch of 8 in 2 parts of 4"]
    assert RunFolder(tmp_path / "run").load_config() == config.resolved(accumulate=2)
    assert logged(tmp_path / "run") == TICKS
    assert_same_end(tmp_path / "run", changed_after_first_tick(tmp_path / "by hand", config, accumulate=2))


def test_short_of_memory_half_way_through_phase_g_it_goes_on_too(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, calls = loop._backward, iter(range(1, 1000))

    def backward(loss: torch.Tensor, now: TrainConfig) -> None:
        if next(calls) == 3:  # after those of real and of generated pictures in phase D
            raise torch.OutOfMemoryError
        real(loss, now)

    with monkeypatch.context() as patched:
        patched.setattr(loop, "_backward", backward)
        assert run(tmp_path / "run", config).complete
    run(tmp_path / "plain", config.resolved(accumulate=2))
    assert_same_end(tmp_path / "run", tmp_path / "plain")


def test_short_of_memory_before_the_first_tick_it_begins_again(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(loop, "update_critic", short_of_memory(1, torch.OutOfMemoryError()))
        run(tmp_path / "run", config)
    run(tmp_path / "plain", config.resolved(accumulate=2))
    assert_same_end(tmp_path / "run", tmp_path / "plain")


def test_other_errors_are_not_taken_for_it(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "update_critic", short_of_memory(4, RuntimeError("shapes do not match")))
    with pytest.raises(RuntimeError, match="shapes do not match"):
        run(tmp_path / "run", config)
    assert RunFolder(tmp_path / "run").load_config() == config


def test_the_error_of_the_allocator_is_known() -> None:
    with pytest.raises(RuntimeError) as short:
        torch.empty(2**46)
    assert is_out_of_memory(short.value)
    assert is_out_of_memory(RuntimeError("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`"))
    assert not is_out_of_memory(RuntimeError("mat1 and mat2 shapes cannot be multiplied"))
    assert not is_out_of_memory(ValueError("out of memory"))


@pytest.mark.parametrize(
    ("batch", "parts", "more"),
    [(64, 1, 2), (64, 2, 4), (64, 32, None), (12, 2, 4), (12, 3, 6), (9, 1, 3), (3, 1, None), (2, 1, None)],
)
def test_parts_are_equal_and_of_two_images_or_more(batch: int, parts: int, more: int | None) -> None:
    assert more_parts(batch, parts) == more
    if more is not None:
        assert batch % more == 0
        assert batch // more >= 2


def test_one_of_several_processes_cannot_help_itself() -> None:
    config = TrainConfig(batch=8)
    assert remedy_of(MemoryError(), config, 1, 0) is not None
    assert remedy_of(MemoryError(), config, 2, 0) is None
    assert remedy_of(MemoryError(), config.resolved(batch=2), 1, 0) is None
    assert remedy_of(NotFiniteError(), config, 2, survival.MAX_ATTEMPTS - 1) is not None
    assert remedy_of(NotFiniteError(), config, 2, survival.MAX_ATTEMPTS) is None


# Weights that are not finite


def poisoned(at_tick: int) -> Callable[..., None]:
    """Return a loop that puts a NaN into G after a tick, the first time that it runs."""
    real, runs = run_module.train, iter([True])

    def train(
        state: TrainState, config: TrainConfig, control: Control, on_step: object, on_tick: object, on_update: object
    ) -> None:
        is_first, ticks = next(runs, False), iter(range(1, 100))

        def tick() -> None:
            on_tick()  # type: ignore[operator]
            if is_first and next(ticks) == at_tick:
                with torch.no_grad():
                    next(state.G.parameters())[0, 0, 0, 0] = float("nan")

        real(state, config, control, on_step, tick, on_update)  # type: ignore[arg-type]

    return train


def test_weights_that_are_not_finite_send_it_back_to_the_last_good_state(
    tmp_path: Path, config: TrainConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[Event] = []
    config = config.resolved(lr_critic=1e-3)
    with monkeypatch.context() as patched:
        patched.setattr(run_module, "train", poisoned(1))
        finished = run(tmp_path / "run", config, emit=events.append)
    assert finished.complete
    assert notices(events) == [
        "the weights were no longer finite: going on from the last tick at a learning rate of 0.001"
    ]
    assert RunFolder(tmp_path / "run").load_config() == config.resolved(lr=1e-3, lr_critic=5e-4)
    assert logged(tmp_path / "run") == TICKS
    assert [event.kimg for event in events if isinstance(event, Tick)] == TICKS
    by_hand = changed_after_first_tick(tmp_path / "by hand", config, lr=1e-3, lr_critic=5e-4)
    assert_same_end(tmp_path / "run", by_hand)


def test_it_does_not_try_for_ever(tmp_path: Path, config: TrainConfig) -> None:
    run(tmp_path / "run", config, control=StopAt(7))
    folder, events = RunFolder(tmp_path / "run"), list[Event]()
    state = folder.load_state()
    assert state is not None
    state["G"]["1.weight"].fill_(3e38)
    folder.save_state(state)
    with pytest.raises(TrainingError, match="no longer finite"):
        run(tmp_path / "run", config, resume=True, emit=events.append)
    assert len(notices(events)) == survival.MAX_ATTEMPTS
    assert folder.load_config().lr == config.lr * survival.LOWER**survival.MAX_ATTEMPTS


# A full disk


class Disk:
    """Writes sheets, but for one, for which there is no space."""

    def __init__(self, full_at: int, code: int = errno.ENOSPC) -> None:
        self._sheets, self._full_at, self._code = 0, full_at, code

    def write_sheet(self, path: Path, pixels: Pixels) -> None:
        self._sheets += 1
        if self._sheets == self._full_at:
            raise OutputError(path, "cannot be written: No space left on device") from OSError(self._code, "full")
        write_sheet(path, pixels)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, images: Path) -> Path:
    from tiny_run import CONFIG

    torch.set_num_threads(1)
    folder = tmp_path_factory.mktemp("runs") / "uninterrupted"
    run(folder, replace(CONFIG, data=str(images)))
    return folder


@pytest.mark.parametrize("tick", [1, 2, 3])
def test_a_full_disk_holds_the_run_until_it_is_told_to_go_on(
    tmp_path: Path, config: TrainConfig, uninterrupted: Path, tick: int
) -> None:
    control, events = Control(), list[Event]()

    def emit(event: Event) -> None:
        events.append(event)
        if isinstance(event, Notice):
            assert event.waiting
            control.go_on()

    finished = run(tmp_path / "run", config, control=control, emit=emit, sheet=Disk(tick).write_sheet)
    assert finished.complete
    (notice,) = notices(events)
    assert notice.endswith(
        "000000.png: cannot be written: No space left on device. The run waits until there is space."
    )
    assert logged(tmp_path / "run") == TICKS, "each tick has one line"
    assert_same_end(tmp_path / "run", uninterrupted)


def test_it_goes_on_by_itself_when_there_is_space(
    tmp_path: Path, config: TrainConfig, uninterrupted: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([False, False, True])
    monkeypatch.setattr(keeping, "RETRY_S", 0.001)
    monkeypatch.setattr(keeping, "has_space", lambda *_: next(answers))
    assert run(tmp_path / "run", config, sheet=Disk(2).write_sheet).complete
    assert next(answers, None) is None
    assert_same_end(tmp_path / "run", uninterrupted)


def test_a_stop_while_it_waits_ends_it_with_the_error_and_the_last_tick(
    tmp_path: Path, config: TrainConfig, uninterrupted: Path
) -> None:
    control = Control()

    def emit(event: Event) -> None:
        if isinstance(event, Notice):
            control.stop()

    with pytest.raises(OutputError, match="No space left on device"):
        run(tmp_path / "run", config, control=control, emit=emit, sheet=Disk(2).write_sheet)
    state = RunFolder(tmp_path / "run").load_state()
    assert state is not None
    assert state["images"] == 16
    assert run(tmp_path / "run", config, resume=True).complete
    assert_same_end(tmp_path / "run", uninterrupted)


def test_another_failure_to_write_is_not_waited_for(tmp_path: Path, config: TrainConfig) -> None:
    events: list[Event] = []
    with pytest.raises(OutputError):
        run(tmp_path / "run", config, emit=events.append, sheet=Disk(2, errno.EACCES).write_sheet)
    assert notices(events) == []


def test_a_disk_is_full_where_the_system_says_so_or_little_is_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def failure(cause: Exception) -> OutputError:
        error = OutputError(tmp_path, "cannot be written")
        error.__cause__ = cause
        return error

    assert is_disk_full(failure(OSError(errno.ENOSPC, "")), tmp_path, 0)
    assert is_disk_full(failure(OSError(errno.EDQUOT, "")), tmp_path, 0)
    assert not is_disk_full(failure(OSError(errno.EFBIG, "")), tmp_path, 0)
    assert is_disk_full(failure(RuntimeError("write failed")), tmp_path, 2**60)
    assert not is_disk_full(failure(RuntimeError("write failed")), tmp_path, 0)
