"""A place for a picture: takes dropped cards, lights up under them, and says what to drop while it is empty."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QColor, QDragEnterEvent, QDragLeaveEvent, QDropEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from latentlab.errors import LatentlabError
from latentlab.ui import theme
from latentlab.ui.card_mime import dropped_card, offers_card
from latentlab.ui.widgets.picture import PictureView


class Well(PictureView):
    """A `PictureView` that cards can be dropped on.

    Signals:
        card_dropped: The `Card`; GUI thread.
        refused: A `LatentlabError` that says why what was dropped is no card; GUI thread.
    """

    card_dropped = Signal(object)
    refused = Signal(object)

    def __init__(self, parent: QWidget | None = None, *, surround: bool = False, padding_px: int = 0) -> None:
        super().__init__(parent, surround=surround, padding_px=padding_px)
        self._under_drag = False
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Light up for a card."""
        if offers_card(event.mimeData()):
            self._light(True)
            event.acceptProposedAction()

    def dragLeaveEvent(self, event: QDragLeaveEvent) -> None:
        """Go dark again."""
        self._light(False)

    def dropEvent(self, event: QDropEvent) -> None:
        """Take the card."""
        self._light(False)
        event.acceptProposedAction()
        try:
            card = dropped_card(event.mimeData())
        except LatentlabError as error:
            self.refused.emit(error)
            return
        self.card_dropped.emit(card)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and the light over it."""
        super().paintEvent(event)
        if self._under_drag:
            painter = QPainter(self)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            look = theme.tokens()
            painter.setBrush(theme.color(look.accent, 50))
            painter.setPen(QPen(QColor(look.accent), 2.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)
            painter.end()

    def _light(self, on: bool) -> None:
        self._under_drag = on
        self.update()
