"""The status bar: model, device, speed, and notices that pass."""

from __future__ import annotations

import time
from collections import deque

from PySide6.QtCore import QObject, Slot
from PySide6.QtWidgets import QLabel, QStatusBar

from latentlab.session.opened import OpenedModel
from latentlab.ui.studio import Studio

_NOTICE_MS = 4000
_WINDOW_S = 2.0


class StatusLine(QObject):
    """Fills a status bar."""

    def __init__(self, studio: Studio, bar: QStatusBar) -> None:
        super().__init__(bar)
        self._studio = studio
        self._bar = bar
        self._model = QLabel()
        self._speed = QLabel()
        self._costs: deque[tuple[float, int, float]] = deque(maxlen=600)
        bar.setSizeGripEnabled(False)
        bar.addPermanentWidget(self._model)
        bar.addPermanentWidget(self._speed)
        self._speed.setToolTip(self.tr("Device, and what one picture costs on it, over the last two seconds"))
        studio.model_changed.connect(self._on_model)
        studio.notice.connect(self._on_notice)
        studio.render.timed.connect(self._on_timed)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        spec = model.generator.card.generator
        self._model.setText(f"{model.title}  ·  {spec.width} × {spec.height}  ·  z {spec.z_dim} {spec.prior}")

    @Slot(str)
    def _on_notice(self, text: str) -> None:
        self._bar.showMessage(text, _NOTICE_MS)

    @Slot(int, float)
    def _on_timed(self, rows: int, elapsed_ms: float) -> None:
        now = time.monotonic()
        self._costs.append((now, rows, elapsed_ms))
        while now - self._costs[0][0] > _WINDOW_S:
            self._costs.popleft()
        pictures = sum(each[1] for each in self._costs)
        per_picture = sum(each[2] for each in self._costs) / pictures
        self._speed.setText(self.tr("CPU  ·  {0} ms a picture").format(f"{per_picture:.1f}"))
