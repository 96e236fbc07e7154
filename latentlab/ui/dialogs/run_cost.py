"""What *Train > New run…* says that a run will cost: its memory counted, its time scaled up from a short trial."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from latentlab.analysis.progress import Progress
from latentlab.cores import spare
from latentlab.data.catalogue import DEFAULT_SIZE, KNOWN
from latentlab.training.config import TrainConfig
from latentlab.training.estimate import images_per_s, memory_bytes

_BATCH = 64
"""What an automatic batch is taken for."""
_TRIAL_BATCH = 16
"""Largest batch that is tried on a CPU; one of more pictures hardly shows more of them a second."""
_TRIAL_EXTENT = 1024
"""Largest product of width and side that is tried on a CPU; its three steps are over within a second."""
_TRIALS = 3
"""The fastest counts: what else the machine does slows the others."""
_CLASSES = 10
_MB = 1e6


@dataclass(frozen=True)
class Cost:
    """What a run will take.

    Attributes:
        seconds: From its first image to its last, on this machine.
        megabytes: Of weights and activations; PyTorch and the data come on top.
    """

    seconds: float
    megabytes: float


def completed(config: TrainConfig) -> TrainConfig:
    """Fill in what a run takes from its data and from a trial, as far as it can be told before."""
    known = KNOWN.get(config.data)
    size, channels = (known.size, known.channels) if known else (DEFAULT_SIZE, 3)
    batch = config.batch or _BATCH * config.accumulate
    return replace(config, size=config.size or size, channels=config.channels or channels, batch=batch)


def megabytes(config: TrainConfig) -> float:
    """Count the memory of a run; at once."""
    return memory_bytes(completed(config), classes=_CLASSES) / _MB


def cost_of(config: TrainConfig, progress: Progress) -> Cost | None:
    """Try a few steps, of narrower networks where those of the run are large, and scale up by their multiplications.

    Runs on the analysis thread, with as many threads as the run will have.

    Returns:
        None where the machine cannot take even the trial.

    Raises:
        Cancelled: If `progress` raises it.
    """
    from latentlab.preload import preload

    preload("torch")
    import torch

    from latentlab.training.preparation import pick_device

    def clock() -> float:
        progress(0.0)
        return time.perf_counter()

    whole, before = completed(config), torch.get_num_threads()
    device = pick_device("auto")
    tried, share = (whole, 1.0) if device.type != "cpu" else _smaller(whole)
    torch.set_num_threads(config.threads or spare())
    try:
        speed = max(images_per_s(tried, device, clock, _CLASSES) for _ in range(_TRIALS)) / share
    except (RuntimeError, MemoryError):
        return None
    finally:
        torch.set_num_threads(before)
    return Cost(1000.0 * config.kimg / speed, megabytes(config))


def _smaller(config: TrainConfig) -> tuple[TrainConfig, float]:
    """Return a trial, and how many times its multiplications an image the run has; they grow as the width squared."""
    width, critic_width, share = config.width, config.critic_width, 1.0
    while width * config.size > _TRIAL_EXTENT and width >= 8:
        width, critic_width, share = width // 2, (critic_width + 1) // 2, share * 4.0
    return replace(
        config, width=width, critic_width=critic_width, batch=min(config.batch, _TRIAL_BATCH), accumulate=1
    ), share
