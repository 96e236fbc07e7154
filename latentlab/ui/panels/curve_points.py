"""What the curves of a run are made of: its log, tick by tick, and what it tells while it goes."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from latentlab.training.run_log import Entry

Points = npt.NDArray[np.float64]

_GROW = 1024


class _Trace:
    """Points that are added one by one."""

    def __init__(self) -> None:
        self._points = np.zeros((2, _GROW))
        self._count = 0

    def add(self, x: float, y: float) -> None:
        if self._count == self._points.shape[1]:
            self._points = np.concatenate([self._points, np.zeros_like(self._points)], axis=1)
        self._points[:, self._count] = x, y
        self._count += 1

    def points(self) -> Points:
        return self._points[:, : self._count]


class CurvePoints:
    """Numbers of one run by name, over kimg."""

    def __init__(self) -> None:
        self._logged: tuple[Entry, ...] = ()
        self._live: dict[str, _Trace] = {}

    def set_logged(self, entries: tuple[Entry, ...]) -> None:
        """Take the log as it is now."""
        self._logged = entries

    def add(self, kimg: float, values: Mapping[str, float]) -> None:
        """Take what the run tells between two ticks."""
        for name, value in values.items():
            self._live.setdefault(name, _Trace()).add(kimg, value)

    def points(self, name: str) -> Points:
        """Return a curve, shape (2, n), float64: kimg, and the values that are finite.

        Where the run told of it live, that is what is shown; the log is what went before.
        """
        live = self._live[name].points() if name in self._live else np.zeros((2, 0))
        first = live[0, 0] if live.shape[1] else np.inf
        logged = [(entry.kimg, entry.values[name]) for entry in self._logged if name in entry.values]
        before = np.array([point for point in logged if point[0] < first]).reshape(-1, 2).T
        both = np.concatenate([before, live], axis=1)
        return both[:, np.isfinite(both).all(axis=0)]
