"""A picture on a surround: crisp, enlarged by whole factors, and a card that can be dragged away."""

from __future__ import annotations

from PySide6.QtCore import QPoint, QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QApplication, QSizePolicy, QWidget

from latentlab.pixels import Pixels
from latentlab.ui import theme
from latentlab.ui.qimage import to_qimage
from latentlab.ui.widgets.focus import came_by_keyboard


def fitted(image: QSize, room: QSize, ratio: float, whole: bool = True) -> QRectF:
    """Place an image in the middle of a room, enlarged by the largest whole number of device pixels per pixel.

    Args:
        image: In pixels.
        room: In logical pixels.
        ratio: Device pixels per logical pixel.
        whole: Whether only whole factors will do; otherwise the picture fills the room.

    Returns:
        In logical pixels; smaller than the image only where the room is.
    """
    width, height = room.width() * ratio, room.height() * ratio
    factor = min(width / image.width(), height / image.height())
    if whole and factor > 1.0:
        factor = float(int(factor))
    size = QSize(round(image.width() * factor), round(image.height() * factor))
    left, top = int((width - size.width()) / 2), int((height - size.height()) / 2)
    return QRectF(left / ratio, top / ratio, size.width() / ratio, size.height() / ratio)


class PictureView(QWidget):
    """Shows one picture as large as whole factors allow.

    Signals:
        clicked: Pressed and released, or Enter; GUI thread.
        drag_started: Dragged far enough to leave; GUI thread.
        painted: After a `paintEvent`, with the seq of the picture that it drew; GUI thread.
    """

    clicked = Signal()
    drag_started = Signal()
    painted = Signal(int)

    def __init__(self, parent: QWidget | None = None, *, surround: bool = False, padding_px: int = 0) -> None:
        super().__init__(parent)
        self._image = QImage()
        self._pixels: Pixels | None = None
        self._seq = -1
        self._smooth = False
        self._whole = True
        self._surround = surround
        # What lies behind need not be painted.
        self.setAttribute(Qt.WidgetAttribute.WA_OpaquePaintEvent, surround)
        self._padding_px = padding_px
        self._selected = False
        self._dimmed = False
        self._hint = ""
        self._pressed_at: QPoint | None = None
        self._clickable = False
        self._ringed = False
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(24, 24)

    def set_pixels(self, pixels: Pixels | None, seq: int = -1) -> None:
        """Show another picture, shape (H, W, C), uint8, or none."""
        size = self._image.size()
        self._pixels, self._seq = pixels, seq
        self._image = QImage() if pixels is None else to_qimage(pixels)
        if self._image.size() == size:
            self.update(self._target().toAlignedRect())
        else:
            self.update()

    def paint_now(self) -> None:
        """Paint the picture at once, not after whatever else waits in the event loop."""
        self.repaint(self._target().toAlignedRect())

    def pixels(self) -> Pixels | None:
        """Return the picture shown."""
        return self._pixels

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement."""
        self._smooth = smooth
        self.update()

    def set_whole_factors(self, whole: bool) -> None:
        """Choose whether only whole factors will do; a sheet rather fills its room, smoothed."""
        self._whole = whole
        self.update()

    def set_selected(self, selected: bool) -> None:
        """Ring the picture with the accent."""
        if selected != self._selected:
            self._selected = selected
            self.update()

    def set_dimmed(self, dimmed: bool) -> None:
        """Fade the picture, for one that cannot be used."""
        self._dimmed = dimmed
        self.update()

    def set_hint(self, hint: str) -> None:
        """Say what to do here while there is no picture."""
        self._hint = hint
        self.update()

    def set_clickable(self, clickable: bool) -> None:
        """Take focus and answer clicks, Enter and Space."""
        self._clickable = clickable
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if clickable else Qt.FocusPolicy.NoFocus)
        self.setCursor(Qt.CursorShape.PointingHandCursor if clickable else Qt.CursorShape.ArrowCursor)

    def sizeHint(self) -> QSize:
        """Ask for twice the picture's own size."""
        return self._image.size() * 2 if not self._image.isNull() else QSize(64, 64)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw surround, picture and ring."""
        look = theme.tokens()
        painter = QPainter(self)
        target = self._target()
        if self._surround and (self._dimmed or not target.contains(QRectF(event.rect()))):
            painter.fillRect(self.rect(), QColor(look.surround))
        if target.isEmpty():
            self._paint_empty(painter)
        else:
            smooth = self._smooth or not self._whole or target.width() * self.devicePixelRatioF() < self._image.width()
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, smooth)
            painter.setOpacity(0.35 if self._dimmed else 1.0)
            painter.drawImage(target, self._image)
            painter.setOpacity(1.0)
            self._paint_ring(painter, target)
        painter.end()
        self.painted.emit(self._seq)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Remember where a drag may start."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._pressed_at = event.position().toPoint()
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Start a drag once the hand has moved far enough."""
        if self._pressed_at is None or self._image.isNull():
            return
        moved = (event.position().toPoint() - self._pressed_at).manhattanLength()
        if moved >= QApplication.startDragDistance():
            self._pressed_at = None
            self.drag_started.emit()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """A press that did not become a drag is a click."""
        pressed, self._pressed_at = self._pressed_at, None
        if pressed is not None and self._clickable and self.rect().contains(event.position().toPoint()):
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter and Space click."""
        if self._clickable and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Space):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Wear a ring when a key brought the focus."""
        self._ringed = came_by_keyboard(event)
        super().focusInEvent(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        """Take the ring off."""
        self._ringed = False
        super().focusOutEvent(event)

    def _target(self) -> QRectF:
        """Return where the picture is, in logical pixels; empty where there is none, or no room."""
        room = self.size() - QSize(2 * self._padding_px, 2 * self._padding_px)
        if self._image.isNull() or room.isEmpty():
            return QRectF()
        target = fitted(self._image.size(), room, self.devicePixelRatioF(), self._whole)
        return target.translated(self._padding_px, self._padding_px)

    def _paint_empty(self, painter: QPainter) -> None:
        look = theme.tokens()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        if self._hint:
            painter.setPen(QPen(theme.color(look.faint), 1.0, Qt.PenStyle.DashLine))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1.5, 1.5, -1.5, -1.5), 5, 5)
            painter.setPen(QColor(look.muted))
            flags = Qt.AlignmentFlag.AlignCenter | Qt.TextFlag.TextWordWrap
            painter.drawText(self.rect().adjusted(8, 8, -8, -8), flags, self._hint)
        if self._ringed or self._selected:
            painter.setPen(QPen(QColor(look.accent), 2.0))
            painter.drawRoundedRect(QRectF(self.rect()).adjusted(1, 1, -1, -1), 5, 5)

    def _paint_ring(self, painter: QPainter, target: QRectF) -> None:
        look = theme.tokens()
        if self._selected or self._ringed:
            width = 2.0 if self._selected else 1.0
            inset = QPointF(width / 2, width / 2)
            painter.setPen(QPen(QColor(look.accent), width))
            painter.drawRect(QRectF(target.topLeft() + inset, target.bottomRight() - inset))
