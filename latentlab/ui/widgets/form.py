"""Forms whose labels stand level with their fields."""

from __future__ import annotations

from PySide6.QtCore import QRect, Qt
from PySide6.QtWidgets import QFormLayout, QWidget

_ACROSS_PX, _DOWN_PX = 16, 8
_LINES = 2
"""Heights of a label; a field of one line is not higher."""


class Form(QFormLayout):
    """Labels on the left, fields on the right. Qt itself centres a label within 7/4 of its own height, no more.

    Args:
        parent: What it lays out, if anything yet.
    """

    def __init__(self, parent: QWidget | None = None) -> None:
        if parent is None:
            super().__init__()
        else:
            super().__init__(parent)
        self.setLabelAlignment(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        self.setHorizontalSpacing(_ACROSS_PX)
        self.setVerticalSpacing(_DOWN_PX)

    def setGeometry(self, room: QRect) -> None:  # noqa: N802 - Qt's name
        """Lay out; a label is centred on its field, or on the first line of a tall one."""
        super().setGeometry(room)
        for row in range(self.rowCount()):
            label = self.itemAt(row, QFormLayout.ItemRole.LabelRole)
            field = self.itemAt(row, QFormLayout.ItemRole.FieldRole)
            if label is not None and field is not None and not label.isEmpty() and not field.isEmpty():
                height = min(field.geometry().height(), _LINES * label.sizeHint().height())
                place = label.geometry()
                label.setGeometry(QRect(place.left(), field.geometry().top(), place.width(), height))
