"""A sample on the wall: a picture that is answered with has, has not, or not at all."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt, Signal
from PySide6.QtGui import QColor, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QPolygonF
from PySide6.QtWidgets import QWidget

from latentlab.ui import theme
from latentlab.ui.widgets.picture import PictureView

_MARK_PX = 20.0
_STEPS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class AnswerTile(PictureView):
    """Click or H: has; right click, Shift+click or N: has not; the same once more, or Backspace: no answer.

    Has is a disc with a tick and a whole frame, has not a square with a cross, a broken frame and a faded picture, so
    that neither is told by its colour alone.

    Signals:
        answer_wanted: (place on the wall, True, False or None for has, has not or no answer); GUI thread.
        step_wanted: (place, columns, rows): an arrow key goes to a neighbour; GUI thread.
    """

    answer_wanted = Signal(int, object)
    step_wanted = Signal(int, int, int)

    def __init__(self, place: int, parent: QWidget | None = None) -> None:
        super().__init__(parent, padding_px=4)
        self._place = place
        self._answer: bool | None = None
        self.set_clickable(True)
        self.set_whole_factors(False)
        self.clicked.connect(self._on_clicked)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)

    def answer(self) -> bool | None:
        """Return the answer shown."""
        return self._answer

    def set_answer(self, answer: bool | None) -> None:
        """Show an answer."""
        self._answer = answer
        self.set_dimmed(answer is False)
        said = {True: self.tr("has it"), False: self.tr("has it not"), None: self.tr("no answer")}[answer]
        self.setAccessibleName(self.tr("Sample {0}: {1}").format(self._place + 1, said))
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Answer has not at once where the right button or Shift says so."""
        shift = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.button() == Qt.MouseButton.RightButton or (event.button() == Qt.MouseButton.LeftButton and shift):
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._toggle(False)
        else:
            super().mousePressEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Answer and walk by keys; Enter goes on to the window, which turns to the next wall."""
        key, shift = event.key(), bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif key in _STEPS:
            self.step_wanted.emit(self._place, *_STEPS[Qt.Key(key)])
        elif key == Qt.Key.Key_H or (key == Qt.Key.Key_Space and not shift):
            self._toggle(True)
        elif key == Qt.Key.Key_N or key == Qt.Key.Key_Space:
            self._toggle(False)
        elif key in (Qt.Key.Key_Backspace, Qt.Key.Key_Delete):
            self.answer_wanted.emit(self._place, None)
        else:
            event.ignore()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the mark over the picture."""
        super().paintEvent(event)
        if self._answer is None or self._image.isNull():
            return
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        frame = QRectF(self.rect()).adjusted(1, 1, -1, -1)
        mark = QRectF(frame.right() - _MARK_PX - 2, frame.bottom() - _MARK_PX - 2, _MARK_PX, _MARK_PX)
        unit = _MARK_PX / 20.0
        middle = mark.center()
        if self._answer:
            painter.setPen(QPen(QColor(look.accent), 2.0))
            painter.drawRoundedRect(frame, 4, 4)
            painter.setBrush(QColor(look.accent))
            painter.setPen(QPen(QColor(look.on_accent), 1.0))
            painter.drawEllipse(mark)
            painter.setPen(QPen(QColor(look.on_accent), 2.25, c=Qt.PenCapStyle.RoundCap))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            tick = (QPointF(-4.5, 0.5), QPointF(-1.5, 3.5), QPointF(4.5, -3.5))
            painter.drawPolyline(QPolygonF([middle + point * unit for point in tick]))
        else:
            painter.setPen(QPen(QColor(look.muted), 2.0, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(frame, 4, 4)
            painter.setBrush(QColor(look.text))
            painter.setPen(QPen(QColor(look.window), 1.0))
            painter.drawRoundedRect(mark, 3, 3)
            painter.setPen(QPen(QColor(look.window), 2.25, c=Qt.PenCapStyle.RoundCap))
            arm = 4.0 * unit
            painter.drawLine(middle + QPointF(-arm, -arm), middle + QPointF(arm, arm))
            painter.drawLine(middle + QPointF(-arm, arm), middle + QPointF(arm, -arm))
        painter.end()

    def _on_clicked(self) -> None:
        self._toggle(True)

    def _toggle(self, has: bool) -> None:
        self.answer_wanted.emit(self._place, None if self._answer is has else has)
