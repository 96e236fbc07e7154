"""What comes before the first step: the data are read, and what was left to choose is chosen."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

import numpy as np
import torch

from latentlab import log
from latentlab.data.catalogue import open_data
from latentlab.data.dataset import DataSet
from latentlab.errors import Cancelled, DataError, TrainingError
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Event, Notice, Preparing
from latentlab.training.loop import phase_seconds
from latentlab.training.replicas import Replicas
from latentlab.training.state import TrainState

MAX_BATCH = {"cpu": 64, "mps": 128, "cuda": 128}
MAX_PHASE_S = 0.5
_TRIAL_BATCH = 8
_log = log.get(__name__)


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
        device = torch.device(name)
    except RuntimeError as error:
        raise TrainingError(name, "is not a device", "Use auto, cpu, cuda or mps.") from error
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if (device.index or 0) >= count:
        raise TrainingError(name, f"is not available: this machine has {count}, counted from 0", "Use --device auto.")
    return device


def prepare(
    config: TrainConfig, device: torch.device, control: Control, emit: Callable[[Event], None], replicas: Replicas
) -> tuple[DataSet, TrainConfig]:
    """Read the data and fill in what they decide; choose the batch where that was left open.

    Raises:
        DataError: If the data cannot be read, or have no classes where the run needs them.
        Cancelled: If a stop was asked for meanwhile.
    """
    emit(Preparing("Reading images"))
    data = _read(config, control, emit, replicas)
    for line in data.skipped:
        _log.warning("skipped: %s", line)
    if data.skipped:
        more = f", and {len(data.skipped) - 1} more" if len(data.skipped) > 1 else ""
        emit(Notice(f"Left out: {data.skipped[0]}{more}"))
    if config.needs_labels and data.labels is None:
        raise DataError(
            config.data,
            "has no classes to train by",
            "Put the images of each class into a sub-folder of its own or name a column of a table (--label); or leave "
            "out By class and Class term (--conditional, --class-weight).",
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
    """Return the largest power of two up to `MAX_BATCH` whose phase D stays within `MAX_PHASE_S`, by one trial.

    Where the batch is to be cut into parts that no power of two has, it is the next multiple of two images a part.
    """
    parts = config.accumulate
    config = config.resolved(batch=_TRIAL_BATCH, accumulate=1)
    trial = TrainState(config, data.pixels, device, data.labels)
    per_image_s = phase_seconds(trial, config, time.perf_counter) / _TRIAL_BATCH
    fitting = max(4.0, MAX_PHASE_S / 2.0 / per_image_s)
    batch = int(min(MAX_BATCH[device.type], 2 ** int(np.log2(fitting))))
    return math.ceil(batch / (2 * parts)) * 2 * parts
