"""EXPLORE: the live picture, its seed, truncation and typicality."""

from __future__ import annotations

from dataclasses import replace

from PySide6.QtCore import QLocale, Qt, Signal, Slot
from PySide6.QtWidgets import QCheckBox, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab import log
from latentlab.latent.arrays import IntArray
from latentlab.latent.priors import MAX_SEED, share_outside, typicality, typicality_spread
from latentlab.rendering.requests import PICTURE
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.class_box import ClassBox
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.number_box import NumberBox
from latentlab.ui.widgets.slider_row import CentredSlider
from latentlab.ui.widgets.typicality import TypicalityMeter
from latentlab.ui.widgets.wipe import WipeWell

BEFORE_LANE = "before"
FIRST_PICTURE = "the first picture is on the screen"
"""Logged once; says when the window has come to life."""

_log = log.get(__name__)


class SeedBox(NumberBox):
    """A seed from 0 to 2**32 - 1, which QSpinBox cannot hold; blank where the picture came from no seed."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setDecimals(0)
        self.setRange(-1, MAX_SEED)
        self.setSpecialValueText("—")
        self.setLocale(QLocale.c())
        self.setGroupSeparatorShown(False)
        self.setAlignment(Qt.AlignmentFlag.AlignRight)
        self.setFixedWidth(112)


class ExplorePanel(QWidget):
    """The picture under the hand. Dropped cards are picked up; dragging it away takes it as a card.

    Signals:
        picture_painted: seq of the request whose picture was drawn; GUI thread.
        drawn: The picture, shape (H, W, C), uint8, whether or not this panel is in sight; GUI thread.
    """

    picture_painted = Signal(int)
    drawn = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._comparing = False
        self.canvas = WipeWell(surround=True, padding_px=16)
        self.canvas.setAccessibleName(self.tr("The live picture"))
        self.canvas.set_hint("")
        self.canvas.setMinimumSize(160, 160)
        self.caption = ElidedLabel()
        self.caption.setObjectName("muted")
        self.seed = SeedBox()
        self.seed.setToolTip(self.tr("The seed that z is drawn from; the same seed gives the same picture everywhere."))
        self.seed.setAccessibleName(self.tr("Seed"))
        self.dice = icon_button("dice", self.tr("Another seed (R)"))
        self.classes = ClassBox()
        self.compare = icon_button("compare", self.tr("Hold to see the picture as it was picked up (C)"))
        self.wipe = icon_button(
            "wipe", self.tr("Before left of a divider, now right of it; drag the divider (W)"), checkable=True
        )
        self.keep = icon_button("keep", self.tr("Keep this picture on the shelf (K)"))
        self.truncation = CentredSlider(0.0, 1.5, 1.0, 0.05)
        self.truncation.setFixedWidth(120)
        tip = self.tr(
            "Truncation psi multiplies z: below 1 pictures turn typical and alike, above 1 rare and broken.\n"
            "Double-click for 1. (Brock et al. 2019, arXiv:1809.11096)"
        )
        self.truncation.setToolTip(tip)
        self.truncation.setAccessibleName(self.tr("Truncation"))
        self.psi = QLabel("1.00")
        self.psi.setFixedWidth(32)
        self.renormalise = QCheckBox(self.tr("Renormalise"))
        self.renormalise.setToolTip(self.tr("Scale z to the norm that the prior gives (White 2016, arXiv:1609.04468)"))
        self.meter = TypicalityMeter()
        self._gesture = 0
        self._lay_out()
        self._connect()

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setContentsMargins(12, 6, 12, 6)
        top.setSpacing(8)
        top.addWidget(self.caption, 1)
        typical = QLabel(self.tr("typicality"))
        typical.setObjectName("muted")
        top.addWidget(typical)
        top.addWidget(self.meter)
        top.addWidget(self.renormalise)
        top.addWidget(self.compare)
        top.addWidget(self.wipe)
        top.addWidget(self.keep)
        bottom = QHBoxLayout()
        bottom.setContentsMargins(12, 8, 12, 8)
        bottom.setSpacing(8)
        bottom.addWidget(QLabel(self.tr("Seed")))
        bottom.addWidget(self.seed)
        bottom.addWidget(self.dice)
        bottom.addWidget(self.classes)
        bottom.addStretch(1)
        bottom.addWidget(QLabel(self.tr("Truncation")))
        bottom.addWidget(self.truncation)
        bottom.addWidget(self.psi)
        self._pictures = QHBoxLayout()
        self._pictures.setSpacing(0)
        self._pictures.addWidget(self.canvas, 1)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(0)
        self._column.addLayout(top)
        self._column.addLayout(self._pictures, 1)
        self._column.addLayout(bottom)

    def put_beside(self, canvas: QWidget, line: QWidget) -> None:
        """Put a second picture right of the live one, and a line under both."""
        self._pictures.addWidget(canvas, 1)
        self._column.insertWidget(2, line)

    def _connect(self) -> None:
        studio = self._studio
        studio.render.receive(PICTURE, self._on_frames)
        studio.render.receive(BEFORE_LANE, self._on_before_frames)
        studio.follow_model(self._on_model)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self.canvas.painted.connect(self.picture_painted)
        self.canvas.painted.connect(self._on_painted)
        self.canvas.card_dropped.connect(self._on_card_dropped)
        self.canvas.refused.connect(studio.on_refused)
        self.canvas.drag_started.connect(self._on_drag)
        self.seed.valueChanged.connect(self._on_seed)
        self.dice.clicked.connect(self.roll)
        self.classes.class_wanted.connect(self._on_class)
        self.wipe.toggled.connect(self._on_wipe)
        self.compare.pressed.connect(self.show_before)
        self.compare.released.connect(self.show_present)
        self.keep.clicked.connect(self.keep_picture)
        self.truncation.value_changed.connect(self._on_truncation)
        self.truncation.gesture_started.connect(self._on_gesture_started)
        self.renormalise.clicked.connect(self._on_renormalise)
        self.canvas.set_smooth(studio.settings.smooth)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        point = state.before if self._comparing else state.picture
        z = self._studio.z_of(point)
        self._studio.render.request(PICTURE, z[None], y=self._y(point))
        if self.wipe.isChecked():
            self._studio.render.request(BEFORE_LANE, self._studio.z_of(state.before)[None], y=self._y(state.before))
        self._show(state)
        outside = float(share_outside(z[None], state.prior)[0])
        spread = typicality_spread(state.prior, state.z_dim)
        self.meter.set_value(float(typicality(z[None], state.prior)[0]), spread, outside)

    def _show(self, state: SessionState) -> None:
        point = state.picture
        self.seed.blockSignals(True)
        self.seed.setValue(-1 if point.seed is None else point.seed)
        self.seed.blockSignals(False)
        self.truncation.set_value(point.truncation)
        self.psi.setText(f"{point.truncation:.2f}")
        self.renormalise.setChecked(point.renormalised)
        y = self._y(point)
        if y is not None:
            self.classes.show_class(int(y[0]))
        held = {"a": self.tr("end A"), "b": self.tr("end B")}.get(state.strip.held or "")
        if self._comparing:
            self.caption.set_whole(self.tr("before: {0}").format(state.before.title()))
        else:
            self.caption.set_whole(f"{point.title()}  ·  {held}" if held else point.title())

    def _y(self, point: Point) -> IntArray | None:
        """Return the class that a point is drawn as, where it has one of its own."""
        model = self._studio.model
        return model.y_of([point]) if model is not None and point.label is not None else None

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        self.classes.set_names(model.class_names)
        self.classes.show_class(0)

    def _on_frames(self, frames: Frames) -> None:
        self.canvas.set_pixels(frames.pixels[0], frames.seq)
        self.canvas.paint_now()  # this is what the hand waits for
        self.drawn.emit(frames.pixels[0])

    def _on_before_frames(self, frames: Frames) -> None:
        self.canvas.set_before(frames.pixels[0])

    @Slot(int)
    def _on_painted(self, seq: int) -> None:
        if seq >= 0:
            self.canvas.painted.disconnect(self._on_painted)
            _log.info(FIRST_PICTURE)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.canvas.set_smooth(settings.smooth)

    @Slot(object)
    def _on_card_dropped(self, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(card.name))

    @Slot()
    def _on_drag(self) -> None:
        state = self._studio.state
        if state is not None:
            start_drag(self.canvas, self._studio.card_of(state.picture))

    @Slot(int)
    def _on_class(self, label: int) -> None:
        self._studio.apply(changes.set_class(label), self.tr("Class {0}").format(self.classes.name(label)))

    @Slot(float)
    def _on_seed(self, value: float) -> None:
        if value >= 0:
            self._studio.apply(changes.set_seed(int(value)), self.tr("Seed {0}").format(int(value)), ("seed",))
        elif self._studio.state is not None:
            self._show(self._studio.state)

    @Slot()
    def roll(self) -> None:
        """Try another seed; the sliders stay."""
        if self._studio.state is not None:
            seed = self._studio.random_seed()
            self._studio.apply(changes.set_seed(seed), self.tr("Seed {0}").format(seed))

    @Slot()
    def keep_picture(self) -> None:
        """Put the picture on the shelf."""
        state = self._studio.state
        if state is not None:
            self._studio.keep(state.picture)

    @Slot()
    def reset_picture(self) -> None:
        """Bring every slider, truncation and renormalisation to rest."""
        state = self._studio.state
        if state is not None:
            plain = replace(state.picture, strengths={}, truncation=1.0, renormalised=False)
            if not plain.same_as(state.picture):
                self._studio.apply(lambda old: replace(old, picture=plain), self.tr("Reset the picture"))

    @Slot(float)
    def _on_truncation(self, value: float) -> None:
        key = ("truncation", self._gesture)
        self._studio.apply(changes.set_truncation(value), self.tr("Truncation"), key)

    @Slot()
    def _on_gesture_started(self) -> None:
        self._gesture += 1

    @Slot(bool)
    def _on_renormalise(self, on: bool) -> None:
        self._studio.apply(changes.set_renormalised(on), self.tr("Renormalise"))

    @Slot()
    def toggle_wipe(self) -> None:
        """Show or hide the divider between before and now."""
        self.wipe.toggle()

    @Slot(bool)
    def _on_wipe(self, on: bool) -> None:
        self.canvas.set_wiping(on)
        state = self._studio.state
        if not on:
            self._studio.render.forget(BEFORE_LANE)
        elif state is not None:
            self._on_state(state)

    @Slot()
    def show_before(self) -> None:
        """Show the picture as it was picked up."""
        self._compare(True)

    @Slot()
    def show_present(self) -> None:
        """Show the picture as it is."""
        self._compare(False)

    def _compare(self, on: bool) -> None:
        state = self._studio.state
        if on != self._comparing and state is not None:
            self._comparing = on
            self._on_state(state)
