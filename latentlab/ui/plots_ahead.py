"""pyqtgraph, imported between two turns of the event loop once the window is alive; it takes a third of a second.

It defines Qt classes, so no other thread may import it while the window lives: see `latentlab.stepped_import`. What
draws with it is imported where it is first shown, after `import_rest`.
"""

from __future__ import annotations

from collections.abc import Iterator

from PySide6.QtCore import QObject, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication

from latentlab.stepped_import import SteppedImport

_STEP_S = 0.004
_PAUSE_MS = 12


def _every_class() -> Iterator[str]:
    """Ask for each name of Qt's own modules, which makes its class: pyqtgraph copies them all at once."""
    from PySide6 import QtCore, QtGui, QtWidgets

    for module in (QtCore, QtGui, QtWidgets):
        for name in dir(module):
            getattr(module, name)
            yield name


_pyqtgraph = SteppedImport("pyqtgraph", _every_class())
"""One for the process, as are the modules that it imports."""


def import_rest() -> None:
    """Import what is left to import of pyqtgraph; whoever imports what uses it calls this first. GUI thread only."""
    _pyqtgraph.finish()


class PlotsAhead(QObject):
    """Imports pyqtgraph a little with every turn, but for those in which a mouse button is down. GUI thread only.

    Signals:
        wanted: Begins; any thread may emit it.
    """

    wanted = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._timer = QTimer(self)
        self._timer.setInterval(_PAUSE_MS)
        self._timer.timeout.connect(self._on_turn)
        self.wanted.connect(self._on_wanted, Qt.ConnectionType.QueuedConnection)

    def close(self) -> None:
        """Give up what is left."""
        self._timer.stop()
        _pyqtgraph.close()

    @Slot()
    def _on_wanted(self) -> None:
        self._timer.start()

    @Slot()
    def _on_turn(self) -> None:
        if QGuiApplication.mouseButtons() == Qt.MouseButton.NoButton:
            _pyqtgraph.advance(_STEP_S)
        if _pyqtgraph.over:
            self._timer.stop()
