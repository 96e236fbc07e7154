"""How fast pictures come: what drawing has cost over the last seconds."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from statistics import median

from PySide6.QtCore import QObject, Slot

from latentlab.rendering.requests import PICTURE
from latentlab.ui.render_bridge import Timing

KEPT_S = 10.0
_RECENT_S = 2.0
_AT_MOST = 4096


@dataclass(frozen=True)
class Moment:
    """A result and when it came, in seconds of the monotonic clock."""

    at_s: float
    timing: Timing


class Pace(QObject):
    """Remembers the results of the last seconds. GUI thread only."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._moments: deque[Moment] = deque(maxlen=_AT_MOST)

    @Slot(object)
    def add(self, timing: Timing) -> None:
        """Count a result that has just come."""
        now = time.monotonic()
        self._moments.append(Moment(now, timing))
        while now - self._moments[0].at_s > KEPT_S:
            self._moments.popleft()

    def moments(self, within_s: float = KEPT_S) -> list[Moment]:
        """Return what came within the last seconds, oldest first."""
        since = time.monotonic() - within_s
        return [moment for moment in self._moments if moment.at_s >= since]

    def ms_a_picture(self) -> float | None:
        """Return what a picture usually costs of late, in milliseconds; None if none was drawn just now."""
        if not self.moments(_RECENT_S):
            return None
        return median(moment.timing.render_ms / moment.timing.rows for moment in self._moments)

    def frames_a_second(self) -> float:
        """Return how often the live picture changed in the last second."""
        return float(sum(moment.timing.lane == PICTURE for moment in self.moments(1.0)))
