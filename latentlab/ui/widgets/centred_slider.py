"""A slider that rests at a detent."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.ui import theme
from latentlab.ui.widgets.focus import came_by_keyboard

_HANDLE_PX = 7.0
_DETENT_PX = 5.0


class CentredSlider(QWidget):
    """A horizontal slider around a resting value.

    Drag it, click to jump, turn the wheel or use the arrow keys (Shift for a tenth of a step); double-click, Home or
    Delete brings it to rest. Near the resting value it snaps there.

    Signals:
        value_changed: float, while the hand moves it; GUI thread.
        gesture_ended: When a drag, a click, a key or a turn of the wheel is over; GUI thread.
    """

    value_changed = Signal(float)
    gesture_started = Signal()

    def __init__(self, least: float, most: float, rest: float, step: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._least, self._most, self._rest, self._step = least, most, rest, step
        self._value = rest
        self._dragging = False
        self._grip_px = 0.0
        self._wheel_left = 0
        self._ringed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)

    def value(self) -> float:
        """Return the value; it may lie beyond the groove's ends if it was typed."""
        return self._value

    def set_value(self, value: float) -> None:
        """Show a value without telling anyone."""
        if value != self._value:
            self._value = value
            self.update()

    def set_rest(self, rest: float) -> None:
        """Move the resting value, where the detent is."""
        if rest != self._rest:
            self._rest = rest
            self.update()

    def sizeHint(self) -> QSize:
        """Ask for a comfortable height."""
        return QSize(120, 22)

    def minimumSizeHint(self) -> QSize:
        """Stay usable when narrow."""
        return QSize(60, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw groove, filled part, detent and handle."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        left, right = self._x(self._least), self._x(self._most)
        rest, here = self._x(self._rest), self._x(self._value)
        painter.setPen(QPen(QColor(look.track), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left, middle), QPointF(right, middle))
        painter.setPen(QPen(QColor(look.muted), 1.5))
        painter.drawLine(QPointF(rest, middle - 6), QPointF(rest, middle - 3))
        painter.drawLine(QPointF(rest, middle + 3), QPointF(rest, middle + 6))
        moved = abs(self._value - self._rest) > 1e-9
        if moved:
            filled = look.accent if self.isEnabled() else look.muted
            painter.setPen(QPen(QColor(filled), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
            painter.drawLine(QPointF(rest, middle), QPointF(here, middle))
        active = self._dragging or self.underMouse() or self.hasFocus()
        painter.setPen(QPen(QColor(look.panel), 2.0))
        painter.setBrush(QColor(look.accent if self.isEnabled() and (moved or active) else look.muted))
        painter.drawEllipse(QPointF(here, middle), _HANDLE_PX, _HANDLE_PX)
        if self._ringed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.accent), 1.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the handle where it is, or bring it under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.gesture_started.emit()
            self._dragging = True
            self._grip_px = event.position().x() - self._x(self._value)
            if abs(self._grip_px) > _HANDLE_PX:
                self._grip_px = 0.0
                self._move_to(event.position().x())
            self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the hand."""
        if self._dragging:
            self._move_to(event.position().x() - self._grip_px)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the gesture."""
        self._dragging = False
        self.update()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Bring it to rest; one gesture with the press that went before."""
        self._dragging = False
        self._set(self._rest)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Wear a ring when a key brought the focus."""
        self._ringed = came_by_keyboard(event)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring off."""
        self._ringed = False
        super().focusOutEvent(event)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step by the wheel once the slider has the focus; otherwise the panel scrolls."""
        if not self.hasFocus():
            event.ignore()
            return
        self._wheel_left += event.angleDelta().y()
        steps = int(self._wheel_left / 120)
        self._wheel_left -= 120 * steps
        if steps:
            fine = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)
            self.gesture_started.emit()
            self._set(self._value + steps * self._step * (0.1 if fine else 1.0))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Step with the arrows, jump with the page keys, rest with Home or Delete."""
        step = self._step * (0.1 if event.modifiers() & Qt.KeyboardModifier.ShiftModifier else 1.0)
        moves = {
            Qt.Key.Key_Left: -step,
            Qt.Key.Key_Right: step,
            Qt.Key.Key_PageDown: -10 * step,
            Qt.Key.Key_PageUp: 10 * step,
        }
        key = Qt.Key(event.key())
        self._ringed = True
        if not event.isAutoRepeat():
            self.gesture_started.emit()
        if key in moves:
            self._set(self._value + moves[key])
        elif key in (Qt.Key.Key_Home, Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._set(self._rest)
        else:
            super().keyPressEvent(event)

    def _x(self, value: float) -> float:
        edge = _HANDLE_PX + 1.0
        share = (min(self._most, max(self._least, value)) - self._least) / (self._most - self._least)
        return edge + share * (self.width() - 2 * edge)

    def _move_to(self, x: float) -> None:
        edge = _HANDLE_PX + 1.0
        share = (x - edge) / max(1.0, self.width() - 2 * edge)
        value = self._least + share * (self._most - self._least)
        if abs(x - self._x(self._rest)) < _DETENT_PX:
            value = self._rest
        self._set(value)

    def _set(self, value: float) -> None:
        value = min(self._most, max(self._least, value))
        if value != self._value:
            self._value = value
            self.update()
            self.value_changed.emit(value)
