"""The curves of a training: losses, and what D thinks."""

from __future__ import annotations

import numpy as np
import pyqtgraph
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QVBoxLayout, QWidget

from latentlab.training.events import Progress
from latentlab.ui import theme
from latentlab.ui.widgets.plot import Plot

_GROW = 4096
_NAMES = (("Loss_D", "Loss_G"), ("D(x)", "D(G(z))"))
_KEYS = ("Loss_D", "Loss_G", "D_x", "D_G_z1")


class TrainingCurves(QWidget):
    """Two plots over kimg: Loss_D and Loss_G above, D(x) and D(G(z)) below; curves are made once and filled."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._values = np.zeros((len(_KEYS) + 1, _GROW))
        self._count = 0
        self._plots = [Plot(), Plot()]
        self._curves = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for plot, pair in zip(self._plots, _NAMES, strict=True):
            plot.setMouseEnabled(x=True, y=False)
            plot.setMinimumHeight(110)
            self._curves += [plot.plot() for _ in pair]
            layout.addWidget(plot, 1)
        for curve in self._curves:
            curve.setDownsampling(auto=True, method="peak")
            curve.setClipToView(True)
        self._plots[0].setLabel("left", self.tr("loss"))
        self._plots[1].setLabel("left", self.tr("probability"))
        self._plots[1].setLabel("bottom", "kimg")
        self._plots[1].setYRange(0.0, 1.0)
        self._plots[1].setXLink(self._plots[0])
        self.restyle()

    def clear(self) -> None:
        """Forget all points."""
        self._count = 0
        self._draw()

    def add(self, progress: Progress) -> None:
        """Add the means of a message."""
        if self._count == self._values.shape[1]:
            self._values = np.concatenate([self._values, np.zeros((len(self._values), self._count))], axis=1)
        losses = progress.losses
        self._values[:, self._count] = (progress.kimg, *(getattr(losses, key) for key in _KEYS))
        self._count += 1
        self._draw()

    def restyle(self) -> None:
        """Take the theme's colours."""
        look = theme.tokens()
        for plot, (first, second) in zip(self._plots, _NAMES, strict=True):
            plot.restyle((first, look.accent), (second, look.text))
        inks = (look.accent, look.text, look.accent, look.text)
        for curve, ink in zip(self._curves, inks, strict=True):
            curve.setPen(pyqtgraph.mkPen(QColor(ink), width=1.5))

    def _draw(self) -> None:
        kimg = self._values[0, : self._count]
        for curve, values in zip(self._curves, self._values[1:], strict=True):
            curve.setData(kimg, values[: self._count])
