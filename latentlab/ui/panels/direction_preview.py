"""A picture moved along one direction, seven strengths side by side."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Qt, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.rendering.requests import ends_and_middle_first
from latentlab.session import changes
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import heading, icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import PictureView

STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
_PICTURE_PX = 76
_OF_HAND, _OF_SAMPLE = range(2)


class PreviewPicture(PictureView):
    """A picture along the direction: click to pick it up, drag it away as a card."""

    def __init__(self, preview: DirectionPreview, place: int) -> None:
        super().__init__()
        self._preview = preview
        self._place = place
        self.set_clickable(True)
        self.set_hint(" ")
        self.setFixedHeight(_PICTURE_PX)
        self.setMinimumWidth(48)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setAccessibleName(self.tr("{0} sigma along the direction").format(f"{STRENGTHS[place]:+.0f}"))
        self.setToolTip(self.tr("Click to pick this picture up; drag it to the shelf or to a well."))
        self.clicked.connect(self._on_clicked)
        self.drag_started.connect(self._on_drag)

    @Slot()
    def _on_clicked(self) -> None:
        self._preview.pick_up(self._place)

    @Slot()
    def _on_drag(self) -> None:
        self._preview.drag(self._place, self)


class DirectionPreview(QWidget):
    """Shows what a direction does, to the picture in hand or to a sample, and follows both while it is in sight.

    Args:
        studio: What is open.
        lane: Of the render thread; one preview has it.
        title: What stands before the choice of the picture.
    """

    def __init__(self, studio: Studio, lane: str, title: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._lane = lane
        self._direction: Direction | None = None
        self._name = ""
        self._sample: Point | None = None
        self._z: FloatArray | None = None
        self.of = QComboBox()
        self.of.addItems([self.tr("the picture in hand"), self.tr("a sample")])
        self.of.setAccessibleName(self.tr("Picture moved along the direction"))
        self.of.setToolTip(self.tr("Which picture is moved along the direction"))
        self.another = icon_button("dice", self.tr("Another sample"))
        self.another.setEnabled(False)
        self.pictures = [PreviewPicture(self, place) for place in range(len(STRENGTHS))]
        self._lay_out(title)
        studio.render.receive(lane, self._on_frames)
        studio.state_changed.connect(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self._on_settings(studio.settings)
        self.of.currentIndexChanged.connect(self._on_of)
        self.another.clicked.connect(self._on_another)

    def _lay_out(self, title: str) -> None:
        label = heading(title)
        label.setStyleSheet("padding: 0")
        head = QHBoxLayout()
        head.setSpacing(8)
        head.addWidget(label)
        head.addWidget(self.of)
        head.addWidget(self.another)
        head.addStretch(1)
        row = QGridLayout()
        row.setSpacing(4)
        for place, picture in enumerate(self.pictures):
            row.addWidget(picture, 0, place)
            strength = QLabel(f"{STRENGTHS[place]:+.0f} σ" if STRENGTHS[place] else "0")
            strength.setObjectName("muted")
            strength.setAlignment(Qt.AlignmentFlag.AlignCenter)
            row.addWidget(strength, 1, place)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(head)
        layout.addLayout(row)

    def show_direction(self, direction: Direction | None, name: str) -> None:
        """Show another direction, or none; `name` is what its pictures are called."""
        self._direction, self._name = direction, name
        self._ask()

    def pick_up(self, place: int) -> None:
        """Put a picture under the hand."""
        point = self._point(place)
        if point is not None:
            self._studio.apply(changes.pick_up(point), self.tr("Pick up {0}").format(point.title()))

    def drag(self, place: int, source: QWidget) -> None:
        """Drag a picture away as a card."""
        point = self._point(place)
        if point is not None:
            start_drag(source, self._studio.card_of(point))

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what happened out of sight."""
        super().showEvent(event)
        self._ask()

    def _point(self, place: int) -> Point | None:
        return None if self._z is None else Point(self._z[place], origin=f"{self._name} {STRENGTHS[place]:+.0f} σ")

    def _ask(self) -> None:
        state, direction = self._studio.state, self._direction
        if direction is None or state is None or len(direction.vector) != state.z_dim:
            self._z = None
            for view in self.pictures:
                view.set_pixels(None)
            return
        if not self.isVisible():
            return
        point = state.picture
        if self.of.currentIndex() == _OF_SAMPLE:
            if self._sample is None or len(self._sample.base) != state.z_dim:
                self._sample = self._studio.random_point()
            point = self._sample
        steps = np.array(STRENGTHS, np.float32)[:, None] * np.float32(direction.sigma) * direction.vector
        self._z = self._studio.z_of(point) + steps
        self._studio.render.request(self._lane, self._z, ends_and_middle_first(len(STRENGTHS)))

    def _on_frames(self, frames: Frames) -> None:
        if self._z is not None:
            for row, picture in zip(frames.rows, frames.pixels, strict=True):
                self.pictures[row].set_pixels(picture, frames.seq)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._ask()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for view in self.pictures:
            view.set_smooth(settings.smooth)

    @Slot(int)
    def _on_of(self, index: int) -> None:
        self.another.setEnabled(index == _OF_SAMPLE)
        self._ask()

    @Slot()
    def _on_another(self) -> None:
        self._sample = None
        self._ask()
