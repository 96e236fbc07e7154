"""What an answer cost is told of the very request that it answers."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QObject, Slot
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels
from latentlab.rendering.requests import PICTURE
from latentlab.ui.render_bridge import RenderBridge, Timing

WAIT_S = 60.0


class Held:
    """Draws black, each time once it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go = threading.Semaphore(0), threading.Semaphore(0)

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        self.begun.release()
        assert self.let_go.acquire(timeout=WAIT_S)
        return np.zeros((len(z), 2, 2, 1), np.uint8)


class Told(QObject):
    """Keeps what is told."""

    def __init__(self) -> None:
        super().__init__()
        self.timings: list[Timing] = []

    @Slot(object)
    def take(self, timing: Timing) -> None:
        self.timings.append(timing)


def test_a_newer_request_does_not_shorten_the_answer_to_an_older_one(
    qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 0.0
    monkeypatch.setattr("latentlab.ui.render_bridge.monotonic", lambda: now)
    bridge, backend, told = RenderBridge(), Held(), Told()
    bridge.timed.connect(told.take)
    bridge.open(lambda: backend)
    try:
        now = 1.0
        bridge.request(PICTURE, np.zeros((1, 3), np.float32))
        assert backend.begun.acquire(timeout=WAIT_S)
        now = 2.0
        bridge.request(PICTURE, np.ones((1, 3), np.float32))
        now = 5.0
        backend.let_go.release(2)
        qtbot.waitUntil(lambda: len(told.timings) == 2)
    finally:
        backend.let_go.release(2)
        bridge.close()
    assert [timing.answer_ms for timing in told.timings] == [4000.0, 3000.0]
