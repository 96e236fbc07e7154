"""A whole run: data, state, loop, ticks, files. What the command and the window's worker thread both call."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, astuple, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentlab import log
from latentlab.data.catalogue import open_data
from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, DataError, OutputError, TrainingError
from latentlab.models import networks
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import Generator, save_model
from latentlab.pixels import Pixels, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.ema import reestimate_statistics
from latentlab.training.events import Event, Finished, Notice, Preparing, Progress, Started, Tick
from latentlab.training.loop import StepReport, phase_seconds, train
from latentlab.training.losses import began_convergence
from latentlab.training.monitor import Monitor
from latentlab.training.replicas import ALONE, Replicas
from latentlab.training.run_folder import RunFolder
from latentlab.training.settings import SETTINGS
from latentlab.training.spectral import folded_weights
from latentlab.training.state import TrainState
from latentlab.training.survival import RETRY_S, NotFiniteError, Remedy, has_space, is_disk_full, remedy_of

MAX_BATCH = {"cpu": 64, "mps": 128, "cuda": 128}
MAX_PHASE_S = 0.5
_TRIAL_BATCH = 8
_log = log.get(__name__)

CHANGEABLE = tuple(name for name, setting in SETTINGS.items() if setting.changeable)
"""Settings that may change when a run is gone on with; all others are part of its networks or its random streams."""

SheetWriter = Callable[[Path, Pixels], object]


def run_training(
    config: TrainConfig,
    folder: Path,
    *,
    resume: Mapping[str, Any] | None,
    device: str,
    control: Control,
    emit: Callable[[Event], None],
    write_sheet: SheetWriter,
    command: str = "",
    replicas: Replicas = ALONE,
) -> Finished:
    """Train a model, or go on with a run, and keep everything in its folder.

    Args:
        config: What to train; a run that is resumed has its own.
        folder: The run folder; created where missing.
        resume: None begins a run; a mapping goes on with the one that the folder holds and changes these settings of
            `CHANGEABLE`; a smaller `kimg` than the run's is ignored.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        control: How another thread pauses and stops the run.
        emit: Receives every event, on the calling thread.
        write_sheet: Writes the fixed-z sheet to a path, shape (N, H, W, C), uint8.
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
    config = config.resolved(threads=_use_threads(config.threads))
    try:
        data, config = _prepare(config, on, control, emit, replicas)
        control.checkpoint()
    except Cancelled:
        finished = Finished(saved["images"] / 1000.0 if saved else 0.0, False, run.newest_model())
        emit(finished)
        return finished
    state = TrainState(config, data.pixels, on, data.labels, replicas)
    if saved:
        _restore(run, state, saved)
    if replicas.is_writer:
        if resume is not None:
            run.recover(state.images)
            run.save_config(config)
        else:
            run.create(config)
        if saved is None:
            run.save_state(state.to_dict())
    return _Run(config, run, data, state, control, emit, write_sheet, command).go()


def pick_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda`` or ``mps`` into a device that is there.

    Raises:
        TrainingError: If it is unknown or not available.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return torch.device(next(kind for kind, there in available.items() if there))
    kind = name.split(":")[0]
    if kind not in available:
        raise TrainingError(name, "is not a device", "Use auto, cpu, cuda or mps.")
    if not available[kind]:
        raise TrainingError(name, "is not available on this machine", "Use --device auto.")
    try:
        return torch.device(name)
    except RuntimeError as error:
        raise TrainingError(name, "is not a device", "Use auto, cpu, cuda or mps.") from error


class _Run:
    """One run between its start and its end; holds what the ticks need."""

    def __init__(
        self,
        config: TrainConfig,
        run: RunFolder,
        data: DataSet,
        state: TrainState,
        control: Control,
        emit: Callable[[Event], None],
        write_sheet: SheetWriter,
        command: str,
    ) -> None:
        self._config, self._run, self._data, self._state = config, run, data, state
        self._control, self._emit, self._write_sheet, self._command = control, emit, write_sheet, command
        self._monitor = self._new_monitor()
        self._attempts = 0
        self._saved_images = state.images
        # A run that stands where its last tick was needs no other one.
        is_ticked = state.replicas.told_by_writer(run.model_file(state.images).exists())
        self._ticked_images = state.images if is_ticked else -1

    def go(self) -> Finished:
        state = self._state
        self._emit(Started(self._config, self._run.folder, str(state.device), len(self._data), state.images / 1000.0))
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
            train(state, self._config, self._control, self._on_step, self._on_tick)
        except Cancelled:
            complete = False
        if state.images != self._ticked_images:
            self._on_tick()
        elif state.critic_steps:
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
        if state.device.type == "cuda":
            torch.cuda.empty_cache()
        saved = state.replicas.told_by_writer(run.load_state() if writes else None)
        assert saved is not None
        state.restore(saved)
        if writes:
            run.save_config(self._config)
            run.recover(state.images)
        self._monitor = self._new_monitor()
        self._tell(Notice(remedy.text))

    def _tell(self, notice: Notice) -> None:
        _log.warning("%s", notice.text)
        self._emit(notice)

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
        self._ticked_images = self._saved_images = state.images
        self._attempts = 0

    def _keep(self) -> None:
        """Write what belongs to a tick; while the disk is full, wait."""
        state, run = self._state, self._run
        reestimate_statistics(state.G_ema, state.statistics_inputs())
        samples = self._samples()
        config = self._config
        card = ModelCard(
            name=f"{self._data.name} {config.size}x{config.size}",
            generator=state.spec,
            discriminator=state.critic_spec,
            data=DataSource(self._data.name, len(self._data), self._data.licence, self._data.source),
            training=asdict(config) | {"device": state.device.type},
            kimg=state.images / 1000.0,
            command=self._command,
            class_names=self._data.class_names[: state.spec.classes],
        )
        weights = networks.weights_of(state.G_ema)
        path = run.model_file(state.images)
        speed = round(self._monitor.images_per_s(), 1)
        progress = self._monitor.message(state.images)
        means, rates = self._monitor.take_tick_means(), {"lr_D": self._rate("D"), "lr_G": self._rate("G")}
        if config.loss == "began" and means:
            error_real, error_fake = torch.tensor(means["D_x"]), torch.tensor(means["D_G_z1"])
            convergence = began_convergence(error_real, error_fake, config.gamma)
            means |= {"k": float(state.k), "convergence": float(convergence)}
        entry = {"kimg": card.kimg, "images_per_s": speed, **means, **rates}

        def write() -> None:
            # The resume state comes last: see run_folder.
            save_model(path, card, weights, folded_weights(state.D, state.critic_spec))
            self._write_sheet(run.sheet_file(state.images), samples)
            run.log(entry)
            run.save_state(state.to_dict())
            run.prune_models()

        self._when_there_is_space(write)
        if progress is not None:
            self._emit(self._with_rates(progress))
        self._emit(Tick(card.kimg, Generator(replace(card, discriminator=None), weights, path=path), samples, path))

    def _when_there_is_space(self, write: Callable[[], None]) -> None:
        folder, resume = self._run.folder, self._run.resume_file
        wanted_bytes = 2 * resume.stat().st_size if resume.exists() else 0
        while True:
            try:
                write()
            except OutputError as error:
                if not is_disk_full(error, folder, wanted_bytes):
                    raise
                self._control.pause()
                self._tell(Notice(f"{error}. The run waits until there is space.", waiting=True))
                try:
                    self._control.hold_until(lambda: has_space(folder, wanted_bytes), RETRY_S)
                    self._run.recover(self._saved_images)
                except Cancelled:
                    raise error from None
            else:
                return

    def _with_rates(self, progress: Progress) -> Progress:
        return replace(progress, lr_D=self._rate("D"), lr_G=self._rate("G"))

    def _rate(self, network: str) -> float:
        optimizer = self._state.optimizer_D if network == "D" else self._state.optimizer_G
        return float(optimizer.param_groups[0]["lr"])

    @torch.inference_mode()
    def _samples(self) -> Pixels:
        return to_pixels(self._state.G_ema(*self._state.fixed).float().cpu().numpy())


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


def _prepare(
    config: TrainConfig, device: torch.device, control: Control, emit: Callable[[Event], None], replicas: Replicas
) -> tuple[DataSet, TrainConfig]:
    emit(Preparing("Reading images"))
    data = _read(config, control, emit, replicas)
    for line in data.skipped:
        _log.warning("skipped: %s", line)
    if config.conditional and data.labels is None:
        raise DataError(
            config.data,
            "has no classes to train by",
            "Put the images of each class into a sub-folder of its own, or leave out --conditional.",
        )
    config = config.resolved(size=data.pixels.shape[1], channels=data.pixels.shape[3])
    if not config.batch:
        emit(Preparing("Choosing the batch size"))
        batch = _choose_batch(config, data, device) * replicas.count if replicas.is_writer else 0
        config = config.resolved(batch=replicas.told_by_writer(batch))
    return data, config


def _read(config: TrainConfig, control: Control, emit: Callable[[Event], None], replicas: Replicas) -> DataSet:
    """Open the data, first in the writer, which may have to download or decode them, then in the others."""
    if not replicas.is_writer and not replicas.told_by_writer(True):
        raise Cancelled
    try:
        data = open_data(
            config.data,
            config.size or None,
            config.channels or None,
            crop=config.crop or None,
            label=config.label or None,
            progress=lambda done, total: emit(Preparing("Reading images", done, total)),
            cancelled=lambda: replicas.is_writer and control.stopping,
        )
    except Cancelled:
        replicas.told_by_writer(False)
        raise
    if replicas.is_writer:
        replicas.told_by_writer(True)
    return data


def _choose_batch(config: TrainConfig, data: DataSet, device: torch.device) -> int:
    """Return the largest power of two up to `MAX_BATCH` whose phase D stays within `MAX_PHASE_S`, by one trial."""
    config = config.resolved(batch=_TRIAL_BATCH, accumulate=1)
    trial = TrainState(config, data.pixels, device, data.labels)
    per_image_s = phase_seconds(trial, config, time.perf_counter) / _TRIAL_BATCH
    fitting = max(4.0, MAX_PHASE_S / 2.0 / per_image_s)
    return int(min(MAX_BATCH[device.type], 2 ** int(np.log2(fitting))))


def _restore(run: RunFolder, state: TrainState, saved: dict[str, Any]) -> None:
    try:
        state.restore(saved)
    except TrainingError as error:
        raise TrainingError(run.resume_file, "does not fit its config.json: it belongs to other networks") from error
