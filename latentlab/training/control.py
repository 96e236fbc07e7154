"""How another thread steers a training: pause, go on, stop."""

from __future__ import annotations

import threading

from latentlab.errors import Cancelled


class Control:
    """Flags the loop looks at between the phases of a step. Every method may be called from any thread."""

    def __init__(self) -> None:
        self._running = threading.Event()
        self._running.set()
        self._stopped = threading.Event()

    def pause(self) -> None:
        """Hold the loop at its next phase."""
        self._running.clear()

    def go_on(self) -> None:
        """Let a held loop go on."""
        self._running.set()

    def stop(self) -> None:
        """End the loop at its next phase, held or not."""
        self._stopped.set()
        self._running.set()

    @property
    def paused(self) -> bool:
        """Whether the loop is held or will be at its next phase."""
        return not self._running.is_set()

    @property
    def stopping(self) -> bool:
        """Whether a stop was asked for."""
        return self._stopped.is_set()

    def checkpoint(self) -> None:
        """Wait while paused; called by the loop between phases.

        Raises:
            Cancelled: If a stop was asked for.
        """
        self._running.wait()
        if self._stopped.is_set():
            raise Cancelled
