"""The analysis thread: does one long piece of work at a time, tells how far it is, and can be called off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from latentlab import log
from latentlab.analysis.progress import Progress
from latentlab.errors import Cancelled, ErrorReport

Work = Callable[[Progress], object]
"""Takes what it tells its progress to, which may raise `Cancelled`; returns what was found."""

_log = log.get(__name__)
_LEAST_STEP = 0.005


@dataclass(frozen=True)
class AnalysisEvent:
    """How a piece of work goes.

    Attributes:
        name: What it is called, as the window shows it.
        done: Fraction done, 0 to 1.
        finished: Whether it ended: with a result, called off, or failed.
        result: What was found; None unless it ended well.
        cancelled: Whether it was called off.
        error: Why it failed; None otherwise.
    """

    name: str
    done: float
    finished: bool = False
    result: object = None
    cancelled: bool = False
    error: ErrorReport | None = None


class AnalysisService:
    """Works in a thread of its own. Public methods may be called from any thread.

    Args:
        on_event: Called on the analysis thread; must not block.
    """

    def __init__(self, on_event: Callable[[AnalysisEvent], None]) -> None:
        self._on_event = on_event
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether work is under way."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    def start(self, name: str, work: Work) -> None:
        """Begin; what was under way is called off and waited for, which takes as long as one of its steps."""
        with self._starting:
            self._end()
            self._cancelled = threading.Event()
            self._thread = threading.Thread(
                target=self._run, args=(name, work, self._cancelled), name="analysis", daemon=True
            )
            self._thread.start()

    def cancel(self) -> None:
        """Call off what is under way; it tells when it has ended."""
        self._cancelled.set()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no work is under way; return False if that takes longer."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def close(self) -> None:
        """Call off what is under way and wait for the thread."""
        with self._starting:
            self._end()

    def _end(self) -> None:
        self._cancelled.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self, name: str, work: Work, cancelled: threading.Event) -> None:
        told = 0.0

        def progress(done: float) -> None:
            nonlocal told
            if cancelled.is_set():
                raise Cancelled
            if done - told >= _LEAST_STEP:
                told = done
                self._on_event(AnalysisEvent(name, done))

        try:
            progress(0.0)
            result = work(progress)
            self._on_event(AnalysisEvent(name, 1.0, finished=True, result=result))
        except Cancelled:
            self._on_event(AnalysisEvent(name, told, finished=True, cancelled=True))
        except Exception as error:  # noqa: BLE001 - crosses to the watcher as text, whatever it is
            report = ErrorReport.from_exception(error, during=name)
            log.report(_log, report, error)
            self._on_event(AnalysisEvent(name, told, finished=True, error=report))
