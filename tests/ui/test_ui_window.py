"""The window opens on a model, says what it shows, and lives without one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import click, drop, on_screen, settle, shown, state_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QLabel
from pytestqt.qtbot import QtBot
from small_models import generator

from latentlab import paths
from latentlab.session.beginning import BUNDLED_MODEL
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.settings import Settings
from latentlab.ui import main_window
from latentlab.ui.actions import ACTIONS
from latentlab.ui.card_mime import mime_of
from latentlab.ui.documents import BUNDLED_SEEDS
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.strip import between
from latentlab.ui.widgets.picture import PictureView
from latentlab.ui.widgets.slider_row import SliderRow

ASKS_IN_A_DIALOG = {"open-session", "open-model", "resume-run", "quit", "new-run", "about", "shortcuts"}


def strip_views(window: MainWindow) -> list[PictureView]:
    return [window.strip.end_a, *window.strip._frames, window.strip.end_b]


@pytest.fixture
def no_bundled_model(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Take the bundled models away, as in a broken installation; resources stay."""
    real = paths.bundled

    def bundled(*parts: str) -> Path:
        return real("checkpoints", "none.safetensors") if parts[0] == "checkpoints" else real(*parts)

    monkeypatch.setattr("latentlab.ui.documents.bundled", bundled)


def test_it_opens_on_a_model_with_everything_painted(window: MainWindow, model: OpenedModel) -> None:
    z = model.sample(1, seed=42)
    assert np.array_equal(shown(window.explore.canvas), model.render(z)[0])
    assert np.array_equal(on_screen(window.explore.canvas), model.render(z)[0])
    path = between(z[0], model.sample(1, seed=7)[0], 8, "slerp")
    for view, each in zip(strip_views(window), path, strict=True):
        assert np.array_equal(shown(view), model.render(each[None])[0])
        assert np.array_equal(on_screen(view), model.render(each[None])[0])
    rows = {row.name for row in window.directions.findChildren(SliderRow)}
    assert {f"Factor {index}" for index in range(1, 9)} <= rows
    assert all(row.isEnabled() and row.value() == 0.0 for row in window.directions.findChildren(SliderRow))


def test_title_and_status_bar_say_what_is_open(window: MainWindow, qtbot: QtBot) -> None:
    assert window.windowTitle() == "small — latentlab"
    texts = [label.text() for label in window.statusBar().findChildren(QLabel)]
    assert "small  ·  16 × 16  ·  z 8 normal" in texts
    assert any(text.startswith("CPU") and "ms a picture" in text for text in texts)
    assert window.messages.text() == ""


def test_the_bundled_model_opens_where_nothing_is_named(open_window: Callable[..., MainWindow]) -> None:
    try:
        path = paths.bundled(*BUNDLED_MODEL)
    except paths.LatentlabError:
        pytest.skip("checkpoints/faces.safetensors is not in this checkout")
    window = open_window()
    oracle = OpenedModel.from_file(path)
    assert np.array_equal(shown(window.explore.canvas), oracle.render(oracle.sample(1, seed=BUNDLED_SEEDS[0]))[0])
    assert shown(window.explore.canvas).std() > 20


@pytest.mark.usefixtures("no_bundled_model")
def test_without_the_bundled_model_the_window_says_so_and_lives(
    open_window: Callable[..., MainWindow], make_model: Callable[..., Path]
) -> None:
    window = open_window()
    assert "missing from this installation" in window.messages.text()
    assert window.studio.model is None
    assert window.documents.open_any(make_model())
    settle(window)
    assert window.explore.canvas.pixels() is not None
    assert window.messages.text() == ""


@pytest.mark.usefixtures("no_bundled_model")
def test_nothing_breaks_while_no_model_is_open(
    open_window: Callable[..., MainWindow], monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window()
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getExistingDirectory", lambda *_: "")
    monkeypatch.setattr("PySide6.QtWidgets.QFileDialog.getOpenFileName", lambda *_: ("", ""))
    for spec in ACTIONS:
        if spec.id not in ASKS_IN_A_DIALOG:
            window.actions_[spec.id].trigger()
    for page in range(window.tabs.count()):
        window.show_page(page)
        for button in window.findChildren(QAbstractButton):
            if button.isVisible() and button.isEnabled() and button.window() is window:
                click(button)
        for view in window.findChildren(PictureView):
            if view.isVisible():
                click(view)
    for key in (Qt.Key.Key_C, Qt.Key.Key_R, Qt.Key.Key_K, Qt.Key.Key_BracketLeft, Qt.Key.Key_P):
        QTest.keyClick(window, key)
    settle(window)
    assert window.isVisible()


@pytest.mark.usefixtures("no_bundled_model")
def test_a_card_cannot_be_dropped_while_no_model_is_open(open_window: Callable[..., MainWindow]) -> None:
    window = open_window()
    oracle = OpenedModel(generator())
    point = Point.from_seed(1, 8, "normal")
    card = Card("seed 1", point, point.base, oracle.render(point.base[None])[0], "normal", "0", "small")
    for well in (window.explore.canvas, window.strip.end_a, window.shelf.view.viewport()):
        assert not drop(well, mime_of(card))


def test_a_seed_draws_the_same_pixels_in_the_window_as_in_python(window: MainWindow, model: OpenedModel) -> None:
    for seed in (0, 5, 4_294_967_295):
        window.explore.seed.setValue(seed)
        settle(window)
        assert np.array_equal(shown(window.explore.canvas), model.render(model.sample(1, seed=seed))[0])
    assert state_of(window).picture.seed == 4_294_967_295


def test_the_layout_is_kept(open_window: Callable[..., MainWindow], make_model: Callable[..., Path]) -> None:
    first = open_window(make_model())
    first.frame.docks["shelf"].hide()
    first.close()
    second = open_window(make_model())
    assert not second.shelf.isVisible()
    assert second.strip.isVisible()
    second.actions_["reset-layout"].trigger()
    settle(second)
    assert second.shelf.isVisible()


def test_nothing_is_made_before_the_first_picture(qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(main_window, "_LATEST_START_OF_LATE_MS", 600_000)
    window = MainWindow(Settings())
    qtbot.addWidget(window)
    window.show()
    waiting = list(window._late)
    seen: list[tuple[int, bool]] = []
    window.explore.picture_painted.connect(lambda seq: seen.append((seq, window._late == waiting)))
    qtbot.waitUntil(lambda: bool(seen))
    assert seen[0] == (-1, True)
    window.documents.open_start(None)
    qtbot.waitUntil(lambda: window.furnished_)
    assert next(untouched for seq, untouched in seen if seq >= 0)
    window.close()
