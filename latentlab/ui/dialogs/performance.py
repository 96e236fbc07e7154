"""What drawing has cost over the last seconds, plotted: a window of its own that stays open while one plays."""

from __future__ import annotations

import time

import numpy as np
import pyqtgraph
from PySide6.QtCore import QSize, Qt, QTimer, Slot
from PySide6.QtGui import QColor, QHideEvent, QShowEvent
from PySide6.QtWidgets import QDialog, QLabel, QVBoxLayout, QWidget

from latentlab.rendering.devices import TITLES
from latentlab.rendering.requests import PICTURE
from latentlab.ui import theme
from latentlab.ui.pace import KEPT_S
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.plot import Plot

_REFRESH_MS = 100
_SIZE_PX = QSize(480, 320)
_LEAST_SCALE_MS = 20.0
_FRAME_MS = 1000.0 / 60.0


class PerformanceWindow(QDialog):
    """Two curves for the live picture, over the last ten seconds: drawing alone, and from the hand to the window."""

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Performance"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self.figures = QLabel()
        self.figures.setObjectName("figure")
        self._plot = Plot()
        self._plot.setXRange(-KEPT_S, 0.0, padding=0.02)
        self._plot.setLabel("bottom", self.tr("seconds ago"))
        self._plot.setLabel("left", self.tr("milliseconds"))
        self._frame = pyqtgraph.InfiniteLine(_FRAME_MS, angle=0)
        self._plot.addItem(self._frame)
        self._answer, self._render = self._plot.plot(), self._plot.plot()
        layout = QVBoxLayout(self)
        layout.addWidget(self.figures)
        layout.addWidget(self._plot, 1)
        self._timer = QTimer(self)
        self._timer.setInterval(_REFRESH_MS)
        self._timer.timeout.connect(self.refresh)
        studio.settings_changed.connect(self._on_settings)
        self._restyle()

    def showEvent(self, event: QShowEvent) -> None:
        """Plot while in sight."""
        super().showEvent(event)
        self.refresh()
        self._timer.start()

    def hideEvent(self, event: QHideEvent) -> None:
        """Cost nothing while out of sight."""
        super().hideEvent(event)
        self._timer.stop()

    @Slot()
    def refresh(self) -> None:
        """Draw what is known now."""
        moments = [moment for moment in self._studio.pace.moments() if moment.timing.lane == PICTURE]
        now = time.monotonic()
        ages = np.array([moment.at_s - now for moment in moments])
        render = np.array([moment.timing.render_ms for moment in moments])
        answer = np.array([moment.timing.answer_ms for moment in moments])
        self._render.setData(ages, render)
        self._answer.setData(ages, answer)
        usual_ms = float(np.percentile(answer, 95)) if len(answer) else 0.0
        self._plot.setYRange(0.0, max(_LEAST_SCALE_MS, usual_ms * 1.3))
        device = TITLES[self._studio.settings.device]
        if not len(moments):
            self.figures.setText(self.tr("{0}  ·  move a slider").format(device))
            return
        self.figures.setText(
            self.tr("{0}  ·  {1} ms to draw  ·  {2} ms from hand to window  ·  {3} fps").format(
                device,
                f"{np.median(render):.1f}",
                f"{np.median(answer):.1f}",
                f"{self._studio.pace.frames_a_second():.0f}",
            )
        )

    @Slot(object)
    def _on_settings(self, _settings: object) -> None:
        self._restyle()

    def _restyle(self) -> None:
        look = theme.tokens()
        self._plot.restyle(
            (self.tr("from hand to window"), look.accent),
            (self.tr("drawing"), look.text),
            (self.tr("one frame of a 60 Hz display"), look.muted),
        )
        self._answer.setPen(pyqtgraph.mkPen(QColor(look.accent), width=1.5))
        self._render.setPen(pyqtgraph.mkPen(QColor(look.text), width=1.5))
        self._frame.setPen(pyqtgraph.mkPen(QColor(look.muted), width=1, style=Qt.PenStyle.DashLine))
