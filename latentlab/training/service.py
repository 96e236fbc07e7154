"""The training thread: starts a run, forwards its events, ends when told."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab import log
from latentlab.errors import ErrorReport
from latentlab.pixels import Pixels
from latentlab.preload import preload
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.events import Event, Failed, Preparing

if TYPE_CHECKING:
    from latentlab.training.evaluation import MakeEvaluate

_log = log.get(__name__)


@dataclass(frozen=True)
class TrainJob:
    """What the training thread is to do.

    Attributes:
        config: What to train.
        folder: The run folder.
        resume: Go on with the run that the folder holds, which has its own settings; a larger `kimg` prolongs it.
        device: ``auto``, ``cpu``, ``cuda`` or ``mps``.
        threads: CPU threads of the trainer; a core is left for the window.
        command: The equivalent command line, for the model card.
    """

    config: TrainConfig
    folder: Path
    resume: bool = False
    device: str = "auto"
    threads: int = 1
    command: str = ""


class TrainingService:
    """Runs one training at a time in a thread of its own. Public methods may be called from any thread but that one.

    Args:
        on_event: Called on the training thread with every event; must not block.
        write_sheet: Writes the fixed-z sheet to a path.
        make_evaluate: Makes what judges a run, where its settings want that.
    """

    def __init__(
        self,
        on_event: Callable[[Event], None],
        write_sheet: Callable[[Path, Pixels], object],
        make_evaluate: MakeEvaluate | None = None,
    ) -> None:
        self._on_event = on_event
        self._write_sheet = write_sheet
        self._make_evaluate = make_evaluate
        self._control = Control()
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    @property
    def running(self) -> bool:
        """Whether a training is under way, paused included."""
        thread = self._thread
        return thread is not None and thread.is_alive()

    @property
    def control(self) -> Control:
        """Return the controls of the present run."""
        return self._control

    def start(self, job: TrainJob) -> None:
        """Start a run.

        Raises:
            RuntimeError: If one is under way.
        """
        with self._starting:
            if self.running:
                raise RuntimeError("a training is under way")
            self._control = Control()
            self._thread = threading.Thread(target=self._run, args=(job, self._control), name="training", daemon=True)
            self._thread.start()

    def wait_idle(self, timeout_s: float) -> bool:
        """Wait until no training is under way; return False if that takes longer."""
        thread = self._thread
        if thread is not None:
            thread.join(timeout_s)
        return thread is None or not thread.is_alive()

    def close(self) -> None:
        """Stop the run at its next phase, keep it, and wait for the thread."""
        with self._starting:
            control, thread = self._control, self._thread
        control.stop()
        if thread is not None:
            thread.join()

    def _run(self, job: TrainJob, control: Control) -> None:
        try:
            self._on_event(Preparing("Loading PyTorch"))
            preload("torch")
            import torch

            from latentlab.training.run import run_training

            torch.set_num_threads(job.threads)
            run_training(
                job.config,
                job.folder,
                resume={"kimg": job.config.kimg} if job.resume else None,
                device=job.device,
                control=control,
                emit=self._on_event,
                write_sheet=self._write_sheet,
                make_evaluate=self._make_evaluate,
                command=job.command,
            )
        except Exception as error:  # noqa: BLE001 - crosses to the watcher as text, whatever it is
            report = ErrorReport.from_exception(error, during="Training")
            log.report(_log, report, error)
            self._on_event(Failed(report))
