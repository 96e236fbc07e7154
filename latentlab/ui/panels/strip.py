"""STRIP: the row of pictures between the two ends, always in sight, always current."""

from __future__ import annotations

import math
import time

import numpy as np
from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.latent.interpolation import INTERPOLATORS, MODES, Mode
from latentlab.rendering.requests import ends_and_middle_first
from latentlab.session import changes
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import MAX_FRAMES, MIN_FRAMES, SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.end_well import EndWell
from latentlab.ui.panels.heading import heading, icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.number_box import CountBox
from latentlab.ui.widgets.picture import PictureView

LANE = "strip"
_HEIGHT_PX = 100
_ASK_EVERY_MS = 16


class FrameView(PictureView):
    """A picture between the ends: click to pick it up, drag it away as a card."""

    def __init__(self, strip: StripPanel, index: int) -> None:
        super().__init__()
        self._strip = strip
        self._index = index
        self.set_clickable(True)
        self.setToolTip(self.tr("Click to pick this picture up; drag it to the shelf or to a well."))
        self.setAccessibleName(self.tr("Frame {0}").format(index + 1))
        self.clicked.connect(self._on_clicked)
        self.drag_started.connect(self._on_drag)

    @Slot()
    def _on_clicked(self) -> None:
        self._strip.pick_up(self._index)

    @Slot()
    def _on_drag(self) -> None:
        self._strip.drag(self._index, self)


class StripPanel(QWidget):
    """Both ends, the frames between, and how they are found.

    Signals:
        play_wanted: The play button was pressed; GUI thread.
        export_wanted: The export button was pressed; GUI thread.
    """

    play_wanted = Signal()
    export_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("panel")
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self._studio = studio
        self.end_a, self.end_b = EndWell(studio, "a"), EndWell(studio, "b")
        self._frames: list[FrameView] = []
        self._path = np.zeros((0, 1), np.float32)
        self.mode = QComboBox()
        self.mode.addItems(list(MODES))
        self.mode.setToolTip(
            self.tr(
                "slerp follows the great arc between the ends and stays where the prior lies; lerp cuts the corner,\n"
                "its middle is less typical. (White 2016, arXiv:1609.04468)"
            )
        )
        self.mode.setAccessibleName(self.tr("Interpolation"))
        self.count = CountBox()
        self.count.setRange(MIN_FRAMES, MAX_FRAMES)
        self.count.setSuffix(self.tr(" frames"))
        self.count.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.count.setToolTip(self.tr("Pictures in the strip, both ends included; 3 to 24"))
        self.count.setAccessibleName(self.tr("Frames in the strip"))
        self.play = icon_button("play", self.tr("Play the walk from A to B (P)"))
        self.swap = icon_button("swap", self.tr("Swap the ends"))
        self.export = icon_button("export", self.tr("Export the walk as GIF, WebP, APNG, MP4 or picture… (Ctrl+E)"))
        self._row = QHBoxLayout()
        self._row.setSpacing(4)
        self._lay_out()
        # A turn of the event loop later, so that the picture, which goes first, is under way.
        self._drawing = QTimer(self)
        self._drawing.setSingleShot(True)
        self._asked_at_s = -math.inf
        self._asked_seq = -1
        self._undrawn: set[int] = set()
        self._drawing.timeout.connect(self._on_draw)
        studio.render.receive(LANE, self._on_frames)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self.mode.textActivated.connect(self._on_mode)
        self.count.valueChanged.connect(self._on_count)
        self.swap.clicked.connect(self._on_swap)
        self.play.clicked.connect(self.play_wanted)
        self.export.clicked.connect(self.export_wanted)

    def pick_up(self, index: int) -> None:
        """Put a frame under the hand."""
        self._studio.apply(changes.pick_up(self._point(index)), self.tr("Pick up frame {0}").format(index + 1))

    def drag(self, index: int, source: QWidget) -> None:
        """Drag a frame away as a card."""
        start_drag(source, self._studio.card_of(self._point(index)))

    def _point(self, index: int) -> Point:
        return Point(self._path[index], origin=self.tr("frame {0} of {1}").format(index + 1, len(self._path)))

    def _lay_out(self) -> None:
        controls = QHBoxLayout()
        controls.setContentsMargins(0, 4, 12, 4)
        controls.setSpacing(6)
        controls.addWidget(heading(self.tr("Strip")))
        controls.addStretch(1)
        for widget in (self.mode, self.count, self.swap, self.play, self.export):
            controls.addWidget(widget)
        pictures = QHBoxLayout()
        pictures.setContentsMargins(12, 0, 12, 10)
        pictures.setSpacing(8)
        labels = [QLabel(name) for name in "AB"]
        for label in labels:
            label.setObjectName("muted")
        for well in (self.end_a, self.end_b):
            well.setFixedHeight(_HEIGHT_PX)
            self._row.addWidget(well, 1)
        pictures.addWidget(labels[0])
        pictures.addLayout(self._row, 1)
        pictures.addWidget(labels[1])
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addLayout(controls)
        layout.addLayout(pictures)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        strip = state.strip
        self.mode.setCurrentText(strip.mode)
        self.count.blockSignals(True)
        self.count.setValue(strip.frames)
        self.count.blockSignals(False)
        self._make_frames(strip.frames - 2)
        if not self._drawing.isActive():
            self._drawing.start(self._pause_ms())

    def _pause_ms(self) -> int:
        """Return how long to wait before asking anew, which is only where this thread draws what was asked before."""
        if not self._undrawn or not self._studio.render.draws_here:
            return 0
        since_ms = (time.monotonic() - self._asked_at_s) * 1000.0
        return math.ceil(max(0.0, _ASK_EVERY_MS - since_ms))

    @Slot()
    def _on_draw(self) -> None:
        state = self._studio.state
        if state is None:
            return
        strip = state.strip
        a, b = self._studio.z_of(state.end("a")), self._studio.z_of(state.end("b"))
        self._path = between(a, b, strip.frames, strip.mode)
        self._studio.render.request(LANE, self._path, ends_and_middle_first(strip.frames))
        if self._asked_seq != self._studio.render.seq:
            self._asked_at_s, self._asked_seq = time.monotonic(), self._studio.render.seq
            self._undrawn = set(range(strip.frames))

    def _make_frames(self, count: int) -> None:
        while len(self._frames) > count:
            view = self._frames.pop()
            self._row.removeWidget(view)
            view.deleteLater()
        while len(self._frames) < count:
            view = FrameView(self, len(self._frames) + 1)
            view.set_smooth(self._studio.settings.smooth)
            view.setFixedHeight(_HEIGHT_PX)
            view.setMinimumWidth(16)
            self._frames.append(view)
            self._row.insertWidget(len(self._frames), view, 1)

    def _on_frames(self, frames: Frames) -> None:
        views = [self.end_a, *self._frames, self.end_b]
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            if row < len(views):
                views[row].set_pixels(picture, frames.seq)
        if frames.seq == self._asked_seq:
            self._undrawn.difference_update(frames.rows)
            if not self._undrawn and self._drawing.isActive():
                self._drawing.start(0)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for view in (self.end_a, *self._frames, self.end_b):
            view.set_smooth(settings.smooth)

    @Slot(str)
    def _on_mode(self, text: str) -> None:
        mode: Mode = "lerp" if text == "lerp" else "slerp"
        self._studio.apply(changes.set_mode(mode), text)

    @Slot(int)
    def _on_count(self, count: int) -> None:
        self._studio.apply(changes.set_frames(count), self.tr("{0} frames").format(count), ("frames",))

    @Slot()
    def _on_swap(self) -> None:
        self._studio.apply(changes.swap_ends(), self.tr("Swap the ends"))


def between(
    a: np.ndarray[tuple[int], np.dtype[np.float32]],
    b: np.ndarray[tuple[int], np.dtype[np.float32]],
    frames: int,
    mode: Mode,
) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    """Return the latents of a strip, shape (frames, z_dim); a zero end, which slerp cannot take, is lerped."""
    if not a.any() or not b.any():
        mode = "lerp"
    return INTERPOLATORS[mode](a, b, np.linspace(0.0, 1.0, frames))
