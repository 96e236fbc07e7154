"""The map of samples: pictures that look alike lie together; the shelf's cards are pinned where they belong."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal, Slot
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QShowEvent
from PySide6.QtWidgets import QApplication, QWidget

from latentlab.analysis.layout import PlaneLayout
from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport
from latentlab.latent.arrays import FloatArray
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.drawn_samples import DrawnSamples, draw_samples
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui import theme
from latentlab.ui.card_mime import start_drag
from latentlab.ui.icons import icon
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.qimage import to_qimage
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import fitted
from latentlab.ui.widgets.plane_view import ZOOM_STEP, PlaneView

SAMPLES = 600
_SCALE_PX, _LEAST_PX, _MOST_PX = 240.0, 80.0, 8000.0
_MARGIN_PX = 32.0
_THUMB_PX = 40.0, 96.0
_GAP_PX = 6.0
_DOT_PX = 2.0
_HOVER_PX = 144
_PIN_PX = 16
_PAN_SHARE = 0.15


@dataclass(frozen=True, eq=False)
class _Map:
    """Samples and where they lie; row i of `places` (N, 2), float32, is sample i."""

    drawn: DrawnSamples
    layout: PlaneLayout
    places: FloatArray


@dataclass(frozen=True, eq=False)
class _Pins:
    """Cards and the picture in hand, and where they lie; the last row of `places` is the picture's."""

    cards: tuple[Card, ...]
    pixels: tuple[npt.NDArray[np.uint8], ...]
    places: FloatArray


@dataclass(frozen=True, eq=False)
class _Item:
    """Something on the map that can be pointed at."""

    image: QImage
    at: tuple[float, float]
    sample: int | None = None
    card: Card | None = None


class SampleMap(PlaneView):
    """Click a picture to pick it up, drag it away as a card; drag the ground to move the map, turn the wheel to zoom.

    Args:
        studio: What is open.
        samples: How many are drawn.

    Signals:
        described: A line on what is shown; GUI thread.
    """

    described = Signal(str)

    def __init__(self, studio: Studio, samples: int = SAMPLES, parent: QWidget | None = None) -> None:
        super().__init__(_SCALE_PX, _LEAST_PX, _MOST_PX, parent)
        self._studio = studio
        self._samples = samples
        self._model: OpenedModel | None = None
        self._map: _Map | None = None
        self._items: list[_Item] = []
        self._pins: list[_Item] = []
        self._hand: tuple[float, float] | None = None
        self._pinned: tuple[object, ...] = ()
        self._shown: tuple[int, ...] = ()
        self._pointed: _Item | None = None
        self._done = 0.0
        self._trouble = ""
        self._pressed_at: QPointF | None = None
        self._pressed_centre = (0.0, 0.0)
        self._pressed_item: _Item | None = None
        self._panning = False
        self._work = LatestWork(self.tr("Mapping samples"), self)
        self.setAccessibleName(self.tr("Map of samples"))
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        studio.model_changed.connect(self._on_model)
        studio.state_changed.connect(self._on_state)
        studio.settings_changed.connect(self._on_settings)

    def close_service(self) -> None:
        """End the thread."""
        self._work.close()

    def description(self) -> str:
        """Return a few words on what is shown; empty until something is."""
        if self._map is None:
            return ""
        seen = sum(self._map.layout.explained)
        return self.tr("{0} samples  ·  {1} seen").format(len(self._items), f"{seen:.0%}")

    def fit(self) -> None:
        """Show the whole map."""
        width = self._map.layout.width if self._map is not None else 1.0
        room = min(self.width() / 2 - _MARGIN_PX, (self.height() / 2 - _MARGIN_PX) * width) / width
        self._centre = (0.0, 0.0)
        self.zoom(max(1.0, room) / self._scale)

    def on_view_changed(self) -> None:
        """Choose anew which samples are shown as pictures."""
        self._shown = self._uncrowded()
        super().on_view_changed()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the map of the open model, unless that was done."""
        super().showEvent(event)
        if self._studio.model is not None and self._studio.model is not self._model:
            self._begin(self._studio.model)
        elif self._studio.state is not None:
            self._on_state(self._studio.state)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of a picture, or of the ground."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton):
            left = event.button() == Qt.MouseButton.LeftButton
            self._pressed_at, self._pressed_centre = event.position(), self._centre
            self._pressed_item = self._item_at(event.position()) if left else None
            self._panning = False

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Enlarge what is pointed at; move the map, or take a picture away as a card."""
        if self._pressed_at is None:
            self._point_at(self._item_at(event.position()))
            return
        moved = event.position() - self._pressed_at
        if not self._panning and moved.manhattanLength() < QApplication.startDragDistance():
            return
        if self._pressed_item is not None:
            item, self._pressed_item, self._pressed_at = self._pressed_item, None, None
            self._drag_away(item)
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
            self._pick_up(item)
        self._panning = False

    def leaveEvent(self, event: object) -> None:
        """Enlarge nothing."""
        self._point_at(None)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows go from picture to picture, Enter picks up; plus and minus zoom, 0 shows all."""
        steps = {
            Qt.Key.Key_Left: (-1, 0),
            Qt.Key.Key_Right: (1, 0),
            Qt.Key.Key_Up: (0, 1),
            Qt.Key.Key_Down: (0, -1),
        }
        key = event.key()
        if event.modifiers() & (Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier):
            event.ignore()
        elif key in steps and event.modifiers() & Qt.KeyboardModifier.ShiftModifier:
            x, y = steps[Qt.Key(key)]
            self._move(x * _PAN_SHARE * self.width() / self._scale, y * _PAN_SHARE * self.height() / self._scale)
        elif key in steps:
            self._point_at(self._beside(*steps[Qt.Key(key)]))
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space) and self._pointed is not None:
            self._pick_up(self._pointed)
        elif key in (Qt.Key.Key_Plus, Qt.Key.Key_Equal):
            self.zoom(ZOOM_STEP, self._pointed_at())
        elif key in (Qt.Key.Key_Minus, Qt.Key.Key_Underscore):
            self.zoom(1.0 / ZOOM_STEP, self._pointed_at())
        elif key == Qt.Key.Key_0:
            self.fit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the map, or how far it is."""
        super().paintEvent(event)
        if self._map is None:
            painter = QPainter(self)
            self._paint_waiting(painter)
            painter.end()

    def paint_plane(self, painter: QPainter) -> None:
        """Draw dots, pictures, pins, the hand, and what is pointed at, in this order."""
        if self._map is None:
            return
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

    def _paint_pin(self, painter: QPainter, item: _Item) -> None:
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

    def _paint_pointed(self, painter: QPainter, item: _Item) -> None:
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
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._studio.settings.smooth)
        painter.drawImage(target, item.image)
        self.paint_label(painter, self._name(item), QPointF(frame.center().x(), frame.bottom() + 4))

    def _paint_waiting(self, painter: QPainter) -> None:
        look = theme.tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QColor(look.muted))
        text = self._trouble or self.tr("Drawing {0} samples and looking at them…").format(self._samples)
        if self._studio.model is None:
            text = self.tr("Open a model to map its samples.")
        painter.drawText(self.rect().adjusted(24, 0, -24, -32), Qt.AlignmentFlag.AlignCenter, text)
        if self._studio.model is None or self._trouble:
            return
        groove = QRectF(0, 0, min(320.0, self.width() - 48.0), 6.0)
        groove.moveCenter(QPointF(self.width() / 2, self.height() / 2 + 12))
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(QColor(look.track))
        painter.drawRoundedRect(groove, 3, 3)
        groove.setWidth(groove.width() * self._done)
        painter.setBrush(QColor(look.accent))
        painter.drawRoundedRect(groove, 3, 3)

    def _thumb_px(self) -> float:
        """Return the side of a picture: it grows with the root of the zoom, so that zooming in also parts them."""
        return min(_THUMB_PX[1], max(_THUMB_PX[0], _THUMB_PX[0] * math.sqrt(self._scale / _SCALE_PX)))

    def _target(self, item: _Item) -> QRectF:
        side = self._thumb_px()
        target = fitted(item.image.size(), QSize(round(side), round(side)), self.devicePixelRatioF(), whole=False)
        target.moveCenter(self.to_screen(item.at))
        return target

    def _uncrowded(self) -> tuple[int, ...]:
        """Choose samples whose pictures do not cover each other, the first ones first; panning does not change them."""
        if self._map is None:
            return ()
        least = (self._thumb_px() + _GAP_PX) / self._scale
        places = self._map.places
        free = np.ones(len(places), bool)
        shown = []
        for index in range(len(places)):
            if free[index]:
                shown.append(index)
                free &= np.abs(places - places[index]).max(axis=1) >= least
        return tuple(shown)

    def _item_at(self, at: QPointF) -> _Item | None:
        for item in reversed(self._pins):
            if self._target(item).adjusted(-3, -3, 3, 3).contains(at):
                return item
        for index in reversed(self._shown):
            if self._target(self._items[index]).contains(at):
                return self._items[index]
        return None

    def _beside(self, x: int, y: int) -> _Item | None:
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

    def _point_at(self, item: _Item | None) -> None:
        if item is self._pointed:
            return
        self._pointed = item
        hand = Qt.CursorShape.ArrowCursor if item is None else Qt.CursorShape.PointingHandCursor
        self.setCursor(hand)
        self.setAccessibleDescription(self._name(item) if item is not None else "")
        if item is not None and not QRectF(self.rect()).contains(self.to_screen(item.at)):
            self._centre = item.at
        self.update()

    def _pointed_at(self) -> QPointF | None:
        return self.to_screen(self._pointed.at) if self._pointed is not None else None

    def _move(self, x: float, y: float) -> None:
        self._centre = self._centre[0] + x, self._centre[1] + y
        self.update()

    def _name(self, item: _Item) -> str:
        if item.card is not None:
            return item.card.name
        return self._map.drawn.point(item.sample).title() if self._map and item.sample is not None else ""

    def _point_of(self, item: _Item) -> Point | None:
        if item.card is not None:
            return self._studio.point_of(item.card)
        return self._map.drawn.point(item.sample) if self._map and item.sample is not None else None

    def _pick_up(self, item: _Item) -> None:
        point = self._point_of(item)
        if point is not None:
            self._studio.apply(changes.pick_up(point), self.tr("Pick up {0}").format(self._name(item)))

    def _drag_away(self, item: _Item) -> None:
        if item.card is not None:
            start_drag(self, item.card)
            return
        point = self._point_of(item)
        if point is not None:
            start_drag(self, self._studio.card_of(point))

    def _forget(self) -> None:
        self._model, self._map, self._hand, self._pointed = None, None, None, None
        self._items, self._pins, self._pinned, self._shown = [], [], (), ()
        self._done, self._trouble = 0.0, ""
        self.described.emit("")
        self.update()

    def _begin(self, model: OpenedModel) -> None:
        self._forget()
        self._model = model
        count = self._samples

        def work(progress: Progress) -> object:
            drawn = draw_samples(model, count, progress=progress)
            layout = PlaneLayout.of(drawn.views[0])
            return _Map(drawn, layout, layout(drawn.views[0]))

        self._work.ask(work, self._on_drawn)

    def _on_drawn(self, found: object) -> None:
        if not isinstance(found, _Map):
            return
        self._map = found
        places = found.places
        self._items = [
            _Item(to_qimage(pixels), (float(x), float(y)), sample=index)
            for index, (pixels, (x, y)) in enumerate(zip(found.drawn.pixels, places, strict=True))
        ]
        self.fit()
        self.described.emit(self.description())
        if self._studio.state is not None:
            self._on_state(self._studio.state)

    def _pin(self, state: SessionState) -> None:
        """Find the places of the cards and of the picture in hand, in the background."""
        model, found = self._model, self._map
        if model is None or found is None:
            return
        cards = tuple(card for card in state.shelf if card.fits(state.z_dim, state.prior))
        wanted = (*(card.id for card in cards), state.picture)
        if wanted == self._pinned:
            return
        self._pinned = wanted
        z = np.stack([*(card.z for card in cards), self._studio.z_of(state.picture)])

        y = model.y_of([*(card.point for card in cards), state.picture])

        def work(_: Progress) -> object:
            pixels = model.render(z, y)
            return _Pins(cards, tuple(pixels), found.layout(found.drawn.space(pixels)[0]))

        self._work.ask(work, self._on_pins, let_finish=True)

    def _on_pins(self, found: object) -> None:
        if not isinstance(found, _Pins) or self._map is None:
            return
        places = [(float(x), float(y)) for x, y in found.places]
        self._pins = [
            _Item(to_qimage(pixels), place, card=card)
            for card, pixels, place in zip(found.cards, found.pixels, places, strict=False)
        ]
        self._hand = places[-1]
        if self._pointed is not None and self._pointed.card is not None:
            self._point_at(None)
        self.update()

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Start again with another model; while out of sight, when it next comes into sight."""
        self._work.cancel()
        self._forget()
        if self.isVisible():
            self._begin(model)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        if self.isVisible():
            self._pin(state)

    @Slot(object)
    def _on_settings(self, _settings: Settings) -> None:
        self.update()

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        if self._map is None:
            self._done = done
            self.update()

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self._trouble = str(report)
        self._studio.problem.emit(report)
        self.update()
