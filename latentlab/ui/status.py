"""The status bar: model, device, speed, and notices that pass."""

from __future__ import annotations

from PySide6.QtCore import QObject, QTimer, Slot
from PySide6.QtWidgets import QLabel, QStatusBar

from latentlab.rendering.devices import TITLES
from latentlab.session.opened import OpenedModel
from latentlab.ui.studio import Studio

_NOTICE_MS = 4000
_REFRESH_MS = 250


class StatusLine(QObject):
    """Fills a status bar."""

    def __init__(self, studio: Studio, bar: QStatusBar) -> None:
        super().__init__(bar)
        self._studio = studio
        self._bar = bar
        self._model = QLabel()
        self._speed = QLabel()
        bar.setSizeGripEnabled(False)
        bar.addPermanentWidget(self._model)
        bar.addPermanentWidget(self._speed)
        self._speed.setToolTip(
            self.tr("Device, what one picture costs on it, and how often the picture changed in the last second")
        )
        self._refresh = QTimer(self)
        self._refresh.setInterval(_REFRESH_MS)
        self._refresh.timeout.connect(self._on_refresh)
        studio.follow_model(self._on_model)
        studio.notice.connect(self._on_notice)
        studio.render.timed.connect(self._on_timed)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        spec = model.generator.card.generator
        self._model.setText(f"{model.title}  ·  {spec.width} × {spec.height}  ·  z {spec.z_dim} {spec.prior}")

    @Slot(str)
    def _on_notice(self, text: str) -> None:
        self._bar.showMessage(text, _NOTICE_MS)

    @Slot(object)
    def _on_timed(self, _timing: object) -> None:
        if not self._refresh.isActive():
            self._on_refresh()
            self._refresh.start()

    @Slot()
    def _on_refresh(self) -> None:
        pace = self._studio.pace
        cost_ms, fps = pace.ms_a_picture(), pace.frames_a_second()
        if cost_ms is None:
            self._refresh.stop()
            return
        device = TITLES[self._studio.settings.device]
        text = self.tr("{0}  ·  {1} ms a picture").format(device, f"{cost_ms:.1f}")
        self._speed.setText(f"{text}  ·  {fps:.0f} fps" if fps > 1.0 else text)
