"""Opening and saving from the window: models, sessions, pictures."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import QObject, QTimer, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.errors import ErrorReport, LatentlabError
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.paths import bundled, make_folder, replacing
from latentlab.session.beginning import BUNDLED_DIGITS, BUNDLED_MODEL, autosave_file, before_file
from latentlab.session.keeper import KeepJob, SessionKeeper
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState, adopted, fresh_state
from latentlab.session.store import SUFFIX as SESSION_SUFFIX
from latentlab.session.store import StoredSession, load_session, save_session
from latentlab.ui.model_kinds import is_quick
from latentlab.ui.session_file import SessionFile
from latentlab.ui.studio import Studio

BUNDLED_SEEDS = (38, 19)
"""A woman who smiles, and a man: what a first start shows."""
AUTOSAVE_AFTER_MS = 2000
"""Rest after the last change before the session is kept."""


class OpenModel(Protocol):
    """Opens a model's file; see `OpenedModel.from_file`."""

    def __call__(self, path: Path, /, *, watch: Watch = unwatched) -> OpenedModel:
        """Open it, calling `watch` between the steps."""


@dataclass(frozen=True)
class SlowReading:
    """A model that takes a while to read, wanted by a session or by the start of the application.

    Attributes:
        path: Its file.
        open_model: Opens it; may be called in the background.
        stored: What is shown with it; None for a document of its own.
        session_file: The file of that session, where the user chose it.
    """

    path: Path
    open_model: OpenModel
    stored: StoredSession | None
    session_file: Path | None = None


class Documents(QObject):
    """Knows which file the session belongs to. GUI thread only.

    Signals:
        keeping_failed: (the state that was to be kept, an `ErrorReport`), emitted on the keeper's thread, delivered on
            the GUI thread.
        reading_wanted: The `SlowReading` to be done in the background; GUI thread.
    """

    keeping_failed = Signal(object, object)
    reading_wanted = Signal(object)

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self.session = SessionFile(studio, self)
        self._kept_state: SessionState | None = None
        self._keeper = SessionKeeper(self._tell_of_failure)
        self.keeping_failed.connect(self._on_keeping_failed)
        self._resting = QTimer(self)
        self._resting.setSingleShot(True)
        self._resting.setInterval(AUTOSAVE_AFTER_MS)
        self._resting.timeout.connect(self.autosave)
        studio.state_changed.connect(self._on_state)

    def open_start(self, named: Path | None, open_model: OpenModel = OpenedModel.from_file) -> None:
        """Open what the application starts with: the file named, the last session, or the bundled model.

        What does not open is told of over the bundled model.

        Args:
            named: A model, run folder or session.
            open_model: Opens a model's file, or has done so ahead of time.
        """
        problem: LatentlabError | None = None
        last: StoredSession | None = None
        if autosave_file().exists():
            try:
                last = load_session(autosave_file())
            except LatentlabError as error:
                problem = error
        first = named if named is not None else last.model_path if last is not None else None
        if first is not None and not is_quick(first):
            self.reading_wanted.emit(SlowReading(first, open_model, last))
            return
        try:
            if named is not None and named.suffix.lower() == SESSION_SUFFIX:
                if last is not None:
                    problem = _kept(last)
                self._open(named, open_model)
            elif named is not None:
                self.show_model(open_model(named), last)
            elif last is not None:
                model = open_model(last.model_path)
                self.show_model(model, last)
                self._compare_hash(model, last)
        except LatentlabError as error:
            problem = error
        if self._studio.model is None and last is not None and named is not None and is_quick(last.model_path):
            # A name that was mistyped is no reason to leave the last session.
            with suppress(LatentlabError):
                self.show_model(OpenedModel.from_file(last.model_path), last)
        if self._studio.model is None:
            self.open_bundled_with(last, open_model)
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

    def show_read(self, model: OpenedModel, reading: SlowReading) -> None:
        """Show a model that was read in the background, and the session that wanted it."""
        if reading.session_file is not None:
            self._replace_by(model, reading.stored, reading.session_file)
        else:
            self.show_model(model, reading.stored)
        if reading.stored is not None:
            self._compare_hash(model, reading.stored)

    def open_bundled_with(self, last: StoredSession | None, open_model: OpenModel = OpenedModel.from_file) -> None:
        """Open the model that ships with the application, with what is left of the last session."""
        try:
            model = open_model(bundled(*BUNDLED_MODEL))
            if last is None:
                self._studio.set_model(model, fresh_state(model.z_dim, model.prior, BUNDLED_SEEDS))
                self._studio.remember(model)
            else:
                self.show_model(model, last)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Opening the bundled model"))

    def show_model(self, model: OpenedModel, last: StoredSession | None, label: str = "") -> None:
        """Show a model with the cards and, where it takes them, the points of a session; see `Studio.set_model`."""
        self._studio.set_model(model, adopted(last.state, model.z_dim, model.prior) if last else None, label)
        self._studio.remember(model)

    @Slot()
    def open_bundled(self) -> None:
        """Open the faces that ship with the application."""
        self._open_bundled(BUNDLED_MODEL)

    @Slot()
    def open_digits(self) -> None:
        """Open the digits that ship with the application."""
        self._open_bundled(BUNDLED_DIGITS)

    def _open_bundled(self, model: tuple[str, str]) -> None:
        try:
            self._studio.open_path(bundled(*model))
        except LatentlabError as error:
            self._studio.report(error, self.tr("Opening the bundled model"))

    @Slot()
    def choose_session(self) -> None:
        """Ask for a session file and open it."""
        chosen, _ = QFileDialog.getOpenFileName(
            self._window, self.tr("Open a session"), self._start_folder(), f"latentlab (*{SESSION_SUFFIX})"
        )
        if chosen:
            self.open_any(Path(chosen))

    @Slot()
    def open_before(self) -> None:
        """Open what was there before another session was opened; that one is there to be opened the same way again."""
        if before_file().exists():
            self.open_any(before_file())
        else:
            self._studio.notice.emit(self.tr("No other session was opened yet"))

    @Slot()
    def save(self) -> None:
        """Save the session to its file, asking for one the first time."""
        if self.session.path is None:
            self.save_as()
        else:
            self._save_to(self.session.path)

    @Slot()
    def save_as(self) -> None:
        """Ask for a file and save the session to it."""
        suggested = str(Path(self._start_folder()) / f"session{SESSION_SUFFIX}")
        chosen, _ = QFileDialog.getSaveFileName(
            self._window, self.tr("Save the session"), suggested, f"latentlab (*{SESSION_SUFFIX})"
        )
        if chosen:
            self._save_to(Path(chosen if chosen.endswith(SESSION_SUFFIX) else f"{chosen}{SESSION_SUFFIX}"))

    @Slot()
    def autosave(self) -> None:
        """Have the session kept where the next start finds it, if it has changed; a failure is told of, not fatal."""
        state, model, path = self._studio.state, self._studio.model, self._model_path()
        if state is None or model is None or path is None or state is self._kept_state:
            return
        self._kept_state = state
        self._keeper.submit(KeepJob(autosave_file(), state, path, model.generator.content_hash))

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

    def _open(self, path: Path, open_model: OpenModel = OpenedModel.from_file) -> None:
        if path.suffix.lower() == SESSION_SUFFIX:
            stored = load_session(path)
            if not is_quick(stored.model_path):
                self.reading_wanted.emit(SlowReading(stored.model_path, open_model, stored, path))
                return
            model = open_model(stored.model_path)
            self._replace_by(model, stored, path)
            self._compare_hash(model, stored)
        else:
            self._studio.open_file(path)

    def _replace_by(self, model: OpenedModel, stored: StoredSession | None, path: Path) -> None:
        """Show a session that the user chose; what was there is kept, and comes back by undo where the model stays."""
        is_before = path == before_file()
        name = self.tr("the session before") if is_before else path.name
        before, trouble = self._studio.state, self._keep_present()
        self.show_model(model, stored, self.tr("Open {0}").format(name))
        self.session.opened(before, None if is_before else path)
        if trouble is not None:  # a model that opens takes earlier messages away: this one comes after it
            self._studio.report(trouble, self.tr("Keeping the session before"))
        elif before is not None:
            self._studio.notice.emit(
                self.tr("Opened {0}. File > Session before this one brings back what was there").format(name)
            )

    def _keep_present(self) -> LatentlabError | None:
        """Keep what is there, if anything, before it gives way; return why it could not be kept."""
        state, model, path = self._studio.state, self._studio.model, self._model_path()
        if state is None or model is None:
            return None
        if path is None:
            return LatentlabError(model.name, self.tr("is in no file yet: what was there could not be kept"))
        return _kept(StoredSession(state, path, model.generator.content_hash))

    def _compare_hash(self, model: OpenedModel, stored: StoredSession) -> None:
        if stored.model_hash != model.generator.content_hash:
            self._studio.notice.emit(self.tr("The model has changed since the session was saved"))

    def _save_to(self, path: Path) -> None:
        state, model, model_path = self._studio.state, self._studio.model, self._model_path()
        if state is None or model is None:
            return
        try:
            if model_path is None:
                raise LatentlabError(model.name, self.tr("is in no file yet"), self.tr("Open its file first."))
            save_session(path, state, model_path, model.generator.content_hash)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Saving the session"))
            return
        self.session.saved(path)
        self._studio.notice.emit(self.tr("Saved {0}").format(path.name))

    def _model_path(self) -> Path | None:
        return self._studio.model.generator.path if self._studio.model else None

    def _start_folder(self) -> str:
        return str(self.session.path.parent if self.session.path else Path.home())


def _kept(session: StoredSession) -> LatentlabError | None:
    """Keep a session that gives way to another; return why it could not be kept."""
    try:
        make_folder(before_file().parent)
        save_session(before_file(), session.state, session.model_path, session.model_hash)
    except LatentlabError as error:
        return error
    return None
