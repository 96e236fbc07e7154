"""MAP: a plane of latents to walk on, and a map of samples."""

from __future__ import annotations

from PySide6.QtCore import Qt, Slot
from PySide6.QtWidgets import (
    QButtonGroup,
    QComboBox,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.latent.directions import Direction
from latentlab.session.state import SessionState
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.panels.plane_map import PlaneMap
from latentlab.ui.panels.sample_map import SampleMap
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.plane_view import ZOOM_STEP, PlaneView

SEEDS, DIRECTIONS, SAMPLES = range(3)
_AXIS_PX = 160


class MapsPanel(QWidget):
    """Three maps of one latent space, one at a time: seeds, two directions, samples."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._offered: tuple[Direction, ...] = ()
        self.plane = PlaneMap(studio)
        self.samples = SampleMap(studio)
        self.views = QButtonGroup(self)
        seeds = self.tr(
            "A plane whose whole points are seeds; what lies between is interpolated. The sliders act on all of it.\n"
            "(Karras et al. 2021, arXiv:2106.12423: its visualizer)"
        )
        directions = self.tr("A plane of two directions around the picture in hand; a unit is one sigma.")
        samples = self.tr(
            "Samples of the model, those that look alike close together; the shelf's cards are pinned.\n"
            "(Pearson 1901: the plane of closest fit)"
        )
        for view, text, tip in (
            (SEEDS, self.tr("Seeds"), seeds),
            (DIRECTIONS, self.tr("Directions"), directions),
            (SAMPLES, self.tr("Samples"), samples),
        ):
            button = QToolButton()
            button.setText(text)
            button.setToolTip(tip)
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            self.views.addButton(button, view)
        self.views.button(SEEDS).setChecked(True)
        self.to_right, self.upwards = QComboBox(), QComboBox()
        for box, name in (
            (self.to_right, self.tr("Direction to the right")),
            (self.upwards, self.tr("Direction upwards")),
        ):
            box.setAccessibleName(name)
            box.setToolTip(self.tr("{0}; a unit of the map is one sigma").format(name))
            box.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
            box.setMinimumContentsLength(4)
            box.setMaximumWidth(_AXIS_PX)
            box.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.caption = QLabel()
        self.caption.setObjectName("muted")
        self.caption.setToolTip(
            self.tr("How much of what tells the samples apart the two axes show: share of the variance")
        )
        self.caption.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.caption.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
        self.hint = QLabel()
        self.hint.setObjectName("muted")
        self.hint.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.hint.setContentsMargins(12, 4, 12, 4)
        self.out = icon_button("minus", self.tr("Zoom out (−)"))
        self.into = icon_button("plus", self.tr("Zoom in (+)"))
        self.all = icon_button("fit", self.tr("Back to the first zoom (0)"))
        self._maps = QStackedWidget()
        self._maps.addWidget(self.plane)
        self._maps.addWidget(self.samples)
        self._lay_out()
        self.views.idClicked.connect(self.show_view)
        self.to_right.activated.connect(self._on_axis)
        self.upwards.activated.connect(self._on_axis)
        self.out.clicked.connect(self._on_out)
        self.into.clicked.connect(self._on_into)
        self.all.clicked.connect(self._on_all)
        self.samples.described.connect(self._on_described)
        studio.follow_state(self._on_state)
        self.show_view(SEEDS)

    def _lay_out(self) -> None:
        self._axes = QWidget()
        axes = QHBoxLayout(self._axes)
        axes.setContentsMargins(0, 0, 0, 0)
        axes.setSpacing(8)
        for title, box in (("x", self.to_right), ("y", self.upwards)):
            label = QLabel(title)
            label.setObjectName("muted")
            axes.addWidget(label)
            axes.addWidget(box)
        top = QHBoxLayout()
        top.setContentsMargins(12, 6, 12, 6)
        top.setSpacing(4)
        for button in self.views.buttons():
            top.addWidget(button)
        top.addSpacing(8)
        top.addWidget(self._axes, 1000)
        top.addWidget(self.caption, 1)
        for button in (self.out, self.into, self.all):
            top.addWidget(button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(top)
        layout.addWidget(self._maps, 1)
        layout.addWidget(self.hint)

    def close_service(self) -> None:
        """End the thread of the map of samples."""
        self.samples.close_service()

    @Slot(int)
    def show_view(self, view: int) -> None:
        """Show one of the maps."""
        self.views.button(view).setChecked(True)
        self._axes.setVisible(view == DIRECTIONS)
        self.caption.clear()
        self.hint.setText(
            self.tr("Click: pick up  ·  drag a picture: take it  ·  drag the ground: move  ·  wheel: zoom")
            if view == SAMPLES
            else self.tr("Drag or arrows: walk  ·  click: go there  ·  wheel: zoom  ·  Shift+drag: take a picture")
        )
        if view == SAMPLES:
            self._maps.setCurrentWidget(self.samples)
            self._on_described(self.samples.description())
        else:
            self._maps.setCurrentWidget(self.plane)
            self.plane.set_axes(self._chosen() if view == DIRECTIONS else None)
        self.setFocusProxy(self._present())

    def _present(self) -> PlaneView:
        return self.samples if self._maps.currentWidget() is self.samples else self.plane

    def _chosen(self) -> tuple[str, str] | None:
        x, y = self.to_right.currentText(), self.upwards.currentText()
        return (x, y) if x and y and x != y else None

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        """Offer the directions that there are now."""
        directions = self._studio.directions
        if directions is self._offered:
            return
        self._offered = directions
        names = [direction.name for direction in directions]
        for place, box in enumerate((self.to_right, self.upwards)):
            present = box.currentText()
            box.clear()
            box.addItems(names)
            box.setCurrentIndex(names.index(present) if present in names else min(place, len(names) - 1))
        if self.views.checkedId() == DIRECTIONS:
            self.plane.set_axes(self._chosen())

    @Slot(int)
    def _on_axis(self, _index: int) -> None:
        if self._chosen() is None:
            # The other axis gives way to the one just chosen.
            other = self.upwards if self.sender() is self.to_right else self.to_right
            other.setCurrentIndex((other.currentIndex() + 1) % max(1, other.count()))
        self.plane.set_axes(self._chosen())

    @Slot()
    def _on_out(self) -> None:
        self._present().zoom(1.0 / ZOOM_STEP)

    @Slot()
    def _on_into(self) -> None:
        self._present().zoom(ZOOM_STEP)

    @Slot()
    def _on_all(self) -> None:
        self._present().fit()

    @Slot(str)
    def _on_described(self, text: str) -> None:
        if self._present() is self.samples:
            self.caption.setText(text)
