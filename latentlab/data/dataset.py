"""A data set in memory: pictures of one size, their labels, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.errors import Cancelled
from latentlab.pixels import Pixels

Labels = npt.NDArray[np.int64]
Split = Literal["train", "test"]
Progress = Callable[[int, int], None]
IsCancelled = Callable[[], bool]

NOT_STATED = "not stated"


@dataclass(frozen=True, eq=False)
class DataSet:
    """Pictures of one size with what is known of them.

    Attributes:
        name: Short name, shown to the user and kept in model cards.
        pixels: Shape (N, H, W, C), uint8, C = 1 or 3; may be memory-mapped.
        labels: Shape (N,), int64, indices into `class_names`; None where there are no classes.
        class_names: One per class; empty without labels.
        licence: As the publisher gives it, or `NOT_STATED`.
        source: Where it was published; for the user's own files the name of the folder or archive.
        skipped: One line for each file that could not be read.
    """

    name: str
    pixels: Pixels
    labels: Labels | None = None
    class_names: tuple[str, ...] = ()
    licence: str = NOT_STATED
    source: str = ""
    skipped: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8 or self.pixels.shape[3] not in (1, 3):
            raise ValueError(f"pixels must be uint8 (N, H, W, 1 or 3), not {self.pixels.dtype} {self.pixels.shape}")
        if self.labels is not None and self.labels.shape != (len(self.pixels),):
            raise ValueError(f"{len(self.pixels)} pictures need as many labels, not {self.labels.shape}")

    def __len__(self) -> int:
        return len(self.pixels)


def stop_if(cancelled: IsCancelled | None) -> None:
    """Raise `Cancelled` where the caller's `cancelled` says so; None never does."""
    if cancelled is not None and cancelled():
        raise Cancelled
