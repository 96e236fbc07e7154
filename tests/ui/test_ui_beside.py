"""A second model beside the first: the same z, live, and never in its way."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from foreign_files import small_generator
from hand import click, drag, settle, shown, slider_of, state_of, z_of
from PySide6.QtWidgets import QApplication, QFileDialog
from pytestqt.qtbot import QtBot
from services import left_behind
from test_ui_actions import unnamed

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.beside import BesidePanel

MakeModel = Callable[..., Path]


def beside(qtbot: QtBot, window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch) -> BesidePanel:
    """Choose a second model from the menu and wait until it is drawn."""
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))
    window.actions_["compare-with"].trigger()
    qtbot.waitUntil(lambda: not window.beside.reading, timeout=30_000)
    both(window)
    return window.beside


def both(window: MainWindow) -> None:
    """Wait until both pictures are drawn."""
    for _ in range(2):
        settle(window)
        assert window.beside.wait_idle()
        QApplication.processEvents()


def test_the_second_model_follows_every_edit(
    qtbot: QtBot, window: MainWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_model("second", seed=5)
    second = OpenedModel.from_file(path)
    panel = beside(qtbot, window, path, monkeypatch)
    assert panel.canvas.isVisible()
    assert (panel.first_name.whole(), panel.second_name.whole()) == ("small", "second")
    assert not panel.remark.isVisible()
    assert np.array_equal(shown(panel.canvas), second.render(z_of(window))[0])
    before = shown(panel.canvas).copy()
    drag(slider_of(window), 0.85)
    both(window)
    assert not np.array_equal(shown(panel.canvas), before)
    assert np.array_equal(shown(panel.canvas), second.render(z_of(window))[0])
    window.explore.truncation.value_changed.emit(0.5)
    window.explore.roll()
    both(window)
    assert np.array_equal(shown(panel.canvas), second.render(z_of(window))[0])
    assert unnamed(window.explore) == []
    checkpoint = small_generator(tmp_path)
    beside(qtbot, window, checkpoint, monkeypatch)
    assert np.array_equal(shown(panel.canvas), OpenedModel.from_file(checkpoint).render(z_of(window))[0])
    (tmp_path / "bad.pth").write_bytes(b"nothing")
    beside(qtbot, window, tmp_path / "bad.pth", monkeypatch)
    assert "bad.pth" in window.messages.text()
    assert panel.second_name.whole() == "netG"


class Held:
    """A backend that draws once it is let go."""

    def __init__(self, model: OpenedModel) -> None:
        self.gate = threading.Event()
        self.drawn: list[FloatArray] = []
        self._backend = model.backend()

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        assert self.gate.wait(30.0)
        self.drawn.append(z)
        return self._backend.render(z, y)


def test_the_hand_does_not_wait_for_the_second_model(
    window: MainWindow, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = OpenedModel.from_file(make_model("second", seed=5))
    held = Held(second)
    monkeypatch.setattr(second, "backend", lambda *_: held)
    window.beside.show_model(second)
    first = window.studio.model
    assert first is not None
    drag(slider_of(window), 0.9, steps=12)
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), first.render(z_of(window))[0])
    assert window.beside.canvas.pixels() is None
    held.gate.set()
    both(window)
    assert np.array_equal(shown(window.beside.canvas), second.render(z_of(window))[0])
    assert len(held.drawn) <= 3, "what the hand has passed is not drawn any more"


def test_what_keeps_models_from_being_compared_is_said(
    qtbot: QtBot, window: MainWindow, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = beside(qtbot, window, make_model("wide", z_dim=12), monkeypatch)
    assert "wide takes a z of 12 numbers, small one of 8" in panel.remark.text()
    assert panel.canvas.pixels() is None
    panel = beside(qtbot, window, make_model("flat", prior="uniform"), monkeypatch)
    assert "uniform prior" in panel.remark.text()
    assert panel.canvas.pixels() is not None
    window.studio.open_path(make_model("wide", z_dim=12))
    both(window)
    assert panel.canvas.pixels() is None
    window.studio.open_path(make_model("even", prior="uniform"))
    both(window)
    assert not panel.remark.isVisible()
    assert panel.canvas.pixels() is not None


def test_the_models_change_places_on_the_same_z_and_the_second_closes(
    qtbot: QtBot, window: MainWindow, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    panel = beside(qtbot, window, make_model("second", seed=5), monkeypatch)
    drag(slider_of(window), 0.85)
    both(window)
    left, right, z = shown(window.explore.canvas).copy(), shown(panel.canvas).copy(), z_of(window)
    click(panel.swap)
    both(window)
    assert window.windowTitle() == "second — latentlab"
    assert np.array_equal(z_of(window), z)
    assert np.array_equal(shown(window.explore.canvas), right)
    assert np.array_equal(shown(panel.canvas), left)
    assert (panel.first_name.whole(), panel.second_name.whole()) == ("second", "small")
    window.actions_["undo"].trigger()
    both(window)
    assert "Factor 1" in state_of(window).picture.strengths
    assert left_behind().count("render") == 2
    click(panel.close_button)
    assert not panel.isVisible()
    assert not panel.canvas.isVisible()
    assert left_behind().count("render") == 1
    window.explore.roll()
    settle(window)
    path = make_model("third", seed=6)
    beside(qtbot, window, path, monkeypatch)
    assert np.array_equal(shown(panel.canvas), OpenedModel.from_file(path).render(z_of(window))[0])
