"""The one place that decides whether a result is still worth showing."""

from __future__ import annotations

from latentlab.rendering.requests import RenderResult


class Freshness:
    """Remembers what was painted.

    A row is stale if its epoch is not the current one, its lane has since been told to forget it, or its seq is not
    above the last painted of that row. A row that is merely older than the newest request is fresh: a picture that
    waited for the newest would freeze under a moving hand.
    """

    def __init__(self) -> None:
        self.epoch = 0
        self._painted: dict[tuple[str, int], int] = {}
        self._forgotten: dict[str, int] = {}

    def new_epoch(self) -> int:
        """Make everything rendered so far stale; return the new epoch."""
        self.epoch += 1
        self._painted.clear()
        return self.epoch

    def forget(self, lane: str, seq: int) -> None:
        """Make a lane's results up to a seq stale, for one whose rows mean something else from now on."""
        self._forgotten[lane] = seq

    def accept(self, result: RenderResult) -> tuple[int, ...]:
        """Return the positions within `result.rows` to paint, and count them as painted."""
        if result.epoch != self.epoch or result.seq <= self._forgotten.get(result.lane, -1):
            return ()
        fresh = tuple(
            position
            for position, row in enumerate(result.rows)
            if result.seq > self._painted.get((result.lane, row), -1)
        )
        for position in fresh:
            self._painted[result.lane, result.rows[position]] = result.seq
        return fresh
