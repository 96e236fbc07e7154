"""A quick model's picture is drawn on the window's own thread, and painted before anything else happens."""

from __future__ import annotations

import threading

import numpy as np
import pytest
from PySide6.QtCore import QObject
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels
from latentlab.rendering.requests import PICTURE
from latentlab.session import changes
from latentlab.ui.main_window import MainWindow
from latentlab.ui.render_bridge import Frames, RenderBridge


class Quick:
    """Draws latent v as a single pixel of grey level v, at once."""

    def __init__(self) -> None:
        self.drawn_by: list[threading.Thread] = []

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        self.drawn_by.append(threading.current_thread())
        return z[:, :1].astype(np.uint8).reshape(-1, 1, 1, 1)


class Taker(QObject):
    """Keeps what is drawn; asks for more where a test wants it."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: dict[int, int] = {}
        self.values: list[int] = []

    def take(self, frames: Frames) -> None:
        for row, picture in zip(frames.rows, frames.pixels, strict=True):
            self.rows[row] = int(picture[0, 0, 0])
        self.values.append(int(frames.pixels[0, 0, 0, 0]))


@pytest.fixture
def backend() -> Quick:
    return Quick()


@pytest.fixture
def picture() -> Taker:
    return Taker()


@pytest.fixture
def bridge(qtbot: QtBot, backend: Quick, picture: Taker) -> RenderBridge:
    """Return a bridge that has drawn one picture; where that is done no thread is left."""
    made = RenderBridge()
    made.receive(PICTURE, picture.take)
    made.open(lambda: backend, on_the_spot=True)
    made.request(PICTURE, z_of(1))
    qtbot.waitUntil(lambda: picture.values == [1])
    backend.drawn_by.clear()
    return made


def z_of(*values: int) -> FloatArray:
    return np.array([[value, 0] for value in values], np.float32)


def test_the_picture_is_there_when_the_request_returns(bridge: RenderBridge, backend: Quick, picture: Taker) -> None:
    try:
        for value in range(2, 8):
            bridge.request(PICTURE, z_of(value))
            assert picture.values[-1] == value
        assert set(backend.drawn_by) == {threading.current_thread()}
    finally:
        bridge.close()


def test_rows_are_drawn_here_under_a_moving_hand_and_all_of_them_once_it_rests(
    bridge: RenderBridge, backend: Quick, qtbot: QtBot
) -> None:
    strip = Taker()
    bridge.receive("strip", strip.take)
    try:
        for value in range(2, 30):
            bridge.request(PICTURE, z_of(value))
            qtbot.wait(8)
        bridge.request("strip", z_of(*range(100, 200)))
        qtbot.waitUntil(lambda: len(strip.rows) > 0)
        assert threading.current_thread() in backend.drawn_by[28:]
        qtbot.waitUntil(lambda: len(strip.rows) == 100)
        assert strip.rows == {row: 100 + row for row in range(100)}
    finally:
        bridge.close()


def test_who_asks_while_a_picture_is_handed_on_is_served_after_it(
    bridge: RenderBridge, picture: Taker, qtbot: QtBot
) -> None:
    def ask_again(frames: Frames) -> None:
        picture.take(frames)
        if picture.values[-1] < 5:
            bridge.request(PICTURE, z_of(picture.values[-1] + 1))

    bridge.receive(PICTURE, ask_again)
    try:
        bridge.request(PICTURE, z_of(2))
        qtbot.waitUntil(lambda: picture.values[-1] == 5)
        assert picture.values == [1, 2, 3, 4, 5]
    finally:
        bridge.close()


def test_in_the_window_a_slider_is_answered_at_once(window: MainWindow, qtbot: QtBot) -> None:
    studio = window.studio
    assert studio.model is not None
    name = studio.model.directions[0].name
    qtbot.waitUntil(lambda: window.explore.canvas.pixels() is not None)
    assert studio.render.wait_idle(30.0)
    studio.apply(changes.set_strength(name, 0.5), name)
    qtbot.waitUntil(lambda: studio.render.wait_idle(0.0))
    painted: list[int] = []
    window.explore.picture_painted.connect(painted.append)
    studio.apply(changes.set_strength(name, 1.5), name)
    assert len(painted) >= 1
    assert np.array_equal(
        window.explore.canvas.pixels(), studio.model.render(studio.z_of(studio.state.picture)[None])[0]
    )
