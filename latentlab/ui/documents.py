"""Opening and saving from the window: models, sessions, pictures."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.errors import ErrorReport, LatentlabError
from latentlab.models.weight_file import SUFFIX as MODEL_SUFFIX
from latentlab.paths import bundled, config_dir, replacing
from latentlab.session.keeper import KeepJob, SessionKeeper
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState, adopted, fresh_state
from latentlab.session.store import SUFFIX as SESSION_SUFFIX
from latentlab.session.store import StoredSession, load_session, save_session
from latentlab.ui.studio import Studio

BUNDLED_MODEL = ("checkpoints", f"digits{MODEL_SUFFIX}")
BUNDLED_SEEDS = (18, 20)
"""A clear three, and a six: what a first start shows."""
AUTOSAVE_AFTER_MS = 2000
"""Rest after the last change before the session is kept."""


class Documents(QObject):
    """Knows which file the session belongs to. GUI thread only.

    Signals:
        keeping_failed: (the state that was to be kept, an `ErrorReport`), emitted on the keeper's thread, delivered on
            the GUI thread.
    """

    keeping_failed = Signal(object, object)

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self._session_file: Path | None = None
        self._kept_state: SessionState | None = None
        self._keeper = SessionKeeper(self._tell_of_failure)
        self.keeping_failed.connect(self._on_keeping_failed)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(AUTOSAVE_AFTER_MS)
        self._resting.timeout.connect(self.autosave)
        studio.state_changed.connect(self._on_state)

    def autosave_file(self) -> Path:
        """Name the file that the last session is kept in."""
        return config_dir() / f"last{SESSION_SUFFIX}"

    def open_start(self, named: Path | None) -> None:
        """Open what the application starts with: the file named, the last session, or the bundled model.

        What does not open is told of over the bundled model.
        """
        problem: LatentlabError | None = None
        last: StoredSession | None = None
        if self.autosave_file().exists():
            try:
                last = load_session(self.autosave_file())
            except LatentlabError as error:
                problem = error
        try:
            if named is not None and named.suffix.lower() == SESSION_SUFFIX:
                self._open(named)
            elif named is not None:
                self._show_model(OpenedModel.from_file(named), last)
            elif last is not None:
                self._show(last)
        except LatentlabError as error:
            problem = error
        if self._studio.model is None:
            self._open_bundled_with(last)
        if problem is not None:
            # A model that opens takes earlier messages away: this one comes after it.
            self._studio.report(problem, self.tr("Opening"))

    def open_any(self, path: Path) -> bool:
        """Open a session or a model, whichever the file is; return whether it opened."""
        try:
            self._open(path)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Opening"))
            return False
        return True

    @Slot()
    def open_bundled(self) -> None:
        """Open the model that ships with the application."""
        try:
            self._studio.open_path(bundled(*BUNDLED_MODEL))
        except LatentlabError as error:
            self._studio.report(error, self.tr("Opening the bundled model"))

    @Slot()
    def choose_model(self) -> None:
        """Ask for a model file and open it."""
        start = self._studio.settings.open_folder
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open a model"), start, self.tr("Models (*.safetensors);;All files (*)")
        )
        if chosen:
            self._studio.change_settings(open_folder=str(Path(chosen).parent))
            self._studio.open_path(Path(chosen))

    @Slot()
    def choose_session(self) -> None:
        """Ask for a session file and open it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open a session"), self._start_folder(), f"latentlab (*{SESSION_SUFFIX})"
        )
        if chosen:
            self.open_any(Path(chosen))

    @Slot()
    def save(self) -> None:
        """Save the session to its file, asking for one the first time."""
        if self._session_file is None:
            self.save_as()
        else:
            self._save_to(self._session_file)

    @Slot()
    def save_as(self) -> None:
        """Ask for a file and save the session to it."""
        suggested = str(Path(self._start_folder()) / f"session{SESSION_SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the session"), suggested, f"latentlab (*{SESSION_SUFFIX})"
        )
        if chosen:
            target = Path(chosen if chosen.endswith(SESSION_SUFFIX) else f"{chosen}{SESSION_SUFFIX}")
            if self._save_to(target):
                self._session_file = target

    @Slot()
    def autosave(self) -> None:
        """Have the session kept where the next start finds it, if it has changed; a failure is told of, not fatal."""
        state, model, path = self._studio.state, self._studio.model, self._model_path()
        if state is None or model is None or path is None or state is self._kept_state:
            return
        self._kept_state = state
        self._keeper.submit(KeepJob(self.autosave_file(), state, path, model.generator.content_hash))

    def wait_kept(self, timeout_s: float = 10.0) -> bool:
        """Wait until what `autosave` asked for is written; return False if that takes longer."""
        return self._keeper.wait_idle(timeout_s)

    def close(self) -> None:
        """Keep the session and end the thread that writes it."""
        self._resting.stop()
        self.autosave()
        self._keeper.close()

    def write_bytes(self, path: Path, content: bytes) -> None:
        """Write a file in one step and say so, or say why not."""
        try:
            with replacing(path) as temporary:
                temporary.write_bytes(content)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Saving"))
            return
        self._studio.change_settings(export_folder=str(path.parent))
        self._studio.notice.emit(self.tr("Saved {0}").format(path.name))

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._resting.start()

    def _tell_of_failure(self, job: KeepJob, report: ErrorReport) -> None:
        self.keeping_failed.emit(job.state, report)

    @Slot(object, object)
    def _on_keeping_failed(self, state: SessionState, report: ErrorReport) -> None:
        """Say why, and try again at the next tick."""
        if self._kept_state is state:
            self._kept_state = None
        self._studio.problem.emit(report)

    def _open(self, path: Path) -> None:
        if path.suffix.lower() == SESSION_SUFFIX:
            self._show(load_session(path))
            self._session_file = path
        else:
            self._studio.open_file(path)

    def _open_bundled_with(self, last: StoredSession | None) -> None:
        try:
            model = OpenedModel.from_file(bundled(*BUNDLED_MODEL))
            if last is None:
                self._studio.set_model(model, fresh_state(model.z_dim, model.prior, BUNDLED_SEEDS))
                self._studio.remember(model)
            else:
                self._show_model(model, last)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Opening the bundled model"))

    def _show_model(self, model: OpenedModel, last: StoredSession | None) -> None:
        """Show a model with the cards and, where it takes them, the points of the last session."""
        self._studio.set_model(model, adopted(last.state, model.z_dim, model.prior) if last else None)
        self._studio.remember(model)

    def _show(self, stored: StoredSession) -> None:
        model = OpenedModel.from_file(stored.model_path)
        self._show_model(model, stored)
        if stored.model_hash != model.generator.content_hash:
            self._studio.notice.emit(self.tr("The model has changed since the session was saved"))

    def _save_to(self, path: Path) -> bool:
        state, model, model_path = self._studio.state, self._studio.model, self._model_path()
        if state is None or model is None:
            return False
        try:
            if model_path is None:
                raise LatentlabError(model.name, self.tr("is in no file yet"), self.tr("Open its file first."))
            save_session(path, state, model_path, model.generator.content_hash)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Saving the session"))
            return False
        self._studio.notice.emit(self.tr("Saved {0}").format(path.name))
        return True

    def _model_path(self) -> Path | None:
        return self._studio.model.generator.path if self._studio.model else None

    def _start_folder(self) -> str:
        return str(self._session_file.parent if self._session_file else Path.home())
