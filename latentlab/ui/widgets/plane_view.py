"""A plane that can be panned and zoomed: what all maps share."""

from __future__ import annotations

import math

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QPainter, QPaintEvent, QPen, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.session.plane import Place
from latentlab.ui import theme
from latentlab.ui.widgets.focus import came_by_keyboard

ZOOM_STEP = 1.25
_NOTCH = 120.0
_ARROWS: dict[int, tuple[int, int]] = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, 1),
    Qt.Key.Key_Down: (0, -1),
}


class PlaneView(QWidget):
    """Shows a part of a plane; y points up.

    Args:
        scale_px: Logical pixels per unit at first.
        least_px: The same, zoomed out as far as it goes.
        most_px: The same, zoomed in as far as it goes.
    """

    def __init__(self, scale_px: float, least_px: float, most_px: float, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._scale = self._first = scale_px
        self._range = least_px, most_px
        self._centre: Place = (0.0, 0.0)
        self._ringed = False
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 160)

    @property
    def centre(self) -> Place:
        """Return what lies in the middle."""
        return self._centre

    @property
    def scale_px(self) -> float:
        """Return how many logical pixels a unit takes."""
        return self._scale

    def to_screen(self, place: Place) -> QPointF:
        """Return where a place is shown."""
        return QPointF(
            self.width() / 2 + (place[0] - self._centre[0]) * self._scale,
            self.height() / 2 - (place[1] - self._centre[1]) * self._scale,
        )

    def to_place(self, at: QPointF) -> Place:
        """Return the place that is shown at a point."""
        return (
            self._centre[0] + (at.x() - self.width() / 2) / self._scale,
            self._centre[1] - (at.y() - self.height() / 2) / self._scale,
        )

    def zoom(self, factor: float, around: QPointF | None = None) -> None:
        """Enlarge, keeping a point of the screen where it is; by default the middle."""
        before = self.to_place(around) if around is not None else None
        self._scale = min(self._range[1], max(self._range[0], self._scale * factor))
        if around is not None and before is not None:
            after = self.to_place(around)
            self._centre = self._centre[0] + before[0] - after[0], self._centre[1] + before[1] - after[1]
        self.on_view_changed()

    def fit(self) -> None:
        """Go back to the first zoom."""
        self.zoom(self._first / self._scale)

    def on_view_changed(self) -> None:
        """Draw anew after the view was moved or zoomed."""
        self.update()

    def zoom_anchor(self, at: QPointF) -> QPointF | None:
        """Return what stays where it is when the wheel turns: what is under the pointer."""
        return at

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go, Enter takes; plus and minus zoom, 0 shows all. With Control or Alt a key is the window's."""
        key = event.key()
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif key in _ARROWS:
            self.on_arrow(*_ARROWS[key], event)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM_STEP, self.key_anchor())
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom(1.0 / ZOOM_STEP, self.key_anchor())
        elif key == Qt.Key.Key_0:
            self.fit()
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.on_enter()
        else:
            super().keyPressEvent(event)

    def on_arrow(self, x: int, y: int, event: QKeyEvent) -> None:
        """Go one step, -1, 0 or 1 along each axis of the plane."""
        raise NotImplementedError

    def on_enter(self) -> None:
        """Take what the keyboard is at."""
        raise NotImplementedError

    def key_anchor(self) -> QPointF | None:
        """Return what stays where it is when a key zooms; None for the middle."""
        return None

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom."""
        notches = event.angleDelta().y() / _NOTCH
        if notches:
            self.zoom(math.pow(ZOOM_STEP, notches), self.zoom_anchor(event.position()))
        event.accept()

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Wear a ring when a key brought the focus."""
        self._ringed = came_by_keyboard(event)
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring off."""
        self._ringed = False
        super().focusOutEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the surround, the plane, and the ring of the focus."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(look.surround))
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        self.paint_plane(painter)
        if self._ringed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.accent), 1.0))
            painter.drawRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5))
        painter.end()

    def paint_plane(self, painter: QPainter) -> None:
        """Draw what lies on the plane."""
        raise NotImplementedError

    def paint_label(self, painter: QPainter, text: str, below: QPointF) -> None:
        """Write a line on a plate whose upper edge has its middle at a point, kept within the view."""
        look = theme.tokens()
        room = painter.fontMetrics().boundingRect(text)
        plate = QRectF(0, 0, room.width() + 16, room.height() + 6)
        plate.moveCenter(QPointF(below.x(), below.y() + plate.height() / 2))
        plate.moveLeft(max(4.0, min(plate.left(), self.width() - plate.width() - 4.0)))
        plate.moveTop(max(4.0, min(plate.top(), self.height() - plate.height() - 4.0)))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(look.raised, 235))
        painter.drawRoundedRect(plate, 4, 4)
        painter.setPen(QColor(look.text))
        painter.drawText(plate, Qt.AlignmentFlag.AlignCenter, text)
