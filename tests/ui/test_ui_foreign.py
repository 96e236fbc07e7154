"""Files of other projects: opened in the background, read in other ways, set by hand, refused in one line."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from foreign_files import SMALL, discriminator, module, small_generator
from hand import click, drag, drop, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from test_ui_actions import unnamed

from latentlab.errors import Cancelled
from latentlab.models.foreign import by_hand
from latentlab.models.foreign.choices import Choice
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.layers import Activation, BatchNorm
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs.how_read import HowReadWindow
from latentlab.ui.dialogs.read_candidates import sheet_of
from latentlab.ui.documents import SlowReading
from latentlab.ui.main_window import MainWindow

OpenWindow = Callable[..., MainWindow]


def read(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    """Drop a file on the window and wait until it is open, or refused."""
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    assert drop(window, mime)
    qtbot.waitUntil(lambda: not window.opening.reading, timeout=30_000)
    settle(window)


def how_read(qtbot: QtBot, window: MainWindow) -> HowReadWindow:
    """Return the window of the ways to read a file, with every picture drawn."""
    found = window.dialogs.how_read_window
    assert found is not None
    assert found.isVisible()
    drawn_and_taken(qtbot, window, found)
    return found


def drawn_and_taken(qtbot: QtBot, window: MainWindow, found: HowReadWindow) -> None:
    qtbot.waitUntil(lambda: not found._drawing.busy and not found._taking.busy, timeout=30_000)
    settle(window)


def choice_of(window: MainWindow) -> Choice:
    assert window.studio.model is not None
    assert window.studio.model.reading is not None
    choice = window.studio.model.reading.choice
    assert choice is not None
    return choice


def live(window: MainWindow) -> np.ndarray:
    return shown(window.explore.canvas)


def test_a_checkpoint_is_dropped_shown_and_asked_about(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = small_generator(tmp_path)
    action = window.actions_["how-read"]
    assert not action.isEnabled()
    assert "other projects" in action.toolTip()
    read(qtbot, window, path)
    assert action.isEnabled()
    assert window.windowTitle() == "netG — latentlab"
    assert window.busy.text() == ""
    with torch.no_grad():
        photo = SMALL.forward(module(SMALL), torch.from_numpy(z_of(window)))[0].permute(1, 2, 0).numpy()
    assert np.abs(live(window).astype(int) - np.rint((photo + 1) * 127.5).astype(int)).max() <= 1
    assert Path(window.studio.settings.recent[0]) == path
    asked = how_read(qtbot, window)
    assert not asked.isModal()
    guesses = window.studio.model.reading.guesses.guesses  # type: ignore[union-attr]
    assert len(asked.tiles) == len(guesses) + 1
    for tile, guess in zip(asked.tiles, guesses, strict=False):
        assert np.array_equal(shown(tile.view), sheet_of(OpenedModel(guess.generator)))
        assert guess.words in tile.words.text()
    assert [tile.view._selected for tile in asked.tiles] == [True] + [False] * len(guesses)
    assert asked.tiles[-1].isHidden()
    assert unnamed(asked) == []
    window.documents.open_bundled()
    assert not action.isEnabled()
    assert not asked.isVisible()


def test_a_click_reads_the_file_so_and_that_is_remembered(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = small_generator(tmp_path)
    read(qtbot, window, path)
    asked = how_read(qtbot, window)
    before = live(window).copy()
    click(asked.tiles[1].view)
    drawn_and_taken(qtbot, window, asked)
    wanted = asked._candidates[1].choice
    assert choice_of(window) == wanted
    picture = OpenedModel.from_file(path, wanted).render(z_of(window))[0]
    assert not np.array_equal(picture, before)
    assert np.array_equal(live(window), picture)
    assert asked.tiles[1].view._selected
    assert asked.form.output.currentText() == "sigmoid"
    asked.tiles[2].view.setFocus(Qt.FocusReason.TabFocusReason)
    QTest.keyClick(asked.tiles[2].view, Qt.Key.Key_Return)
    drawn_and_taken(qtbot, window, asked)
    wanted = asked._candidates[2].choice
    assert choice_of(window) == wanted
    asked.close()
    window.documents.open_bundled()
    read(qtbot, window, path)
    assert not asked.isVisible(), "what was chosen is not asked again"
    assert choice_of(window) == wanted
    window.actions_["how-read"].trigger()
    assert asked.isVisible()
    click(asked.forget)
    drawn_and_taken(qtbot, window, asked)
    assert window.studio.model.reading.choice is None  # type: ignore[union-attr]
    assert OpenedModel.from_file(path).reading.choice is None  # type: ignore[union-attr]


def choose(asked: HowReadWindow, field: str, words: str) -> None:
    box = getattr(asked.form, field)
    box.setCurrentText(words)
    assert box.currentText() == words
    box.activated.emit(box.currentIndex())


def test_every_field_is_set_by_hand(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    path = small_generator(tmp_path)
    read(qtbot, window, path)
    asked = how_read(qtbot, window)
    spec = window.studio.model.generator.card.generator  # type: ignore[union-attr]
    steps = (
        ("hidden", "LeakyReLU 0.1", lambda spec: by_hand.with_hidden(spec, Activation("leaky_relu", 0.1))),
        ("output", "none", lambda spec: by_hand.with_output(spec, "none")),
        ("eps", "0.8", lambda spec: by_hand.with_eps(spec, 0.8)),
        ("prior", "uniform", lambda spec: by_hand.with_prior(spec, "uniform")),
    )
    for field, words, change in steps:
        choose(asked, field, words)
        drawn_and_taken(qtbot, window, asked)
        spec = change(spec)
        assert choice_of(window) == Choice(spec)
        assert getattr(asked.form, field).currentText() == words
    assert asked.tiles[-1].isVisible()
    assert asked.tiles[-1].view._selected
    choose(asked, "statistics", "recalibrate")
    drawn_and_taken(qtbot, window, asked)
    wanted = Choice(spec, "recalibrate")
    assert choice_of(window) == wanted
    oracle = OpenedModel.from_file(path, wanted)
    assert {layer.eps for layer in spec.network.layers if isinstance(layer, BatchNorm)} == {0.8}
    assert np.array_equal(live(window), oracle.render(z_of(window))[0])
    assert np.array_equal(shown(asked.tiles[-1].view), sheet_of(oracle))
    guess = replace(asked._candidates[0].choice, statistics="recalibrate")
    assert np.array_equal(shown(asked.tiles[0].view), sheet_of(OpenedModel.from_file(path, guess)))


def test_how_a_layer_moves_is_set_by_hand_and_the_impossible_refused(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    path = small_generator(tmp_path)
    read(qtbot, window, path)
    asked = how_read(qtbot, window)
    stride, padding, _ = asked.form.steps[-1]
    padding.setValue(2)
    drawn_and_taken(qtbot, window, asked)
    assert live(window).shape == (14, 14, 3)
    wanted = choice_of(window)
    assert np.array_equal(live(window), OpenedModel.from_file(path, wanted).render(z_of(window))[0])
    asked.form.steps[0][1].setValue(9)
    drawn_and_taken(qtbot, window, asked)
    assert asked._message.text()
    assert asked.form.steps[0][1].value() == 0, "the form goes back to what is"
    assert choice_of(window) == wanted
    stride.setValue(1)
    drawn_and_taken(qtbot, window, asked)
    assert asked._message.text() == ""
    assert choice_of(window) != wanted


def test_what_is_no_generator_is_refused_in_one_line(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    state, title, recent = state_of(window), window.windowTitle(), window.studio.settings.recent
    (tmp_path / "broken.pth").write_bytes(b"PK\x03\x04" + bytes(50))
    (tmp_path / "broken.onnx").write_bytes(b"\x08\x07")
    for path, why in (
        (discriminator(tmp_path), "is a discriminator"),
        (tmp_path / "broken.pth", "broken.pth: "),
        (tmp_path / "broken.onnx", "broken.onnx: "),
    ):
        read(qtbot, window, path)
        assert why in window.messages.text()
        assert "\n" not in window.messages.text()
        assert "Traceback" in window.messages._details.toPlainText()
        assert window.busy.text() == ""
    assert state_of(window) is state
    assert window.windowTitle() == title
    assert window.studio.settings.recent == recent


def test_a_checkpoint_of_any_name_is_taken(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    read(qtbot, window, small_generator(tmp_path).rename(tmp_path / "netG-epoch-12"))
    assert window.windowTitle().startswith("netG-epoch-12")
    (tmp_path / "model.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(500))
    read(qtbot, window, tmp_path / "model.h5")
    assert "is an HDF5 file, as Keras writes them" in window.messages.text()


class Slow:
    """Opens a file once it is let go."""

    def __init__(self) -> None:
        self.gate = threading.Event()

    def open(self, path: Path, /, *, watch: Watch = unwatched) -> OpenedModel:
        assert self.gate.wait(30.0)
        return OpenedModel.from_file(path, watch=watch)


def test_the_window_plays_on_while_a_file_is_read(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    slow, path = Slow(), small_generator(tmp_path)
    window.opening.read(SlowReading(path, slow.open, None))
    assert window.busy.text() == "Reading netG.pth…"
    before = live(window).copy()
    drag(slider_of(window), 0.9)
    settle(window)
    assert not np.array_equal(live(window), before)
    qtbot.waitUntil(window.busy.isVisible)
    assert window.windowTitle() == "small — latentlab"
    click(window.busy.stop)
    assert not window.busy.isVisible()
    slow.gate.set()
    qtbot.waitUntil(lambda: not window.opening.reading)
    assert window.windowTitle() == "small — latentlab", "what was stopped is not opened"
    slow.gate.clear()
    window.opening.read(SlowReading(path, slow.open, None))
    slow.gate.set()
    qtbot.waitUntil(lambda: not window.opening.reading)
    assert window.windowTitle() == "netG — latentlab"
    assert not window.busy.isVisible()


class Endless:
    """Recognises a file until it is given up."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.given_up = False

    def open(self, path: Path, /, *, watch: Watch = unwatched) -> OpenedModel:
        try:
            while True:
                self.began.set()
                watch()
        except Cancelled:
            self.given_up = True
            raise


def test_escape_gives_up_what_is_being_recognised(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    endless = Endless()
    window.opening.read(SlowReading(small_generator(tmp_path), endless.open, None))
    assert endless.began.wait(30.0)
    qtbot.waitUntil(window.busy.isVisible)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not window.opening.reading)
    assert endless.given_up
    assert not window.busy.isVisible()
    assert window.messages.text() == ""
    assert window.windowTitle() == "small — latentlab"


def test_another_file_is_opened_in_place_of_one_that_is_being_recognised(
    qtbot: QtBot, window: MainWindow, tmp_path: Path
) -> None:
    endless = Endless()
    window.opening.read(SlowReading(small_generator(tmp_path), endless.open, None))
    assert endless.began.wait(30.0)
    read(qtbot, window, small_generator(tmp_path, "second", seed=1))
    assert endless.given_up
    assert window.windowTitle() == "second — latentlab"


def test_the_file_wanted_last_is_opened(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    slow = Slow()
    window.opening.read(SlowReading(small_generator(tmp_path, "first"), slow.open, None))
    window.opening.open(small_generator(tmp_path, "second", seed=1))
    titles: list[str] = []
    window.windowTitleChanged.connect(titles.append)
    slow.gate.set()
    qtbot.waitUntil(lambda: not window.opening.reading)
    assert titles == ["second — latentlab"]


def test_the_window_starts_with_a_checkpoint_and_comes_back_to_it(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = small_generator(tmp_path)
    window = open_window(path)
    qtbot.waitUntil(lambda: not window.opening.reading)
    asked = how_read(qtbot, window)
    click(asked.tiles[1].view)
    drawn_and_taken(qtbot, window, asked)
    window.explore.seed.setValue(123)
    settle(window)
    picture = live(window).copy()
    monkeypatch.setattr(QFileDialog, "getSaveFileName", lambda *_: (str(tmp_path / "mine.latentlab"), ""))
    window.actions_["save-session-as"].trigger()
    window.explore.seed.setValue(124)
    window.opening.open(tmp_path / "mine.latentlab")
    qtbot.waitUntil(lambda: not window.opening.reading)
    settle(window)
    assert state_of(window).picture.seed == 123
    window.close()
    again = open_window()
    qtbot.waitUntil(lambda: not again.opening.reading)
    settle(again)
    assert again.windowTitle() == "netG — latentlab"
    assert state_of(again).picture.seed == 123
    assert np.array_equal(live(again), picture)


def test_a_start_with_what_is_no_generator_falls_back_on_the_bundled_model(
    qtbot: QtBot, open_window: OpenWindow, tmp_path: Path
) -> None:
    window = open_window(discriminator(tmp_path))
    qtbot.waitUntil(lambda: not window.opening.reading)
    settle(window)
    assert window.windowTitle().startswith("faces")
    assert "is a discriminator" in window.messages.text()
