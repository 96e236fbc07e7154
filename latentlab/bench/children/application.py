"""The real application, started as a user starts it, and handed over once its first live picture was painted."""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from latentlab import log
from latentlab.bench.children.answer import answers, give, request

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

Drive = Callable[["MainWindow", dict[str, Any]], dict[str, Any]]
"""Does something with the window, given what was asked, and returns what it found. Called on the GUI thread."""

_TELLS = "latentlab.ui.panels.explore"


class _Visitor(logging.Handler):
    """Hears the window log its first picture, drives it, closes it.

    The log, because nothing of Qt may be imported ahead of the application: the order of its imports is measured.
    """

    def __init__(self, asked: dict[str, Any], drive: Drive) -> None:
        super().__init__()
        self._asked = asked
        self._drive = drive
        self.painted_ns = 0
        self.answer: dict[str, Any] | None = None
        self.error: BaseException | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Note when the first picture was painted, and drive the window from the next turn of the event loop."""
        from PySide6.QtCore import QTimer

        from latentlab.ui.panels.explore import FIRST_PICTURE

        if record.msg == FIRST_PICTURE and not self.painted_ns:
            self.painted_ns = time.monotonic_ns()
            QTimer.singleShot(0, self._on_alive)

    def _on_alive(self) -> None:
        from PySide6.QtGui import QGuiApplication
        from PySide6.QtWidgets import QApplication

        from latentlab.ui.main_window import MainWindow

        window = next(each for each in QApplication.topLevelWidgets() if isinstance(each, MainWindow))
        try:
            found = self._drive(window, self._asked)
            self.answer = found | {"painted_ns": self.painted_ns, "platform": QGuiApplication.platformName()}
        except BaseException as error:  # noqa: BLE001 - raised again once the window is closed
            self.error = error
        window.close()


def run(drive: Drive) -> None:
    """Start the application on the model asked for, drive its window, and give the answer."""
    stream, asked = answers(), request()
    visitor = _Visitor(asked, drive)
    log.get(_TELLS).addHandler(visitor)

    from latentlab.ui.start import start

    code = start(asked["model"])
    if visitor.error is not None:
        raise visitor.error
    if visitor.answer is None:
        sys.exit(code or "the window closed before it painted a picture")
    give(stream, visitor.answer)
