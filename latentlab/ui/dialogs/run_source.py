"""What *Train > New run…* trains on: a known data set, or a folder or zip of images."""

from __future__ import annotations

import os
from pathlib import Path

from PySide6.QtCore import Signal, Slot
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.data.catalogue import KNOWN
from latentlab.ui.studio import Studio

_FOLDER = "folder"
_ARCHIVE = "archive"


class RunSource(QWidget):
    """Chooses the data of a run. GUI thread only.

    Signals:
        changed: Other data were chosen, by a hand or by a program; GUI thread.
    """

    changed = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.data = QComboBox()
        for known in KNOWN.values():
            self.data.addItem(known.title, known.name)
        self.data.addItem(self.tr("Folder of images…"), _FOLDER)
        self.data.addItem(self.tr("Zip of images…"), _ARCHIVE)
        self.data.setAccessibleName(self.tr("Data"))
        self.path = QLineEdit()
        self.path.setPlaceholderText(self.tr("No folder or zip chosen"))
        self.path.setAccessibleName(self.tr("Folder or zip of images"))
        self.browse = button_of(self.tr("Choose…"))
        self.about = muted()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(row_of(self.data, self.about))
        layout.addLayout(row_of(self.path, self.browse))
        self.data.currentIndexChanged.connect(self._on_data)
        self.path.textChanged.connect(self.changed)
        self.browse.clicked.connect(self._on_browse)
        self._on_data()

    def name(self) -> str:
        """Return the data set's name or path; empty while a path is missing."""
        source: str = self.data.currentData()
        return source if source in KNOWN else self.path.text().strip()

    def missing(self) -> bool:
        """Whether a path is named that is not there."""
        return self.name() not in KNOWN and not os.path.exists(os.path.expanduser(self.name()))

    def choose(self, data: str) -> None:
        """Choose a data set by its name or path."""
        kind = _FOLDER if Path(data).is_dir() else _ARCHIVE
        self.data.setCurrentIndex(self.data.findData(data if data in KNOWN else kind))
        if data not in KNOWN:
            self.path.setText(data)

    @Slot()
    def _on_data(self) -> None:
        known = KNOWN.get(self.data.currentData())
        for widget in (self.path, self.browse):
            widget.setVisible(known is None)
        self.about.setText(
            self.tr("PNG, JPEG, WebP, BMP or GIF, cut to squares. Sub-folders give the classes.")
            if known is None
            else self.tr("{0}. Licence: {1}.").format(known.what, known.licence)
        )
        self.changed.emit()

    @Slot()
    def _on_browse(self) -> None:
        start = self._studio.settings.data_folder
        if self.data.currentData() == _ARCHIVE:
            chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Zip of images"), start, "Zip (*.zip)")
        else:
            chosen = QFileDialog.getExistingDirectory(self, self.tr("Folder of images"), start)
        if chosen:
            self.path.setText(chosen)
            self._studio.change_settings(data_folder=str(Path(chosen).parent))


def button_of(text: str) -> QPushButton:
    """Make a button that Enter does not press from elsewhere."""
    button = QPushButton(text)
    button.setAutoDefault(False)
    return button


def muted(text: str = "") -> QLabel:
    """Make a line of secondary text."""
    label = QLabel(text)
    label.setObjectName("muted")
    label.setWordWrap(True)
    return label


def row_of(*widgets: QWidget) -> QHBoxLayout:
    """Put widgets side by side; a label or a line takes what room there is."""
    row = QHBoxLayout()
    row.setSpacing(8)
    for widget in widgets:
        row.addWidget(widget, 1 if isinstance(widget, QLabel | QLineEdit) else 0)
    return row
