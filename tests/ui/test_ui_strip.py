"""STRIP: the row follows the hand, frame by frame, and its pictures can be taken."""

from __future__ import annotations

import numpy as np
import pytest
from hand import LEFT, click, drag, drop, handle_of, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import INTERPOLATORS
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import mime_of
from latentlab.ui.main_window import MainWindow
from latentlab.ui.widgets.picture import PictureView


def views_of(window: MainWindow) -> list[PictureView]:
    return [window.strip.end_a, *window.strip._frames, window.strip.end_b]


def assert_strip(window: MainWindow, model: OpenedModel, a: FloatArray, b: FloatArray, mode: str = "slerp") -> None:
    """Compare every frame with the interpolation rendered one latent at a time."""
    settle(window)
    views = views_of(window)
    path = INTERPOLATORS[mode](a, b, np.linspace(0.0, 1.0, len(views)))  # type: ignore[index]
    for place, (view, z) in enumerate(zip(views, path, strict=True)):
        assert np.array_equal(shown(view), model.render(z[None])[0]), f"frame {place}"


def test_the_held_end_follows_every_edit(window: MainWindow, model: OpenedModel) -> None:
    b = model.sample(1, seed=7)[0]
    assert state_of(window).strip.held == "a"
    drag(slider_of(window), 0.9)
    assert_strip(window, model, z_of(window)[0], b)
    window.explore.seed.setValue(99)
    assert_strip(window, model, z_of(window)[0], b)


def test_the_other_end_can_be_held_and_let_go_of(window: MainWindow, model: OpenedModel) -> None:
    a, b = model.sample(1, seed=42)[0], model.sample(1, seed=7)[0]
    QTest.keyClick(window, Qt.Key.Key_B)
    assert state_of(window).strip.held == "b"
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), model.render(b[None])[0])
    drag(slider_of(window), 0.1)
    edited = z_of(window)[0]
    assert_strip(window, model, a, edited)
    assert window.actions_["let-go"].isEnabled()
    QTest.keyClick(window, Qt.Key.Key_L)
    assert state_of(window).strip.held is None
    assert not window.actions_["let-go"].isEnabled()
    drag(slider_of(window), 0.7)
    assert_strip(window, model, a, edited)


def test_a_click_takes_an_end_and_another_lets_go(window: MainWindow) -> None:
    click(window.strip.end_b)
    assert state_of(window).strip.held == "b"
    click(window.strip.end_b)
    assert state_of(window).strip.held is None
    window.strip.end_a.setFocus()
    QTest.keyClick(window.strip.end_a, Qt.Key.Key_Return)
    assert state_of(window).strip.held == "a"


def test_a_click_on_a_frame_picks_it_up(window: MainWindow, model: OpenedModel) -> None:
    a, b = model.sample(1, seed=42)[0], model.sample(1, seed=7)[0]
    frame = window.strip._frames[2]
    picture = shown(frame).copy()
    click(frame)
    settle(window)
    path = INTERPOLATORS["slerp"](a, b, np.linspace(0.0, 1.0, 8))
    assert np.array_equal(z_of(window)[0], path[3])
    assert np.array_equal(shown(window.explore.canvas), picture)
    assert state_of(window).picture.origin == "frame 4 of 8"
    assert_strip(window, model, a, b)


def test_a_card_dropped_on_an_end_becomes_that_end(window: MainWindow, model: OpenedModel) -> None:
    a, other = model.sample(1, seed=42)[0], model.sample(1, seed=1000)[0]
    card = window.studio.card_of(Point.from_seed(1000, 8, "normal"))
    assert drop(window.strip.end_b, mime_of(card))
    assert_strip(window, model, a, other)
    assert drop(window.strip.end_a, mime_of(window.studio.card_of(Point.from_seed(77, 8, "normal"))))
    assert np.array_equal(z_of(window), model.sample(1, seed=77)), "the held end is under the sliders"
    assert_strip(window, model, model.sample(1, seed=77)[0], other)


@pytest.mark.parametrize("count", [3, 5, 24])
def test_mode_and_number_of_frames(window: MainWindow, model: OpenedModel, count: int) -> None:
    a, b = model.sample(1, seed=42)[0], model.sample(1, seed=7)[0]
    window.strip.count.setValue(count)
    assert len(views_of(window)) == count
    assert_strip(window, model, a, b)
    mode = window.strip.mode
    mode.setFocus()
    mode.setCurrentText("lerp")
    mode.textActivated.emit("lerp")
    assert state_of(window).strip.mode == "lerp"
    assert_strip(window, model, a, b, "lerp")
    window.actions_["undo"].trigger()
    assert mode.currentText() == "slerp"
    window.actions_["undo"].trigger()
    assert len(views_of(window)) == window.strip.count.value() == 8
    assert_strip(window, model, a, b)


def test_swap_turns_the_strip_round(window: MainWindow, model: OpenedModel) -> None:
    QTest.keyClick(window, Qt.Key.Key_X)
    assert state_of(window).strip.held == "b"
    assert_strip(window, model, model.sample(1, seed=7)[0], model.sample(1, seed=42)[0])


def test_every_frame_is_repainted_while_an_end_is_dragged(window: MainWindow, qtbot: QtBot) -> None:
    seen: dict[int, set[int]] = {}
    for place, view in enumerate(views_of(window)[:-1]):
        seen[place] = set()
        view.painted.connect(seen[place].add)
    slider = slider_of(window)
    start = handle_of(slider)
    QTest.mousePress(slider, LEFT, pos=start)
    moves = 0

    def moved_until_all_painted() -> bool:
        nonlocal moves
        moves += 1
        QTest.mouseMove(slider, start + QPoint(10 + moves % 90, 0))
        QApplication.processEvents()
        return all(len(seqs) >= 4 for seqs in seen.values())

    qtbot.waitUntil(moved_until_all_painted)
    assert slider._dragging, "they were painted before the hand came to rest"
    QTest.mouseRelease(slider, LEFT)


def test_the_strip_of_a_zero_end_is_drawn_straight(window: MainWindow, model: OpenedModel) -> None:
    zero = np.zeros(8, np.float32)
    drag(window.explore.truncation, 0.0)
    assert np.array_equal(z_of(window)[0], zero)
    assert_strip(window, model, zero, model.sample(1, seed=7)[0], "lerp")


def test_the_context_menu_acts_on_its_end(window: MainWindow, model: OpenedModel) -> None:
    window.strip.end_b._on_roll()
    assert state_of(window).end("b").seed not in (7, None)
    window.strip.end_b._on_keep()
    assert state_of(window).shelf[0].point.seed == state_of(window).end("b").seed
