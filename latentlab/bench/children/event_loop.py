"""The event loop of the real window: run until something has happened, and see how long it stood still."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot

from latentlab.errors import LatentlabError

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

GIVE_UP_S = 60.0
_PASSING = "preload"
"""How the names of threads begin that end by themselves: those of `latentlab.preload`."""
_QUIET_S = 1.0
_BEAT_MS = 2
_POLL_MS = 5


class Heartbeat(QObject):
    """A fast timer of the event loop that notes how long it was kept waiting. GUI thread only."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._gaps_ms: list[float] = []
        self._last = time.perf_counter()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.setInterval(_BEAT_MS)
        self._timer.timeout.connect(self._on_beat)
        self._timer.start()

    def taken(self) -> list[float]:
        """Return the gaps between beats since the last call."""
        gaps, self._gaps_ms = self._gaps_ms, []
        return gaps

    @Slot()
    def _on_beat(self) -> None:
        now = time.perf_counter()
        self._gaps_ms.append((now - self._last) * 1000.0)
        self._last = now


def pump(until: Callable[[], bool], during: str, timeout_s: float = GIVE_UP_S) -> None:
    """Run the event loop until something has happened.

    Raises:
        LatentlabError: If it takes longer than that.
    """
    loop, poll = QEventLoop(), QTimer()
    end = time.monotonic() + timeout_s
    happened = False

    def look() -> None:
        nonlocal happened
        happened = until()
        if happened or time.monotonic() > end:
            loop.quit()

    poll.timeout.connect(look)
    poll.start(_POLL_MS)
    loop.exec()
    poll.stop()
    if not happened:
        raise LatentlabError(f"bench: {during}", f"took more than {timeout_s:g} s")


def newest_seq(window: MainWindow) -> int:
    """Return the seq of the newest request that the window made."""
    return window.studio.render.seq


def settle(window: MainWindow) -> None:
    """Let the event loop run until all that was asked for is drawn and painted."""
    for _ in range(2):
        pump(lambda: window.studio.render.wait_idle(0.0), "what was asked for")


def wait_for_background(window: MainWindow) -> None:
    """Let what the application still does after its start come to an end: panels, pictures, imports.

    Raises:
        LatentlabError: Naming what does not end.
    """
    quiet_since = time.monotonic()
    busy: set[str] = set()

    def quiet() -> bool:
        nonlocal quiet_since, busy
        busy = {each.name for each in threading.enumerate() if each.name.startswith(_PASSING)}
        if not window.studio.render.wait_idle(0.0):
            busy.add("render")
        if busy:
            quiet_since = time.monotonic()
        return time.monotonic() - quiet_since >= _QUIET_S

    try:
        pump(quiet, "what the window does after its start")
    except LatentlabError as error:
        raise LatentlabError(error.what, f"{error.why}, in {', '.join(sorted(busy))}") from error
