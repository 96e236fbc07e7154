"""Endless shuffled mini-batches that can be resumed bit for bit."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from latentlab.errors import DataError
from latentlab.pixels import Pixels


class Batches:
    """Draw mini-batches of a data set without end, every picture once an epoch.

    The order is shuffled anew for every epoch. What is left of an epoch starts the next batch, so no picture is ever
    dropped and every batch is full, also where there are fewer pictures than a batch takes.

    Attributes:
        pixels: Shape (N, H, W, C), uint8, N >= 1; only read.
        batch: Pictures in a batch, at least 1.
        epoch: Epochs begun, counted from 1; 0 before the first batch.
    """

    def __init__(self, pixels: Pixels, batch: int, seed: int) -> None:
        if len(pixels) == 0 or batch < 1:
            raise ValueError(f"cannot draw batches of {batch} from {len(pixels)} pictures")
        self.pixels = pixels
        self.batch = batch
        self.epoch = 0
        self._random = np.random.Generator(np.random.PCG64(seed))
        self._before_epoch = _pack(self._random)
        self._order: npt.NDArray[np.int64] = np.empty(0, np.int64)
        self._position = 0

    def next(self) -> Pixels:
        """Return the next batch, a copy of shape (batch, H, W, C), uint8."""
        return np.asarray(self.pixels[self.next_indices()])

    def next_indices(self) -> npt.NDArray[np.int64]:
        """Advance like `next`, but return only where the pictures are, for data that live on another device.

        Returns:
            Shape (batch,), int64, in [0, N).
        """
        parts = []
        missing = self.batch
        while missing:
            if self._position == len(self._order):
                self._shuffle()
            part = self._order[self._position : self._position + missing]
            parts.append(part)
            self._position += len(part)
            missing -= len(part)
        return np.concatenate(parts)

    def state(self) -> dict[str, Any]:
        """Return all that `restore` needs, as JSON-serialisable integers and dictionaries of them.

        The order of the running epoch is not stored but drawn again from the generator as it was before.
        """
        return {
            "pictures": len(self.pixels),
            "epoch": self.epoch,
            "position": self._position,
            "generator": dict(self._before_epoch),
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Go on where `state` was taken; the batch size may be another.

        Raises:
            DataError: If the state was taken of another number of pictures.
        """
        if state["pictures"] != len(self.pixels):
            raise DataError(
                "the data set",
                f"holds {len(self.pixels)} pictures, the run to be resumed was trained on {state['pictures']}",
                "Resume it with the data it was started with.",
            )
        self._random = _unpack(state["generator"])
        self._before_epoch = dict(state["generator"])
        self._order = np.empty(0, np.int64)
        if state["epoch"]:
            self._shuffle()
        self.epoch = state["epoch"]
        self._position = state["position"]

    def _shuffle(self) -> None:
        self._before_epoch = _pack(self._random)
        self._order = self._random.permutation(len(self.pixels))
        self._position = 0
        self.epoch += 1


def _pack(random: np.random.Generator) -> dict[str, int]:
    state: dict[str, Any] = dict(random.bit_generator.state)
    return {
        "state": int(state["state"]["state"]),
        "inc": int(state["state"]["inc"]),
        "has_uint32": int(state["has_uint32"]),
        "uinteger": int(state["uinteger"]),
    }


def _unpack(packed: dict[str, int]) -> np.random.Generator:
    bits = np.random.PCG64()
    bits.state = {
        "bit_generator": "PCG64",
        "state": {"state": packed["state"], "inc": packed["inc"]},
        "has_uint32": packed["has_uint32"],
        "uinteger": packed["uinteger"],
    }
    return np.random.Generator(bits)
