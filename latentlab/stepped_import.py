"""Importing a package of Qt classes a little at a time, while the thread of the window stands still.

Ahead of Python 3.12 Qt's bindings keep what they know of each class in one table, which the window's thread reads
without the interpreter's lock whenever Qt asks for a meta-object. A class that another thread makes meanwhile ends the
process now and then, which `tests/benchmarks/class_race.py` counts. So such a package may not be imported in the
background as others are (`latentlab.preload`), and all of it at once would hold the window up for a third of a second.
"""

from __future__ import annotations

import gc
import importlib
import math
import sys
import threading
import time
from collections.abc import Iterable
from types import FrameType
from typing import Any

from latentlab import log

_log = log.get(__name__)


class SteppedImport:
    """Imports a package in a thread that runs only while the thread of the window waits for it.

    The thread is a coroutine: it hands over wherever code of the package itself is called, when it holds no lock but
    those of the package's own modules. Whoever imports the package meanwhile calls `finish` first, or waits for ever.
    Every method is called from the thread of the window.

    Args:
        package: Its name.
        ahead: Makes what the package would make in one go, a little with each item that is taken.
    """

    def __init__(self, package: str, ahead: Iterable[object] = ()) -> None:
        self._package = package
        self._ahead = ahead
        self._turn, self._rest = threading.Semaphore(0), threading.Semaphore(0)
        self._until_s = 0.0
        self._closing = False
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"preload {package}", daemon=True)

    @property
    def over(self) -> bool:
        """Whether nothing is left to do: the package is there, or it failed and is left to who needs it."""
        return self._over.is_set()

    def advance(self, for_s: float) -> None:
        """Go on for about so long, to the next place where the thread may hand over. Begins at the first call.

        Args:
            for_s: In seconds.
        """
        if self._over.is_set():
            return
        if self._thread.ident is None:
            self._thread.start()
        # A collection in the other thread would destroy what belongs to the window's.
        was_on = gc.isenabled()
        gc.disable()
        self._until_s = time.perf_counter() + for_s
        self._turn.release()
        self._rest.acquire()
        if self._over.is_set():
            self._thread.join()
            gc.freeze()
        if was_on:
            gc.enable()

    def finish(self) -> None:
        """Import the rest, if it was begun."""
        if self._thread.ident is not None:
            self.advance(math.inf)

    def close(self) -> None:
        """Give up what is left."""
        self._closing = True
        self.finish()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            for _ in self._ahead:
                self._hand_over_in_time()
            sys.settrace(self._on_call)
            importlib.import_module(self._package)
        except _Closed:
            pass
        except Exception:  # noqa: BLE001 - whoever needs the package meets the same error, and reports it
            _log.info("%s was not imported ahead of time", self._package, exc_info=True)
        finally:
            sys.settrace(None)
            self._over.set()
            self._rest.release()

    def _on_call(self, frame: FrameType, _event: str, _detail: Any) -> None:
        if frame.f_globals.get("__name__", "").partition(".")[0] == self._package:
            self._hand_over_in_time()

    def _hand_over_in_time(self) -> None:
        if time.perf_counter() >= self._until_s:
            self._rest.release()
            self._turn.acquire()
        if self._closing:
            raise _Closed


class _Closed(BaseException):
    """Ends the import, past what the package itself would catch."""
