"""The map of a plane: the picture in hand is its middle, and what lies around it is drawn around it."""

from __future__ import annotations

import math
from collections.abc import Hashable

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Slot
from PySide6.QtGui import (
    QColor,
    QHideEvent,
    QImage,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPen,
    QResizeEvent,
    QShowEvent,
)
from PySide6.QtWidgets import QApplication, QWidget

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import by_name
from latentlab.session.opened import OpenedModel
from latentlab.session.plane import DirectionPlane, Place, Plane, SeedPlane
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui import theme
from latentlab.ui.card_mime import start_drag
from latentlab.ui.qimage import to_qimage
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import fitted
from latentlab.ui.widgets.plane_view import PlaneView

HAND_LANE, TILES_LANE = "map-hand", "map-tiles"
_LEAST_CELL_PX = 56.0
_GAP_PX = 4.0
_BATCH = 16
_KEPT_TILES = 1500
_KEPT_PLACES = 4096
_LENS_PX = 128.0, 256.0
_SCALE_PX, _LEAST_PX, _MOST_PX = 72.0, 14.0, 1200.0
_FINE_STEP = 0.1

Tile = tuple[int, int, int]
"""Level, column and row: the tile at (column, row) * 2**level."""


class PlaneMap(PlaneView):
    """Drag to walk, click a picture to go there, wheel to zoom; the picture in hand follows, a drag is one step.

    References:
        Karras et al. 2021, arXiv:2106.12423: the plane of seeds in its visualizer.
    """

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(_SCALE_PX, _LEAST_PX, _MOST_PX, parent)
        self._studio = studio
        self._axes: tuple[str, str] | None = None
        self._plane: Plane | None = None
        self._on_plane = False
        self._places: dict[bytes, Place] = {}
        self._tiles: dict[Tile, tuple[QImage, Hashable]] = {}
        self._asked: tuple[Tile, ...] = ()
        self._asked_z: FloatArray | None = None
        self._asked_key: Hashable = None
        self._due: set[int] = set()
        self._hand = QImage()
        self._pressed_at: QPointF | None = None
        self._pressed_centre: Place = (0.0, 0.0)
        self._dragging = False
        self._taking = False
        self._gesture = 0
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAccessibleName(self.tr("Map of a plane"))
        studio.render.receive(HAND_LANE, self._on_hand)
        studio.render.receive(TILES_LANE, self._on_tiles)
        studio.follow_model(self._on_model)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)

    def set_axes(self, axes: tuple[str, str] | None) -> None:
        """Show the plane of two directions, by their names, or that of the seeds."""
        if axes != self._axes:
            self._axes = axes
            self._tiles.clear()
            self.fit()
        if self._studio.state is not None:
            self._on_state(self._studio.state)

    def go(self, place: Place) -> None:
        """Bring the picture in hand to a place, as a step of its own."""
        self._gesture += 1
        self._walk(place)

    def zoom_anchor(self, at: QPointF) -> QPointF | None:
        """Keep the middle where it is, for that is the picture in hand."""
        return None

    def on_view_changed(self) -> None:
        """Draw what has come into sight."""
        super().on_view_changed()
        self._ask_tiles()

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        if self._studio.state is not None:
            self._on_state(self._studio.state)

    def hideEvent(self, event: QHideEvent) -> None:
        """Ask for nothing while out of sight."""
        super().hideEvent(event)
        self._give_up()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Draw what has come into sight."""
        super().resizeEvent(event)
        self._ask_tiles()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the plane, or of a picture with Shift."""
        if event.button() in (Qt.MouseButton.LeftButton, Qt.MouseButton.MiddleButton) and self._plane is not None:
            self._pressed_at, self._pressed_centre, self._dragging = event.position(), self._centre, False
            self._taking = bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Walk, or take a picture away as a card."""
        if self._pressed_at is None:
            return
        moved = event.position() - self._pressed_at
        if not self._dragging:
            if moved.manhattanLength() < QApplication.startDragDistance():
                return
            if self._taking:
                self._drag_away(self._pressed_at)
                self._pressed_at = None
                return
            self._dragging = True
            self._gesture += 1
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
        x, y = self._pressed_centre
        self._walk((x - moved.x() / self._scale, y + moved.y() / self._scale))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End a walk, or go to the picture clicked."""
        pressed, self._pressed_at = self._pressed_at, None
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        if pressed is not None and not self._dragging:
            self.go(self._snapped(self.to_place(event.position())))
        self._dragging = False

    def on_arrow(self, x: int, y: int, event: QKeyEvent) -> None:
        """Walk, with Shift in small steps."""
        self._gesture += 0 if event.isAutoRepeat() else 1
        self._step(x, y, fine=bool(event.modifiers() & Qt.KeyboardModifier.ShiftModifier))

    def on_enter(self) -> None:
        """Go to the middle."""
        self.go(self._centre)

    def paint_plane(self, painter: QPainter) -> None:
        """Draw the pictures around, then the one in hand."""
        if self._plane is None:
            return
        for tile in self._in_sight():
            drawn = self._tiles.get(tile)
            if drawn is not None:
                cell = self._cell(tile)
                target = fitted(drawn[0].size(), cell.size().toSize(), self.devicePixelRatioF(), whole=False)
                painter.drawImage(target.translated(cell.topLeft()), drawn[0])
        self._paint_hand(painter)

    def _paint_hand(self, painter: QPainter) -> None:
        look = theme.tokens()
        middle = QPointF(self.width() / 2, self.height() / 2)
        side = min(_LENS_PX[1], max(_LENS_PX[0], 1.5 * self._cell_px()))
        if self._on_plane and not self._hand.isNull():
            room = QSize(round(side), round(side))
            target = fitted(self._hand.size(), room, self.devicePixelRatioF())
            target.moveCenter(middle)
            frame = target.adjusted(-4, -4, 4, 4)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            painter.setBrush(QColor(look.surround))
            painter.setPen(QPen(QColor(look.accent), 2.0))
            painter.drawRoundedRect(frame, 4, 4)
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._studio.settings.smooth)
            painter.drawImage(target, self._hand)
            if self._plane is not None:
                self.paint_label(painter, self._plane.title(self._centre), QPointF(middle.x(), frame.bottom() + 4))
            return
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.setPen(QPen(QColor(look.accent), 2.0, Qt.PenStyle.DashLine))
        frame = QRectF(0, 0, self._cell_px(), self._cell_px())
        frame.moveCenter(middle)
        painter.drawRoundedRect(frame, 4, 4)
        if not self._on_plane:
            text = self.tr("The picture in hand lies elsewhere. Drag, or press Enter, to take one from here.")
            self.paint_label(painter, text, QPointF(middle.x(), frame.bottom() + 8))

    def _cell_px(self) -> float:
        return self._scale * math.pow(2.0, self._level())

    def _level(self) -> int:
        """Return the level at which pictures are large enough to be read; below 0 they stand between the seeds."""
        return math.ceil(math.log2(_LEAST_CELL_PX / self._scale))

    def _cell(self, tile: Tile) -> QRectF:
        level, column, row = tile
        step = math.pow(2.0, level)
        side = step * self._scale - _GAP_PX
        cell = QRectF(0, 0, side, side)
        cell.moveCenter(self.to_screen((column * step, row * step)))
        return cell

    def _in_sight(self) -> list[Tile]:
        """Return the tiles in sight, the nearest to the middle first."""
        level = self._level()
        step = math.pow(2.0, level)
        half_x, half_y = (side / 2 / self._scale / step + 0.5 for side in (self.width(), self.height()))
        x, y = self._centre[0] / step, self._centre[1] / step
        tiles = [
            (level, column, row)
            for row in range(math.ceil(y - half_y), math.floor(y + half_y) + 1)
            for column in range(math.ceil(x - half_x), math.floor(x + half_x) + 1)
        ]
        if isinstance(self._plane, DirectionPlane):
            tiles = [tile for tile in tiles if self._plane.nearest(_place(tile)) == _place(tile)]
        return sorted(tiles, key=lambda tile: (tile[1] - x) ** 2 + (tile[2] - y) ** 2)

    def _snapped(self, place: Place) -> Place:
        """Return the place of the picture drawn nearest."""
        step = math.pow(2.0, self._level())
        return round(place[0] / step) * step, round(place[1] / step) * step

    def _step(self, columns: int, rows: int, *, fine: bool) -> None:
        x, y = self._centre
        if fine:
            self._walk((x + columns * _FINE_STEP, y + rows * _FINE_STEP))
        else:
            self._walk((_next_whole(x, columns), _next_whole(y, rows)))

    def _walk(self, place: Place) -> None:
        before = self._studio.state
        if self._plane is None or before is None:
            return
        place = self._plane.nearest(place)
        change = self._plane.go(place)
        if self._axes is None:
            # Between seeds a picture cannot say itself where it is.
            self._places[change(before).picture.base.tobytes()] = place
            while len(self._places) > _KEPT_PLACES:
                del self._places[next(iter(self._places))]
        self._studio.apply(change, self.tr("Walk on the map"), ("map", id(self), self._gesture))
        if self._studio.state is before:
            self._on_state(before)

    def _drag_away(self, at: QPointF) -> None:
        state = self._studio.state
        if self._plane is not None and state is not None:
            place = self._plane.nearest(self._snapped(self.to_place(at)))
            start_drag(self, self._studio.card_of(self._plane.go(place)(state).picture))

    def _present_plane(self, state: SessionState) -> Plane:
        directions = self._studio.directions
        if self._axes is not None:
            try:
                x, y = (by_name(directions, name) for name in self._axes)
                return DirectionPlane(state.picture, directions, state.prior, x, y)
            except KeyError:
                self._axes = None
        return SeedPlane(state.picture, directions, state.prior)

    @Slot(object)
    def _on_model(self, _model: OpenedModel) -> None:
        self._tiles.clear()
        self._places.clear()
        self._hand = QImage()
        self._give_up()

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        if not self.isVisible():
            return
        self._plane = plane = self._present_plane(state)
        known = self._places.get(state.picture.base.tobytes()) if self._axes is None else None
        place = known or plane.place()
        self._on_plane = place is not None
        if place is not None:
            self._centre = place
        self._studio.render.request(HAND_LANE, self._studio.z_of(state.picture)[None])
        if self._asked_z is not None:
            # Does nothing unless the backend was changed, which drops what was asked for.
            self._studio.render.request(TILES_LANE, self._asked_z)
        self._ask_tiles()
        self.update()

    def _ask_tiles(self) -> None:
        """Ask for the next few pictures that are missing, once those under way have come."""
        if self._plane is None or self._due or not self.isVisible():
            return
        key = self._plane.key
        tiles = self._in_sight()
        missing = [tile for tile in tiles if tile not in self._tiles or self._tiles[tile][1] != key][:_BATCH]
        if len(self._tiles) > _KEPT_TILES:
            self._tiles = {tile: self._tiles[tile] for tile in tiles if tile in self._tiles}
        if not missing:
            return
        self._asked, self._asked_key, self._due = tuple(missing), key, set(range(len(missing)))
        self._asked_z = self._plane.latents(np.array([_place(tile) for tile in missing]))
        self._studio.render.forget(TILES_LANE)
        self._studio.render.request(TILES_LANE, self._asked_z)

    def _give_up(self) -> None:
        self._asked, self._asked_z, self._due = (), None, set()
        self._studio.render.forget(TILES_LANE)

    def _on_hand(self, frames: Frames) -> None:
        self._hand = to_qimage(frames.pixels[0])
        self.update()

    def _on_tiles(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            if row < len(self._asked):
                self._tiles[self._asked[row]] = to_qimage(picture), self._asked_key
                self._due.discard(row)
        self.update()
        if not self._due:
            self._asked_z = None
            self._ask_tiles()

    @Slot(object)
    def _on_settings(self, _settings: Settings) -> None:
        self.update()


def _place(tile: Tile) -> Place:
    step = math.pow(2.0, tile[0])
    return tile[1] * step, tile[2] * step


def _next_whole(value: float, step: int) -> float:
    """Return the next whole number in a direction; the value itself where there is none."""
    return value if step == 0 else float(math.floor(value) + 1 if step > 0 else math.ceil(value) - 1)
