"""A picture with a divider over it: what was before on its left, what is now on its right."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from latentlab.pixels import Pixels
from latentlab.ui import theme
from latentlab.ui.qimage import to_qimage
from latentlab.ui.widgets.well import Well

_GRIP_PX = 10.0
_HANDLE_PX = 7.0
_KEY_STEP = 0.02


class WipeWell(Well):
    """A `Well` that can show a second picture left of a divider; drag it, or move it with the arrow keys."""

    def __init__(self, parent: QWidget | None = None, *, surround: bool = False, padding_px: int = 0) -> None:
        super().__init__(parent, surround=surround, padding_px=padding_px)
        self._before = QImage()
        self._wiping = False
        self._share = 0.5
        self._dragging = False

    def set_wiping(self, on: bool) -> None:
        """Show or hide the divider."""
        self._wiping = on
        self._dragging = False
        self.setMouseTracking(on)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus if on else Qt.FocusPolicy.NoFocus)
        if not on:
            self.unsetCursor()
            self._before = QImage()
        self.update()

    def set_before(self, pixels: Pixels) -> None:
        """Show a picture left of the divider, shape (H, W, C), uint8."""
        self._before = to_qimage(pixels)
        self.update()

    def divider(self) -> float:
        """Return where the divider is, as a share of the picture's width."""
        return self._share

    def set_divider(self, share: float) -> None:
        """Move the divider, to a share of the picture's width."""
        self._share = min(1.0, max(0.0, share))
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the picture, and what was before over its left part."""
        super().paintEvent(event)
        target = self._target()
        if not self._wiping or target.isEmpty():
            return
        painter = QPainter(self)
        x = self._x(target)
        if not self._before.isNull():
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, self._smooth)
            painter.setClipRect(QRectF(target.left(), target.top(), x - target.left(), target.height()))
            painter.drawImage(target, self._before)
            painter.setClipping(False)
        look = theme.tokens()
        middle = QPointF(x, target.center().y())
        for color, width in ((theme.color(look.surround, 160), 4.0), (QColor(look.accent), 2.0)):
            painter.setPen(QPen(color, width, Qt.PenStyle.SolidLine, Qt.PenCapStyle.FlatCap))
            painter.drawLine(QPointF(x, target.top()), QPointF(x, target.bottom()))
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(look.panel), 2.0))
        painter.setBrush(QColor(look.accent))
        painter.drawEllipse(middle, _HANDLE_PX, _HANDLE_PX)
        painter.end()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take the divider where it is; anywhere else the picture is taken."""
        if event.button() == Qt.MouseButton.LeftButton and self._is_at_divider(event.position()):
            self._dragging = True
            return
        super().mousePressEvent(event)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Follow the hand."""
        if self._dragging:
            target = self._target()
            if not target.isEmpty():
                self.set_divider((event.position().x() - target.left()) / target.width())
            return
        if self._wiping:
            near = self._is_at_divider(event.position())
            self.setCursor(Qt.CursorShape.SplitHCursor if near else Qt.CursorShape.ArrowCursor)
        super().mouseMoveEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let the divider go."""
        if self._dragging:
            self._dragging = False
            return
        super().mouseReleaseEvent(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right move the divider."""
        step = {Qt.Key.Key_Left: -_KEY_STEP, Qt.Key.Key_Right: _KEY_STEP}.get(Qt.Key(event.key()))
        if self._wiping and step is not None:
            self.set_divider(self._share + step)
        else:
            super().keyPressEvent(event)

    def _x(self, target: QRectF) -> float:
        return target.left() + self._share * target.width()

    def _is_at_divider(self, position: QPointF) -> bool:
        target = self._target()
        return (
            self._wiping
            and not target.isEmpty()
            and target.top() <= position.y() <= target.bottom()
            and abs(position.x() - self._x(target)) <= _GRIP_PX
        )
