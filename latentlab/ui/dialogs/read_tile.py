"""One way to read a file, as a tile among others."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from latentlab.ui.widgets.picture import PictureView

_WORDS_LINES = 3


class ReadTile(QWidget):
    """One way to read the file: its pictures, and its words under them.

    Signals:
        picked: Its place; GUI thread.
    """

    picked = Signal(int)

    def __init__(self, place: int, height_px: int, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._place = place
        self.view = PictureView()
        self.view.setFixedHeight(height_px)
        self.view.set_clickable(True)
        self.view.set_whole_factors(False)
        self.view.set_hint(self.tr("drawing…"))
        self.words = QLabel()
        self.words.setWordWrap(True)
        self.words.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self.words.setFixedHeight(_WORDS_LINES * self.fontMetrics().lineSpacing())
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(self.view)
        layout.addWidget(self.words)
        self.view.clicked.connect(self._on_clicked)

    def name(self, words: str) -> None:
        """Write what is different about it."""
        self.words.setText(words)
        self.view.setAccessibleName(words)
        self.view.setToolTip(self.tr("{0}. Click to read the file so.").format(words))

    @Slot()
    def _on_clicked(self) -> None:
        self.picked.emit(self._place)
