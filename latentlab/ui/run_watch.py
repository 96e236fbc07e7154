"""Between the window and the thread that looks into a run folder."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.errors import ErrorReport
from latentlab.training.following import FollowEvent, RunFollower
from latentlab.training.run_seen import RunSeen, SheetRead


class RunWatch(QObject):
    """Follows one run folder until it is closed. Every method is called from the GUI thread.

    Signals:
        arrived: A `FollowEvent`, emitted on the thread that looks, delivered on the GUI thread.
        seen: The newest `RunSeen`; GUI thread.
        sheet_read: A `SheetRead` that was asked for; GUI thread.
        failed: An `ErrorReport`; nothing more is read then; GUI thread.
    """

    arrived = Signal(object)
    seen = Signal(object)
    sheet_read = Signal(object)
    failed = Signal(object)

    def __init__(self, folder: Path, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.latest = RunSeen(folder)
        self._closed = False
        self.arrived.connect(self._on_event)
        self._follower = RunFollower(folder, self.arrived.emit)
        self._follower.start()

    @property
    def folder(self) -> Path:
        """Return the run folder."""
        return self._follower.folder

    def look_now(self) -> int:
        """Look into the folder without waiting for the next turn; return which `RunSeen.look` that will be."""
        return self._follower.look_now()

    def want_sheet(self, number: int) -> bool:
        """Ask for the sheet of so many kimg; return whether there is one."""
        path = self.latest.sheets.get(number)
        if path is not None:
            self._follower.want_sheet(path, int(self.latest.number("size")))
        return path is not None

    @property
    def running(self) -> bool:
        """Whether the thread has not ended."""
        return self._follower.running

    def stop(self) -> None:
        """Let the thread end by itself; what it still sends is dropped."""
        self._closed = True
        self._follower.stop()

    def close(self) -> None:
        """End the thread."""
        self.stop()
        self._follower.close()

    @Slot(object)
    def _on_event(self, event: FollowEvent) -> None:
        if self._closed:
            return
        match event:
            case RunSeen():
                self.latest = event
                self.seen.emit(event)
            case SheetRead():
                self.sheet_read.emit(event)
            case ErrorReport():
                self.failed.emit(event)
