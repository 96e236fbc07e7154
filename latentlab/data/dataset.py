"""A data set: pictures of one size, what is said of them, and where they come from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.errors import Cancelled, ValueRangeError
from latentlab.pixels import Pixels

Labels = npt.NDArray[np.int64]
Answers = npt.NDArray[np.int8]
Split = Literal["train", "test"]
Progress = Callable[[int, int], None]
IsCancelled = Callable[[], bool]

NOT_STATED = "not stated"
_UNKNOWN = "unknown"


@dataclass(frozen=True, eq=False)
class DataSet:
    """Pictures of one size with what is known of them.

    Attributes:
        name: Short name, shown to the user and kept in model cards.
        pixels: Shape (N, H, W, C), uint8, C = 1 or 3; may be memory-mapped and then only read.
        labels: Shape (N,), int64, indices into `class_names`; None where there are no classes.
        class_names: One per class; empty without labels.
        licence: As the publisher gives it, or `NOT_STATED`.
        source: Where it was published; for the user's own files the name of the folder or archive.
        skipped: One line for each file that could not be read.
        names: The file of each picture; empty where pictures have no files of their own.
        attributes: What `answers` are given for, such as "Smiling".
        answers: Shape (N, A), int8: 1 has the attribute, -1 has it not, 0 is unknown; None without attributes.
        sizes: (width, height, pictures) in pixels before anything was cut, the most frequent first.
        columns: Of tables, those that could give the classes, besides the attributes.
    """

    name: str
    pixels: Pixels
    labels: Labels | None = None
    class_names: tuple[str, ...] = ()
    licence: str = NOT_STATED
    source: str = ""
    skipped: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    answers: Answers | None = None
    sizes: tuple[tuple[int, int, int], ...] = ()
    columns: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.pixels.ndim != 4 or self.pixels.dtype != np.uint8 or self.pixels.shape[3] not in (1, 3):
            raise ValueError(f"pixels must be uint8 (N, H, W, 1 or 3), not {self.pixels.dtype} {self.pixels.shape}")
        count = len(self.pixels)
        if self.labels is not None and self.labels.shape != (count,):
            raise ValueError(f"{count} pictures need as many labels, not {self.labels.shape}")
        if self.names and len(self.names) != count:
            raise ValueError(f"{count} pictures need as many names, not {len(self.names)}")
        if (self.answers is not None or self.attributes) and (
            self.answers is None or self.answers.shape != (count, len(self.attributes))
        ):
            raise ValueError(f"{len(self.attributes)} attributes of {count} pictures need as many answers")

    def __len__(self) -> int:
        return len(self.pixels)

    def by_attribute(self, attribute: str) -> DataSet:
        """Return the same pictures in classes by one attribute: without it, with it, and unknown where there are such.

        Args:
            attribute: One of `attributes`; case does not matter.

        Raises:
            ValueRangeError: If there is no such attribute.
        """
        places = {name.casefold(): index for index, name in enumerate(self.attributes)}
        index = places.get(attribute.casefold())
        if index is None or self.answers is None:
            known = ", ".join(self.attributes)
            raise ValueRangeError(
                "label", f"{self.name} has no {attribute!r}", f"It has {known}." if known else "It has no attributes."
            )
        name = self.attributes[index]
        classes = {-1: f"not {name}", 1: name, 0: _UNKNOWN}
        found = [answer for answer in classes if (self.answers[:, index] == answer).any()]
        labels = np.zeros(len(self), np.int64)
        for number, answer in enumerate(found):
            labels[self.answers[:, index] == answer] = number
        return replace(self, labels=labels, class_names=tuple(classes[answer] for answer in found))


def stop_if(cancelled: IsCancelled | None) -> None:
    """Raise `Cancelled` where the caller's `cancelled` says so; None never does."""
    if cancelled is not None and cancelled():
        raise Cancelled
