"""The map of samples: pictures that look alike lie together; the shelf's cards are pinned where they belong."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PySide6.QtCore import QPointF, QRectF, Qt, Signal, Slot
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QShowEvent
from PySide6.QtWidgets import QWidget

from latentlab.analysis.layout import PlaneLayout
from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport
from latentlab.latent.arrays import FloatArray
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.drawn_samples import DrawnSamples, draw_samples
from latentlab.session.opened import OpenedModel
from latentlab.session.plane import Place
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui import theme
from latentlab.ui.card_mime import start_drag
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.qimage import to_qimage
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture_plane import PicturePlane, PlacedPicture

SAMPLES = 600


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
class _Sample(PlacedPicture):
    point: Point


@dataclass(frozen=True, eq=False)
class _Pin(PlacedPicture):
    card: Card


class SampleMap(PicturePlane):
    """Draws the samples and finds their places in the background; what is picked up or dragged away is a point.

    Args:
        studio: What is open.
        samples: How many are drawn.

    Signals:
        described: A line on what is shown; GUI thread.
    """

    described = Signal(str)

    def __init__(self, studio: Studio, samples: int = SAMPLES, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._samples = samples
        self._model: OpenedModel | None = None
        self._map: _Map | None = None
        self._pinned: tuple[object, ...] = ()
        self._done = 0.0
        self._trouble = ""
        self.set_smooth(studio.settings.smooth)
        self._work = LatestWork(self.tr("Mapping samples"), self)
        self.setAccessibleName(self.tr("Map of samples"))
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        self.picked.connect(self._on_picked)
        self.drag_started.connect(self._on_drag)
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

    def showEvent(self, event: QShowEvent) -> None:
        """Draw the map of the open model, unless that was done."""
        super().showEvent(event)
        if self._studio.model is not None and self._studio.model is not self._model:
            self._begin(self._studio.model)
        elif self._studio.state is not None:
            self._on_state(self._studio.state)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the map, or how far it is."""
        super().paintEvent(event)
        if self._map is None:
            painter = QPainter(self)
            self._paint_waiting(painter)
            painter.end()

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

    def _point_of(self, item: PlacedPicture) -> Point | None:
        if isinstance(item, _Pin):
            return self._studio.point_of(item.card)
        return item.point if isinstance(item, _Sample) else None

    def _forget(self) -> None:
        self._model, self._map, self._pinned = None, None, ()
        self._done, self._trouble = 0.0, ""
        self.set_items([])
        self.described.emit("")

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
        points = map(found.drawn.point, range(len(found.places)))
        self.set_items(
            [
                _Sample(to_qimage(pixels), _place(at), point.title(), point)
                for pixels, at, point in zip(found.drawn.pixels, found.places, points, strict=True)
            ]
        )
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
        *at_cards, hand = map(_place, found.places)
        self.set_pins(
            [
                _Pin(to_qimage(pixels), at, card.name, card)
                for card, pixels, at in zip(found.cards, found.pixels, at_cards, strict=False)
            ],
            hand,
        )

    @Slot(object)
    def _on_picked(self, item: PlacedPicture) -> None:
        point = self._point_of(item)
        if point is not None:
            self._studio.apply(changes.pick_up(point), self.tr("Pick up {0}").format(item.name))

    @Slot(object)
    def _on_drag(self, item: PlacedPicture) -> None:
        point = self._point_of(item)
        if point is not None:
            start_drag(self, item.card if isinstance(item, _Pin) else self._studio.card_of(point))

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
    def _on_settings(self, settings: Settings) -> None:
        self.set_smooth(settings.smooth)

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


def _place(at: FloatArray) -> Place:
    return float(at[0]), float(at[1])
