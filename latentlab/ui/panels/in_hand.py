"""The picture in hand, small, above the sliders: for the pages that show something else."""

from __future__ import annotations

from PySide6.QtCore import QSize, Signal, Slot
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QVBoxLayout, QWidget

from latentlab.pixels import Pixels
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.settings import Settings
from latentlab.session.state import SessionState
from latentlab.ui.card_mime import start_drag
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.elided import ElidedLabel
from latentlab.ui.widgets.well import Well

_SIDE_PX = 72


class InHand(QWidget):
    """What the sliders change. Click it to go to it, drag it away as a card, drop a card to take that in hand.

    Args:
        studio: What is open.

    Signals:
        explore_wanted: It was clicked; GUI thread.
    """

    explore_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self.view = Well(surround=True)
        self.view.setFixedSize(QSize(_SIDE_PX, _SIDE_PX))
        self.view.set_whole_factors(False)
        self.view.set_clickable(True)
        self.view.setAccessibleName(self.tr("The picture in hand"))
        self.view.setToolTip(
            self.tr("What the sliders change. Click to go to it, drag it away as a card, drop a card to pick that up.")
        )
        title = QLabel(self.tr("In hand"))
        title.setObjectName("muted")
        self.caption = ElidedLabel()
        words = QVBoxLayout()
        words.setSpacing(2)
        words.addStretch(1)
        words.addWidget(title)
        words.addWidget(self.caption)
        words.addStretch(1)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(12, 0, 12, 8)
        layout.setSpacing(12)
        layout.addWidget(self.view)
        layout.addLayout(words, 1)
        self.view.clicked.connect(self.explore_wanted)
        self.view.drag_started.connect(self._on_drag)
        self.view.card_dropped.connect(self._on_dropped)
        self.view.refused.connect(studio.on_refused)
        studio.follow_state(self._on_state)
        studio.settings_changed.connect(self._on_settings)
        self._on_settings(studio.settings)

    def showEvent(self, event: QShowEvent) -> None:
        """Name what changed while out of sight."""
        super().showEvent(event)
        if self._studio.state is not None:
            self._on_state(self._studio.state)

    def set_pixels(self, pixels: Pixels | None) -> None:
        """Show the picture, shape (H, W, C), uint8, as it was just drawn; costs nothing while out of sight."""
        if not self.isHidden():
            self.view.set_pixels(pixels)

    @Slot(object)
    def _on_state(self, state: SessionState) -> None:
        if not self.isHidden():
            self.caption.set_whole(state.picture.title())

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self.view.set_smooth(settings.smooth)

    @Slot()
    def _on_drag(self) -> None:
        state = self._studio.state
        if state is not None:
            start_drag(self.view, self._studio.card_of(state.picture))

    @Slot(object)
    def _on_dropped(self, card: Card) -> None:
        point = self._studio.point_of(card)
        if point is not None:
            self._studio.apply(changes.put_in_place(point), self.tr("Pick up {0}").format(card.name))
