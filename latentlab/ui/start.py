"""From nothing to a living window."""

from __future__ import annotations

import faulthandler
import gc
import os
import signal
import sys
import threading
import types
from dataclasses import replace
from pathlib import Path

from latentlab import log
from latentlab.cores import leave_one_to_the_window
from latentlab.errors import ErrorReport, LatentlabError
from latentlab.preload import Preloading
from latentlab.session.beginning import OpeningAhead
from latentlab.ui.system_libraries import check_display

UNINTERRUPTED_S, SWITCH_S = 1.0, 0.0003
_LONGEST_END_S = 60.0
_log = log.get(__name__)


def start(model: str | None, device: str | None = None) -> int:
    """Open the window and run until it is closed.

    Args:
        model: A model, run folder or session to open; None for the last session or the bundled model.
        device: What draws, from now on: one of `rendering.devices.DEVICES`; None for what drew last.

    Returns:
        The exit code.
    """
    log.start()
    # What is made until every panel is there stays: the collector would look at all of it again and again for nothing.
    gc.disable()
    leave_one_to_the_window()
    try:
        check_display()
    except LatentlabError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # Until Qt is there no thread may cut in on another, only take its turn where one waits: what Qt's bindings bring
    # walks over all modules while it is imported, and aborts the process if one is added meanwhile: seen on an
    # overloaded machine, and counted by `tests/benchmarks/start_race.py`, which has not met it again.
    sys.setswitchinterval(UNINTERRUPTED_S)
    if sys.platform == "win32":
        import torch  # noqa: F401 - after Qt its libraries do not load on Windows
    named = Path(model).expanduser() if model else None
    ahead = OpeningAhead(named)
    ahead.start()

    from PySide6.QtCore import Qt, QTimer
    from PySide6.QtWidgets import QApplication

    from latentlab.rendering.devices import DEVICES
    from latentlab.session.settings import load_settings
    from latentlab.ui import theme
    from latentlab.ui.icons import app_icon
    from latentlab.ui.main_window import MainWindow
    from latentlab.ui.plots_ahead import PlotsAhead

    # Pure Python in another thread would hold the window up for a whole switch interval, 5 ms by default.
    sys.setswitchinterval(SWITCH_S)
    app = QApplication.instance() or QApplication([sys.argv[0] or "latentlab", *theme.STYLE_ARGUMENTS])
    if not isinstance(app, QApplication):
        raise RuntimeError("another Qt application runs in this process")
    app.setApplicationName("latentlab")
    app.setDesktopFileName("latentlab")
    app.setWindowIcon(app_icon())
    settings = load_settings()
    for known in DEVICES:
        if known == device:
            settings = replace(settings, device=known)
    theme.apply(app, settings.theme)
    window = MainWindow(settings)
    _show_exceptions(window)
    _quit_on_interrupt(window)
    window.show()
    QTimer.singleShot(0, window, lambda: window.documents.open_start(named, ahead.open))
    # What the Train page and the searches for directions need is at hand by the time that someone asks for it.
    plots = PlotsAhead()
    later = Preloading("torch", then=plots.wanted.emit)
    window.furnished.connect(_collect_from_now_on)
    window.furnished.connect(later.start)
    window.closed.connect(_end_in_any_case)
    window.closed.connect(app.quit, Qt.ConnectionType.QueuedConnection)
    code = app.exec()
    later.close()
    plots.close()
    ahead.close()
    return code


def _end_in_any_case() -> None:
    """End the process even where a library does not let it: all that was to be kept has been by now."""
    # Where there is no terminal there is no one to read it either.
    told = sys.stderr or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - until the process ends
    faulthandler.dump_traceback_later(_LONGEST_END_S, exit=True, file=told)


def _collect_from_now_on() -> None:
    """Let the garbage collector work, on what is made from now on."""
    gc.freeze()
    gc.enable()


def _show_exceptions(window: object) -> None:
    """Log what nobody caught, and show it; exceptions in slots reach no one else."""

    def on_exception(kind: type[BaseException], error: BaseException, trace: types.TracebackType | None) -> None:
        if issubclass(kind, KeyboardInterrupt):
            window.close()  # type: ignore[attr-defined]
            return
        _log.error("uncaught", exc_info=(kind, error, trace))
        studio = window.studio  # type: ignore[attr-defined]
        studio.problem.emit(ErrorReport.from_exception(error, during="latentlab"))

    def on_thread_exception(details: threading.ExceptHookArgs) -> None:
        if details.exc_value is not None:
            _log.error("uncaught in %s", details.thread, exc_info=details.exc_value)

    sys.excepthook = on_exception
    threading.excepthook = on_thread_exception


def _quit_on_interrupt(window: object) -> None:
    """Let Ctrl+C in the terminal close the window.

    A timer lets Python see the signal, which it does where code of its own runs: no method of Qt's would do.
    """
    from PySide6.QtCore import QTimer
    from PySide6.QtWidgets import QMainWindow

    assert isinstance(window, QMainWindow)
    beat = QTimer(window)
    beat.setInterval(250)
    beat.timeout.connect(lambda: None)
    beat.start()
    signal.signal(signal.SIGINT, lambda *_: window.close())
    if os.name == "posix":
        signal.signal(signal.SIGTERM, lambda *_: window.close())
