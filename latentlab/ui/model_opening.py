"""Opening model files from the window: our own at once, those of other projects in the background."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.analysis.progress import Progress
from latentlab.analysis.service import Work
from latentlab.errors import ErrorReport
from latentlab.session.opened import OpenedModel
from latentlab.ui.documents import Documents, SlowReading
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.model_kinds import is_quick, model_patterns
from latentlab.ui.studio import Studio


class ModelOpening(QObject):
    """Reads the newest file asked for; what is under way for an older one is given up. GUI thread only.

    Signals:
        began: Name of the file that is being read in the background; GUI thread.
        ended: That has ended, however it did; GUI thread.
        opened: The `OpenedModel` that was read in the background and is now open; GUI thread.
    """

    began = Signal(str)
    ended = Signal()
    opened = Signal(object)

    def __init__(self, studio: Studio, documents: Documents, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._documents = documents
        self._window = window
        self._wanted: SlowReading | None = None
        self._shown: OpenedModel | None = None
        self._work = LatestWork(self.tr("Opening a model"), self)
        self._work.failed.connect(self._on_failed)

    @property
    def reading(self) -> bool:
        """Whether a file is being read."""
        return self._work.busy

    @Slot()
    def choose(self) -> None:
        """Ask for a model file and open it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window,
            self.tr("Open a model"),
            self._studio.settings.open_folder,
            self.tr("Models ({0});;All files (*)").format(model_patterns()),
        )
        if chosen:
            self._studio.change_settings(open_folder=str(Path(chosen).parent))
            self.open(Path(chosen))

    def open(self, path: Path) -> None:
        """Open a model or a session, whichever the file is; on failure the present model stays."""
        if is_quick(path):
            self.cancel()
            self._documents.open_any(path)
        else:
            self.read(SlowReading(path, OpenedModel.from_file, None))

    @Slot(object)
    def read(self, wanted: SlowReading) -> None:
        """Read a model in the background."""
        self._wanted = wanted
        self.began.emit(wanted.path.name)
        self._work.ask(_reading(wanted), self._on_read)

    @Slot()
    def cancel(self) -> None:
        """Give up what is being read."""
        if self._work.busy:
            self._work.cancel()
            self._on_ended()

    def close(self) -> None:
        """Give up what is being read and end the thread."""
        self._work.close()

    def _on_read(self, model: object) -> None:
        self.ended.emit()
        if isinstance(model, OpenedModel) and self._wanted is not None:
            self._documents.show_read(model, self._wanted)
            # What is asked about it comes a turn later: the window has enough to do in this one.
            self._shown = model
            QTimer.singleShot(0, self, self._on_shown)

    @Slot()
    def _on_shown(self) -> None:
        shown, self._shown = self._shown, None
        if shown is not None and shown is self._studio.model:
            self.opened.emit(shown)

    def _on_ended(self) -> None:
        self.ended.emit()
        if self._studio.model is None:
            self._documents.open_bundled_with(self._wanted.stored if self._wanted is not None else None)

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        # A model that opens takes earlier messages away: this one comes after it.
        self._on_ended()
        self._studio.problem.emit(report)


def _reading(wanted: SlowReading) -> Work:
    def work(progress: Progress) -> OpenedModel:
        model = wanted.open_model(wanted.path, watch=lambda: progress(0.0))
        make_ready(model, progress)
        if model.reading is not None and not model.reading.is_certain:
            # The window will ask, by this.
            import latentlab.ui.dialogs.how_read  # noqa: F401
        return model

    return work


def make_ready(model: OpenedModel, progress: Progress) -> None:
    """Find what the window asks a model for first, so that this is not done on its thread."""
    progress(0.5)
    _ = model.directions
    progress(0.7)
    model.backend()
