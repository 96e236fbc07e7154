"""A whole run: data, state, loop, ticks, files. What the command and the window's worker thread both call."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from latentlab import log
from latentlab.data.catalogue import open_data
from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, TrainingError
from latentlab.models import networks
from latentlab.models.card import DataSource, ModelCard
from latentlab.models.checkpoint import Generator, save_model
from latentlab.pixels import Pixels, to_pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.ema import reestimate_statistics
from latentlab.training.events import Event, Finished, Preparing, Started, Tick
from latentlab.training.loop import StepReport, phase_seconds, train
from latentlab.training.monitor import Monitor
from latentlab.training.run_folder import RunFolder
from latentlab.training.state import TrainState

MAX_BATCH = {"cpu": 64, "mps": 128, "cuda": 128}
MAX_PHASE_S = 0.5
_TRIAL_BATCH = 8
_log = log.get(__name__)

CHANGEABLE = ("kimg", "lr", "lr_end", "r1", "ema_kimg")
"""Settings that may change when a run is gone on with; all others are part of its networks or its random streams."""

SheetWriter = Callable[[Path, Pixels], object]


def run_training(
    config: TrainConfig,
    folder: Path,
    *,
    resume: Mapping[str, float] | None,
    device: str,
    control: Control,
    emit: Callable[[Event], None],
    write_sheet: SheetWriter,
    command: str = "",
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

    Returns:
        The last event, which was emitted too; `complete` is False after a stop.

    Raises:
        LatentlabError: If the data, the folder or the configuration does not allow a run, or weights are not finite.
    """
    run = RunFolder(folder)
    on = pick_device(device)
    saved = None
    if resume is not None:
        saved_config, saved = run.load_config(), run.load_state()
        longer = max(resume.get("kimg", 0.0), saved_config.kimg)
        config = saved_config.resolved(**{**resume, "kimg": longer})
    else:
        run.refuse_existing()
    try:
        data, config = _prepare(config, on, control, emit)
        control.checkpoint()
    except Cancelled:
        finished = Finished(saved["images"] / 1000.0 if saved else 0.0, False, run.newest_model())
        emit(finished)
        return finished
    state = TrainState(config, data.pixels, on)
    if saved:
        _restore(run, state, saved)
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
        self._monitor = Monitor(config.total_images, lambda: time.monotonic() - control.held_s)
        # A run that stands where its last tick was needs no other one.
        self._ticked_images = state.images if run.model_file(state.images).exists() else -1

    def go(self) -> Finished:
        state, config = self._state, self._config
        self._emit(Started(config, self._run.folder, str(state.device), len(self._data), state.images / 1000.0))
        complete = True
        try:
            train(state, config, self._control, self._on_step, self._on_tick)
        except Cancelled:
            complete = False
        if state.images != self._ticked_images:
            self._on_tick()
        elif state.pending_z is not None:
            self._run.save_state(state.to_dict())
        finished = Finished(state.images / 1000.0, complete, self._run.newest_model())
        self._emit(finished)
        return finished

    def _on_step(self, report: StepReport) -> None:
        progress = self._monitor.add(report, self._state.images)
        if progress is not None:
            self._emit(progress)

    def _on_tick(self) -> None:
        state, run = self._state, self._run
        if not state.is_finite():
            raise TrainingError(
                run.folder,
                "the weights are no longer finite",
                "Lower lr in its config.json and go on with --resume from the last good state.",
            )
        reestimate_statistics(state.G_ema, state.statistics_z())
        samples = self._samples()
        card = ModelCard(
            name=f"{self._data.name} {self._config.size}x{self._config.size}",
            generator=state.spec,
            discriminator=state.critic_spec,
            data=DataSource(self._data.name, len(self._data), self._data.licence, self._data.source),
            training=asdict(self._config) | {"device": state.device.type},
            kimg=state.images / 1000.0,
            command=self._command,
        )
        weights = networks.weights_of(state.G_ema)
        path = run.model_file(state.images)
        # The resume state comes last: see run_folder.
        save_model(path, card, weights, networks.weights_of(state.D))
        self._write_sheet(run.sheet_file(state.images), samples)
        speed = round(self._monitor.images_per_s(), 1)
        progress = self._monitor.message(state.images)
        run.log({"kimg": card.kimg, "images_per_s": speed, **self._monitor.take_tick_means()})
        run.save_state(state.to_dict())
        run.prune_models()
        self._ticked_images = state.images
        if progress is not None:
            self._emit(progress)
        self._emit(Tick(card.kimg, Generator(replace(card, discriminator=None), weights, path=path), samples, path))

    @torch.inference_mode()
    def _samples(self) -> Pixels:
        return to_pixels(self._state.G_ema(self._state.fixed_z).float().cpu().numpy())


def _prepare(
    config: TrainConfig, device: torch.device, control: Control, emit: Callable[[Event], None]
) -> tuple[DataSet, TrainConfig]:
    emit(Preparing("Reading images"))
    data = open_data(
        config.data,
        config.size or None,
        config.channels or None,
        progress=lambda done, total: emit(Preparing("Reading images", done, total)),
        cancelled=lambda: control.stopping,
    )
    for line in data.skipped:
        _log.warning("skipped: %s", line)
    config = config.resolved(size=data.pixels.shape[1], channels=data.pixels.shape[3])
    if not config.batch:
        emit(Preparing("Choosing the batch size"))
        config = config.resolved(batch=_choose_batch(config, data.pixels, device))
    return data, config


def _choose_batch(config: TrainConfig, pixels: Pixels, device: torch.device) -> int:
    """Return the largest power of two up to `MAX_BATCH` whose phase D stays within `MAX_PHASE_S`, by one trial."""
    trial = TrainState(config.resolved(batch=_TRIAL_BATCH), pixels, device)
    per_image_s = phase_seconds(trial, time.perf_counter) / _TRIAL_BATCH
    fitting = max(4.0, MAX_PHASE_S / 2.0 / per_image_s)
    return int(min(MAX_BATCH[device.type], 2 ** int(np.log2(fitting))))


def _restore(run: RunFolder, state: TrainState, saved: dict[str, Any]) -> None:
    try:
        state.restore(saved)
    except TrainingError as error:
        raise TrainingError(run.resume_file, "does not fit its config.json: it belongs to other networks") from error
