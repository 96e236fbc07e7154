"""Between the window and the analysis thread."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.analysis.progress import Progress
from latentlab.analysis.service import AnalysisEvent, AnalysisService, Work
from latentlab.errors import ErrorReport, LatentlabError

OnFound = Callable[[object], None]


def answered(work: Work, during: str = "") -> Work:
    """Make of what is wrong with what was asked for an answer too, an `ErrorReport`, which only who asked gets."""

    def tried(progress: Progress) -> object:
        try:
            return work(progress)
        except LatentlabError as error:
            return ErrorReport.from_exception(error, during)

    return tried


class AnalysisBridge(QObject):
    """Owns an analysis service. Every method is called from the GUI thread.

    Signals:
        arrived: An `AnalysisEvent`, emitted on the analysis thread, delivered on the GUI thread.
        progressed: (name, fraction done) of the work under way; GUI thread.
        ended: Name of the work that ended, however it did; GUI thread.
        failed: The `ErrorReport` of work that failed; GUI thread.
    """

    arrived = Signal(object)
    progressed = Signal(str, float)
    ended = Signal(str)
    failed = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._on_found: OnFound | None = None
        self._asked = 0
        self.arrived.connect(self._on_event)
        self._service = AnalysisService(self.arrived.emit)

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        return self._service.running

    def start(self, name: str, work: Work, on_found: OnFound) -> None:
        """Do work in the background; what was under way is called off.

        Args:
            name: What it is called while it runs.
            work: Called on the analysis thread; must touch no widget and no state that changes.
            on_found: Called on the GUI thread with what it returned, unless it failed or was called off.
        """
        self._asked += 1
        asked = self._asked
        self._on_found = on_found
        # What an earlier piece of work still sends is told apart by its number.
        self._service.start(name, lambda progress: (asked, work(progress)))
        self.progressed.emit(name, 0.0)

    def cancel(self) -> None:
        """Call off what is under way."""
        self._service.cancel()

    def wait_idle(self, timeout_s: float = 30.0) -> bool:
        """Wait until no work is under way; its events may still be on their way to this thread."""
        return self._service.wait_idle(timeout_s)

    def close(self) -> None:
        """Call off what is under way and end the thread."""
        self._service.close()

    @Slot(object)
    def _on_event(self, event: AnalysisEvent) -> None:
        if not event.finished:
            self.progressed.emit(event.name, event.done)
            return
        if event.error is not None:
            self.failed.emit(event.error)
        elif isinstance(event.result, tuple):
            asked, found = event.result
            if asked == self._asked and self._on_found is not None:
                self._on_found(found)
        self.ended.emit(event.name)
