"""The class that a conditional generator draws: a list to choose from, and the number keys."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QWidget

_KEYS = 10
_WIDTH_LETTERS = 6


class ClassBox(QWidget):
    """Hidden where the model has no classes; made of anything only once one has.

    Args:
        parent: As every widget's; the number keys are heard in its window.

    Signals:
        class_wanted: The class, from 0; GUI thread.
    """

    class_wanted = Signal(int)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.box: QComboBox | None = None
        self._keys: list[QShortcut] = []
        self.hide()

    def set_names(self, names: tuple[str, ...]) -> None:
        """Offer classes; none hides the box and frees the keys."""
        if names and self.box is None:
            self.box = self._made()
        if self.box is not None and names != tuple(map(self.box.itemText, range(self.box.count()))):
            self.box.clear()
            self.box.addItems(list(names))
        for label, key in enumerate(self._keys):
            key.setEnabled(label < len(names))
        self.setVisible(bool(names))

    def show_class(self, label: int) -> None:
        """Show which class is drawn."""
        if self.box is not None:
            self.box.setCurrentIndex(label)

    def name(self, label: int) -> str:
        """Return what a class is called."""
        return self.box.itemText(label) if self.box is not None else str(label)

    def _made(self) -> QComboBox:
        box = QComboBox()
        box.setAccessibleName(self.tr("Class"))
        box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        box.setMinimumContentsLength(_WIDTH_LETTERS)
        box.setToolTip(
            self.tr(
                "The class y that the generator draws z as; keys 0 to 9 choose the first ten.\n"
                "(Mirza & Osindero 2014, conditional GANs, arXiv:1411.1784)"
            )
        )
        layout = QHBoxLayout(self)
        layout.setContentsMargins(8, 0, 0, 0)
        layout.setSpacing(8)
        layout.addWidget(QLabel(self.tr("Class")))
        layout.addWidget(box)
        self._keys = [QShortcut(QKeySequence(str(label)), self) for label in range(_KEYS)]
        for key in self._keys:
            key.setContext(Qt.ShortcutContext.WindowShortcut)
            key.activated.connect(self._on_key)
        box.activated.connect(self.class_wanted)
        return box

    @Slot()
    def _on_key(self) -> None:
        key = self.sender()
        if isinstance(key, QShortcut):
            self.class_wanted.emit(self._keys.index(key))
