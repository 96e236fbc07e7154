"""EXPLORE: seed, dice, truncation, renormalisation, typicality, compare."""

from __future__ import annotations

import numpy as np
import pytest
from hand import click, drag, settle, shown, slider_of, state_of, type_into, z_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from latentlab.latent.priors import MAX_SEED, renormalise, typicality
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.main_window import MainWindow


def test_a_typed_seed_is_the_picture_that_python_draws(window: MainWindow, model: OpenedModel) -> None:
    type_into(window.explore.seed, "1234")
    settle(window)
    assert state_of(window).picture.seed == 1234
    assert np.array_equal(shown(window.explore.canvas), model.render(model.sample(1, seed=1234))[0])


def test_the_sliders_stay_under_another_seed(window: MainWindow, model: OpenedModel) -> None:
    drag(slider_of(window), 0.85)
    value = slider_of(window).value()
    type_into(window.explore.seed, "5")
    settle(window)
    assert slider_of(window).value() == value
    expected = model.render(model.edit(model.sample(1, seed=5), {"Factor 1": value}))[0]
    assert np.array_equal(shown(window.explore.canvas), expected)


def test_the_dice_roll_and_undo_brings_the_seed_back(window: MainWindow) -> None:
    click(window.explore.dice)
    rolled = state_of(window).picture.seed
    assert rolled not in (42, None)
    assert window.explore.seed.value() == rolled
    QTest.keyClick(window, Qt.Key.Key_R)
    assert state_of(window).picture.seed != rolled
    window.actions_["undo"].trigger()
    assert state_of(window).picture.seed == rolled


def test_brackets_step_through_the_seeds_and_stop_at_both_ends(window: MainWindow) -> None:
    left, right = Qt.Key.Key_BracketLeft, Qt.Key.Key_BracketRight
    QTest.keyClick(window, right)
    assert state_of(window).picture.seed == 43
    QTest.keyClick(window, left)
    QTest.keyClick(window, left)
    assert state_of(window).picture.seed == 41
    for end, key in ((0, left), (MAX_SEED, right)):
        window.explore.seed.setValue(end)
        QTest.keyClick(window, key)
        assert state_of(window).picture.seed == end


def test_the_seed_box_cannot_be_stepped_below_zero(window: MainWindow) -> None:
    type_into(window.explore.seed, "0")
    QTest.keyClick(window.explore.seed, Qt.Key.Key_Down)
    assert state_of(window).picture.seed == 0
    assert window.explore.seed.value() == 0


def test_a_point_without_a_seed_leaves_the_box_blank(window: MainWindow) -> None:
    window.studio.apply(changes.pick_up(Point(np.ones(8, np.float32), origin="elsewhere")), "")
    assert window.explore.seed.text() == "—"
    QTest.keyClick(window, Qt.Key.Key_BracketRight)
    assert state_of(window).picture.seed == 0


def test_truncation_multiplies_z_and_a_gesture_is_one_step(window: MainWindow, model: OpenedModel) -> None:
    drag(window.explore.truncation, 0.3)
    settle(window)
    psi = window.explore.truncation.value()
    assert 0.2 < psi < 0.8
    assert window.explore.psi.text() == f"{psi:.2f}"
    z = np.float32(psi) * model.sample(1, seed=42)
    assert np.allclose(z_of(window), z, atol=1e-6)
    assert np.array_equal(shown(window.explore.canvas), model.render(z_of(window))[0])
    window.actions_["undo"].trigger()
    assert state_of(window).picture.truncation == 1.0
    assert window.explore.truncation.value() == 1.0


def test_renormalise_brings_z_back_to_the_shell(window: MainWindow, model: OpenedModel) -> None:
    drag(slider_of(window), 0.98)
    edited = z_of(window)
    click(window.explore.renormalise)
    settle(window)
    assert typicality(z_of(window), "normal")[0] == pytest.approx(1.0, abs=1e-5)
    assert np.allclose(z_of(window), renormalise(edited, "normal"), atol=1e-6)
    assert np.array_equal(shown(window.explore.canvas), model.render(z_of(window))[0])
    window.actions_["reset"].trigger()
    assert z_of(window).tobytes() == model.sample(1, seed=42).tobytes()
    assert not window.explore.renormalise.isChecked()


def test_the_meter_follows_the_latent(window: MainWindow) -> None:
    meter = window.explore.meter
    assert meter.accessibleName() == f"Typicality {typicality(z_of(window), 'normal')[0]:.2f}"
    window.studio.apply(changes.pick_up(Point(np.full(8, 9.0, np.float32))), "")
    assert meter.accessibleName() == "Typicality 9.00"
    assert not meter.is_typical()


def places_for_the_focus(window: MainWindow) -> list[QWidget]:
    return [window.explore, slider_of(window), window.shelf.view, window.strip.end_b, window]


@pytest.mark.parametrize("place", range(5))
def test_holding_c_shows_the_picture_as_it_was_picked_up(window: MainWindow, model: OpenedModel, place: int) -> None:
    click(window.explore.keep)
    original = shown(window.explore.canvas).copy()
    drag(slider_of(window), 0.9)
    settle(window)
    edited = shown(window.explore.canvas).copy()
    steps = len(window.studio.session._undo)
    focus = places_for_the_focus(window)[place]
    focus.setFocus()
    QTest.keyPress(focus, Qt.Key.Key_C)
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), original)
    assert "before" in window.explore.caption.whole()
    QTest.keyRelease(focus, Qt.Key.Key_C)
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), edited)
    assert "before" not in window.explore.caption.whole()
    assert len(window.studio.session._undo) == steps


def test_c_is_a_letter_where_text_is_typed(window: MainWindow) -> None:
    drag(slider_of(window), 0.9)
    window.directions.search.setFocus()
    QTest.keyPress(window.directions.search, Qt.Key.Key_C)
    assert window.directions.search.text() == "c"
    assert "before" not in window.explore.caption.whole()
    QTest.keyRelease(window.directions.search, Qt.Key.Key_C)


def test_comparing_ends_when_the_window_loses_the_keyboard(window: MainWindow, qtbot: QtBot) -> None:
    drag(slider_of(window), 0.9)
    QTest.keyPress(window, Qt.Key.Key_C)
    assert "before" in window.explore.caption.whole()
    other = QWidget()
    qtbot.addWidget(other)
    other.show()
    other.activateWindow()
    qtbot.waitUntil(lambda: not window.isActiveWindow())
    QApplication.processEvents()
    assert "before" not in window.explore.caption.whole()


def test_the_compare_button_compares_while_it_is_pressed(window: MainWindow) -> None:
    original = shown(window.explore.canvas).copy()
    drag(slider_of(window), 0.9)
    QTest.mousePress(window.explore.compare, Qt.MouseButton.LeftButton)
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), original)
    QTest.mouseRelease(window.explore.compare, Qt.MouseButton.LeftButton)
    settle(window)
    assert not np.array_equal(shown(window.explore.canvas), original)


def test_smooth_pictures_are_smoothed(window: MainWindow) -> None:
    crisp = window.explore.canvas.grab().toImage()
    window.actions_["smooth"].trigger()
    assert window.studio.settings.smooth
    assert window.explore.canvas.grab().toImage() != crisp
    window.actions_["smooth"].trigger()
    assert window.explore.canvas.grab().toImage() == crisp
