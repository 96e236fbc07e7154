"""The export dialog: a real GIF, called off half way, a folder that is not there."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand import click, settle, state_of
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels, enlarge
from latentlab.rendering.backend import Backend
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs.export import ExportDialog
from latentlab.ui.main_window import MainWindow


class BlockingBackend:
    """Draws nothing until it is let."""

    device = "CPU"

    def __init__(self, inner: Backend) -> None:
        self._inner = inner
        self.entered, self.go_on = threading.Event(), threading.Event()

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        self.entered.set()
        assert self.go_on.wait(30)
        return self._inner.render(z, y)


@pytest.fixture
def dialog(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> ExportDialog:
    window.actions_["export"].trigger()
    made = window.dialogs.export_dialog
    assert isinstance(made, ExportDialog)
    qtbot.waitExposed(made)
    made.frames.setValue(5)
    made.size_box.setCurrentIndex(made.size_box.findData(64))
    made.file.line.setText(str(tmp_path / "walk.gif"))
    qtbot.waitUntil(lambda: "about" in made.facts.text())
    return made


@pytest.fixture
def blocked(dialog: ExportDialog, window: MainWindow) -> Iterator[BlockingBackend]:
    """Let the export of the dialog stand still at its first frames."""
    settle(window)
    model = window.studio.model
    assert model is not None
    backend = BlockingBackend(model.backend())
    model._backends["cpu"] = backend
    yield backend
    backend.go_on.set()


def written(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir() if path.suffix in (".gif", ".png", ".webp", ".apng"))


def test_the_estimate_is_shown_before_anything_is_written(dialog: ExportDialog, qtbot: QtBot) -> None:
    assert dialog.facts.text().startswith("0.3 s, about ")
    dialog.frames.setValue(500)
    qtbot.waitUntil(lambda: "about" in dialog.facts.text())
    assert dialog.facts.text().startswith("33.3 s, about ")


def test_a_gif_is_written_frame_by_frame(
    dialog: ExportDialog, window: MainWindow, model: OpenedModel, tmp_path: Path, qtbot: QtBot
) -> None:
    click(dialog.go)
    assert not dialog.go.isEnabled()
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert f"Wrote {tmp_path / 'walk.gif'}" in dialog.message.text()
    assert written(tmp_path) == ["walk.gif"]
    path = dialog.path_z()
    with Image.open(tmp_path / "walk.gif") as film:
        assert film.size == (64, 64)
        assert film.n_frames == 8, "five frames there, three back"
        for place, wanted in enumerate([0, 1, 2, 3, 4, 3, 2, 1]):
            film.seek(place)
            frame = np.asarray(film.convert("RGB")).astype(int)
            off = [np.abs(frame - enlarge(model.render(z[None])[0], 4)).mean() for z in path]
            assert np.argmin(off) == wanted
            assert off[wanted] <= 8.0, "noise has more colours than a palette"
    assert window.studio.settings.export_folder == str(tmp_path)
    assert dialog.file.line.text() == str(tmp_path / "walk-2.gif"), "the next one overwrites nothing"
    assert "Exported walk.gif" in window.statusBar().currentMessage()


@pytest.mark.parametrize("suffix", [".webp", ".apng", ".png"])
def test_other_formats_are_written_too(dialog: ExportDialog, tmp_path: Path, qtbot: QtBot, suffix: str) -> None:
    index = dialog.format.findData(suffix)
    if index < 0:
        pytest.skip(f"no {suffix} here")
    dialog.format.setCurrentIndex(index)
    assert dialog.file.line.text() == str(tmp_path / f"walk{suffix}")
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    with Image.open(tmp_path / f"walk{suffix}") as film:
        assert film.size == ((64 * 5, 64) if suffix == ".png" else (64, 64)) or suffix == ".png"
        assert getattr(film, "n_frames", 1) == (1 if suffix == ".png" else 8)


@pytest.mark.parametrize("how", ["button", "escape", "close"])
def test_called_off_half_way_nothing_is_written(
    dialog: ExportDialog, blocked: BlockingBackend, tmp_path: Path, qtbot: QtBot, how: str
) -> None:
    click(dialog.go)
    assert blocked.entered.wait(30)
    assert dialog.stop.text() == "Cancel"
    if how == "button":
        click(dialog.stop)
    elif how == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        dialog.close()
    blocked.go_on.set()
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert "nothing was written" in dialog.message.text()
    assert written(tmp_path) == []
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []


def test_closing_the_window_calls_the_export_off(
    dialog: ExportDialog, window: MainWindow, blocked: BlockingBackend, tmp_path: Path
) -> None:
    click(dialog.go)
    assert blocked.entered.wait(30)
    threading.Timer(0.05, blocked.go_on.set).start()
    window.close()
    assert not dialog._service.running
    assert written(tmp_path) == []


def test_a_folder_that_is_not_there_gives_one_line_and_the_dialog_goes_on(
    dialog: ExportDialog, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    missing = tmp_path / "missing"
    dialog.file.line.setText(str(missing / "walk.gif"))
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert f"the folder {missing} does not exist" in dialog.message.text()
    assert "\n" not in dialog.message.text()
    assert window.studio.settings.export_folder != str(missing), "what failed is not offered again"
    dialog.file.line.setText(str(tmp_path / "walk.gif"))
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert written(tmp_path) == ["walk.gif"]


def test_an_empty_file_name_is_refused_and_the_format_can_still_be_chosen(dialog: ExportDialog, qtbot: QtBot) -> None:
    dialog.file.line.clear()
    dialog.format.setCurrentIndex(dialog.format.findData(".webp"))
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert dialog.message.text() == "File: is not named. Name the file to write."
    assert not dialog.bar.isVisible()


def test_a_file_that_will_be_replaced_is_told_of_beforehand(
    dialog: ExportDialog, tmp_path: Path, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert dialog.go.text() == "Export"
    (tmp_path / "mine.gif").write_bytes(b"precious")
    dialog.file.line.setText(str(tmp_path / "mine.gif"))
    assert dialog.go.text() == "Replace"
    dialog.format.setCurrentIndex(dialog.format.findData(".webp"))
    assert dialog.go.text() == "Export", "it has another name now"
    dialog.go.setFocus()
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert (tmp_path / "mine.gif").read_bytes() == b"precious"
    assert dialog.file.line.text() == str(tmp_path / "mine-2.webp"), "the name goes on"
    assert dialog.go.hasFocus()
    monkeypatch.chdir(tmp_path)
    dialog.file.line.setText("~nobody-of-that-name/a.webp")
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert "does not exist" in dialog.message.text()
    dialog.file.line.setText(f"{tmp_path}/{'long' * 100}.webp")
    assert dialog.go.text() == "Export"
    dialog.file.line.setText(str(tmp_path / "seed-38.webp"))
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert dialog.file.line.text() == str(tmp_path / "seed-38-2.webp"), "its number is part of the name"
    dialog.file.line.setText("near.webp")
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.go.isEnabled())
    assert f"Wrote {tmp_path / 'near.webp'}" in dialog.message.text(), "where it is, is said"


def test_what_no_file_can_say_cannot_be_chosen(dialog: ExportDialog) -> None:
    index = dialog.format.findData(".mp4")
    if index < 0:
        pytest.skip("no .mp4 here")
    assert dialog.repeat.isEnabled()
    dialog.format.setCurrentIndex(index)
    assert not dialog.repeat.isEnabled()


def test_a_still_picture_has_no_speed(dialog: ExportDialog) -> None:
    dialog.format.setCurrentIndex(dialog.format.findData(".png"))
    assert not any(widget.isEnabled() for widget in (dialog.fps, dialog.way, dialog.repeat))
    assert dialog.facts.text() == "5 pictures side by side"


def test_the_walk_exported_is_the_one_in_the_strip(dialog: ExportDialog, window: MainWindow) -> None:
    assert np.array_equal(dialog.path_z()[0], window.studio.z_of(state_of(window).end("a")))
    assert np.array_equal(dialog.path_z()[-1], window.studio.z_of(state_of(window).end("b")))
