"""VARIANTS: the picture in hand in the middle of eight neighbours at a chosen distance."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.latent.breeding import MAX_DISTANCE, neighbours
from latentlab.latent.priors import component_sigma, expected_norm
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture_grid import PictureGrid
from latentlab.ui.widgets.slider_row import CentredSlider

LANE = "variants"
MIDDLE = 4
_SIDE = 3
_USUAL_DISTANCE = 0.4
_ORDER = (MIDDLE, 1, 3, 5, 7, 0, 2, 6, 8)


class VariantsPanel(QWidget):
    """Follows the picture while it is in sight. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._draw = studio.random_seed()
        self._z = np.zeros((0, 1), np.float32)
        self.distance = CentredSlider(0.05, MAX_DISTANCE, _USUAL_DISTANCE, 0.05)
        self.distance.setAccessibleName(self.tr("Distance of the variants"))
        self.distance.setToolTip(
            self.tr(
                "How far the variants lie from the picture, in radii of the shell on which samples lie, and in sigmas\n"
                "of one component of z. Two samples lie about 1.4 radii apart. Variants stay on the shell; where the\n"
                "prior is uniform, in its cube. (Bontrager et al. 2018, arXiv:1801.08230)"
            )
        )
        self.figure = QLabel()
        self.figure.setObjectName("figure")
        self.figure.setMinimumWidth(112)
        self.again = icon_button("shuffle", self.tr("Other variants at the same distance"))
        self.grid = PictureGrid(_SIDE)
        self.grid.set_count(_SIDE * _SIDE)
        for index, picture in enumerate(self.grid.pictures):
            middle = index == MIDDLE
            picture.setAcceptDrops(middle)
            picture.set_selected(middle)
            picture.setToolTip(
                self.tr("The picture in hand. Drop a card here to see its variants.")
                if middle
                else self.tr("Click to go there; drag it to the shelf or to a well.")
            )
            name = self.tr("The picture in hand") if middle else self.tr("Variant {0}").format(index + (index < MIDDLE))
            self.grid.caption(index, "", name)
        self._lay_out()
        self._connect()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while out of sight."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        self._studio.render.forget(LANE)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(QLabel(self.tr("Distance")))
        top.addWidget(self.distance, 1)
        top.addWidget(self.figure)
        top.addWidget(self.again)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(self.grid, 1)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(LANE, self._on_frames)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self.distance.value_changed.connect(self._on_distance)
        self.again.clicked.connect(self._on_again)
        self.grid.picked.connect(self._on_picked)
        self.grid.dragged.connect(self._on_dragged)
        middle = self.grid.pictures[MIDDLE]
        middle.card_dropped.connect(self._on_card_dropped)
        middle.refused.connect(studio.on_refused)
        self.grid.set_smooth(studio.settings.smooth)

    def _refresh(self) -> None:
        state = self._studio.state
        if state is None:
            return
        distance = self.distance.value()
        sigmas = distance * expected_norm(state.prior, state.z_dim) / component_sigma(state.prior)
        self.figure.setText(self.tr("{0} r  ·  {1} σ").format(f"{distance:.2f}", f"{sigmas:.1f}"))
        if not self.isVisible():
            return
        middle = self._studio.z_of(state.picture)
        around = neighbours(middle, state.prior, distance, 8, np.random.RandomState(self._draw))
        self._z = np.concatenate([around[:MIDDLE], middle[None], around[MIDDLE:]])
        self._studio.render.request(LANE, self._z, _ORDER)

    def _point(self, index: int) -> Point | None:
        state = self._studio.state
        if state is None or index >= len(self._z):
            return None
        if index == MIDDLE:
            return state.picture
        return Point(self._z[index], origin=variant_of(state.picture, self.tr("variant of {0}")))

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._refresh()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.grid.set_smooth(settings.smooth)

    def _on_frames(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self.grid.show_pixels(row, picture, frames.seq)

    @Slot(float)
    def _on_distance(self, _distance: float) -> None:
        self._refresh()

    @Slot()
    def _on_again(self) -> None:
        self._draw = self._studio.random_seed()
        self._refresh()

    @Slot(int)
    def _on_picked(self, index: int) -> None:
        point = self._point(index)
        if point is not None and index != MIDDLE:
            self._draw = self._studio.random_seed()
            self._studio.apply(changes.put_in_place(point), self.tr("Go to a variant"))

    @Slot(int)
    def _on_dragged(self, index: int) -> None:
        point = self._point(index)
        if point is not None:
            start_drag(self.grid.pictures[index], self._studio.card_of(point))

    @Slot(object)
    def _on_card_dropped(self, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(card.name))


def variant_of(point: Point, text: str) -> str:
    """Name what a variant comes from; a variant's variants come from the same.

    Args:
        point: What it is a variant of.
        text: With ``{0}`` where the name belongs.
    """
    start = text.split("{0}")[0]
    return point.origin if start and point.origin.startswith(start) else text.format(point.title())
