"""The typicality meter: how far |z| lies from what the prior gives."""

from __future__ import annotations

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from latentlab.ui import theme

_MOST = 2.0


class TypicalityMeter(QWidget):
    """A scale from 0 to 2 with a band where nearly all of the prior lies, and a mark where this latent is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._value = 1.0
        self._spread = 0.07
        self._outside = 0.0
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        self._describe()

    def set_value(self, value: float, spread: float, outside: float = 0.0) -> None:
        """Show a latent's typicality.

        Args:
            value: |z| over what the prior gives; 1 is typical.
            spread: Standard deviation of that among samples of the prior.
            outside: Share of components that a uniform prior can never give.
        """
        if (value, spread, outside) != (self._value, self._spread, self._outside):
            self._value, self._spread, self._outside = value, spread, outside
            self._describe()
            self.update()

    def sizeHint(self) -> QSize:
        """Ask for room for the scale and its number."""
        return QSize(132, 22)

    def minimumSizeHint(self) -> QSize:
        """Stay readable."""
        return QSize(96, 22)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw the scale, the band and the mark."""
        look = theme.tokens()
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        text_px = 40
        left, right, middle = 4.0, self.width() - text_px - 4.0, self.height() / 2

        def x(value: float) -> float:
            return left + min(_MOST, max(0.0, value)) / _MOST * (right - left)

        painter.setPen(QPen(QColor(look.track), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(left, middle), QPointF(right, middle))
        band = 3.0 * self._spread
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color(look.muted, 110))
        painter.drawRoundedRect(QRectF(x(1.0 - band), middle - 4, x(1.0 + band) - x(1.0 - band), 8), 3, 3)
        ink = look.text if self.is_typical() else look.warn
        painter.setPen(QPen(QColor(ink), 2.5, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawLine(QPointF(x(self._value), middle - 6), QPointF(x(self._value), middle + 6))
        painter.setPen(QColor(ink))
        area = QRectF(self.width() - text_px, 0, text_px, self.height())
        painter.drawText(area, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, f"{self._value:.2f}")

    def is_typical(self) -> bool:
        """Whether the prior gives latents like this one."""
        return abs(self._value - 1.0) <= 3.0 * self._spread and self._outside == 0.0

    def _describe(self) -> None:
        lines = [
            self.tr("Typicality: |z| against what the prior gives. In the band lie 99.7 % of all samples;"),
            self.tr("below it pictures turn average, above it they break. Renormalise brings z back."),
        ]
        if self._outside:
            lines.append(self.tr("%n % of the components lie outside [-1, 1].", "", round(self._outside * 100)))
        self.setToolTip("\n".join(lines))
        self.setAccessibleName(self.tr("Typicality %1").replace("%1", f"{self._value:.2f}"))
