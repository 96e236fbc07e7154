"""Background work of which only the newest matters: what is asked for while some is under way waits for its end."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.analysis.service import Work
from latentlab.ui.analysis_bridge import AnalysisBridge, OnFound


class LatestWork(QObject):
    """An analysis thread of one's own that never makes the asker wait. Every method is called from the GUI thread.

    Whoever makes one closes it.

    Signals:
        progressed: Fraction done of the work under way; GUI thread.
        failed: The `ErrorReport` of work that failed; GUI thread.
    """

    progressed = Signal(float)
    failed = Signal(object)

    def __init__(self, name: str, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._busy = False
        self._receiver: OnFound | None = None
        self._next: tuple[Work, OnFound] | None = None
        self._bridge = AnalysisBridge(self)
        self._bridge.progressed.connect(self._on_progress)
        self._bridge.failed.connect(self.failed)
        self._bridge.ended.connect(self._on_ended)

    @property
    def busy(self) -> bool:
        """Whether work is under way, or its end has not been heard of yet."""
        return self._busy

    def ask(self, work: Work, on_found: OnFound, *, let_finish: bool = False) -> None:
        """Do work as soon as what is under way has ended; it replaces what waits.

        Args:
            work: Called on the analysis thread; must touch no widget and no state that changes.
            on_found: Called on the GUI thread with what it returned, unless it failed or was called off.
            let_finish: Whether what is under way is worth ending; else it is called off.
        """
        if self._busy:
            if not let_finish:
                self.cancel()
            self._next = work, on_found
            return
        self._busy, self._receiver = True, on_found
        self._bridge.start(self._name, work, self._on_found)

    def cancel(self) -> None:
        """Call off what is under way and forget what waits."""
        self._next = self._receiver = None
        self._bridge.cancel()

    def close(self) -> None:
        """Call everything off and end the thread."""
        self._next = self._receiver = None
        self._bridge.close()

    def _on_found(self, found: object) -> None:
        if self._receiver is not None:
            self._receiver(found)

    @Slot(str, float)
    def _on_progress(self, _name: str, done: float) -> None:
        self.progressed.emit(done)

    @Slot(str)
    def _on_ended(self, _name: str) -> None:
        self._busy = False
        following, self._next = self._next, None
        if following is not None:
            self.ask(*following)
