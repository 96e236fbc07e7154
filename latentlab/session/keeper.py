"""Keeps the session in a file, on a thread of its own: writing a large shelf would hold a hand up."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab import log, paths
from latentlab.errors import ErrorReport
from latentlab.session.state import SessionState
from latentlab.session.store import save_session

_log = log.get(__name__)


@dataclass(frozen=True, eq=False)
class KeepJob:
    """What is to be kept.

    Attributes:
        target: The session file.
        state: The document; frozen, so that no other thread can change it.
        model_path: The open model's file.
        model_hash: Its content hash.
    """

    target: Path
    state: SessionState
    model_path: Path
    model_hash: str


class SessionKeeper:
    """Writes the newest state that it was given; one that it did not get to is skipped. Any thread may call it.

    Before it writes a file for the first time it copies what stands there to ``<name>-1``: the session as it was when
    the application started.

    Args:
        on_failed: Called on the keeper's thread with the `KeepJob` and an `ErrorReport`; must not block.
    """

    def __init__(self, on_failed: Callable[[KeepJob, ErrorReport], None]) -> None:
        self._on_failed = on_failed
        self._changed = threading.Condition()
        self._waiting: KeepJob | None = None
        self._writing = False
        self._closing = False
        self._copied: set[Path] = set()
        self._thread: threading.Thread | None = None

    def submit(self, job: KeepJob) -> None:
        """Keep a state soon; it replaces one that still waits."""
        with self._changed:
            self._waiting = job
            if self._thread is None:
                self._closing = False
                self._thread = threading.Thread(target=self._run, name="keeper", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def wait_idle(self, timeout_s: float = 10.0) -> bool:
        """Wait until everything submitted is written; return False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._waiting is None and not self._writing, timeout_s)

    def close(self) -> None:
        """Write what still waits and end the thread."""
        with self._changed:
            thread, self._thread = self._thread, None
            self._closing = True
            self._changed.notify_all()
        if thread is not None:
            thread.join()

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting is not None or self._closing)
                job, self._waiting = self._waiting, None
                if job is None:
                    return
                self._writing = True
            try:
                self._write(job)
            except Exception as error:  # noqa: BLE001 - crosses to the window as text, whatever it is
                report = ErrorReport.from_exception(error, during="Keeping the session")
                log.report(_log, report, error)
                self._on_failed(job, report)
            finally:
                with self._changed:
                    self._writing = False
                    self._changed.notify_all()

    def _write(self, job: KeepJob) -> None:
        paths.make_folder(job.target.parent)
        if job.target not in self._copied and job.target.exists():
            with paths.replacing(job.target.with_stem(f"{job.target.stem}-1")) as temporary:
                temporary.write_bytes(job.target.read_bytes())
        self._copied.add(job.target)
        save_session(job.target, job.state, job.model_path, job.model_hash)
