"""Which file the document belongs to, and whether that file holds it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot

from latentlab.session.state import SessionState
from latentlab.ui.studio import Studio


@dataclass(frozen=True, eq=False)
class _Side:
    """One side of the opening of a session: the document there, its file if it had one, and what that file held."""

    state: SessionState
    file: Path | None
    saved: SessionState | None


class SessionFile(QObject):
    """Follows the document, also where undo and redo go over the opening of another session. GUI thread only.

    Signals:
        changed: `name` or `is_modified` is another; GUI thread.
    """

    changed = Signal()

    def __init__(self, studio: Studio, parent: QObject) -> None:
        super().__init__(parent)
        self._studio = studio
        self._file: Path | None = None
        self._saved: SessionState | None = None
        self._sides: list[_Side] = []
        self._told: tuple[str, bool] = ("", False)
        studio.state_changed.connect(self._on_state)

    @property
    def path(self) -> Path | None:
        """Return the file, if there is one."""
        return self._file

    @property
    def name(self) -> str:
        """Return what the file is called; empty where there is none."""
        return self._file.stem if self._file is not None else ""

    @property
    def is_modified(self) -> bool:
        """Whether the file holds something else."""
        return self._file is not None and self._studio.state is not self._saved

    def saved(self, file: Path) -> None:
        """Take note that the document is in a file now, to which it belongs from here on, wherever undo goes."""
        state = self._studio.state
        self._sides = [
            replace(each, file=file, saved=state) if each.file == self._file else each for each in self._sides
        ]
        self._file, self._saved = file, state
        self._tell()

    def opened(self, before: SessionState | None, file: Path | None) -> None:
        """Take note that another session was opened: what was there before it, and its own file, if it has one."""
        if before is not None:
            self._sides.append(_Side(before, self._file, self._saved))
        self._file, self._saved = file, self._studio.state
        if before is not None and self._saved is not None:
            self._sides.append(_Side(self._saved, file, self._saved))
        self._tell()

    @Slot()
    def _on_state(self) -> None:
        for side in self._sides:
            if side.state is self._studio.state:  # undo and redo bring the very same documents back
                self._file, self._saved = side.file, side.saved
        self._tell()

    def _tell(self) -> None:
        now = self.name, self.is_modified
        if now != self._told:
            self._told = now
            self.changed.emit()
