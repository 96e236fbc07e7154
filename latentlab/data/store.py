"""Where decoded pictures are put: into memory, and into a file once they are many."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import numpy as np

from latentlab import log
from latentlab.errors import DataError, OutputError
from latentlab.pixels import Pixels

SPILL_BYTES = 1 << 20
_logger = log.get(__name__)


class Store:
    """Takes pictures one after the other and gives them back as one array.

    What is collected is written to the file in pieces of `SPILL_BYTES`; less than that never touches the disk. Where
    the file cannot be written, because the disk is full for example, everything is in memory instead.

    Args:
        place: Names the file, which is written over, once there is enough; None keeps everything in memory.

    Attributes:
        in_file: Whether all pictures are in the file, after `pixels` was called.
    """

    def __init__(self, place: Callable[[], Path] | None = None) -> None:
        self.in_file = False
        self._place = place
        self._path: Path | None = None
        self._file: BinaryIO | None = None
        self._parts: list[Pixels] = []
        self._waiting = 0
        self._written = 0
        self._shape: tuple[int, ...] = ()

    def add(self, pictures: Pixels) -> None:
        """Take pictures, shape (n, H, W, C), uint8, all of one size; they are not copied.

        Raises:
            DataError: If there is no memory for them.
        """
        self._shape = pictures.shape[1:]
        self._parts.append(pictures)
        self._waiting += pictures.nbytes
        if self._place is not None and self._waiting >= SPILL_BYTES:
            self._spill()

    def pixels(self) -> Pixels:
        """Return all pictures, shape (N, H, W, C), uint8; a read-only memory map where they went to the file.

        Raises:
            DataError: If there is no memory for them.
        """
        if self._file is not None:
            self._spill()
        if self._file is not None and self._path is not None:
            self._file.close()
            self.in_file = True
            return open_pixels(self._path, (self._written // int(np.prod(self._shape)), *self._shape))
        try:
            return self._parts[0] if len(self._parts) == 1 else np.concatenate(self._parts)
        except MemoryError as error:
            need = self._waiting / 2**30
            raise DataError("the pictures", f"need {need:.1f} GiB of memory", "Choose a smaller size.") from error

    def close(self) -> None:
        """Let go of the file; it may be called at any time, and more than once."""
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        block = np.concatenate(self._parts) if self._parts else np.empty((0, *self._shape), np.uint8)
        self._parts = [block]
        try:
            if self._file is None and self._place is not None:
                self._path = self._place()
                self._file = self._path.open("wb", buffering=0)
            if self._file is not None:
                rest = block.reshape(-1).data
                while rest:
                    rest = rest[self._file.write(rest) :]
        except (OSError, OutputError) as error:
            _logger.warning("decoded pictures cannot be kept, everything stays in memory: %s", error)
            self._take_back()
        else:
            self._written += block.nbytes
            self._parts, self._waiting = [], 0

    def _take_back(self) -> None:
        """Read what the file holds already; what it failed to take is still in memory."""
        if self._file is not None and self._path is not None:
            self._file.close()
            before = np.fromfile(self._path, np.uint8, self._written).reshape(-1, *self._shape)
            self._parts.insert(0, before)
            self._waiting += self._written
        self._place, self._file = None, None


def open_pixels(path: Path, shape: tuple[int, ...]) -> Pixels:
    """Map a file of pictures into memory, read-only.

    Raises:
        OSError: If it is missing.
        ValueError: If it has not exactly the size that the shape needs.
    """
    if path.stat().st_size != int(np.prod(shape)):
        raise ValueError(f"holds {path.stat().st_size} bytes, {int(np.prod(shape))} are needed")
    return np.memmap(path, np.uint8, "r", shape=shape)
