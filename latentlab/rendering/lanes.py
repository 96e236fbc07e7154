"""Latest-wins mailboxes: one per asker, and the rule by which they take turns."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from latentlab.rendering.requests import PICTURE, RenderRequest


@dataclass
class _Lane:
    """One asker's mailbox: its newest request and the rows of it that are still to do."""

    request: RenderRequest
    rows: deque[int]


class Lanes:
    """What waits to be rendered. Not thread-safe: the service holds its lock around every call."""

    def __init__(self) -> None:
        self._lanes: dict[str, _Lane] = {}
        self._turns: deque[str] = deque()
        self._passed_over = 0

    def __bool__(self) -> bool:
        return bool(self._lanes)

    @property
    def has_picture(self) -> bool:
        """Whether the picture waits."""
        return PICTURE in self._lanes

    @property
    def passed_over(self) -> int:
        """Return how many pictures went ahead of others that wait since one of those had its turn."""
        return self._passed_over

    def put(self, request: RenderRequest) -> None:
        """Replace what waits in the request's lane.

        Rows that the replaced request did not get to come first now, so that no row starves while requests keep
        coming.
        """
        waiting = self._lanes.get(request.lane)
        order = request.order
        if waiting is not None and len(waiting.request.z) == len(request.z):
            behind = tuple(waiting.rows)
            order = behind + tuple(row for row in order if row not in behind)
        if waiting is None and request.lane != PICTURE:
            self._turns.append(request.lane)
        self._lanes[request.lane] = _Lane(request, deque(order))

    def take(self, rows_at_most: int) -> tuple[RenderRequest, tuple[int, ...]] | None:
        """Take what is to be rendered next.

        The picture goes first and whole. All others take turns, a few rows each; after every picture that went ahead
        of them one gets a turn, so that a hand that never rests does not starve them.

        Args:
            rows_at_most: Size of a turn, at least 1.

        Returns:
            The request and its rows; None if nothing waits.
        """
        if self._passed_over and self._turns:
            return self.take_turn(rows_at_most)
        return self.take_picture() or self.take_turn(rows_at_most)

    def take_picture(self) -> tuple[RenderRequest, tuple[int, ...]] | None:
        """Take the picture, whole, ahead of all others; None if it does not wait."""
        picture = self._lanes.pop(PICTURE, None)
        if picture is None:
            return None
        self._passed_over = self._passed_over + 1 if self._turns else 0
        return picture.request, tuple(picture.rows)

    def take_turn(self, rows_at_most: int) -> tuple[RenderRequest, tuple[int, ...]] | None:
        """Take a few rows of the lane whose turn it is among those behind the picture; None if none waits.

        Args:
            rows_at_most: At least 1.
        """
        self._passed_over = 0
        if not self._turns:
            return None
        name = self._turns.popleft()
        lane = self._lanes[name]
        rows = tuple(lane.rows.popleft() for _ in range(min(rows_at_most, len(lane.rows))))
        if lane.rows:
            self._turns.append(name)
        else:
            del self._lanes[name]
        return lane.request, rows

    def drop(self, lane: str | None = None) -> None:
        """Forget what waits in a lane, or everything."""
        if lane is None:
            self._lanes.clear()
            self._turns.clear()
            self._passed_over = 0
        elif self._lanes.pop(lane, None) is not None and lane != PICTURE:
            self._turns.remove(lane)

    def drop_rest_of(self, request: RenderRequest) -> None:
        """Forget the rows of a request that still wait; a newer request of its lane stays."""
        waiting = self._lanes.get(request.lane)
        if waiting is not None and waiting.request is request:
            self.drop(request.lane)
