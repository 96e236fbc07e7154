"""What drawing costs the open model, as measured, and whether it pays to draw its picture where it is asked for."""

from __future__ import annotations

from collections import deque

CHUNK_MS = 6.0
"""What may be in the way of whoever waits."""
_MEMORY = 0.7
_COLD = 2.0
_TRIES = 3


class Costs:
    """Milliseconds that the backend took. Not thread-safe: the service holds its lock around every call."""

    def __init__(self) -> None:
        self._row_ms: dict[int, float] = {}
        self._picture_ms: float | None = None
        self._on_the_spot_ms: deque[float] = deque(maxlen=_TRIES)

    def note_rows(self, threads: int, rows: int, elapsed_ms: float) -> None:
        """Take in what so many rows behind the picture took."""
        row_ms = elapsed_ms / rows
        known_ms = self._row_ms.get(threads, row_ms)
        self._row_ms[threads] = _MEMORY * known_ms + (1 - _MEMORY) * row_ms

    def note_picture(self, elapsed_ms: float) -> None:
        """Take in what the picture took the render thread, with all cores; infinity where it failed."""
        self._picture_ms = elapsed_ms

    def note_on_the_spot(self, elapsed_ms: float) -> None:
        """Take in what the picture took on the spot."""
        self._on_the_spot_ms.append(elapsed_ms)

    def try_again(self) -> None:
        """Forget what pictures took on the spot: the machine may have been busy."""
        self._on_the_spot_ms.clear()

    def row_ms(self, threads: int) -> float:
        """Return what a row behind the picture costs, smoothed; 0 where none was drawn with so many threads."""
        return self._row_ms.get(threads, 0.0)

    @property
    def knows_picture(self) -> bool:
        """Whether the render thread has drawn the picture with all cores."""
        return self._picture_ms is not None

    @property
    def pays_on_the_spot(self) -> bool:
        """Whether the picture is drawn within a chunk where it is asked for.

        At rest it takes the render thread up to twice as long as in a row of many, for all is cold; that gives it a
        try. It ends once all of the last few took longer than a chunk.
        """
        tried_ms = self._on_the_spot_ms
        if len(tried_ms) == _TRIES:
            return min(tried_ms) <= CHUNK_MS
        return self._picture_ms is not None and self._picture_ms <= _COLD * CHUNK_MS
