"""A plot in the window's colours, with nothing on it that a hand could get wrong."""

from __future__ import annotations

import pyqtgraph
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QGraphicsGridLayout

from latentlab.ui import theme

_MARGIN_PX = 6.0
_AXIS_PX = 48.0


class Plot(pyqtgraph.GraphicsView):  # type: ignore[misc]
    """Axes, a title that is also the legend, and curves that are made once and filled.

    It is put together from pyqtgraph's parts: its own `PlotWidget` builds forms for a context menu, 25 to 45 ms each
    time against 5 here, which the window would stand still for.
    """

    def __init__(self) -> None:
        super().__init__()
        self.box = pyqtgraph.ViewBox(enableMenu=False, enableMouse=False)
        self._axes = {side: pyqtgraph.AxisItem(side) for side in ("left", "bottom")}
        self._title = pyqtgraph.LabelItem(size="9pt")
        frame = pyqtgraph.GraphicsWidget()
        grid = QGraphicsGridLayout()
        grid.setContentsMargins(_MARGIN_PX, 0, _MARGIN_PX, _MARGIN_PX)
        grid.setSpacing(0)
        grid.addItem(self._title, 0, 1)
        grid.addItem(self._axes["left"], 1, 0)
        grid.addItem(self.box, 1, 1)
        grid.addItem(self._axes["bottom"], 2, 1)
        grid.setRowStretchFactor(1, 1)
        grid.setColumnStretchFactor(1, 1)
        frame.setLayout(grid)
        self.setCentralItem(frame)
        for axis in self._axes.values():
            axis.linkToView(self.box)
            # Thousands are kimg here, not "x1e+03".
            axis.enableAutoSIPrefix(False)
            axis.setStyle(maxTickLevel=1, maxTextLevel=0)
        # One above the other, plots begin at the same place whatever numbers stand beside them.
        self._axes["left"].setWidth(_AXIS_PX)

    def setMouseEnabled(self, x: bool = False, y: bool = False) -> None:  # noqa: N802 - as pyqtgraph calls it
        """Choose the axes that a hand may drag and zoom."""
        self.box.setMouseEnabled(x=x, y=y)

    def setXLink(self, other: Plot) -> None:  # noqa: N802
        """Show the same range of x as another plot, always."""
        self.box.setXLink(other.box)

    def setXRange(self, least: float, most: float, padding: float = 0.0) -> None:  # noqa: N802
        """Show this range of x."""
        self.box.setXRange(least, most, padding=padding)

    def setYRange(self, least: float, most: float, padding: float | None = None) -> None:  # noqa: N802
        """Show this range of y."""
        self.box.setYRange(least, most, padding=padding)

    def setLabel(self, side: str, text: str) -> None:  # noqa: N802
        """Name the ``left`` or ``bottom`` axis."""
        self._axes[side].setLabel(text)

    def setLogMode(self, y: bool) -> None:  # noqa: N802
        """Write powers of ten beside y; the curves are given logarithms by whoever asks for this."""
        self._axes["left"].setLogMode(y=y)

    def show_axes(self, shown: bool) -> None:
        """Hide the axes of a plot that has nothing to show."""
        for axis in self._axes.values():
            axis.setVisible(shown)

    def addItem(self, item: pyqtgraph.GraphicsObject) -> None:  # noqa: N802
        """Add a line or a mark."""
        self.box.addItem(item)

    def plot(self) -> pyqtgraph.PlotDataItem:
        """Add a curve, still empty."""
        curve = pyqtgraph.PlotDataItem(antialias=True)
        self.box.addItem(curve)
        return curve

    def restyle(self, *legend: tuple[str, str]) -> None:
        """Take the theme's colours.

        Args:
            legend: A curve's name and the colour it has, each.
        """
        look = theme.tokens()
        self.setBackground(look.surround)
        named = (f"<span style='color:{colour}'>{name}</span>" for name, colour in legend)
        self._title.setText("&nbsp;&nbsp;".join(named))
        self._title.setMinimumWidth(0)  # or a long legend would push the curves out of sight
        for axis in self._axes.values():
            axis.setPen(QColor(look.line))
            axis.setTextPen(QColor(look.muted))
