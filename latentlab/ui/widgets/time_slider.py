"""A slider over moments in time, some of them marked."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFocusEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSlider, QWidget

from latentlab.ui import theme
from latentlab.ui.widgets.focus import came_by_keyboard

_HANDLE_PX = 7.0
_EDGE_PX = _HANDLE_PX + 1.0


class TimeSlider(QSlider):
    """Steps through moments that need not be evenly spaced; arrows, page keys, Home and End work as in every slider."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(Qt.Orientation.Horizontal, parent)
        self._moments: tuple[int, ...] = ()
        self._marked: frozenset[int] = frozenset()
        self._ringed = False
        self.setPageStep(10)
        self.setMinimumWidth(60)

    @property
    def moments(self) -> tuple[int, ...]:
        """Return the moments, in order."""
        return self._moments

    @property
    def at_end(self) -> bool:
        """Whether the newest moment is chosen, or there is none."""
        return self.value() == self.maximum() or not self._moments

    @property
    def moment(self) -> int | None:
        """Return the moment chosen; None while there is none."""
        return self._moments[self.value()] if self._moments else None

    def set_moments(self, moments: Sequence[int], marked: Collection[int] = ()) -> None:
        """Offer other moments, in order; the one chosen stays chosen, and the newest gives way to a newer one."""
        chosen, newest = self.moment, self.at_end
        self._moments, self._marked = tuple(moments), frozenset(marked)
        last = max(0, len(self._moments) - 1)
        place = last if newest or chosen not in self._moments else self._moments.index(chosen)
        self.blockSignals(True)
        self.setMaximum(last)
        self.blockSignals(False)
        self.setValue(place)
        self.setEnabled(len(self._moments) > 1)
        self.update()

    def sizeHint(self) -> QSize:
        """Ask for a comfortable height."""
        return QSize(160, 24)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw groove, marks, the time gone and the handle."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        middle = self.height() / 2
        here = self._x(self.value())
        painter.setPen(QPen(QColor(look.track), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(_EDGE_PX, middle), QPointF(self.width() - _EDGE_PX, middle))
        painter.setPen(QPen(QColor(look.muted), 1.5))
        for place, moment in enumerate(self._moments):
            if moment in self._marked:
                x = self._x(place)
                painter.drawLine(QPointF(x, middle + 5), QPointF(x, middle + 9))
        ink = QColor(look.accent if self.isEnabled() else look.muted)
        painter.setPen(QPen(ink, 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(_EDGE_PX, middle), QPointF(here, middle))
        painter.setPen(QPen(QColor(look.panel), 2.0))
        painter.setBrush(ink)
        painter.drawEllipse(QPointF(here, middle), _HANDLE_PX, _HANDLE_PX)
        if self._ringed:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.accent), 1.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5), 5, 5)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Bring the handle under the pointer."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._move_to(event.position().x())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the hand."""
        if event.buttons() & Qt.MouseButton.LeftButton:
            self._move_to(event.position().x())

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Leave the handle where it is."""

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Wear a ring when a key brought the focus."""
        self._ringed = came_by_keyboard(event)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring off."""
        self._ringed = False
        super().focusOutEvent(event)

    def _x(self, place: int) -> float:
        if len(self._moments) < 2:
            return self.width() - _EDGE_PX
        first, last = self._moments[0], self._moments[-1]
        share = (self._moments[place] - first) / (last - first)
        return _EDGE_PX + share * (self.width() - 2 * _EDGE_PX)

    def _move_to(self, x: float) -> None:
        if self._moments:
            self.setValue(min(range(len(self._moments)), key=lambda place: abs(self._x(place) - x)))
