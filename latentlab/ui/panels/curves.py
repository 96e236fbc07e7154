"""The curves of a training, of one run or of two: a few pages of plots, each made when it is first looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass

import numpy as np
import pyqtgraph
from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QShowEvent
from PySide6.QtWidgets import (
    QButtonGroup,
    QHBoxLayout,
    QLabel,
    QSizePolicy,
    QStackedWidget,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.training.events import Progress
from latentlab.training.run_log import Entry
from latentlab.ui import theme
from latentlab.ui.panels.curve_points import CurvePoints
from latentlab.ui.widgets.plot import Plot

_CONTEXT = "TrainingCurves"
_OTHER_ALPHA = 170
_LEAST_LOG = 1e-12


def _(text: str) -> str:
    return str(QT_TRANSLATE_NOOP("TrainingCurves", text))


_SCORE = _("D's score")


@dataclass(frozen=True)
class PlotSpec:
    """One plot.

    Attributes:
        label: Of its y axis.
        curves: Names in the log, each with its legend; at most two.
        log: Whether y is logarithmic.
        probability: Whether y is a probability where the objective's D gives one; elsewhere it is a score.
    """

    label: str
    curves: tuple[tuple[str, str], ...]
    log: bool = False
    probability: bool = False


PAGES: tuple[tuple[str, tuple[PlotSpec, ...]], ...] = (
    (
        _("Losses"),
        (
            PlotSpec(_("loss"), (("Loss_D", "Loss_D"), ("Loss_G", "Loss_G"))),
            PlotSpec(_("D's output"), (("D_x", "D(x)"), ("D_G_z1", "D(G(z))")), probability=True),
        ),
    ),
    (
        _("Steps"),
        (
            PlotSpec(_("gradient norm"), (("grad_D", "D"), ("grad_G", "G")), log=True),
            PlotSpec(_("learning rate"), (("lr_D", "D"), ("lr_G", "G"))),
            PlotSpec(_("images a second"), (("images_per_s", _("images/s")),)),
        ),
    ),
    (
        _("Samples"),
        (
            PlotSpec(_("grey scale"), (("spread", _("spread of the sheet")), ("change", _("change a tick")))),
            PlotSpec(_("contrast"), (("contrast", _("samples over real pictures")),)),
        ),
    ),
    (
        _("Quality"),
        (
            PlotSpec(_("Fréchet distance"), (("frechet", _("samples")), ("floor", _("real pictures")))),
            PlotSpec(_("share"), (("precision", _("precision")), ("recall", _("recall")))),
        ),
    ),
)


_POINT_PX = 7


class CurvePage(QWidget):
    """Plots one above the other, over the same kimg. Each is made in a turn of the event loop of its own.

    Args:
        specs: The plots.
        fill: Called with the page whenever a plot was made, to give it its points.
    """

    def __init__(self, specs: tuple[PlotSpec, ...], fill: Callable[[CurvePage], None]) -> None:
        super().__init__()
        self._specs = specs
        self._fill = fill
        self._cursors: list[pyqtgraph.InfiniteLine] = []
        self._empty = [True] * len(specs)
        self.plots: list[Plot] = []
        self.curves: dict[str, tuple[pyqtgraph.PlotDataItem, pyqtgraph.PlotDataItem]] = {}
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(4)
        self._making = QTimer(self)
        self._making.setSingleShot(True)
        self._making.timeout.connect(self._on_make)

    def showEvent(self, event: QShowEvent) -> None:
        """Begin to make the plots."""
        super().showEvent(event)
        self._continue()

    def draw(self, run: CurvePoints, other: CurvePoints | None, probabilities: bool) -> None:
        """Fill the curves: the run's, and dashed those of another one."""
        for index, (spec, plot) in enumerate(zip(self._specs, self.plots, strict=False)):
            drawn = 0
            for name, _title in spec.curves:
                for curve, points in zip(self.curves[name], (run, other), strict=True):
                    x, y = points.points(name) if points is not None else np.zeros((2, 0))
                    # A single point makes no line.
                    curve.setSymbol("o" if len(x) == 1 else None)
                    curve.setData(x, np.log10(np.maximum(y, _LEAST_LOG)) if spec.log else y)
                    drawn += len(x)
            if spec.probability and probabilities:
                plot.setYRange(0.0, 1.0)
            else:
                plot.box.enableAutoRange(y=True)
            if spec.probability:
                plot.setLabel("left", _translated(spec.label if probabilities else _SCORE))
            self._empty[index] = not drawn
            self._title(spec, plot, self._empty[index])

    def mark(self, kimg: float | None) -> None:
        """Draw a line where the sheet in sight was made."""
        for cursor, empty in zip(self._cursors, self._empty, strict=False):
            cursor.setVisible(kimg is not None and not empty)
            if kimg is not None:
                cursor.setPos(kimg)

    def restyle(self) -> None:
        """Take the theme's colours."""
        look = theme.tokens()
        for spec, plot, cursor, empty in zip(self._specs, self.plots, self._cursors, self._empty, strict=False):
            for (name, _title), ink in zip(spec.curves, (look.accent, look.text), strict=False):
                own, other = self.curves[name]
                for curve in (own, other):
                    curve.setSymbolBrush(QColor(ink))
                    curve.setSymbolPen(None)
                own.setPen(pyqtgraph.mkPen(QColor(ink), width=1.5))
                other.setPen(pyqtgraph.mkPen(theme.color(ink, _OTHER_ALPHA), width=1.5, style=Qt.PenStyle.DashLine))
            cursor.setPen(pyqtgraph.mkPen(QColor(look.faint), width=1))
            self._title(spec, plot, empty)

    def _title(self, spec: PlotSpec, plot: Plot, empty: bool) -> None:
        look = theme.tokens()
        plot.show_axes(not empty)
        if empty:
            plot.restyle((self.tr("{0}: nothing to show").format(_translated(spec.label)), look.muted))
        else:
            inks = (look.accent, look.text)
            legend = [(_translated(title), ink) for (_, title), ink in zip(spec.curves, inks, strict=False)]
            plot.restyle(*legend, (self.tr("over kimg"), look.muted))

    def _continue(self) -> None:
        if len(self.plots) < len(self._specs):
            self._making.start(0)

    @Slot()
    def _on_make(self) -> None:
        spec = self._specs[len(self.plots)]
        plot = Plot()
        plot.setMouseEnabled(x=True, y=False)
        plot.setMinimumHeight(70)
        plot.setLabel("left", _translated(spec.label))
        plot.setLogMode(y=spec.log)
        for name, _title in spec.curves:
            self.curves[name] = (plot.plot(), plot.plot())
            for curve in self.curves[name]:
                curve.setDownsampling(auto=True, method="peak")
                curve.setSymbolSize(_POINT_PX)
                curve.setClipToView(True)
        cursor = pyqtgraph.InfiniteLine(angle=90)
        cursor.hide()
        plot.box.addItem(cursor, ignoreBounds=True)
        if self.plots:
            plot.setXLink(self.plots[0])
        self.plots.append(plot)
        self._cursors.append(cursor)
        self._layout.addWidget(plot, 1)
        self.restyle()
        self._fill(self)
        self._continue()


class TrainingCurves(QWidget):
    """The pages, and which run's points they show. GUI thread only."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run = CurvePoints()
        self._other: CurvePoints | None = None
        self._probabilities = True
        self._kimg: float | None = None
        self.tabs = QButtonGroup(self)
        self.pages = QStackedWidget()
        self.names = QLabel()
        self.names.setObjectName("muted")
        self.names.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self.names.hide()
        top = QHBoxLayout()
        top.setSpacing(0)
        for index, (title, specs) in enumerate(PAGES):
            button = QToolButton()
            button.setText(_translated(title))
            button.setCheckable(True)
            button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
            button.setSizePolicy(QSizePolicy.Policy.Minimum, QSizePolicy.Policy.Fixed)
            self.tabs.addButton(button, index)
            top.addWidget(button)
            self.pages.addWidget(CurvePage(specs, self._fill))
        self.tabs.button(0).setChecked(True)
        top.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(top)
        layout.addWidget(self.names)
        layout.addWidget(self.pages, 1)
        self.tabs.idClicked.connect(self.show_page)

    @property
    def page(self) -> CurvePage:
        """Return the page in front."""
        page = self.pages.currentWidget()
        assert isinstance(page, CurvePage)
        return page

    def clear(self) -> None:
        """Begin another run, alone."""
        self._run, self._other, self._kimg = CurvePoints(), None, None
        self._fill(self.page)

    def add(self, progress: Progress) -> None:
        """Add what a run tells between two ticks."""
        values = {**asdict(progress.losses), "lr_D": progress.lr_D, "lr_G": progress.lr_G}
        known = {name: value for name, value in values.items() if value or not name.startswith(("lr_", "grad_"))}
        self._run.add(progress.kimg, {**known, "images_per_s": progress.images_per_s})
        self._fill(self.page)

    def set_logged(self, entries: tuple[Entry, ...], loss: str) -> None:
        """Show the log of the run."""
        self._probabilities = loss == "bce"
        self._run.set_logged(entries)
        self._fill(self.page)

    def set_other(self, entries: tuple[Entry, ...] | None, name: str = "") -> None:
        """Show the log of another run beside, dashed; or none."""
        self.names.setText(self.tr("Dashed: {0}").format(name))
        self.names.setVisible(entries is not None)
        self._other = None if entries is None else self._other or CurvePoints()
        if self._other is not None and entries is not None:
            self._other.set_logged(entries)
        self._fill(self.page)

    def mark(self, kimg: float | None) -> None:
        """Draw a line where the sheet in sight was made."""
        self._kimg = kimg
        self.page.mark(kimg)

    def restyle(self) -> None:
        """Take the theme's colours."""
        for index in range(self.pages.count()):
            page = self.pages.widget(index)
            if isinstance(page, CurvePage):
                page.restyle()

    def _fill(self, page: CurvePage) -> None:
        page.draw(self._run, self._other, self._probabilities)
        page.mark(self._kimg)

    @Slot(int)
    def show_page(self, index: int) -> None:
        """Bring a page to the front."""
        self.tabs.button(index).setChecked(True)
        self.pages.setCurrentIndex(index)
        self._fill(self.page)


def _translated(text: str) -> str:
    return QCoreApplication.translate(_CONTEXT, text)
