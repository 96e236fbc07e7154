"""The export thread: writes one walk at a time, tells how far it is, and can be called off."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from latentlab import log
from latentlab.errors import Cancelled, ErrorReport
from latentlab.export.animation import AnimationOptions, Render, write_animation
from latentlab.latent.arrays import FloatArray

_log = log.get(__name__)


@dataclass(frozen=True, eq=False)
class ExportJob:
    """What to write.

    Attributes:
        path: The target; its suffix chooses the format.
        path_z: One latent a frame, shape (frames, z_dim), float32.
        render: Draws latents; called on the export thread.
        options: How it is shown.
    """

    path: Path
    path_z: FloatArray
    render: Render
    options: AnimationOptions


@dataclass(frozen=True)
class ExportEvent:
    """How an export goes.

    Attributes:
        path: The target.
        done: Frames written.
        total: Frames in all.
        finished: Whether it ended: complete, called off or failed.
        cancelled: Whether it was called off.
        error: Why it failed.
    """

    path: Path
    done: int
    total: int
    finished: bool = False
    cancelled: bool = False
    error: ErrorReport | None = None


class ExportService:
    """Writes walks in a thread of its own. Public methods may be called from any thread.

    Args:
        on_event: Called on the export thread; must not block.
    """

    def __init__(self, on_event: Callable[[ExportEvent], None]) -> None:
        self._on_event = on_event
        self._cancelled = threading.Event()
        self._thread: threading.Thread | None = None

    @property
    def running(self) -> bool:
        """Whether a walk is being written."""
        return self._thread is not None and self._thread.is_alive()

    def start(self, job: ExportJob) -> None:
        """Write a walk.

        Raises:
            RuntimeError: If one is being written.
        """
        if self.running:
            raise RuntimeError("an export is under way")
        self._cancelled.clear()
        self._thread = threading.Thread(target=self._run, args=(job,), name="export", daemon=True)
        self._thread.start()

    def cancel(self) -> None:
        """Call the export off at its next frame; no half file is left."""
        self._cancelled.set()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until nothing is being written; return False if that takes longer."""
        if self._thread is not None:
            self._thread.join(timeout_s)
        return not self.running

    def close(self) -> None:
        """Call off what is being written and wait for the thread."""
        self.cancel()
        if self._thread is not None:
            self._thread.join()

    def _run(self, job: ExportJob) -> None:
        total = len(job.path_z)

        def tell(done: int, frames: int) -> None:
            self._on_event(ExportEvent(job.path, done, frames))

        try:
            write_animation(
                job.path,
                job.path_z,
                job.render,
                options=job.options,
                progress=tell,
                cancelled=self._cancelled.is_set,
            )
        except Cancelled:
            self._on_event(ExportEvent(job.path, 0, total, finished=True, cancelled=True))
        except Exception as error:  # noqa: BLE001 - crosses to the window as text, whatever it is
            report = ErrorReport.from_exception(error, during="Exporting")
            log.report(_log, report, error)
            self._on_event(ExportEvent(job.path, 0, total, finished=True, error=report))
        else:
            self._on_event(ExportEvent(job.path, total, total, finished=True))
