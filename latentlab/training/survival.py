"""What a run does about its troubles: memory that is short, weights that are not finite, a disk that is full."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import torch

from latentlab.errors import OutputError
from latentlab.training.config import TrainConfig

MAX_ATTEMPTS = 4
LOWER = 0.5
LEAST_FREE_BYTES = 16 * 2**20
RETRY_S = 10.0
_FULL = (errno.ENOSPC, errno.EDQUOT)
# A CPU's allocator has no class of error of its own.
# Nor have the libraries of a GPU: CUBLAS_STATUS_ALLOC_FAILED, CUDNN_STATUS_ALLOC_FAILED.
_NO_MEMORY = ("ALLOC_FAILED", "can't allocate memory", "not enough memory", "out of memory")


class NotFiniteError(Exception):
    """Weights or losses are not finite any more."""


@dataclass(frozen=True)
class Remedy:
    """How to go on from the last good state.

    Attributes:
        text: What happened and what is done about it, one line.
        changes: Fields of the configuration.
    """

    text: str
    changes: Mapping[str, float]


def remedy_of(error: Exception, config: TrainConfig, replicas: int, attempts: int) -> Remedy | None:
    """Find out what to do about an error in the loop; None where nothing helps.

    Args:
        error: What the loop raised.
        config: That of the run.
        replicas: How many processes train together; where one of several runs out of memory, the others cannot know.
        attempts: How often the same was tried since the last tick.
    """
    if isinstance(error, NotFiniteError) and attempts < MAX_ATTEMPTS:
        lr, lr_critic = config.lr * LOWER, config.lr_critic * LOWER
        text = f"the weights were no longer finite: going on from the last tick at a learning rate of {lr:g}"
        return Remedy(text, {"lr": lr, "lr_critic": lr_critic})
    parts = more_parts(config.batch, config.accumulate)
    if is_out_of_memory(error) and parts is not None and replicas == 1:
        text = (
            f"out of memory: going on from the last tick with the batch of {config.batch} in {parts} parts of "
            f"{config.batch // parts}"
        )
        return Remedy(text, {"accumulate": parts})
    return None


def is_out_of_memory(error: Exception) -> bool:
    """Whether memory was short, that of the machine or of its GPU."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError):
        return True
    return isinstance(error, RuntimeError) and any(words in str(error) for words in _NO_MEMORY)


def more_parts(batch: int, parts: int) -> int | None:
    """Return the next number of equal parts, twice that of now or more; None where they would be single images."""
    return next((count for count in range(2 * parts, batch // 2 + 1) if batch % count == 0), None)


def is_disk_full(error: OutputError, folder: Path, wanted_bytes: int) -> bool:
    """Whether a file could not be written for want of space; not every library says so."""
    cause = error.__cause__
    if isinstance(cause, OSError) and cause.errno is not None:
        return cause.errno in _FULL
    return not has_space(folder, wanted_bytes)


def has_space(folder: Path, wanted_bytes: int) -> bool:
    """Whether the disk of a folder has as much free."""
    return shutil.disk_usage(folder).free >= max(LEAST_FREE_BYTES, wanted_bytes)
