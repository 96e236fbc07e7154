"""How another thread steers a training: pause, go on, one update by hand, slow motion, stop."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, SimpleQueue
from typing import Literal

from latentlab.errors import Cancelled

Player = Literal["D", "G"]
"""One of the two networks that play against each other."""

ByHand = Callable[[Player], object]
"""Updates one network alone."""


class Control:
    """Flags the loop looks at between the phases of a step.

    Every method but those that hold the loop may be called from any thread, and from a signal handler that interrupted
    one of these: a `SimpleQueue` may be re-entered there, an `Event` or a `Condition` would deadlock.

    Args:
        clock: Seconds, monotonic.

    Attributes:
        held_s: Seconds the loop was held until now, updates by hand included; speeds are measured without them.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self.held_s = 0.0
        self._clock = clock
        self._paused = False
        self._stopped = False
        self._phase_s = 0.0
        self._changes: SimpleQueue[Player | None] = SimpleQueue()

    def pause(self) -> None:
        """Hold the loop at its next phase."""
        self._paused = True
        self._changes.put(None)

    def go_on(self) -> None:
        """Let a held loop go on."""
        self._paused = False
        self._forget_changes()
        self._changes.put(None)

    def stop(self) -> None:
        """End the loop at its next phase, held or not; nothing takes this back."""
        self._stopped = True
        self._changes.put(None)

    def update(self, player: Player) -> None:
        """Have a held loop update one network alone, once; one that is not held by then pays no heed."""
        self._changes.put(player)

    def slow_down(self, phase_s: float) -> None:
        """Rest for so many seconds after each phase; 0 for full speed."""
        self._phase_s = phase_s
        self._changes.put(None)

    @property
    def paused(self) -> bool:
        """Whether the loop is held or will be at its next phase."""
        return self._paused and not self._stopped

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped

    @property
    def slow(self) -> bool:
        """Whether the loop rests after each phase."""
        return self._phase_s > 0.0

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        """Rest in slow motion, wait while paused; called by the loop between phases.

        Args:
            by_hand: Called while the loop is held with the network that is to be updated; None where none can be.

        Returns:
            Whether anything was updated by hand.

        Raises:
            Cancelled: If a stop was asked for.
        """
        updated = False
        if self.slow and not (self._paused or self._stopped):
            self._rest()
        if self.paused:
            updated = self._hold(by_hand)
        if self._stopped:
            raise Cancelled
        return updated

    def checkpoint_alone(self) -> None:
        """Wait while paused; called by work that one of several processes does alone.

        Raises:
            Cancelled: If a stop was asked for in this process.
        """
        if self.paused:
            self._hold(None)
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
        self._hold(None, ready, every_s)
        if self._stopped:
            raise Cancelled

    def _rest(self) -> None:
        """Wait for the rest of a phase in slow motion, or until something changes."""
        start = self._clock()
        self._forget_changes()
        if self.slow and not (self._paused or self._stopped):
            with suppress(Empty):
                self._changes.get(timeout=self._phase_s)
        self.held_s += self._clock() - start

    def _hold(
        self, by_hand: ByHand | None, ready: Callable[[], bool] | None = None, every_s: float | None = None
    ) -> bool:
        start, updated = self._clock(), False
        while self.paused:
            try:
                player = self._changes.get(timeout=every_s)
            except Empty:
                self._paused = ready is None or not ready()
                continue
            if player is not None and by_hand is not None and self.paused:
                by_hand(player)
                updated = True
        self.held_s += self._clock() - start
        return updated

    def _forget_changes(self) -> None:
        """Drop what was said before: the flags tell it all, and an update is for a loop that is held."""
        with suppress(Empty):
            while True:
                self._changes.get_nowait()
