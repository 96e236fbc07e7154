"""A direction's slider under real mouse, wheel and keyboard events: the picture follows, and undo is exact."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hand import (
    LEFT,
    box_of,
    click,
    drag,
    handle_of,
    on_screen,
    reset_of,
    row_of,
    settle,
    shown,
    slider_of,
    state_of,
    turn_wheel,
    type_into,
    z_of,
)
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractSpinBox, QApplication, QScrollArea
from pytestqt.qtbot import QtBot

from latentlab.session.opened import OpenedModel
from latentlab.ui.main_window import MainWindow

NAME = "Factor 1"


def test_the_picture_follows_the_drag_and_is_what_python_renders(window: MainWindow, model: OpenedModel) -> None:
    before = shown(window.explore.canvas).copy()
    values = drag(slider_of(window), 0.9)
    settle(window)
    assert values == sorted(values)
    assert len(set(values)) > 4
    z = model.edit(model.sample(1, seed=42), {NAME: values[-1]})
    assert np.array_equal(z_of(window), z)
    assert np.array_equal(shown(window.explore.canvas), model.render(z)[0])
    assert np.array_equal(on_screen(window.explore.canvas), model.render(z)[0])
    assert not np.array_equal(shown(window.explore.canvas), before)


def test_pictures_are_painted_while_the_hand_still_moves(window: MainWindow, qtbot: QtBot) -> None:
    slider = slider_of(window)
    start = handle_of(slider)
    QTest.mousePress(slider, LEFT, pos=start)
    seen = []
    for step in range(1, 6):
        with qtbot.waitSignal(window.explore.picture_painted):
            QTest.mouseMove(slider, start + QPoint(10 * step, 0))
            settle(window)
        seen.append(shown(window.explore.canvas).copy())
    assert all(not np.array_equal(one, other) for one, other in pairwise(seen))
    QTest.mouseRelease(slider, LEFT)


def test_a_gesture_is_one_step_and_undo_and_redo_are_bit_equal(window: MainWindow, model: OpenedModel) -> None:
    start = z_of(window)
    drag(slider_of(window), 0.9)
    first = z_of(window)
    drag(slider_of(window), 0.2)
    second = z_of(window)
    undo, redo = window.actions_["undo"], window.actions_["redo"]
    assert undo.text() == f"Undo {NAME}"
    for action, wanted in ((undo, first), (undo, start), (redo, first), (redo, second)):
        assert action.isEnabled()
        action.trigger()
        settle(window)
        assert z_of(window).tobytes() == wanted.tobytes()
        assert np.array_equal(shown(window.explore.canvas), model.render(wanted)[0])
    assert not redo.isEnabled()
    undo.trigger()
    undo.trigger()
    assert not undo.isEnabled()
    assert slider_of(window).value() == box_of(window).value() == 0.0


def test_undo_and_redo_have_keys(window: MainWindow) -> None:
    drag(slider_of(window), 0.9)
    moved = z_of(window)
    QTest.keyClick(window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert not np.array_equal(z_of(window), moved)
    QTest.keyClick(window, Qt.Key.Key_Y, Qt.KeyboardModifier.ControlModifier)
    assert np.array_equal(z_of(window), moved)


def test_a_value_can_be_typed_even_beyond_the_groove(window: MainWindow, model: OpenedModel) -> None:
    for text, value in (("1.25", 1.25), ("-7", -7.0)):
        type_into(box_of(window), text)
        settle(window)
        assert dict(state_of(window).picture.strengths) == {NAME: value}
        assert slider_of(window).value() == value
        expected = model.render(model.edit(model.sample(1, seed=42), {NAME: value}))[0]
        assert np.array_equal(shown(window.explore.canvas), expected)
    window.actions_["undo"].trigger()
    assert dict(state_of(window).picture.strengths) == {NAME: 1.25}


def test_taking_the_handle_does_not_move_it(window: MainWindow) -> None:
    type_into(box_of(window), "7")
    steps = len(window.studio.session._undo)
    slider = slider_of(window)
    click(slider, handle_of(slider) + QPoint(-4, 2))
    assert slider.value() == 7.0
    assert len(window.studio.session._undo) == steps


def test_arrows_step_and_home_rests(window: MainWindow) -> None:
    slider = slider_of(window)
    slider.setFocus()
    for key, modifier, value in (
        (Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier, 0.1),
        (Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier, 0.11),
        (Qt.Key.Key_PageUp, Qt.KeyboardModifier.NoModifier, 1.11),
        (Qt.Key.Key_Left, Qt.KeyboardModifier.NoModifier, 1.01),
        (Qt.Key.Key_PageDown, Qt.KeyboardModifier.NoModifier, 0.01),
        (Qt.Key.Key_Home, Qt.KeyboardModifier.NoModifier, 0.0),
    ):
        QTest.keyClick(slider, key, modifier)
        assert slider.value() == pytest.approx(value)
        assert state_of(window).picture.strengths.get(NAME, 0.0) == slider.value()
    window.actions_["undo"].trigger()
    assert slider.value() == pytest.approx(0.01), "each key is a step of its own"


def test_a_double_click_rests_and_one_undo_takes_that_back(window: MainWindow) -> None:
    drag(slider_of(window), 0.9)
    moved = z_of(window)
    slider = slider_of(window)
    at = handle_of(slider) + QPoint(3, 0)
    QTest.mouseClick(slider, LEFT, pos=at)
    QTest.mouseDClick(slider, LEFT, pos=at)
    assert slider.value() == 0.0
    assert dict(state_of(window).picture.strengths) == {}
    window.actions_["undo"].trigger()
    assert z_of(window).tobytes() == moved.tobytes()


def test_the_detent_catches_the_handle_near_rest(window: MainWindow) -> None:
    slider = slider_of(window)
    drag(slider, 0.9)
    middle = round(slider._x(0.0)) + 3
    drag(slider, middle / slider.width())
    assert slider.value() == 0.0


def test_the_reset_button_is_grey_at_rest(window: MainWindow) -> None:
    button = reset_of(window)
    assert not button.isEnabled()
    assert not window.directions.reset.isEnabled()
    start = z_of(window)
    drag(slider_of(window), 0.8)
    assert button.isEnabled()
    assert window.directions.reset.isEnabled()
    click(button)
    assert not button.isEnabled()
    assert z_of(window).tobytes() == start.tobytes()
    drag(slider_of(window, "Factor 2"), 0.8)
    drag(slider_of(window, "Factor 3"), 0.2)
    click(window.directions.reset)
    assert z_of(window).tobytes() == start.tobytes()
    window.actions_["undo"].trigger()
    assert set(state_of(window).picture.strengths) == {"Factor 2", "Factor 3"}


def test_the_wheel_moves_a_slider_only_with_the_focus(window: MainWindow) -> None:
    slider = slider_of(window)
    window.directions.search.setFocus()
    assert not turn_wheel(slider, 2)
    assert slider.value() == 0.0
    slider.setFocus()
    assert turn_wheel(slider, 2)
    assert slider.value() == pytest.approx(0.2)
    turn_wheel(slider, -3)
    assert slider.value() == pytest.approx(-0.1)
    assert state_of(window).picture.strengths[NAME] == slider.value()


def test_a_turn_of_the_wheel_and_a_typed_value_are_two_steps(window: MainWindow) -> None:
    slider = slider_of(window)
    slider.setFocus()
    turn_wheel(slider, 1)
    type_into(box_of(window), "2")
    window.actions_["undo"].trigger()
    assert slider.value() == pytest.approx(0.1)


def test_scrolling_the_panel_changes_no_value(window: MainWindow) -> None:
    window.resize(1100, 620)
    QApplication.processEvents()
    area = window.directions.findChild(QScrollArea)
    assert area.verticalScrollBar().maximum() > 0
    window.setFocus()
    before = state_of(window)
    for box in window.directions.findChildren(QAbstractSpinBox):
        turn_wheel(box, -1)
    assert state_of(window) is before
    box = box_of(window)
    box.setFocus()
    turn_wheel(box, 1)
    assert box.value() == pytest.approx(0.1)


def test_search_finds_directions_and_opens_their_section(window: MainWindow) -> None:
    search = window.directions.search
    search.setFocus()
    QTest.keyClicks(search, "z 3")
    row = window.directions.row("z 3")
    assert row is not None
    assert row.isVisible()
    assert not row_of(window).isVisible()
    drag(slider_of(window, "z 3"), 0.9)
    assert set(state_of(window).picture.strengths) == {"z 3"}
    search.setText("nothing of the kind")
    assert window.directions._nothing.isVisible()
    search.clear()
    assert row_of(window).isVisible()
    assert not window.directions._nothing.isVisible()


def test_two_directions_add_up(window: MainWindow, model: OpenedModel) -> None:
    drag(slider_of(window, "Factor 1"), 0.8)
    drag(slider_of(window, "Factor 4"), 0.3)
    settle(window)
    strengths = {name: slider_of(window, name).value() for name in ("Factor 1", "Factor 4")}
    z = model.edit(model.sample(1, seed=42), strengths)
    assert np.array_equal(shown(window.explore.canvas), model.render(z)[0])
