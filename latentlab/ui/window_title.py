"""The title of the window: the session, with a mark where it differs from its file, and the model."""

from __future__ import annotations

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QWidget

from latentlab.ui.session_file import SessionFile
from latentlab.ui.studio import Studio


class WindowTitle(QObject):
    """Keeps the title true. GUI thread only."""

    def __init__(self, window: QWidget, studio: Studio, session: SessionFile) -> None:
        super().__init__(window)
        self._window, self._studio, self._session = window, studio, session
        studio.model_changed.connect(self._on_changed)
        session.changed.connect(self._on_changed)

    @Slot()
    def _on_changed(self) -> None:
        model = self._studio.model
        if model is not None:
            session = f"{self._session.name}[*] – " if self._session.name else ""
            self._window.setWindowTitle(f"{session}{model.title} — latentlab")
            self._window.setWindowModified(self._session.is_modified)
