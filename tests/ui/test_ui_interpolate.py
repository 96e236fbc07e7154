"""INTERPOLATE: scrub the walk, play it, turn round at its end, stop when nobody looks."""

from __future__ import annotations

import numpy as np
import pytest
from hand import click, drag, on_screen, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentlab.latent.interpolation import INTERPOLATORS
from latentlab.session.opened import OpenedModel
from latentlab.ui.main_window import EXPLORE, INTERPOLATE, MainWindow


@pytest.fixture
def walk(window: MainWindow) -> MainWindow:
    window.show_page(INTERPOLATE)
    settle(window)
    return window


def assert_walk(window: MainWindow, model: OpenedModel, mode: str = "slerp") -> None:
    settle(window)
    panel = window.interpolate
    a, b = model.sample(1, seed=42)[0], model.sample(1, seed=7)[0]
    z = INTERPOLATORS[mode](a, b, np.array([round(panel._fraction * 1000) / 1000]))  # type: ignore[index]
    assert np.abs(shown(panel.view).astype(int) - model.render(z)[0]).max() <= 1
    assert np.array_equal(on_screen(panel.view), shown(panel.view))


def test_the_picture_lies_between_the_ends_where_the_scrubber_is(walk: MainWindow, model: OpenedModel) -> None:
    panel = walk.interpolate
    assert_walk(walk, model)
    for share in (0.2, 0.77):
        drag(panel.scrubber, share)
        assert panel._fraction == panel.scrubber.value()
        assert panel.position.text() == f"{panel._fraction:.2f}"
        assert_walk(walk, model)
    assert np.array_equal(shown(panel.end_a), model.render(model.sample(1, seed=42))[0])
    assert np.array_equal(shown(panel.end_b), model.render(model.sample(1, seed=7))[0])


def test_scrubbing_is_no_change_of_the_document(walk: MainWindow) -> None:
    before = state_of(walk)
    drag(walk.interpolate.scrubber, 0.9)
    assert state_of(walk) is before


def test_the_ends_of_the_scrubber_are_the_ends(walk: MainWindow) -> None:
    for key, end in ((Qt.Key.Key_PageDown, walk.interpolate.end_a), (Qt.Key.Key_PageUp, walk.interpolate.end_b)):
        walk.interpolate.scrubber.setFocus()
        for _ in range(6):
            QTest.keyClick(walk.interpolate.scrubber, key)
        settle(walk)
        assert np.array_equal(shown(walk.interpolate.view), shown(end))


def test_the_clock_moves_the_walk_and_turns_round(walk: MainWindow, model: OpenedModel) -> None:
    panel = walk.interpolate
    panel.seconds.setValue(1)
    seen = []
    for _ in range(64):
        panel._on_tick()
        seen.append(panel._fraction)
    assert_walk(walk, model)
    assert max(seen) == 1.0
    assert min(seen) == 0.0
    steps = np.abs(np.diff(seen))
    assert steps.max() <= 0.033 + 1e-9, "there and back without a jump"
    panel.ping_pong.setChecked(False)
    panel._set_fraction(0.99)
    panel._forward = True
    panel._on_tick()
    assert panel._fraction == 0.0


def test_a_slower_walk_takes_smaller_steps(walk: MainWindow) -> None:
    panel = walk.interpolate
    panel._set_fraction(0.0)
    panel.seconds.setValue(10)
    panel._on_tick()
    assert panel._fraction == pytest.approx(0.0033)


def test_play_plays_and_stops_when_the_page_is_left(walk: MainWindow, qtbot: QtBot) -> None:
    panel = walk.interpolate
    walk.show_page(EXPLORE)
    QTest.keyClick(walk, Qt.Key.Key_P)
    assert walk.pages.currentIndex() == INTERPOLATE
    assert panel.playing
    start = panel._fraction
    qtbot.waitUntil(lambda: panel._fraction != start)
    with qtbot.waitSignal(panel.playing_changed) as stopped:
        walk.show_page(EXPLORE)
    assert stopped.args == [False]
    assert not panel.playing
    click(walk.strip.play)
    assert panel.playing
    click(panel.play)
    assert not panel.playing


def test_the_picture_on_the_walk_is_picked_up_and_kept(walk: MainWindow) -> None:
    drag(walk.interpolate.scrubber, 0.3)
    settle(walk)
    picture = shown(walk.interpolate.view).copy()
    click(walk.interpolate.keep)
    assert np.array_equal(state_of(walk).shelf[0].pixels, picture)
    click(walk.interpolate.pick)
    walk.show_page(EXPLORE)
    settle(walk)
    assert np.array_equal(shown(walk.explore.canvas), picture)
    assert np.array_equal(z_of(walk)[0], state_of(walk).shelf[0].z)


def test_the_walk_follows_the_held_end_also_after_it_was_hidden(walk: MainWindow, model: OpenedModel) -> None:
    walk.show_page(EXPLORE)
    drag(slider_of(walk), 0.9)
    walk.show_page(INTERPOLATE)
    settle(walk)
    assert np.array_equal(shown(walk.interpolate.end_a), model.render(z_of(walk))[0])
    walk.actions_["undo"].trigger()
    settle(walk)
    assert_walk(walk, model)


def test_k_keeps_the_picture_in_sight(walk: MainWindow) -> None:
    drag(walk.interpolate.scrubber, 0.3)
    settle(walk)
    QTest.keyClick(walk, Qt.Key.Key_K)
    assert np.array_equal(state_of(walk).shelf[0].pixels, shown(walk.interpolate.view))
