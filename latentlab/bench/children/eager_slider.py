"""What a user would write in an afternoon: eager PyTorch, Pillow and a QPixmap in a label, all on the GUI thread."""

from __future__ import annotations

import sys
import time

import torch
from PIL import Image
from PIL.ImageQt import toqpixmap
from PySide6.QtCore import QEventLoop, QObject, Qt, QTimer, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel

from latentlab.bench.children.answer import answers, give, request
from latentlab.bench.children.pace import PACE_MS
from latentlab.models import networks
from latentlab.session.opened import OpenedModel


class _Label(QLabel):
    """Notes when it was painted last."""

    painted_s = 0.0

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as a label does."""
        super().paintEvent(event)
        self.painted_s = time.perf_counter()


class _Loop(QObject):
    """Moves the latent and shows its picture: at a pace, or as fast as it goes."""

    def __init__(self, model: OpenedModel, size: tuple[int, int]) -> None:
        super().__init__()
        spec = model.generator.card.generator
        self._network = networks.load(networks.build(spec.network), model.generator.weights)
        self._z = torch.from_numpy(model.sample(1, seed=0))
        self._direction = torch.from_numpy(model.directions[0].vector.copy())
        self._size = size
        self.label = _Label()
        self.label.resize(*size)
        self.label.show()
        self._loop = QEventLoop()
        self._timer = QTimer(self)
        self._timer.setTimerType(Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._on_beat)
        self._left = 0
        self._step = 0
        self._asked_s = 0.0
        self._samples: list[float] = []

    def run(self, moves: int, interval_ms: int) -> list[float]:
        """Return milliseconds from each move to the end of the `paintEvent` that showed it."""
        self._left, self._samples, self._asked_s = moves, [], 0.0
        self._timer.setInterval(interval_ms)
        self._timer.start()
        self._loop.exec()
        return self._samples

    @Slot()
    def _on_beat(self) -> None:
        if self._asked_s:
            if self.label.painted_s < self._asked_s:
                return
            self._samples.append((self.label.painted_s - self._asked_s) * 1000.0)
            self._asked_s = 0.0
        if self._left == 0:
            self._timer.stop()
            self._loop.quit()
            return
        self._left -= 1
        self._asked_s = time.perf_counter()
        self._show()

    def _show(self) -> None:
        self._step += 1
        z = self._z + 0.05 * (self._step % 40) * self._direction
        with torch.inference_mode():
            photo = self._network(z)[0]
        pixels = ((photo + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        self.label.setPixmap(toqpixmap(picture.resize(self._size, Image.Resampling.NEAREST)))


def main() -> None:
    """Measure what was asked and give the answer."""
    stream, asked = answers(), request()
    app = QApplication([sys.argv[0]])
    loop = _Loop(OpenedModel.from_file(asked["model"]), tuple(asked["shown_px"]))
    loop.run(30, 0)
    paced: list[float] = []
    single: list[float] = []
    for _ in range(asked["blocks"]):
        paced += loop.run(asked["moves"], PACE_MS)
        single += loop.run(asked["moves"], 0)
    give(stream, {"paced_ms": paced, "single_ms": single})
    loop.label.close()
    del app


if __name__ == "__main__":
    main()
