"""*Train > Data…*: what it shows of real small data sets, and that it can be called off."""

from __future__ import annotations

import gzip
import struct
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QTreeWidgetItem, QTreeWidgetItemIterator
from pytestqt.qtbot import QtBot
from test_ui_actions import unnamed

from latentlab.data import catalogue
from latentlab.data.dataset import DataSet
from latentlab.errors import DataError
from latentlab.ui.dialogs import data_look
from latentlab.ui.dialogs.data_sheet import DataSheet
from latentlab.ui.main_window import MainWindow

RED, GREEN, BLUE = (250, 0, 0), (0, 250, 0), (0, 0, 250)


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """Make nine pictures in two classes, a table, two equal pictures and a file that is no picture."""
    folder = tmp_path / "pictures"
    for name in ("warm", "cold"):
        (folder / name).mkdir(parents=True)
    for number in range(8):
        colour = RED if number < 3 else (0, 200 + number, 0)
        path = folder / ("warm" if number < 3 else "cold") / f"{number}.png"
        Image.new("RGB", (24 if number else 40, 24), colour).save(path)
    Image.new("RGB", (24, 24), (9, 9, 250)).save(folder / "cold" / "8.png")
    (folder / "cold" / "9.png").write_bytes(b"no picture")
    rows = [f"{number}.png,{1 if number % 2 else -1},x" for number in range(9)]
    (folder / "odd.csv").write_text("\n".join(["file,Odd,note", *rows]))
    return folder


@pytest.fixture
def sheet_of(
    window: MainWindow, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., DataSheet]:
    """Open the dialog on a data set and wait until it has been looked at; MNIST, which it begins with, is absent."""
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path / "sets"))

    def open_on(data: Path | str) -> DataSheet:
        window.actions_["data"].trigger()
        dialog = window.dialogs.data_sheet
        assert dialog is not None
        dialog.choose(str(data))
        waited(qtbot, dialog)
        return dialog

    return open_on


def waited(qtbot: QtBot, dialog: DataSheet) -> None:
    qtbot.waitUntil(lambda: not dialog._work.busy, timeout=20_000)


def lines_of(dialog: DataSheet) -> list[tuple[str, str]]:
    found = []
    walk = QTreeWidgetItemIterator(dialog.list)
    while walk.value() is not None:
        found.append((walk.value().text(0), walk.value().text(1)))
        walk += 1
    return found


def line(dialog: DataSheet, title: str) -> QTreeWidgetItem:
    (item,) = dialog.list.findItems(title, Qt.MatchFlag.MatchExactly | Qt.MatchFlag.MatchRecursive)
    return item


def colours_of(dialog: DataSheet) -> set[tuple[int, ...]]:
    shown = dialog.view.pixels()
    assert shown is not None
    return {tuple(colour) for colour in shown.reshape(-1, shown.shape[-1]).tolist()}


def test_everything_is_listed(sheet_of: Callable[..., DataSheet], pictures: Path) -> None:
    dialog = sheet_of(pictures)
    assert lines_of(dialog) == [
        ("All pictures", "9"),
        ("Classes", ""),
        ("cold", "6"),
        ("warm", "3"),
        ("With the attribute", ""),
        ("Odd", "4"),
        ("Equal pictures", ""),
        ("warm/0.png", "3"),
        ("Sizes before cutting", ""),
        ("24 × 24", "8"),
        ("40 × 24", "1"),
        ("Left out", ""),
        ("cold/9.png: is not an image, or damaged", ""),
    ]
    assert dialog.status.whole() == "9 pictures · 64 × 64, colour · 0 MB · 2 of them again · 1 left out"
    assert line(dialog, "warm/0.png").toolTip(0).splitlines() == ["warm/0.png", "warm/1.png", "warm/2.png"]
    assert not dialog.message.isVisible()
    assert unnamed(dialog) == []
    assert {RED, (9, 9, 250), (0, 203, 0)} <= colours_of(dialog)


def test_a_group_shows_its_pictures_alone(sheet_of: Callable[..., DataSheet], pictures: Path) -> None:
    dialog = sheet_of(pictures)
    for title in ("warm", "warm/0.png"):
        dialog.list.setCurrentItem(line(dialog, title))
        assert RED in colours_of(dialog)
        assert (0, 203, 0) not in colours_of(dialog)
    dialog.list.setCurrentItem(line(dialog, "cold"))
    assert RED not in colours_of(dialog)
    assert not line(dialog, "Classes").flags() & Qt.ItemFlag.ItemIsSelectable


def test_the_dice_draws_others(
    sheet_of: Callable[..., DataSheet], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "many"
    folder.mkdir()
    for number in range(120):
        Image.new("L", (8, 8), 2 * number).save(folder / f"{number:03}.png")
    dialog = sheet_of(folder)
    before = dialog.view.pixels()
    assert before is not None
    QTest.mouseClick(dialog.dice, Qt.MouseButton.LeftButton)
    after = dialog.view.pixels()
    assert after is not None
    assert before.shape == after.shape
    assert not np.array_equal(before, after)


def test_options_are_applied(sheet_of: Callable[..., DataSheet], qtbot: QtBot, pictures: Path) -> None:
    dialog = sheet_of(pictures)
    for box, text in ((dialog.form.side, "16 × 16"), (dialog.form.colour, "Grey"), (dialog.form.classes, "Odd")):
        box.setCurrentIndex(box.findText(text))
        box.activated.emit(box.currentIndex())
        waited(qtbot, dialog)
    assert dialog.status.whole().startswith("9 pictures · 16 × 16, grey")
    assert dialog.form.classes.currentText() == "Odd"
    assert ("not Odd", "5") in lines_of(dialog)
    dialog.form.crop.setCurrentIndex(dialog.form.crop.findData("face"))
    dialog.form.crop.activated.emit(dialog.form.crop.currentIndex())
    waited(qtbot, dialog)
    assert "the crop face needs CelebA's 178 x 218" in dialog.message.text()
    assert dialog.message.isVisible()
    assert not dialog.go.isEnabled()
    assert dialog.view.pixels() is None


def test_a_new_run_takes_the_data_over(
    sheet_of: Callable[..., DataSheet], qtbot: QtBot, window: MainWindow, pictures: Path
) -> None:
    dialog = sheet_of(pictures)
    dialog.form.side.setCurrentIndex(dialog.form.side.findData(32))
    dialog.form.colour.setCurrentIndex(dialog.form.colour.findData(1))
    dialog.look()
    waited(qtbot, dialog)
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert not dialog.isVisible()
    run = window.dialogs.new_run_dialog
    assert run is not None
    assert run.isVisible()
    config = run.job().config
    assert (config.data, config.size, config.channels) == (str(pictures), 32, 1)


def test_no_second_run_is_begun(
    sheet_of: Callable[..., DataSheet], window: MainWindow, pictures: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dialog = sheet_of(pictures)
    monkeypatch.setattr(type(window.studio.training), "running", True)
    QTest.mouseClick(dialog.go, Qt.MouseButton.LeftButton)
    assert dialog.isVisible()
    assert "A run is under way" in dialog.message.text()
    assert window.dialogs.new_run_dialog is None


def put_idx(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images = np.random.RandomState(0).randint(0, 256, (20, 28, 28), np.uint8)
    labels = np.arange(20, dtype=np.uint8) % 10
    for name, array in (("train-images-idx3-ubyte", images), ("train-labels-idx1-ubyte", labels)):
        head = struct.pack(f">2xBB{array.ndim}I", 8, array.ndim, *array.shape)
        (folder / f"{name}.gz").write_bytes(gzip.compress(head + array.tobytes()))


def test_what_is_absent_can_be_downloaded(
    sheet_of: Callable[..., DataSheet], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(catalogue, "fetch_published", lambda folder, _, **__: put_idx(folder))
    dialog = sheet_of("fashion")
    assert "no such file" in dialog.message.text()
    assert dialog.fetch.isVisible()
    QTest.mouseClick(dialog.fetch, Qt.MouseButton.LeftButton)
    waited(qtbot, dialog)
    assert ("Ankle boot", "2") in lines_of(dialog)
    assert not dialog.message.isVisible()
    assert not dialog.fetch.isVisible()
    assert not dialog.form.crop.isEnabled()
    dialog.choose("quickdraw")  # which nobody can fetch as a whole
    waited(qtbot, dialog)
    assert "Put files such as cat.npy" in dialog.message.text()
    assert not dialog.fetch.isVisible()
    assert not dialog.go.isEnabled()


class Slow:
    """Stands in for a large data set: reads until it is called off, or fails."""

    def __init__(self) -> None:
        self.reading = threading.Event()
        self.ended = threading.Event()
        self.fails = False

    def __call__(self, data: str, *_: object, cancelled: Callable[[], bool], **__: object) -> DataSet:
        if data != "mnist":
            return DataSet(data, np.zeros((3, 8, 8, 1), np.uint8))
        self.reading.set()
        try:
            while not (self.fails or cancelled()):
                pass
        finally:
            self.ended.set()
        raise DataError(data, "is damaged")


@pytest.fixture
def slow(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> tuple[Slow, DataSheet]:
    """Open the dialog while a large data set is being read."""
    reader = Slow()
    monkeypatch.setattr(data_look, "open_data", reader)
    window.actions_["data"].trigger()
    assert reader.reading.wait(30)
    dialog = window.dialogs.data_sheet
    assert dialog is not None
    assert dialog.bar.isVisible()
    return reader, dialog


def test_reading_can_be_stopped(slow: tuple[Slow, DataSheet], qtbot: QtBot) -> None:
    reader, dialog = slow
    QTest.mouseClick(dialog.stop, Qt.MouseButton.LeftButton)
    assert not dialog.stop.isVisible()
    assert not dialog.go.isEnabled()
    assert reader.ended.wait(30)
    waited(qtbot, dialog)
    assert not dialog.message.isVisible()


def test_another_choice_takes_the_place_of_the_first(slow: tuple[Slow, DataSheet], qtbot: QtBot) -> None:
    reader, dialog = slow
    dialog.choose("fashion")
    assert reader.ended.wait(30)
    qtbot.waitUntil(lambda: dialog.status.whole() != "", timeout=20_000)
    assert dialog.status.whole().startswith("3 pictures")
    assert not dialog.bar.isVisible()


@pytest.mark.parametrize("way", ["escape", "window"])
def test_closing_ends_the_reading(slow: tuple[Slow, DataSheet], window: MainWindow, way: str) -> None:
    reader, dialog = slow
    if way == "escape":
        QTest.keyClick(dialog, Qt.Key.Key_Escape)
    else:
        window.close()
    assert reader.ended.wait(30)
    assert not dialog.isVisible()


def test_what_comes_too_late_says_nothing(slow: tuple[Slow, DataSheet], qtbot: QtBot) -> None:
    """The first data set fails at the moment another is chosen."""
    reader, dialog = slow
    reader.fails = True
    assert reader.ended.wait(30)
    dialog.choose("fashion")
    qtbot.waitUntil(lambda: dialog.status.whole() != "", timeout=20_000)
    assert not dialog.message.isVisible()
    assert dialog.status.whole().startswith("3 pictures")


def test_nothing_chosen_says_what_to_do(
    sheet_of: Callable[..., DataSheet], qtbot: QtBot, pictures: Path, tmp_path: Path
) -> None:
    dialog = sheet_of(pictures)
    dialog.form.path.clear()
    dialog.look()
    assert dialog.view.pixels() is None
    assert not dialog.go.isEnabled()
    assert lines_of(dialog) == []
    dialog.choose(str(tmp_path / "nowhere"))
    waited(qtbot, dialog)
    assert dialog.message.isVisible()
    dialog.form.path.clear()
    dialog.look()
    assert not dialog.message.isVisible(), "what was wrong is no longer chosen"


def test_columns_of_a_table_are_offered_for_classes(
    sheet_of: Callable[..., DataSheet], qtbot: QtBot, pictures: Path
) -> None:
    kinds = [f"{number}.png,{'cat' if number % 2 else 'dog'},{0.1 * number:.1f}" for number in range(9)]
    (pictures / "kinds.csv").write_text("\n".join(["file,kind,score", *kinds]))
    dialog = sheet_of(pictures)
    offered = [dialog.form.classes.itemText(row) for row in range(dialog.form.classes.count())]
    assert offered == ["Its own", "kind", "Odd"], "no column of numbers that differ, nor of one word"
    dialog.form.classes.setCurrentIndex(1)
    dialog.form.classes.activated.emit(1)
    waited(qtbot, dialog)
    assert {title for title, _ in lines_of(dialog)} >= {"cat", "dog"}
