"""The file that a dialog is about to write: typed or chosen, and known to be new or to replace one that is there."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import QStandardPaths, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QLineEdit, QPushButton, QWidget

from latentlab.errors import OutputError

_GAP_PX = 8


class TargetFile(QWidget):
    """A line to type the file in, and a button to choose it. A name that the user gave is offered again, numbered.

    Args:
        stem: What files are called at first.
        parent: As every widget's.

    Signals:
        changed: It names another file, or one that has been written meanwhile; GUI thread.
    """

    changed = Signal()

    def __init__(self, stem: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._stem, self._number = stem, ""
        self._kind = ""
        self._suffix = ""
        self.line = QLineEdit()
        self.line.setAccessibleName(self.tr("File"))
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setAutoDefault(False)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_GAP_PX)
        layout.addWidget(self.line, 1)
        layout.addWidget(self.choose)
        self.setFocusProxy(self.line)
        self.line.textChanged.connect(self.changed)
        self.choose.clicked.connect(self._on_choose)

    def set_kind(self, kind: str, suffix: str) -> None:
        """Write files of another kind, called so and of that suffix; the name stays."""
        self._kind, self._suffix = kind, suffix
        if Path(self.line.text()).name:
            self.line.setText(str(Path(self.line.text()).with_suffix(suffix)))

    def offer(self, folder: str) -> None:
        """Name a file that does not exist yet, in a folder or, where that is empty, among the user's pictures."""
        self._name_unused(Path(folder or _pictures()))

    def path(self) -> Path:
        """Return the file, absolute.

        Raises:
            OutputError: If none is named.
        """
        named = self.line.text().strip()
        if not named or not Path(named).name:
            raise OutputError(self.tr("File"), self.tr("is not named"), self.tr("Name the file to write."))
        return Path(os.path.expanduser(named)).absolute()

    def replaces(self) -> bool:
        """Whether there is a file of that name already."""
        try:
            return os.path.isfile(self.path())
        except OutputError:
            return False

    def verb(self) -> str:
        """Return what writing it does, for the button."""
        return self.tr("Replace") if self.replaces() else self.tr("Export")

    def written(self, path: Path) -> None:
        """Offer another name after one was written, like it."""
        self._stem = path.stem.removesuffix(self._number)
        self._name_unused(path.parent)

    def _name_unused(self, folder: Path) -> None:
        """Name ``walk.gif``, or the first of ``walk-2.gif``, ``walk-3.gif``, … that does not exist."""
        self._number, count = "", 1
        path = folder / f"{self._stem}{self._suffix}"
        while path.exists():
            count += 1
            self._number = f"-{count}"
            path = folder / f"{self._stem}{self._number}{self._suffix}"
        self.line.setText(str(path))

    @Slot()
    def _on_choose(self) -> None:
        files = f"{self._kind} (*{self._suffix})"
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Export to"), self.line.text(), files)
        if chosen:
            self.line.setText(str(Path(chosen).with_suffix(self._suffix)))


def _pictures() -> str:
    pictures = QStandardPaths.writableLocation(QStandardPaths.StandardLocation.PicturesLocation)
    return pictures if Path(pictures).is_dir() else str(Path.home())
