"""INTERPOLATE: the walk between the two ends, large: scrub it, play it, loop it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QTimer, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.latent.priors import typicality, typicality_spread
from latentlab.session import changes
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.icons import icon
from latentlab.ui.panels.end_well import EndWell
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.panels.strip import between
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.number_box import CountBox
from latentlab.ui.widgets.picture import PictureView
from latentlab.ui.widgets.slider_row import CentredSlider
from latentlab.ui.widgets.typicality import TypicalityMeter

LANE = "walk"
ENDS_LANE = "walk ends"
_TICK_MS = 33
_END_PX = 128


class InterpolatePanel(QWidget):
    """Both ends and the picture between them, at a fraction that a hand or the clock moves.

    Signals:
        export_wanted: The export button was pressed; GUI thread.
        playing_changed: Whether the walk plays; GUI thread.
        explore_wanted: A picture was picked up, to be seen on the explore page; GUI thread.
    """

    export_wanted = Signal()
    playing_changed = Signal(bool)
    explore_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._fraction = 0.5
        self._forward = True
        self._point: Point | None = None
        self.end_a, self.end_b = EndWell(studio, "a"), EndWell(studio, "b")
        self.view = PictureView(surround=True, padding_px=16)
        self.view.setAccessibleName(self.tr("The picture on the walk"))
        self.scrubber = CentredSlider(0.0, 1.0, 0.0, 0.02)
        self.scrubber.set_value(0.5)
        self.scrubber.setToolTip(self.tr("Where on the walk: 0 is end A, 1 is end B"))
        self.scrubber.setAccessibleName(self.tr("Position on the walk"))
        self.position = QLabel("0.50")
        self.position.setFixedWidth(34)
        self.play = icon_button("play", self.tr("Play or pause the walk (P)"))
        self.ping_pong = icon_button("ping-pong", self.tr("Walk back again instead of jumping to A"), checkable=True)
        self.ping_pong.setChecked(True)
        self.seconds = CountBox()
        self.seconds.setRange(1, 60)
        self.seconds.setValue(2)
        self.seconds.setPrefix(self.tr("one way "))
        self.seconds.setSuffix(self.tr(" s"))
        self.seconds.setToolTip(self.tr("Duration of one way, in seconds"))
        self.seconds.setAccessibleName(self.tr("Duration of one way"))
        self.pick = icon_button("explore", self.tr("Pick this picture up and play on with it"))
        self.keep = icon_button("keep", self.tr("Keep this picture on the shelf"))
        self.export = QPushButton(icon("export"), self.tr("Export…"))
        self.export.setToolTip(self.tr("Export the walk as GIF, WebP, APNG, MP4 or picture (Ctrl+E)"))
        self.meter = TypicalityMeter()
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._lay_out()
        self._connect()

    @property
    def playing(self) -> bool:
        """Whether the walk plays."""
        return self._timer.isActive()

    @Slot()
    def toggle_play(self) -> None:
        """Play or pause."""
        if self.playing:
            self._timer.stop()
        else:
            self._timer.start()
        self.play.setIcon(icon("pause" if self.playing else "play"))
        self.playing_changed.emit(self.playing)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self._render()

    def hideEvent(self, event: QHideEvent) -> None:
        """Stop playing when nobody looks."""
        if self.playing:
            self.toggle_play()
        super().hideEvent(event)

    def _lay_out(self) -> None:
        surround = QWidget()
        surround.setObjectName("surround")
        surround.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        stage = QHBoxLayout(surround)
        stage.setContentsMargins(12, 0, 12, 0)
        stage.setSpacing(0)
        for name, well in (("A", self.end_a), ("B", self.end_b)):
            column = QVBoxLayout()
            column.setContentsMargins(12, 12, 12, 12)
            label = QLabel(self.tr("End {0}").format(name))
            label.setObjectName("muted")
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            well.setFixedSize(_END_PX, _END_PX)
            column.addStretch(1)
            column.addWidget(well)
            column.addWidget(label)
            column.addStretch(1)
            if name == "A":
                stage.addLayout(column)
                stage.addWidget(self.view, 1)
            else:
                stage.addLayout(column)
        walk = QHBoxLayout()
        walk.setContentsMargins(12, 8, 12, 0)
        walk.addWidget(self.scrubber, 1)
        walk.addWidget(self.position)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(12, 4, 12, 8)
        bottom.setSpacing(8)
        for widget in (self.play, self.ping_pong, self.seconds):
            bottom.addWidget(widget)
        bottom.addStretch(1)
        for shown in (self.meter, self.pick, self.keep, self.export):
            bottom.addWidget(shown)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(surround, 1)
        layout.addLayout(walk)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(LANE, self._on_frame)
        studio.render.receive(ENDS_LANE, self._on_ends)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self._timer.timeout.connect(self._on_tick)
        self.scrubber.value_changed.connect(self._on_scrubbed)
        self.play.clicked.connect(self.toggle_play)
        self.pick.clicked.connect(self._on_pick)
        self.keep.clicked.connect(self._on_keep)
        self.export.clicked.connect(self.export_wanted)
        self.view.drag_started.connect(self._on_drag)
        self._on_settings(studio.settings)

    def _render(self) -> None:
        state = self._studio.state
        if state is None or not self.isVisible():
            return
        a, b = self._studio.z_of(state.end("a")), self._studio.z_of(state.end("b"))
        z = between(a, b, 1001, state.strip.mode)[round(self._fraction * 1000)]
        self._point = Point(z, origin=self.tr("walk at {0}").format(f"{self._fraction:.2f}"))
        self._studio.render.request(LANE, z[None])
        ends = between(a, b, 2, state.strip.mode)
        self._studio.render.request(ENDS_LANE, ends)
        spread = typicality_spread(state.prior, state.z_dim)
        self.meter.set_value(float(typicality(z[None], state.prior)[0]), spread)

    def _set_fraction(self, fraction: float) -> None:
        self._fraction = fraction
        self.scrubber.set_value(fraction)
        self.position.setText(f"{fraction:.2f}")
        self._render()

    def _on_frame(self, frames: Frames) -> None:
        self.view.set_pixels(frames.pixels[0], frames.seq)

    def _on_ends(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            (self.end_a, self.end_b)[row].set_pixels(picture, frames.seq)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self._render()

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for view in (self.end_a, self.view, self.end_b):
            view.set_smooth(settings.smooth)

    @Slot(float)
    def _on_scrubbed(self, value: float) -> None:
        self._set_fraction(value)

    @Slot()
    def _on_tick(self) -> None:
        step = _TICK_MS / 1000.0 / self.seconds.value()
        fraction = self._fraction + (step if self._forward else -step)
        if not 0.0 <= fraction <= 1.0:
            if self.ping_pong.isChecked():
                self._forward = not self._forward
                fraction = min(1.0, max(0.0, fraction))
            else:
                self._forward, fraction = True, 0.0
        self._set_fraction(fraction)

    @Slot()
    def _on_pick(self) -> None:
        if self._point is not None:
            self._studio.apply(changes.pick_up(self._point), self.tr("Pick up {0}").format(self._point.title()))
            self._studio.notice.emit(self.tr("Picked up {0}").format(self._point.title()))
            self.explore_wanted.emit()

    def point(self) -> Point | None:
        """Return the point on the walk that is shown."""
        return self._point

    @Slot()
    def _on_keep(self) -> None:
        if self._point is not None:
            self._studio.keep(self._point)

    @Slot()
    def _on_drag(self) -> None:
        if self._point is not None:
            start_drag(self.view, self._studio.card_of(self._point))
