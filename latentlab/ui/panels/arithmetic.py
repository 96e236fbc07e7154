"""ARITHMETIC: A - B + C with exemplars, the result live among its neighbours, as in figure 7 of the paper."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QObject, Qt, Slot
from PySide6.QtGui import QResizeEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.latent import arithmetic
from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import renormalise, share_outside, typicality, typicality_spread
from latentlab.pixels import Pixels, sheet
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState, Term
from latentlab.ui.card_mime import start_drag
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.picture import PictureView
from latentlab.ui.widgets.typicality import TypicalityMeter
from latentlab.ui.widgets.well import Well

LANE = "arithmetic"
_NEIGHBOUR_SEED = 0
_AROUND, _CENTRE = 9, 4
_DRAWN = 3
_THUMB_PX = 48
_COLUMNS = 3
_LEAST_SIDE_PX, _MOST_SIDE_PX = 96, 224
_MARGIN_PX, _GAP_PX, _SIGN_PX = 16, 8, 16


class _ExemplarView(PictureView):
    """An exemplar of a term; click to take it out."""

    def __init__(self, term: TermView, place: int, card: Card, fits: bool, smooth: bool) -> None:
        super().__init__()
        self._term, self._place, self._card = term, place, card
        self.set_pixels(card.pixels)
        self.set_smooth(smooth)
        self.set_dimmed(not fits)
        self.set_clickable(True)
        self.setFixedSize(_THUMB_PX, _THUMB_PX)
        reason = "" if fits else self.tr(" It does not fit this model and is left out.")
        self.setToolTip(self.tr("{0}. Click to take it out.").format(card.name) + reason)
        self.setAccessibleName(card.name)
        self.clicked.connect(self._on_clicked)
        self.drag_started.connect(self._on_drag)

    @Slot()
    def _on_clicked(self) -> None:
        self._term.remove(self._place)

    @Slot()
    def _on_drag(self) -> None:
        start_drag(self, self._card)


class TermView(QObject):
    """One term in three parts that the panel lays out: a head with buttons, the mean, and its exemplars."""

    def __init__(self, studio: Studio, index: int, name: str, parent: QWidget) -> None:
        super().__init__(parent)
        self._studio = studio
        self._index = index
        self._name = name
        self.mean = Well()
        self.mean.set_hint(self.tr("Drop pictures here"))
        self.mean.setAccessibleName(self.tr("Mean of {0}").format(name))
        self.add = icon_button("plus", self.tr("Add the picture in hand to {0}").format(name))
        self.roll = icon_button("dice", self.tr("Fill {0} with three random pictures").format(name))
        self.clear = icon_button("trash", self.tr("Empty {0}").format(name))
        self._label = QLabel(name)
        self._label.setObjectName("title")
        self.exemplars = QWidget()
        self._grid = QGridLayout(self.exemplars)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setSpacing(4)
        self._grid.setAlignment(Qt.AlignmentFlag.AlignTop | Qt.AlignmentFlag.AlignHCenter)
        self._shown: tuple[tuple[int, ...], bool, int, str] | None = None
        self.head = QWidget()
        buttons = QHBoxLayout(self.head)
        buttons.setContentsMargins(0, 0, 0, 0)
        buttons.setSpacing(0)
        buttons.addWidget(self._label, 1)
        for button in (self.add, self.roll, self.clear):
            buttons.addWidget(button)
        self.mean.card_dropped.connect(self._on_card_dropped)
        self.mean.refused.connect(studio.on_refused)
        self.mean.drag_started.connect(self._on_drag)
        self.add.clicked.connect(self._on_add)
        self.roll.clicked.connect(self._on_roll)
        self.clear.clicked.connect(self._on_clear)

    def show_term(self, term: Term, state: SessionState) -> None:
        """Show a term's exemplars."""
        model = self._studio.model
        shown = (
            tuple(card.id for card in term.cards),
            self._studio.settings.smooth,
            state.z_dim,
            model.generator.content_hash if model else "",
        )
        if shown == self._shown:
            return
        self._shown = shown
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        for place, card in enumerate(term.cards):
            fits = card.fits(state.z_dim, state.prior)
            view = _ExemplarView(self, place, card, fits, self._studio.settings.smooth)
            self._grid.addWidget(view, place // _COLUMNS, place % _COLUMNS)
        self.clear.setEnabled(bool(term.cards))
        if not term.cards:
            self.mean.set_pixels(None)

    def remove(self, place: int) -> None:
        """Take an exemplar out."""
        label = self.tr("Take an exemplar out of {0}").format(self._name)
        self._studio.apply(changes.remove_exemplar(self._index, place), label)

    @Slot(object)
    def _on_card_dropped(self, card: Card) -> None:
        if self._studio.point_of(card) is not None:
            self._studio.apply(changes.add_exemplar(self._index, card), self.tr("Add to {0}").format(self._name))

    @Slot()
    def _on_drag(self) -> None:
        state = self._studio.state
        if state is not None:
            z = mean_of(state.terms[self._index], state)
            if z is not None:
                name = self.tr("mean of {0}").format(self._name)
                start_drag(self.mean, self._studio.card_of(Point(z, origin=name)))

    @Slot()
    def _on_add(self) -> None:
        state = self._studio.state
        if state is not None:
            card = self._studio.card_of(state.picture)
            self._studio.apply(changes.add_exemplar(self._index, card), self.tr("Add to {0}").format(self._name))

    @Slot()
    def _on_roll(self) -> None:
        cards = tuple(self._studio.card_of(self._studio.random_point()) for _ in range(_DRAWN))
        self._studio.apply(changes.set_exemplars(self._index, cards), self.tr("Fill {0}").format(self._name))

    @Slot()
    def _on_clear(self) -> None:
        self._studio.apply(changes.set_exemplars(self._index, ()), self.tr("Empty {0}").format(self._name))


class ArithmeticPanel(QWidget):
    """Three terms and their sum."""

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._result: FloatArray | None = None
        self._rows: list[PictureView] = []
        self._filled: tuple[bool, ...] = ()
        self.terms = tuple(TermView(studio, index, name, self) for index, name in enumerate("ABC"))
        self.result = PictureView()
        self.neighbours = PictureView()
        self._around: list[Pixels | None] = [None] * _AROUND
        self.renormalise = QCheckBox(self.tr("Renormalise"))
        self.renormalise.setToolTip(
            self.tr("Scale the result to the norm that the prior gives; A − B + C alone is 1.73 times too long.")
        )
        self.meter = TypicalityMeter()
        self.pick = icon_button("explore", self.tr("Pick the result up, to play on with its sliders"))
        self.keep = icon_button("keep", self.tr("Keep the result on the shelf"))
        self._how = self.tr(
            "Drop pictures on A, B and C, or press the dice. As in the DCGAN paper, averaging three exemplars of a "
            "kind makes sums like “smiling woman − woman + man” work."
        )
        self._hint = QLabel(self._how)
        self._hint.setObjectName("muted")
        self._hint.setWordWrap(True)
        self._lay_out()
        studio.render.receive(LANE, self._on_frames)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self.renormalise.clicked.connect(self._on_renormalise)
        self.pick.clicked.connect(self._on_pick)
        self.keep.clicked.connect(self._on_keep)
        self.result.drag_started.connect(self._on_drag)
        self._on_settings(studio.settings)

    def showEvent(self, event: QShowEvent) -> None:
        """Catch up with what changed while hidden."""
        super().showEvent(event)
        self._refresh()

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Give the means and the result the largest squares that stand side by side."""
        super().resizeEvent(event)
        room = self.width() - 2 * _MARGIN_PX - 3 * _SIGN_PX - 6 * _GAP_PX
        side = min(_MOST_SIDE_PX, max(_LEAST_SIDE_PX, room // 4))
        for view in (*(term.mean for term in self.terms), self.result, self.neighbours):
            view.setFixedSize(side, side)

    def _lay_out(self) -> None:
        caption = QLabel(self.tr("Sum"))
        caption.setObjectName("title")
        head = QHBoxLayout()
        head.setSpacing(0)
        head.addWidget(caption, 1)
        head.addWidget(self.keep)
        head.addWidget(self.pick)
        self.result.set_hint(self.tr("A − B + C"))
        self.result.setToolTip(self.tr("The result; drag it to a well or to the shelf"))
        self.result.setAccessibleName(self.tr("Result"))
        self.neighbours.setToolTip(
            self.tr("The result in the middle of eight neighbours: uniform noise of ±0.25 added to z")
        )
        self.neighbours.setAccessibleName(self.tr("Neighbours of the result"))
        grid = QGridLayout()
        grid.setContentsMargins(_MARGIN_PX, 12, _MARGIN_PX, 0)
        grid.setSpacing(_GAP_PX)
        for index, (term, sign) in enumerate(zip(self.terms, "−+=", strict=True)):
            grid.addWidget(term.head, 0, 2 * index)
            grid.addWidget(term.mean, 1, 2 * index, Qt.AlignmentFlag.AlignHCenter)
            grid.addWidget(term.exemplars, 2, 2 * index, Qt.AlignmentFlag.AlignTop)
            grid.addWidget(_operator(sign), 1, 2 * index + 1)
            grid.setColumnStretch(2 * index, 1)
        grid.addLayout(head, 0, 6)
        grid.addWidget(self.result, 1, 6, Qt.AlignmentFlag.AlignHCenter)
        grid.addWidget(self.neighbours, 2, 6, Qt.AlignmentFlag.AlignHCenter | Qt.AlignmentFlag.AlignTop)
        grid.setColumnStretch(6, 1)
        grid.setRowStretch(2, 1)
        foot = QHBoxLayout()
        foot.setContentsMargins(_MARGIN_PX, 4, _MARGIN_PX, 8)
        foot.addWidget(self._hint, 1)
        foot.addWidget(self.meter)
        foot.addWidget(self.renormalise)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addLayout(grid, 1)
        layout.addLayout(foot)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        if self.isVisible():
            self._refresh()

    def _refresh(self) -> None:
        state = self._studio.state
        if state is None:
            return
        for view, term in zip(self.terms, state.terms, strict=True):
            view.show_term(term, state)
        self.renormalise.setChecked(state.arithmetic_renormalised)
        means = [mean_of(term, state) for term in state.terms]
        self._rows = [view.mean for view, mean in zip(self.terms, means, strict=True) if mean is not None]
        wanted = [mean for mean in means if mean is not None]
        self._result = result_of(state)
        complete = self._result is not None
        for widget in (self.pick, self.keep, self.meter):
            widget.setEnabled(complete)
        self._hint.setText("" if complete else self._how)
        self.result.set_selected(complete)
        if self._result is not None:
            wanted += list(arithmetic.neighbourhood(self._result, _NEIGHBOUR_SEED))
            spread = typicality_spread(state.prior, state.z_dim)
            outside = float(share_outside(self._result[None], state.prior)[0])
            self.meter.set_value(float(typicality(self._result[None], state.prior)[0]), spread, outside)
        else:
            self.result.set_pixels(None)
            self.neighbours.set_pixels(None)
        for slot, mean in zip(self.terms, means, strict=True):
            if mean is None:
                slot.mean.set_pixels(None)
        if wanted:
            filled = tuple(mean is not None for mean in means)
            if filled != self._filled:
                # A late result of the terms before would be painted in the wrong places.
                self._studio.render.forget(LANE)
                self._filled = filled
            self._studio.render.request(LANE, np.stack(wanted))

    def _on_frames(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            place = row - len(self._rows)
            if place < 0:
                self._rows[row].set_pixels(picture, frames.seq)
            elif self._result is not None:
                self._around[place] = picture
                if place == _CENTRE:
                    self.result.set_pixels(picture, frames.seq)
        drawn = [each for each in self._around if each is not None]
        if self._result is not None and len(drawn) == _AROUND and len({each.shape for each in drawn}) == 1:
            self.neighbours.set_pixels(sheet(np.stack(drawn), 3, gap_px=1, background=0), frames.seq)

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        for view in (self.result, self.neighbours, *(term.mean for term in self.terms)):
            view.set_smooth(settings.smooth)
        if self.isVisible():
            self._refresh()

    @Slot(bool)
    def _on_renormalise(self, on: bool) -> None:
        self._studio.apply(changes.set_arithmetic_renormalised(on), self.tr("Renormalise the result"))

    def point(self) -> Point | None:
        """Return the result as a point; None while a term is empty."""
        return None if self._result is None else Point(self._result, origin="A − B + C")

    @Slot()
    def _on_pick(self) -> None:
        point = self.point()
        if point is not None:
            self._studio.apply(changes.pick_up(point), self.tr("Pick up the result"))

    @Slot()
    def _on_keep(self) -> None:
        point = self.point()
        if point is not None:
            self._studio.keep(point)

    @Slot()
    def _on_drag(self) -> None:
        point = self.point()
        if point is not None:
            start_drag(self.result, self._studio.card_of(point))


def mean_of(term: Term, state: SessionState) -> FloatArray | None:
    """Return the mean latent of a term's exemplars that fit the model; None if there are none."""
    fitting = [card.z for card in term.cards if card.fits(state.z_dim, state.prior)]
    return arithmetic.combine([arithmetic.Term(1.0, np.stack(fitting))]) if fitting else None


def result_of(state: SessionState) -> FloatArray | None:
    """Return A - B + C, brought back to the shell where asked; None while a term is empty."""
    means = [mean_of(term, state) for term in state.terms]
    terms = [
        arithmetic.Term(float(term.sign), mean[None])
        for term, mean in zip(state.terms, means, strict=True)
        if mean is not None
    ]
    if len(terms) < len(means):
        return None
    z = arithmetic.combine(terms)
    return renormalise(z[None], state.prior)[0] if state.arithmetic_renormalised else z


def _operator(sign: str) -> QLabel:
    label = QLabel(sign)
    label.setObjectName("title")
    label.setAlignment(Qt.AlignmentFlag.AlignCenter)
    label.setFixedWidth(16)
    return label
