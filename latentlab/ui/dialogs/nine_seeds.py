"""*Latent > Nine other seeds*: the edit in hand on other pictures, before and after; does it generalise?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from PySide6.QtCore import QSize, Qt, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.latent.compose import compose
from latentlab.latent.priors import sample
from latentlab.session import changes
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture_grid import PictureGrid

BEFORE_LANE, AFTER_LANE = "nine seeds before", "nine seeds after"
COUNT = 9
_SIDE = 3
_SIZE_PX = QSize(720, 480)


class NineSeedsWindow(QDialog):
    """Nine pairs that follow the sliders. GUI thread only."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("The same edit on nine other seeds"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self.first_seed = studio.random_seed()
        self._named: range | None = None
        self.caption = QLabel()
        self.caption.setObjectName("muted")
        self.caption.setWordWrap(True)
        self.dice = icon_button("dice", self.tr("Nine other seeds"))
        self.pairs = [PictureGrid(2) for _ in range(COUNT)]
        self._labels = [QLabel() for _ in range(COUNT)]
        for pair in self.pairs:
            pair.set_count(2)
            pair.set_smooth(studio.settings.smooth)
            pair.picked.connect(self._on_picked)
            pair.dragged.connect(self._on_dragged)
        self._lay_out()
        studio.render.receive(BEFORE_LANE, self._on_before)
        studio.render.receive(AFTER_LANE, self._on_after)
        studio.settings_changed.connect(self._on_settings)
        self.dice.clicked.connect(self._on_dice)
        studio.follow_state(self._on_state)

    def showEvent(self, event: QShowEvent) -> None:
        """Draw what changed while out of sight."""
        super().showEvent(event)
        self._refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        self._studio.render.forget(BEFORE_LANE)
        self._studio.render.forget(AFTER_LANE)

    def offer(self) -> None:
        """Show the window."""
        self.show()
        self.raise_()
        self.activateWindow()

    def points(self, edited: bool) -> list[Point]:
        """Return the nine points: of the seeds with the picture's truncation, and with its strengths where wanted."""
        state = self._studio.state
        if state is None:
            return []
        found = []
        for seed in range(self.first_seed, self.first_seed + COUNT):
            base = Point.from_seed(seed, state.z_dim, state.prior)
            steps = replace(state.picture, base=base.base, seed=seed, origin="")
            found.append(steps if edited else replace(steps, strengths={}))
        return found

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.addWidget(self.caption, 1)
        top.addWidget(self.dice)
        grid = QGridLayout()
        grid.setHorizontalSpacing(24)
        grid.setVerticalSpacing(8)
        for index, (pair, label) in enumerate(zip(self.pairs, self._labels, strict=True)):
            label.setObjectName("muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            box = QVBoxLayout()
            box.setSpacing(2)
            box.addWidget(pair, 1)
            box.addWidget(label)
            grid.addLayout(box, *divmod(index, _SIDE))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(grid, 1)

    def _refresh(self) -> None:
        state = self._studio.state
        if state is None or not self.isVisible():
            return
        edits = [f"{name} {strength:+.3g}" for name, strength in state.picture.strengths.items()]
        self.caption.setText(
            self.tr("Before and after {0}").format(", ".join(edits))
            if edits
            else self.tr("Move a slider: what it does to the picture in hand is done to these nine seeds too.")
        )
        seeds = range(self.first_seed, self.first_seed + COUNT)
        if seeds != self._named:
            self._name(seeds)
        bases = np.concatenate([sample(state.prior, 1, state.z_dim, seed) for seed in seeds])
        steps = state.picture
        # The strengths alone, worked out once for all nine.
        alone = replace(steps, base=np.zeros(state.z_dim, np.float32), truncation=1.0, renormalised=False)
        moved = self._studio.z_of(alone)
        for lane, offset in ((BEFORE_LANE, np.zeros_like(moved)), (AFTER_LANE, moved)):
            z = compose(bases, offset, steps.truncation, steps.renormalised, state.prior)
            self._studio.render.request(lane, z)

    def _name(self, seeds: range) -> None:
        self._named = seeds
        for seed, pair, label in zip(seeds, self.pairs, self._labels, strict=True):
            label.setText(self.tr("seed {0}").format(seed))
            for column, name in enumerate((self.tr("Seed {0}, before"), self.tr("Seed {0}, after"))):
                pair.caption(column, "", name.format(seed))
                pair.pictures[column].setToolTip(
                    self.tr("{0}. Click to pick it up; drag it to the shelf or to a well.").format(name.format(seed))
                )

    def _place(self, pair: object) -> int:
        return next((index for index, each in enumerate(self.pairs) if each is pair), 0)

    def _on_before(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self.pairs[row].show_pixels(0, picture, frames.seq)

    def _on_after(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self.pairs[row].show_pixels(1, picture, frames.seq)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._refresh()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for pair in self.pairs:
            pair.set_smooth(settings.smooth)

    @Slot()
    def _on_dice(self) -> None:
        self.first_seed = self._studio.random_seed()
        self._refresh()

    @Slot(int)
    def _on_picked(self, column: int) -> None:
        point = self.points(column == 1)[self._place(self.sender())]
        self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(point.title()))

    @Slot(int)
    def _on_dragged(self, column: int) -> None:
        place = self._place(self.sender())
        point = self.points(column == 1)[place]
        start_drag(self.pairs[place].pictures[column], self._studio.card_of(point))
