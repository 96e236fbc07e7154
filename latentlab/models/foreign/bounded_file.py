"""A file that never hands out, nor makes room for, more bytes than it holds, nor reads the same ones without end."""

from __future__ import annotations

from typing import BinaryIO

from latentlab.models.foreign.pickle_machine import MAX_LINE

MAX_REREAD = 8
ALWAYS_FINE_BYTES = 2**26


class BoundedFile:
    """A binary file with a known end.

    Args:
        file: Opened for reading.
        size: Of the file, in bytes.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self.size = size
        self._left = MAX_REREAD * size + ALWAYS_FINE_BYTES

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, fewer at the end of the file."""
        return self._file.read(max(0, min(size, self.size - self._file.tell())))

    def readline(self) -> bytes:
        """Return up to the next end of line, of at most `MAX_LINE` bytes."""
        return self._file.readline(MAX_LINE)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def seek(self, position: int) -> None:
        """Move to a position from the start."""
        self._file.seek(position)

    def read_at(self, position: int, size: int) -> bytes:
        """Return exactly `size` bytes from a position.

        Raises:
            ValueError: If the file ends too early, or has been read many times over.
        """
        self._left -= size
        if self._left < 0:
            raise ValueError("its tensors share each other's numbers beyond reason")
        self._file.seek(position)
        raw = self.read(size)
        if len(raw) != size:
            raise ValueError(f"the file ends too early: {size} bytes are wanted at {position}, {len(raw)} are there")
        return raw
