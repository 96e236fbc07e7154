"""A plot in the window's colours, with nothing on it that a hand could get wrong."""

from __future__ import annotations

import pyqtgraph
from PySide6.QtGui import QColor

from latentlab.ui import theme


class Plot(pyqtgraph.PlotWidget):  # type: ignore[misc]
    """Axes, a title that is also the legend, and curves that are made once and filled."""

    def __init__(self) -> None:
        super().__init__()
        self.setMouseEnabled(x=False, y=False)
        self.setMenuEnabled(False)
        self.hideButtons()

    def restyle(self, *legend: tuple[str, str]) -> None:
        """Take the theme's colours.

        Args:
            legend: A curve's name and the colour it has, each.
        """
        look = theme.tokens()
        self.setBackground(look.surround)
        named = (f"<span style='color:{colour}'>{name}</span>" for name, colour in legend)
        self.setTitle("&nbsp;&nbsp;".join(named), size="9pt")
        for side in ("left", "bottom"):
            axis = self.getAxis(side)
            axis.setPen(QColor(look.line))
            axis.setTextPen(QColor(look.muted))
