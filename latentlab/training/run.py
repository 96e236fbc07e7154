"""A whole run: data, state, loop, ticks, files. What the command and the window's worker thread both call."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import astuple, replace
from functools import partial
from pathlib import Path
from types import MappingProxyType
from typing import Any

import torch

from latentlab import log
from latentlab.errors import Cancelled, TrainingError
from latentlab.gpu import release_memory
from latentlab.pixels import to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control, Player
from latentlab.training.evaluation import Evaluations, MakeEvaluate
from latentlab.training.events import Event, Finished, Notice, Progress, Started, Update
from latentlab.training.keeping import Keeper, SheetWriter
from latentlab.training.loop import StepReport, train
from latentlab.training.monitor import Monitor
from latentlab.training.preparation import pick_device, prepare
from latentlab.training.replicas import ALONE, Replicas
from latentlab.training.run_folder import RunFolder
from latentlab.training.scalars import ScalarLog
from latentlab.training.state import TrainState
from latentlab.training.survival import NotFiniteError, Remedy, remedy_of

_log = log.get(__name__)


def run_training(
    config: TrainConfig,
    folder: Path,
    *,
    resume: Mapping[str, Any] | None,
    device: str,
    control: Control,
    emit: Callable[[Event], None],
    write_sheet: SheetWriter,
    make_evaluate: MakeEvaluate | None = None,
    command: str = "",
    replicas: Replicas = ALONE,
) -> Finished:
    """Train a model, or go on with a run, and keep everything in its folder.

    Args:
        config: What to train; a run that is resumed has its own.
        folder: The run folder; created where missing.
        resume: None begins a run; a mapping goes on with the one that the folder holds and changes these settings of
            `settings.CHANGEABLE`; a smaller `kimg` than the run's is ignored.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        control: How another thread pauses and stops the run.
        emit: Receives every event, on the calling thread.
        write_sheet: Writes the fixed-z sheet to a path, shape (N, H, W, C), uint8.
        make_evaluate: What judges the run every `config.evaluate_kimg`; None leaves that out.
        command: The command line, for the model card.
        replicas: The processes that train together, each of which calls this with a `SharedControl`; the writer alone
            looks at the folder.

    Returns:
        The last event, which was emitted too; `complete` is False after a stop.

    Raises:
        LatentlabError: If the data, the folder or the configuration does not allow a run, or weights are not finite.
    """
    run = RunFolder(folder)
    on = pick_device(device)
    saved = None
    if resume is not None:
        config, saved = replicas.told_by_writer(_resumed(run, resume) if replicas.is_writer else (config, None))
    elif replicas.is_writer:
        run.refuse_existing()
    if config.tensorboard:
        ScalarLog.needs_tensorboard()
    config = config.resolved(threads=_use_threads(config.threads))
    try:
        data, config = prepare(config, on, control, emit, replicas)
        control.checkpoint()
    except Cancelled:
        finished = Finished(saved["images"] / 1000.0 if saved else 0.0, False, run.newest_model())
        emit(finished)
        return finished
    state = TrainState(config, data.pixels, on, data.labels, replicas)
    is_exact = _restored(run, state, saved) if saved else True
    if replicas.is_writer:
        if resume is not None:
            run.recover(state.images)
            run.save_config(config)
        else:
            run.create(config)
        if saved is None:
            run.save_state(state.to_dict())
    evaluations = Evaluations(state, make_evaluate, control, emit)
    tell = partial(_tell, emit)
    keeper = Keeper(run, data, state, write_sheet, evaluations, control, tell, command)
    try:
        return _Run(config, run, state, keeper, control, emit).go(len(data), is_exact)
    finally:
        keeper.close()


class _Run:
    """One run between its start and its end; holds what the ticks need."""

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        state: TrainState,
        keeper: Keeper,
        control: Control,
        emit: Callable[[Event], None],
    ) -> None:
        self._config, self._run, self._state, self._keeper = config, run, state, keeper
        self._control, self._emit = control, emit
        self._monitor = self._new_monitor()
        self._attempts = 0
        # A run that stands where its last tick was needs no other one.
        is_ticked = state.replicas.told_by_writer(run.model_file(state.images).exists())
        self._ticked_images = state.images if is_ticked else -1
        self._updated_by_hand = False

    def go(self, images: int, is_exact: bool) -> Finished:
        """Train to the end or a stop.

        Args:
            images: How many the data set has.
            is_exact: Whether a run that is resumed goes on bit for bit.
        """
        state = self._state
        self._emit(Started(self._config, self._run.folder, str(state.device), images, state.images / 1000.0))
        if not is_exact:
            kind = state.device.type
            text = f"Begun on another kind of device: on {kind} it goes on with other random numbers, not bit for bit."
            _tell(self._emit, Notice(text))
        while True:
            try:
                complete = self._train()
                break
            except (NotFiniteError, RuntimeError, MemoryError) as error:
                found = remedy_of(error, self._config, state.replicas.count, self._attempts)
                if found is None and isinstance(error, NotFiniteError):
                    raise TrainingError(
                        self._run.folder,
                        "the weights are no longer finite",
                        "Lower lr in its config.json and go on with --resume from the last good state.",
                    ) from error
                if found is None:
                    raise
            # Behind the except clause: the error holds on to the memory of the step that it ended.
            self._go_back(found)
        finished = Finished(state.images / 1000.0, complete, self._run.newest_model())
        self._emit(finished)
        return finished

    def _train(self) -> bool:
        """Run the loop until the end or a stop, and keep where it stands; return whether it came to the end."""
        state, complete = self._state, True
        try:
            train(state, self._config, self._control, self._on_step, self._on_tick, self._on_update)
        except Cancelled:
            complete = False
        if state.images != self._ticked_images:
            self._on_tick()
        elif state.critic_steps or self._updated_by_hand:
            state.replicas.average_buffers(state.D)
            if state.replicas.is_writer:
                self._run.save_state(state.to_dict())
        return complete

    def _go_back(self, remedy: Remedy) -> None:
        """Go on from the last state that was saved, with other settings."""
        state, run, writes = self._state, self._run, self._state.replicas.is_writer
        self._attempts += 1
        self._config = self._config.resolved(**remedy.changes)
        for optimizer in (state.optimizer_D, state.optimizer_G):
            optimizer.zero_grad()
        release_memory(state.device)
        saved = state.replicas.told_by_writer(run.load_state() if writes else None)
        assert saved is not None
        state.restore(saved)
        if writes:
            run.save_config(self._config)
            run.recover(state.images)
        self._monitor = self._new_monitor()
        _tell(self._emit, Notice(remedy.text))

    def _new_monitor(self) -> Monitor:
        return Monitor(self._config.total_images, lambda: time.monotonic() - self._control.held_s)

    def _on_step(self, report: StepReport) -> None:
        progress = self._monitor.add(report, self._state.images)
        if progress is None:
            return
        # Processes look at their clocks at different steps, and must go back together: they look at ticks.
        if self._state.replicas.count == 1 and not all(map(math.isfinite, astuple(progress.losses))):
            raise NotFiniteError
        self._emit(self._with_rates(progress))

    def _on_tick(self) -> None:
        state = self._state
        state.replicas.average_buffers(state.D)
        if not state.is_finite():
            raise NotFiniteError
        if state.replicas.is_writer:
            self._keep()
        self._ticked_images = state.images
        self._updated_by_hand = False
        self._attempts = 0

    def _keep(self) -> None:
        """Write a tick into the folder, and tell of it."""
        state, monitor = self._state, self._monitor
        speed, progress = round(monitor.images_per_s(), 1), monitor.message(state.images)
        rates = {"lr_D": self._rate("D"), "lr_G": self._rate("G")}
        tick = self._keeper.keep(self._config, monitor.take_tick_means(), rates, speed)
        if progress is not None:
            self._emit(self._with_rates(progress))
        self._emit(tick)

    def _with_rates(self, progress: Progress) -> Progress:
        return replace(progress, lr_D=self._rate("D"), lr_G=self._rate("G"))

    def _rate(self, network: str) -> float:
        optimizer = self._state.optimizer_D if network == "D" else self._state.optimizer_G
        return float(optimizer.param_groups[0]["lr"])

    @torch.no_grad()
    def _on_update(self, player: Player, report: StepReport) -> None:
        """Tell of a single update, with what G draws now, not averaged."""
        self._updated_by_hand = self._updated_by_hand or self._control.paused
        state = self._state
        samples = to_pixels(state.G(*state.fixed).float().cpu().numpy())
        values = {name: float(value) for name, value in report.items()}
        self._emit(Update(player, state.images / 1000.0, MappingProxyType(values), samples))


def _tell(emit: Callable[[Event], None], notice: Notice) -> None:
    """Write a notice into the log, and tell whoever watches."""
    _log.warning("%s", notice.text)
    emit(notice)


def _resumed(run: RunFolder, changes: Mapping[str, Any]) -> tuple[TrainConfig, dict[str, Any] | None]:
    """Read where a run stands, and its settings with some of them changed."""
    config, saved = run.load_config(), run.load_state()
    longer = max(changes.get("kimg", 0.0), config.kimg)
    return config.resolved(**{**changes, "kimg": longer}), saved


def _use_threads(threads: int) -> int:
    """Take as many CPU threads as a run had before, or those there are; sums depend on their number."""
    if threads:
        torch.set_num_threads(threads)
    return torch.get_num_threads()


def _restored(run: RunFolder, state: TrainState, saved: dict[str, Any]) -> bool:
    """Restore a state, as `TrainState.restore`, and name the file where it does not fit."""
    try:
        return state.restore(saved)
    except TrainingError as error:
        raise TrainingError(run.resume_file, "does not fit its config.json: it belongs to other networks") from error
