"""BREED: the children of two pictures; the best of them are the next parents."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.latent.arrays import FloatArray
from latentlab.latent.breeding import Way, children
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture_grid import PictureGrid
from latentlab.ui.widgets.slider_row import CentredSlider

LANE = "breed"
CHILDREN = 8
_COLUMNS = 4
_MOST_MUTATION = 1.0
_USUAL_MUTATION = 0.2


@dataclass(frozen=True, eq=False)
class _Generation:
    """Two parents, of which either may be missing yet, and the draw that their children come from."""

    parents: tuple[Point | None, Point | None]
    draw: int


class BreedPanel(QWidget):
    """Holds the parents; nothing in it is a change of the document until a child is picked up or dragged away."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._generation = _Generation((None, None), studio.random_seed())
        self._earlier: list[_Generation] = []
        self._children = np.zeros((0, 1), np.float32)
        self._chosen: list[int] = []
        self._rows: list[tuple[PictureGrid, int]] = []
        self.parents = PictureGrid(2)
        self.parents.set_count(2)
        hint = self.tr("Drop a card, or click for the picture in hand")
        for index, view in enumerate(self.parents.pictures):
            view.setAcceptDrops(True)
            view.set_hint(hint)
            view.setToolTip(self.tr("A parent. Drop a card here; click to take the picture in hand."))
            self.parents.caption(index, "", self.tr("Parent {0}").format("AB"[index]))
        self.way = QComboBox()
        self.way.addItem(self.tr("Cross"), "cross")
        self.way.addItem(self.tr("Average"), "average")
        self.way.setAccessibleName(self.tr("How the parents are mixed"))
        self.way.setToolTip(
            self.tr(
                "Cross takes each component of z from either parent, by the toss of a coin; average takes points on\n"
                "the arc between them. (Bontrager et al. 2018, arXiv:1801.08230; White 2016, arXiv:1609.04468)"
            )
        )
        self.mutation = CentredSlider(0.0, _MOST_MUTATION, _USUAL_MUTATION, 0.05)
        self.mutation.setAccessibleName(self.tr("Mutation"))
        self.mutation.setToolTip(self.tr("How far each child is moved on at random, in radii of the shell of samples"))
        self.figure = QLabel()
        self.figure.setObjectName("figure")
        self.again = icon_button("shuffle", self.tr("Other children of the same parents"))
        self.grid = PictureGrid(_COLUMNS)
        self.grid.set_count(CHILDREN)
        for index, view in enumerate(self.grid.pictures):
            view.setToolTip(self.tr("Click to choose it, two at most; drag it to the shelf or to a well."))
            self.grid.caption(index, "", self.tr("Child {0}").format(index + 1))
        self.advice = QLabel()
        self.advice.setObjectName("muted")
        self.advice.setWordWrap(True)
        self.back = QPushButton(self.tr("Back"))
        self.back.setToolTip(self.tr("The parents before these"))
        self.take = QPushButton(self.tr("Pick up"))
        self.take.setToolTip(self.tr("Put the child chosen last under the sliders"))
        self.breed = QPushButton(self.tr("Breed the chosen"))
        self.breed.setObjectName("primary")
        self.breed.setToolTip(self.tr("Make the chosen children the next parents; one alone is bred with parent B"))
        self._lay_out()
        self._connect()
        self._refresh()

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what is to be seen; without parents yet, those of the picture in hand and the strip's other end."""
        super().showEvent(event)
        state = self._studio.state
        if state is not None and self._generation.parents == (None, None):
            other = state.end("a" if state.strip.held == "b" else "b")
            self._generation = _Generation((state.picture, other), self._generation.draw)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        self._studio.render.forget(LANE)

    def _lay_out(self) -> None:
        settings = QGridLayout()
        settings.setSpacing(8)
        settings.addWidget(QLabel(self.tr("Mix")), 0, 0)
        settings.addWidget(self.way, 0, 1)
        settings.addWidget(self.again, 0, 2)
        settings.addWidget(QLabel(self.tr("Mutation")), 1, 0)
        settings.addWidget(self.mutation, 1, 1)
        settings.addWidget(self.figure, 1, 2)
        settings.setRowStretch(2, 1)
        settings.setColumnStretch(1, 1)
        top = QHBoxLayout()
        top.setSpacing(16)
        top.addWidget(self.parents, 3)
        top.addLayout(settings, 2)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.advice, 1)
        for button in (self.back, self.take, self.breed):
            buttons.addWidget(button, 0, Qt.AlignmentFlag.AlignBottom)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.setSpacing(8)
        layout.addLayout(top, 2)
        layout.addWidget(self.grid, 3)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(LANE, self._on_frames)
        studio.model_changed.connect(self._on_model)
        studio.settings_changed.connect(self._on_settings)
        self.parents.picked.connect(self._on_parent_picked)
        self.parents.dragged.connect(self._on_parent_dragged)
        for view, slot in zip(self.parents.pictures, (self._on_dropped_a, self._on_dropped_b), strict=True):
            view.card_dropped.connect(slot)
            view.refused.connect(studio.on_refused)
        self.way.currentIndexChanged.connect(self._on_way)
        self.mutation.value_changed.connect(self._on_mutation)
        self.again.clicked.connect(self._on_again)
        self.grid.picked.connect(self._on_child_picked)
        self.grid.dragged.connect(self._on_child_dragged)
        self.back.clicked.connect(self._on_back)
        self.take.clicked.connect(self._on_take)
        self.breed.clicked.connect(self._on_breed)
        for grid in (self.parents, self.grid):
            grid.set_smooth(studio.settings.smooth)

    def _refresh(self) -> None:
        """Breed, and ask for the pictures."""
        model = self._studio.model
        self.figure.setText(f"{self.mutation.value():.2f} r")
        self._show_choice()
        if model is None:
            return
        a, b = self._generation.parents
        rows: list[FloatArray] = []
        asked: list[tuple[PictureGrid, int]] = []
        for index, point in enumerate((a, b)):
            if point is None:
                self.parents.show_pixels(index, None)
            else:
                rows.append(self._studio.z_of(point))
                asked.append((self.parents, index))
        self._children = np.zeros((0, model.z_dim), np.float32)
        if a is not None and b is not None:
            way: Way = self.way.currentData()
            random = np.random.RandomState(self._generation.draw)
            self._children = children(rows[0], rows[1], way, model.prior, self.mutation.value(), CHILDREN, random)
            rows += list(self._children)
            asked += [(self.grid, index) for index in range(CHILDREN)]
        else:
            for index in range(CHILDREN):
                self.grid.show_pixels(index, None)
        if asked != self._rows:
            self._studio.render.forget(LANE)
            self._rows = asked
        if rows and self.isVisible():
            self._studio.render.request(LANE, np.stack(rows))

    def _show_choice(self) -> None:
        ready = all(point is not None for point in self._generation.parents)
        for index, view in enumerate(self.grid.pictures):
            view.set_selected(index in self._chosen)
        self.breed.setEnabled(ready and bool(self._chosen))
        self.take.setEnabled(ready and bool(self._chosen))
        self.again.setEnabled(ready)
        self.back.setEnabled(bool(self._earlier))
        if not ready:
            self.advice.setText(self.tr("Two parents first: drop cards above."))
        elif not self._chosen:
            self.advice.setText(self.tr("Choose the best one or two: they are the next parents."))
        else:
            self.advice.setText(self.tr("{0} chosen, generation {1}").format(len(self._chosen), len(self._earlier) + 1))

    def _begin(self, parents: tuple[Point | None, Point | None]) -> None:
        if all(point is not None for point in self._generation.parents):
            self._earlier.append(self._generation)
        self._generation = _Generation(parents, self._studio.random_seed())
        self._chosen = []
        self._refresh()

    def _set_parent(self, index: int, point: Point) -> None:
        a, b = self._generation.parents
        self._begin((point, b) if index == 0 else (a, point))

    def _child(self, index: int) -> Point | None:
        if index >= len(self._children):
            return None
        return Point(self._children[index], origin=self.tr("child, generation {0}").format(len(self._earlier) + 1))

    def _on_frames(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            grid, index = self._rows[row]
            grid.show_pixels(index, picture, frames.seq)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Keep the parents where the model can draw them."""
        points = [point for point in self._generation.parents if point is not None]
        if any(len(point.base) != model.z_dim for point in points):
            self._generation = _Generation((None, None), self._generation.draw)
            self._chosen = []
        self._earlier = [
            each for each in self._earlier if all(p is not None and len(p.base) == model.z_dim for p in each.parents)
        ]
        self._refresh()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for grid in (self.parents, self.grid):
            grid.set_smooth(settings.smooth)

    @Slot(int)
    def _on_parent_picked(self, index: int) -> None:
        if self._studio.state is not None:
            self._set_parent(index, self._studio.state.picture)

    @Slot(int)
    def _on_parent_dragged(self, index: int) -> None:
        point = self._generation.parents[index]
        if point is not None:
            start_drag(self.parents.pictures[index], self._studio.card_of(point))

    @Slot(object)
    def _on_dropped_a(self, card: Card) -> None:
        self._on_dropped(0, card)

    @Slot(object)
    def _on_dropped_b(self, card: Card) -> None:
        self._on_dropped(1, card)

    def _on_dropped(self, index: int, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            self._set_parent(index, point)

    @Slot(int)
    def _on_way(self, _index: int) -> None:
        self._refresh()

    @Slot(float)
    def _on_mutation(self, _value: float) -> None:
        self._refresh()

    @Slot()
    def _on_again(self) -> None:
        self._begin(self._generation.parents)

    @Slot(int)
    def _on_child_picked(self, index: int) -> None:
        """Choose or let go; of three the first is let go."""
        if index >= len(self._children):
            return
        if index in self._chosen:
            self._chosen.remove(index)
        else:
            self._chosen = [*self._chosen, index][-2:]
        self._show_choice()

    @Slot(int)
    def _on_child_dragged(self, index: int) -> None:
        point = self._child(index)
        if point is not None:
            start_drag(self.grid.pictures[index], self._studio.card_of(point))

    @Slot()
    def _on_back(self) -> None:
        self._generation = self._earlier.pop()
        self._chosen = []
        self._refresh()

    @Slot()
    def _on_take(self) -> None:
        point = self._child(self._chosen[-1])
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(point.title()))

    @Slot()
    def _on_breed(self) -> None:
        best = [self._child(index) for index in self._chosen]
        self._begin((best[0], best[1] if len(best) == 2 else self._generation.parents[1]))
