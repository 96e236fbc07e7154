"""The catalogue of a folder: what each file shows, or why it is none."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from foreign_files import discriminator, small_generator
from hand import settle
from PySide6.QtCore import QRect, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from test_ui_actions import unnamed

from latentlab.models.foreign.choices import Choice, remember
from latentlab.models.foreign.watching import Watch
from latentlab.pixels import sheet
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs import catalogue_entries
from latentlab.ui.dialogs.catalogue import CatalogueWindow
from latentlab.ui.dialogs.catalogue_entries import SEEDS, Entry
from latentlab.ui.main_window import MainWindow

MakeModel = Callable[..., Path]


@pytest.fixture
def folder(tmp_path: Path, make_model: MakeModel) -> Path:
    """Fill a folder with a model of ours, a checkpoint below it, a discriminator, and what is none of its business."""
    models = tmp_path / "models"
    (models / "below").mkdir(parents=True)
    (models / ".hidden").mkdir()
    shutil.copy(make_model("ours"), models / "ours.safetensors")
    shutil.copy(make_model("ours"), models / ".hidden" / "no.safetensors")
    small_generator(models / "below")
    discriminator(models)
    (models / "notes.txt").write_text("x")
    return models


def look(qtbot: QtBot, window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch) -> CatalogueWindow:
    """Open the catalogue on a folder and wait until every file is looked at."""
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.actions_["catalogue"].trigger()
    found = window.dialogs.catalogue_window
    assert found is not None
    done(qtbot, found)
    return found


def done(qtbot: QtBot, found: CatalogueWindow) -> None:
    qtbot.waitUntil(lambda: not found._looking, timeout=30_000)


def entries(found: CatalogueWindow) -> dict[str, Entry]:
    return {entry.shown: entry for entry in found.entries.entries}


def names(found: CatalogueWindow) -> list[str]:
    return [found.filtered.index(row, 0).data() for row in range(found.filtered.rowCount())]


def test_every_file_shows_what_it_is_and_is_searched_for(
    qtbot: QtBot, window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look(qtbot, window, folder, monkeypatch)
    listed = entries(found)
    assert sorted(listed) == [os.path.join("below", "netG.pth"), "netD.pth", "ours.safetensors"]
    model = OpenedModel.from_file(folder / "ours.safetensors")
    z = np.concatenate([model.sample(1, seed=seed) for seed in SEEDS])
    pixels = listed["ours.safetensors"].pixels
    assert pixels is not None
    assert np.array_equal(pixels, sheet(model.render(z), len(SEEDS), 1, background=0))
    assert "16 × 16 RGB" in listed["ours.safetensors"].kind
    assert "a guess" in listed[os.path.join("below", "netG.pth")].kind
    assert listed["netD.pth"].pixels is None
    assert "is a discriminator" in listed["netD.pth"].why
    assert found.status.text() == "Generators: 2 of 3 files"
    assert unnamed(found) == []
    found.search.setText("NET")
    assert names(found) == ["netG", "netD.pth"]
    found.only.setChecked(True)
    assert names(found) == ["netG"]
    found.search.setText("below guess")
    assert names(found) == ["netG"]
    found.search.setText("nothing like it")
    assert names(found) == []
    assert "No file is like this" in found._empty.text()
    assert not found.go.isEnabled()


def test_enter_and_a_double_click_open_and_the_button_compares(
    qtbot: QtBot, window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = look(qtbot, window, folder, monkeypatch)
    found.search.setText("ours")
    QTest.keyClick(found.search, Qt.Key.Key_Return)
    settle(window)
    assert window.windowTitle() == "ours — latentlab"
    found.search.setText("netG")
    QTest.keyClick(found.search, Qt.Key.Key_Down)
    assert found.view.hasFocus()
    at: QRect = found.view.visualRect(found.filtered.index(0, 0))
    QTest.mouseClick(found.view.viewport(), Qt.MouseButton.LeftButton, pos=at.center())
    QTest.mouseDClick(found.view.viewport(), Qt.MouseButton.LeftButton, pos=at.center())
    qtbot.waitUntil(lambda: not window.opening.reading)
    assert window.windowTitle() == "netG — latentlab"
    found.search.setText("netD")
    QTest.keyClick(found.search, Qt.Key.Key_Return)
    settle(window)
    assert window.windowTitle() == "netG — latentlab"
    assert not found.go.isEnabled()
    found.search.setText("ours")
    found.compare.click()
    qtbot.waitUntil(lambda: not window.beside.reading)
    assert window.beside.second is not None
    assert window.beside.second.name == "ours"
    assert window.windowTitle() == "netG — latentlab"


def test_a_refresh_shows_new_files_and_opens_no_other_again(
    qtbot: QtBot, window: MainWindow, folder: Path, monkeypatch: pytest.MonkeyPatch, make_model: MakeModel
) -> None:
    found = look(qtbot, window, folder, monkeypatch)
    opened: list[str] = []
    usual = catalogue_entries.looked_at

    def counted(entry: Entry, watch: Watch) -> Entry:
        opened.append(entry.shown)
        return usual(entry, watch)

    monkeypatch.setattr(catalogue_entries, "looked_at", counted)
    shutil.copy(make_model("later", seed=3), folder / "later.safetensors")
    (folder / "netD.pth").unlink()
    QTest.keyClick(found, Qt.Key.Key_F5)
    done(qtbot, found)
    assert opened == ["later.safetensors"]
    assert sorted(entries(found)) == [os.path.join("below", "netG.pth"), "later.safetensors", "ours.safetensors"]
    shutil.copy(make_model("other", seed=4), folder / "later.safetensors")
    found.refresh()
    done(qtbot, found)
    assert opened == ["later.safetensors"] * 2
    assert entries(found)["later.safetensors"].title == "other"
    checkpoint = folder / "below" / "netG.pth"
    reading = OpenedModel.from_file(checkpoint).reading
    assert reading is not None
    assert reading.guesses is not None
    other = Choice(reading.guesses.guesses[1].generator.card.generator)
    remember(reading.file_hash, other)
    window.studio.set_model(OpenedModel.from_file(checkpoint))
    done(qtbot, found)
    assert opened[2:] == [os.path.join("below", "netG.pth")], "what is read in another way is looked at again"
    pixels = entries(found)[opened[-1]].pixels
    assert pixels is not None
    picture = OpenedModel.from_file(checkpoint, other).render(
        OpenedModel.from_file(checkpoint).sample(1, seed=SEEDS[0])
    )[0]
    assert np.array_equal(pixels[:16, :16], picture)
    (folder / "empty").mkdir()
    found.show_folder(folder / "empty")
    done(qtbot, found)
    assert found._empty.isVisible()
    assert "No model is in this folder" in found._empty.text()


def test_closing_looks_no_further_and_the_folder_is_remembered(
    qtbot: QtBot,
    window: MainWindow,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    open_window: Callable[..., MainWindow],
) -> None:
    gate, opened = threading.Event(), []

    def slow(entry: Entry, watch: Watch) -> Entry:
        opened.append(entry.shown)
        assert gate.wait(30.0)
        watch()
        return entry

    monkeypatch.setattr(catalogue_entries, "looked_at", slow)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(folder))
    window.actions_["catalogue"].trigger()
    found = window.dialogs.catalogue_window
    assert found is not None
    qtbot.waitUntil(lambda: len(opened) == 1)
    QTest.keyClick(found, Qt.Key.Key_Escape)
    assert not found.isVisible()
    gate.set()
    qtbot.waitUntil(lambda: not found._work.busy)
    assert len(opened) == 1, "what was under way was the last"
    window.close()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: pytest.fail("the folder is known"))
    other = open_window(folder / "ours.safetensors")
    other.actions_["catalogue"].trigger()
    again = other.dialogs.catalogue_window
    assert again is not None
    assert again.folder == folder
    done(qtbot, again)
    assert len(entries(again)) == 3
