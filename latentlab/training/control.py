"""How another thread steers a training: pause, go on, stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from queue import Empty, SimpleQueue

from latentlab.errors import Cancelled


class Control:
    """Flags the loop looks at between the phases of a step.

    Every method but `checkpoint` may be called from any thread, and from a signal handler that interrupted
    `checkpoint` itself: a `SimpleQueue` may be re-entered there, an `Event` or a `Condition` would deadlock.

    Args:
        clock: Seconds, monotonic.

    Attributes:
        held_s: Seconds the loop was held until now; speeds are measured without them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.held_s = 0.0
        self._clock = clock
        self._paused = False
        self._stopped = False
        self._changes: SimpleQueue[None] = SimpleQueue()

    def pause(self) -> None:
        """Hold the loop at its next phase."""
        self._paused = True

    def go_on(self) -> None:
        """Let a held loop go on."""
        self._paused = False
        self._changes.put(None)

    def stop(self) -> None:
        """End the loop at its next phase, held or not; nothing takes this back."""
        self._stopped = True
        self._changes.put(None)

    @property
    def paused(self) -> bool:
        """Whether the loop is held or will be at its next phase."""
        return self._paused and not self._stopped

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped

    def checkpoint(self) -> None:
        """Wait while paused; called by the loop between phases.

        Raises:
            Cancelled: If a stop was asked for.
        """
        if self.paused:
            self._hold()
        if self._stopped:
            raise Cancelled

    def hold_until(self, ready: Callable[[], bool], every_s: float) -> None:
        """Hold a loop that is paused until something is so or it is told to go on; called by the loop.

        `pause` comes first, and with it what tells the user: so a `go_on` in between is not lost.

        Args:
            ready: Asked now and then.
            every_s: Seconds between.

        Raises:
            Cancelled: If a stop was asked for.
        """
        self._hold(ready, every_s)
        if self._stopped:
            raise Cancelled

    def _hold(self, ready: Callable[[], bool] | None = None, every_s: float | None = None) -> None:
        start = self._clock()
        while self.paused:
            try:
                self._changes.get(timeout=every_s)
            except Empty:
                self._paused = ready is None or not ready()
        self.held_s += self._clock() - start
