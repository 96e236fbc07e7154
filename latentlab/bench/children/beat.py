"""A hand that moves at a pace, whatever the window is busy with."""

from __future__ import annotations

import threading
import time

from PySide6.QtCore import QObject, Qt, Signal, Slot

from latentlab.bench.children.pace import PACE_MS


class Beat(QObject):
    """Tells of moves at a pace, from a thread of its own.

    As a window system does, it keeps but the newest move for a window that is still busy with one before. GUI thread
    only, but for the thread.

    Signals:
        moved: When the hand moved, as `time.perf_counter` tells, in seconds; the window may hear of it later.
    """

    moved = Signal(float)
    _waits = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._newest_s: float | None = None
        self._lock = threading.Lock()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._waits.connect(self._on_waiting, Qt.ConnectionType.QueuedConnection)

    def start(self) -> None:
        """Begin to move."""
        self._ended.clear()
        self._newest_s = None
        self._thread = threading.Thread(target=self._run, name="hand", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Rest; what the window has not heard of is forgotten."""
        self._ended.set()
        if self._thread is not None:
            self._thread.join()
        self._newest_s = None

    def _run(self) -> None:
        due_s = time.perf_counter()
        while not self._ended.is_set():
            due_s += PACE_MS / 1000.0
            time.sleep(max(0.0, due_s - time.perf_counter()))
            with self._lock:
                is_heard, self._newest_s = self._newest_s is None, due_s
            if is_heard:
                self._waits.emit()

    @Slot()
    def _on_waiting(self) -> None:
        with self._lock:
            moved_s, self._newest_s = self._newest_s, None
        if moved_s is not None:
            self.moved.emit(moved_s)
