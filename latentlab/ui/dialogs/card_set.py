"""A well that gathers cards and shows their mean."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.latent.arrays import FloatArray
from latentlab.session.card import Card
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.well import Well

_WELL_PX = 112


class CardSet(QWidget):
    """Cards dropped one by one, or taken from the shelf's selection.

    Args:
        studio: The studio.
        title: What these cards have in common.
        hint: What to do while there are none.
        selected: Returns the cards selected on the shelf.

    Signals:
        changed: Cards came or went; GUI thread.
    """

    changed = Signal()

    def __init__(self, studio: Studio, title: str, hint: str, selected: Callable[[], Sequence[Card]]) -> None:
        super().__init__()
        self._studio = studio
        self._selected = selected
        self.cards: tuple[Card, ...] = ()
        self.well = Well(padding_px=4)
        self.well.set_hint(hint)
        self.well.setAccessibleName(title)
        self.well.setToolTip(
            self.tr("Drop cards here, one after the other; what is shown is the mean of their latents.")
        )
        self.well.setFixedSize(_WELL_PX, _WELL_PX)
        self.well.set_smooth(studio.settings.smooth)
        self._count = QLabel()
        self._count.setObjectName("muted")
        self.take = QPushButton(self.tr("Take the shelf's selection"))
        self.take.setAccessibleName(self.tr("{0}: take the shelf's selection").format(title))
        self.clear = icon_button("trash", self.tr("Empty this side"), size_px=16)
        name = QLabel(title)
        name.setObjectName("section")
        counted = QHBoxLayout()
        counted.setSpacing(4)
        counted.addWidget(self._count, 1)
        counted.addWidget(self.clear)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addWidget(name)
        layout.addWidget(self.well, 0, Qt.AlignmentFlag.AlignLeft)
        layout.addLayout(counted)
        layout.addWidget(self.take)
        layout.addStretch(1)
        self.well.card_dropped.connect(self._on_dropped)
        self.well.refused.connect(studio.on_refused)
        self.take.clicked.connect(self._on_take)
        self.clear.clicked.connect(self._on_clear)
        self._show()

    def latents(self) -> FloatArray:
        """Return the latents of the cards, shape (n, z_dim), float32; (0, 0) where there are none."""
        return np.stack([card.z for card in self.cards]) if self.cards else np.zeros((0, 0), np.float32)

    def keep_fitting(self) -> None:
        """Let go of cards that the open model cannot draw."""
        model = self._studio.model
        if model is not None:
            self.cards = tuple(card for card in self.cards if card.fits(model.z_dim, model.prior))
            self._show()

    def _add(self, cards: Sequence[Card]) -> None:
        known = {card.id for card in self.cards}
        fitting = [card for card in cards if card.id not in known and self._studio.point_of(card) is not None]
        self.cards = (*self.cards, *fitting)
        self._show()

    def _show(self) -> None:
        model = self._studio.model
        if self.cards and model is not None:
            self.well.set_pixels(self._studio.renderer()(self.latents().mean(axis=0, keepdims=True))[0])
        else:
            self.well.set_pixels(None)
        self._count.setText(self.tr("{0} cards").format(len(self.cards)) if len(self.cards) != 1 else self.tr("1 card"))
        self.clear.setEnabled(bool(self.cards))
        self.changed.emit()

    @Slot(object)
    def _on_dropped(self, card: Card) -> None:
        self._add([card])

    @Slot()
    def _on_take(self) -> None:
        chosen = self._selected()
        if not chosen:
            self._studio.notice.emit(self.tr("Select cards on the shelf first"))
        self._add(chosen)

    @Slot()
    def _on_clear(self) -> None:
        self.cards = ()
        self._show()
