"""What a user would write in an afternoon: eager PyTorch, Pillow and a QPixmap in a label, all on the GUI thread."""

from __future__ import annotations

import sys
import time

import torch
from PIL import Image
from PIL.ImageQt import toqpixmap
from PySide6.QtCore import QEventLoop, QObject, QTimer, Signal, Slot
from PySide6.QtGui import QPaintEvent
from PySide6.QtWidgets import QApplication, QLabel

from latentlab.bench.children.answer import answers, give, request
from latentlab.bench.children.beat import Beat
from latentlab.models import networks
from latentlab.session.opened import OpenedModel


class _Label(QLabel):
    """Tells when it was painted."""

    painted = Signal()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Paint as a label does."""
        super().paintEvent(event)
        self.painted.emit()


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
        self.label.painted.connect(self._on_painted)
        self._loop = QEventLoop()
        self._beat = Beat(self)
        self._beat.moved.connect(self._move_at)
        self._paced = False
        self._left = 0
        self._step = 0
        self._asked_s: tuple[float, float] | None = None
        self._samples: list[tuple[float, float]] = []

    def at_pace(self, moves: int) -> list[tuple[float, float]]:
        """Move as a hand does.

        Returns:
            Milliseconds to the end of the `paintEvent` that showed each move: from the change of the value, and from
            the move of the hand.
        """
        self._begin(moves, paced=True)
        self._beat.start()
        self._loop.exec()
        self._beat.stop()
        return self._samples

    def one_at_a_time(self, moves: int) -> list[tuple[float, float]]:
        """Move only once the last move is on the screen; return the same."""
        self._begin(moves, paced=False)
        QTimer.singleShot(0, self._move)
        self._loop.exec()
        return self._samples

    def _begin(self, moves: int, *, paced: bool) -> None:
        self._paced, self._left, self._samples, self._asked_s = paced, moves, [], None

    @Slot()
    def _move(self) -> None:
        self._move_at(time.perf_counter())

    @Slot(float)
    def _move_at(self, moved_s: float) -> None:
        self._left -= 1
        self._asked_s = time.perf_counter(), moved_s
        self._show()

    def _show(self) -> None:
        self._step += 1
        z = self._z + 0.05 * (self._step % 40) * self._direction
        with torch.inference_mode():
            photo = self._network(z)[0]
        pixels = ((photo + 1.0) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(1, 2, 0).contiguous().numpy()
        picture = Image.fromarray(pixels[..., 0] if pixels.shape[2] == 1 else pixels)
        self.label.setPixmap(toqpixmap(picture.resize(self._size, Image.Resampling.NEAREST)))

    @Slot()
    def _on_painted(self) -> None:
        if self._asked_s is None:
            return
        now = time.perf_counter()
        changed_s, moved_s = self._asked_s
        self._samples.append(((now - changed_s) * 1000.0, (now - moved_s) * 1000.0))
        self._asked_s = None
        if self._left <= 0:
            self._loop.quit()
        elif not self._paced:
            QTimer.singleShot(0, self._move)


def main() -> None:
    """Measure what was asked and give the answer."""
    stream, asked = answers(), request()
    app = QApplication([sys.argv[0]])
    loop = _Loop(OpenedModel.from_file(asked["model"]), tuple(asked["shown_px"]))
    loop.one_at_a_time(30)
    paced: list[tuple[float, float]] = []
    single: list[tuple[float, float]] = []
    for _ in range(asked["blocks"]):
        paced += loop.at_pace(asked["moves"])
        single += loop.one_at_a_time(asked["moves"])
    (paced_ms, hand_ms), (single_ms, _) = zip(*paced, strict=True), zip(*single, strict=True)
    give(stream, {"paced_ms": paced_ms, "hand_ms": hand_ms, "single_ms": single_ms})
    loop.label.close()
    del app


if __name__ == "__main__":
    main()
