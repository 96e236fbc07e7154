"""An end of the strip as a well: click to take it in hand, drop a card on it, drag it away."""

from __future__ import annotations

from PySide6.QtCore import Slot
from PySide6.QtGui import QAction, QContextMenuEvent
from PySide6.QtWidgets import QMenu, QWidget

from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.state import End, SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.icons import icon
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.well import Well


class EndWell(Well):
    """End A or B. The one that is in hand wears the accent and follows the sliders."""

    def __init__(self, studio: Studio, which: End, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._which: End = which
        self.set_clickable(True)
        self.setAccessibleName(self.tr("End {0} of the strip").format(which.upper()))
        self.clicked.connect(self._on_clicked)
        self.card_dropped.connect(self._on_card_dropped)
        self.refused.connect(studio.on_refused)
        self.drag_started.connect(self._on_drag)
        studio.follow_state(self._on_state)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what can be done with an end."""
        menu = QMenu(self)
        held = self._studio.state is not None and self._studio.state.strip.held == self._which
        entries = (
            (self.tr("Let go") if held else self.tr("Take in hand"), "pin", self._on_clicked),
            (self.tr("Another seed"), "dice", self._on_roll),
            (self.tr("Keep on the shelf"), "keep", self._on_keep),
            (self.tr("Swap the ends"), "swap", self._on_swap),
        )
        for text, name, slot in entries:
            action = QAction(icon(name), text, menu)
            action.triggered.connect(slot)
            menu.addAction(action)
        menu.exec(event.globalPos())
        menu.deleteLater()

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        held = state.strip.held == self._which
        self.set_selected(held)
        title = state.end(self._which).title()
        tip = (
            self.tr("End {0}: {1}. It is in hand: the sliders move it. Click to let go of it.")
            if held
            else self.tr("End {0}: {1}. Click to take it in hand, so that the sliders move it; drop a card to set it.")
        )
        self.setToolTip(tip.format(self._which.upper(), title))

    @Slot()
    def _on_clicked(self) -> None:
        state = self._studio.state
        if state is None:
            return
        if state.strip.held == self._which:
            self._studio.apply(changes.let_go_of_end(), self.tr("Let go of end {0}").format(self._which.upper()))
        else:
            self._studio.apply(changes.hold_end(self._which), self.tr("Take end {0}").format(self._which.upper()))

    @Slot(object)
    def _on_card_dropped(self, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            label = self.tr("Set end {0}").format(self._which.upper())
            self._studio.apply(changes.set_end(self._which, point), label)

    @Slot()
    def _on_drag(self) -> None:
        state = self._studio.state
        if state is not None:
            start_drag(self, self._studio.card_of(state.end(self._which)))

    @Slot()
    def _on_roll(self) -> None:
        label = self.tr("Another end {0}").format(self._which.upper())
        self._studio.apply(changes.set_end(self._which, self._studio.random_point()), label)

    @Slot()
    def _on_keep(self) -> None:
        state = self._studio.state
        if state is not None:
            self._studio.keep(state.end(self._which))

    @Slot()
    def _on_swap(self) -> None:
        self._studio.apply(changes.swap_ends(), self.tr("Swap the ends"))
