"""Pictures scattered over a plane: as many as do not cover each other, the rest as dots, the pinned ones on top."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from latentlab.session.plane import Place
from latentlab.ui import theme
from latentlab.ui.icons import icon
from latentlab.ui.widgets.picture import fitted
from latentlab.ui.widgets.plane_view import PlaneView

_SCALE_PX, _LEAST_PX, _MOST_PX = 240.0, 80.0, 8000.0
_MARGIN_PX = 32.0
_THUMB_PX = 40.0, 96.0
_GAP_PX = 6.0
_DOT_PX = 2.0
_HOVER_PX = 144
_PIN_PX = 16
_PAN_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class PlacedPicture:
    """A picture on the plane that can be pointed at.

    Attributes:
        image: What is drawn.
        at: Where its middle lies.
        name: What it is called while it is pointed at.
    """

    image: QImage
    at: Place
    name: str


class PicturePlane(PlaneView):
    """Click a picture to pick it up, drag it away; drag the ground to move the plane, turn the wheel to zoom.

    Args:
        parent: As every widget's.

    Signals:
        picked: The `PlacedPicture` that was clicked, or Enter was pressed on; GUI thread.
        drag_started: The `PlacedPicture` that was dragged far enough to leave; GUI thread.
    """

    picked = Signal(object)
    drag_started = Signal(object)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(_SCALE_PX, _LEAST_PX, _MOST_PX, parent)
        self._items: list[PlacedPicture] = []
        self._places = np.empty((0, 2))
        self._pins: list[PlacedPicture] = []
        self._hand: Place | None = None
        self._shown: tuple[int, ...] = ()
        self._pointed: PlacedPicture | None = None
        self._smooth = False
        self._pressed_at: QPointF | None = None
        self._pressed_centre: Place = (0.0, 0.0)
        self._pressed_item: PlacedPicture | None = None
        self._panning = False

    def set_items(self, items: list[PlacedPicture]) -> None:
        """Scatter other pictures, those that matter most first; pins and the hand are gone, all is in sight."""
        self._items, self._pins, self._hand = items, [], None
        self._places = np.array([item.at for item in items]).reshape(-1, 2)
        self._point_at(None)
        self.fit()

    def set_pins(self, pins: list[PlacedPicture], hand: Place) -> None:
        """Pin other pictures on top, and ring where the picture in hand lies."""
        if self._pointed in self._pins:
            self._point_at(None)
        self._pins, self._hand = pins, hand
        self.update()

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement of what is pointed at."""
        self._smooth = smooth
        self.update()

    def fit(self) -> None:
        """Show all of them."""
        if not self._items:
            super().fit()
            return
        across, up = np.maximum(np.abs(self._places).max(axis=0), 1.0)
        room = min((self.width() / 2 - _MARGIN_PX) / across, (self.height() / 2 - _MARGIN_PX) / up)
        self._centre = (0.0, 0.0)
        self.zoom(max(1.0, room) / self._scale)

    def on_view_changed(self) -> None:
        """Choose anew which of them are shown as pictures."""
        self._shown = self._uncrowded()
        super().on_view_changed()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a picture, or of the ground."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            left = event.button() == Qt.MouseButton.LeftButton
            self._pressed_at, self._pressed_centre = event.position(), self._centre
            self._pressed_item = self._item_at(event.position()) if left else None
            self._panning = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Enlarge what is pointed at; move the plane, or take a picture away."""
        if self._pressed_at is None:
            self._point_at(self._item_at(event.position()))
            return
        moved = event.position() - self._pressed_at
        if not self._panning and moved.manhattanLength() < QApplication.startDragDistance():
            return
        if self._pressed_item is not None:
            item, self._pressed_item, self._pressed_at = self._pressed_item, None, None
            self.drag_started.emit(item)
            return
        self._panning = True
        self._point_at(None)
        x, y = self._pressed_centre
        self._centre = x - moved.x() / self._scale, y + moved.y() / self._scale
        self.update()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Pick up what was clicked."""
        item, self._pressed_item, self._pressed_at = self._pressed_item, None, None
        if item is not None and item is self._item_at(event.position()):
            self.picked.emit(item)
        self._panning = False

    def leaveEvent(self, event: object) -> None:
        """Enlarge nothing."""
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Space picks up too."""
        if event.key() == Qt.Key.Key_Space and not event.modifiers():
            self.on_enter()
        else:
            super().keyPressEvent(event)

    def on_arrow(self, x: int, y: int, event: QKeyEvent) -> None:
        """Go from picture to picture; with Shift move the plane."""
        if event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            step = _PAN_SHARE / self._scale
            self._move(x * step * self.width(), y * step * self.height())
        else:
            self._point_at(self._beside(x, y))

    def on_enter(self) -> None:
        """Pick up the picture pointed at."""
        if self._pointed is not None:
            self.picked.emit(self._pointed)

    def key_anchor(self) -> QPointF | None:
        """Keep the picture pointed at where it is."""
        return self.to_screen(self._pointed.at) if self._pointed is not None else None

    def paint_plane(self, painter: QPainter) -> None:
        """Draw dots, pictures, pins, the hand, and what is pointed at, in this order."""
        look = theme.tokens()
        shown = set(self._shown)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.faint))
        for index, item in enumerate(self._items):
            if index not in shown:
                painter.drawEllipse(self.to_screen(item.at), _DOT_PX, _DOT_PX)
        sight = QRectF(self.rect())
        for index in self._shown:
            item = self._items[index]
            target = self._target(item)
            if target.intersects(sight):
                painter.drawImage(target, item.image)
        for item in self._pins:
            self._paint_pin(painter, item)
        if self._hand is not None:
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.setPen(QPen(QColor(look.surround), 5.0))
            painter.drawEllipse(self.to_screen(self._hand), 9.0, 9.0)
            painter.setPen(QPen(QColor(look.accent), 2.5))
            painter.drawEllipse(self.to_screen(self._hand), 9.0, 9.0)
        if self._pointed is not None and not self._panning:
            self._paint_pointed(painter, self._pointed)

    def _paint_pin(self, painter: QPainter, item: PlacedPicture) -> None:
        look = theme.tokens()
        target = self._target(item)
        painter.setBrush(QColor(look.surround))
        painter.setPen(QPen(QColor(look.accent), 2.0))
        painter.drawRoundedRect(target.adjusted(-3, -3, 3, 3), 3, 3)
        painter.drawImage(target, item.image)
        plate = QRectF(0, 0, _PIN_PX + 4, _PIN_PX + 4)
        plate.moveCenter(QPointF(target.center().x(), target.top() - 3))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.accent))
        painter.drawEllipse(plate)
        icon("pin", "on_accent").paint(painter, plate.adjusted(3, 3, -3, -3).toRect())

    def _paint_pointed(self, painter: QPainter, item: PlacedPicture) -> None:
        look = theme.tokens()
        target = fitted(item.image.size(), QSize(_HOVER_PX, _HOVER_PX), self.devicePixelRatioF())
        target.moveCenter(self.to_screen(item.at))
        frame = target.adjusted(-4, -4, 4, 4)
        frame.moveLeft(max(2.0, min(frame.left(), self.width() - frame.width() - 2.0)))
        frame.moveTop(max(2.0, min(frame.top(), self.height() - frame.height() - 34.0)))
        target.moveCenter(frame.center())
        painter.setBrush(QColor(look.surround))
        painter.setPen(QPen(QColor(look.accent), 2.0))
        painter.drawRoundedRect(frame, 4, 4)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
        painter.drawImage(target, item.image)
        self.paint_label(painter, item.name, QPointF(frame.center().x(), frame.bottom() + 4))

    def _thumb_px(self) -> float:
        """Return the side of a picture: it grows with the root of the zoom, so that zooming in also parts them."""
        return min(_THUMB_PX[1], max(_THUMB_PX[0], _THUMB_PX[0] * math.sqrt(self._scale / _SCALE_PX)))

    def _target(self, item: PlacedPicture) -> QRectF:
        side = self._thumb_px()
        target = fitted(item.image.size(), QSize(round(side), round(side)), self.devicePixelRatioF(), whole=False)
        target.moveCenter(self.to_screen(item.at))
        return target

    def _uncrowded(self) -> tuple[int, ...]:
        """Choose pictures that do not cover each other, the first ones first; panning does not change them."""
        least = (self._thumb_px() + _GAP_PX) / self._scale
        places = self._places
        free = np.ones(len(places), bool)
        shown = []
        for index in range(len(places)):
            if free[index]:
                shown.append(index)
                free &= np.abs(places - places[index]).max(axis=1) >= least
        return tuple(shown)

    def _item_at(self, at: QPointF) -> PlacedPicture | None:
        for item in reversed(self._pins):
            if self._target(item).adjusted(-3, -3, 3, 3).contains(at):
                return item
        for index in reversed(self._shown):
            if self._target(self._items[index]).contains(at):
                return self._items[index]
        return None

    def _beside(self, x: int, y: int) -> PlacedPicture | None:
        """Return the picture nearest to the one pointed at on one side of it, or nearest to the middle at first."""
        shown = [self._items[index] for index in self._shown] + self._pins
        if not shown:
            return None
        places = np.array([item.at for item in shown])
        start = self._pointed.at if self._pointed is not None else self._centre
        away = places - np.array(start)
        if self._pointed is None:
            return shown[int((away**2).sum(axis=1).argmin())]
        ahead = away @ (x, y)
        aside = np.abs(away @ (y, x))
        cost = np.where((ahead > 0) & (ahead >= aside), ahead + aside, np.inf)
        best = int(cost.argmin())
        return shown[best] if np.isfinite(cost[best]) else self._pointed

    def _point_at(self, item: PlacedPicture | None) -> None:
        if item is self._pointed:
            return
        self._pointed = item
        hand = Qt.CursorShape.ArrowCursor if item is None else Qt.CursorShape.PointingHandCursor
        self.setCursor(hand)
        self.setAccessibleDescription(item.name if item is not None else "")
        if item is not None and not QRectF(self.rect()).contains(self.to_screen(item.at)):
            self._centre = item.at
        self.update()

    def _move(self, x: float, y: float) -> None:
        self._centre = self._centre[0] + x, self._centre[1] + y
        self.update()
