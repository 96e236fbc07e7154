"""The rhythm of the hand: how often the picture is asked for, and so when it is about to be asked for again."""

from __future__ import annotations

import math
import time

_RESTS_AFTER_MS = 150.0
_MOVES_BELOW_MS = 50.0
_MEMORY, _FOLLOWS = 0.7, 0.2
_LATE, _LATE_S = 0.3, 0.001
_PAINTING_MS = 2.0


class Pace:
    """Remembers when the picture was asked for. Not thread-safe: the service holds its lock around every call."""

    def __init__(self) -> None:
        self._asked_at_s = 0.0
        self._moved_at_s = 0.0
        self._every_ms = _RESTS_AFTER_MS

    def note(self) -> None:
        """Remember that the picture is asked for now.

        The hand may have moved before: whoever was busy then asks late, and the next move comes none the later for it.
        """
        now = time.perf_counter()
        expected_s = self._moved_at_s + self._every_ms / 1000.0
        late_s = now - expected_s if self.moves else 0.0
        self._moved_at_s = now if late_s <= 0.0 else expected_s + _FOLLOWS * late_s
        every_ms = min((now - self._asked_at_s) * 1000.0, _RESTS_AFTER_MS)
        self._every_ms = _MEMORY * self._every_ms + (1 - _MEMORY) * every_ms
        self._asked_at_s = now

    @property
    def moves(self) -> bool:
        """Whether a hand moves the picture, which is then about to be asked for again."""
        return self._every_ms < _MOVES_BELOW_MS and not self.rests

    @property
    def rests(self) -> bool:
        """Whether nobody has asked for the picture for a while."""
        return self._since_ms() >= _RESTS_AFTER_MS

    @property
    def rests_in_s(self) -> float:
        """Return the time after which a hand that does not ask again will count as resting, in seconds, above 0."""
        return max((_RESTS_AFTER_MS - self._since_ms()) / 1000.0, _LATE_S)

    @property
    def left_ms(self) -> float:
        """Return the time until the picture is likely to be asked for again; no end of it where the hand rests."""
        return self._every_ms - (time.perf_counter() - self._moved_at_s) * 1000.0 if self.moves else math.inf

    def pause_s(self, row_ms: float) -> float:
        """Return how long a row would have to be held back, in seconds, not to be in the way of the next picture.

        Args:
            row_ms: What the row takes.

        Returns:
            0 where it fits ahead of the picture, and where the hand is late: it may have stopped.
        """
        left_ms = self.left_ms
        is_late = left_ms < -_LATE * self._every_ms
        fits = left_ms >= row_ms + _PAINTING_MS
        return 0.0 if fits or is_late else max(left_ms, 0.0) / 1000.0 + _LATE_S

    def _since_ms(self) -> float:
        return (time.perf_counter() - self._asked_at_s) * 1000.0
