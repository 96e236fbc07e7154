"""Runs that another process writes: followed, wound back, explored, compared, exported, lost and found."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand import click, settle, shown
from PIL import Image
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot
from small_models import generator

from latentlab.export.sheet import write_sheet
from latentlab.models.checkpoint import save_model
from latentlab.pixels import Pixels, sheet
from latentlab.training.config import TrainConfig
from latentlab.training.events import Finished, Progress
from latentlab.training.following import RunFollower, RunReader
from latentlab.training.run_seen import RunSeen
from latentlab.training.service import TrainJob
from latentlab.ui.main_window import EXPLORE, TRAIN, MainWindow
from latentlab.ui.panels.curves import PAGES, CurvePage

WAIT_MS = 60_000
LOSSES = {"Loss_D": 0.9, "Loss_G": 1.6, "D_x": 0.7, "D_G_z1": 0.3}


class Writer:
    """Writes a run folder as another process does, and lets the window look."""

    def __init__(self, window: MainWindow, qtbot: QtBot, folder: Path) -> None:
        self._window, self._qtbot, self.folder = window, qtbot, folder
        (folder / "samples").mkdir(parents=True)
        (folder / "config.json").write_text(json.dumps({"kimg": 100.0, "size": 16, "width": 4, "data": "discs"}))

    def pictures(self, kimg: int) -> Pixels:
        random = np.random.default_rng([kimg, len(self.folder.name)])
        return random.integers(0, 256, (64, 16, 16, 3), np.uint8)

    def tick(self, kimg: int, model: bool = False, end: str = "\n", **values: float) -> None:
        write_sheet(self.folder / "samples" / f"{kimg:06d}.png", self.pictures(kimg))
        if model:
            made = generator("followed", seed=kimg)
            path = self.folder / f"model-{kimg:06d}.safetensors"
            save_model(path, replace(made.card, kimg=float(kimg)), made.weights)
        with (self.folder / "log.jsonl").open("a") as file:
            file.write(json.dumps({"kimg": kimg, "images_per_s": 200.0, **LOSSES, **values}) + end)

    def expected(self, kimg: int) -> Pixels:
        return sheet(self.pictures(kimg), 8, gap_px=1, background=0)

    def seen(self, kimg: int) -> None:
        """Wait until the window shows a tick's sheet."""
        view = self._window.train.sheets.sheet
        self._qtbot.waitUntil(
            lambda: view.pixels() is not None and np.array_equal(shown(view), self.expected(kimg)), timeout=WAIT_MS
        )


@pytest.fixture
def writer(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> Writer:
    return Writer(window, qtbot, tmp_path / "run")


def look(window: MainWindow, qtbot: QtBot) -> None:
    """Let the window look into the folder once more, and see what a look shows that began after this call."""
    watch = window.train._watch
    assert watch is not None
    look = watch.look_now()
    qtbot.waitUntil(lambda: watch.latest.look >= look, timeout=WAIT_MS)


def follow(window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(writer.folder))
    window.actions_["follow-run"].trigger()
    assert window.pages.currentIndex() == TRAIN
    qtbot.waitUntil(lambda: window.train.page.curves is not None and bool(window.train.page.curves.page.plots))


def curve(window: MainWindow, name: str, other: bool = False) -> list[list[float]]:
    curves = window.train.page.curves
    assert curves is not None
    x, y = curves.page.curves[name][other].getOriginalDataset()
    return [] if x is None else [list(x), list(y)]


def test_a_run_is_followed_while_it_is_written(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    writer.tick(10)
    writer.tick(20, Loss_D=0.8)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(20)
    train = window.train
    assert train.status.text() == "20.0 / 100 kimg  ·  200 images/s  ·  ETA 7 min"
    assert train.detail.whole().startswith("run, discs, 16 × 16, width 4, bce, last tick 0 s ago")
    assert train.page.bar.value() == 200
    assert curve(window, "Loss_D") == [[10.0, 20.0], [0.9, 0.8]]
    assert train.page.health.verdict is not None
    assert train.page.health.verdict.word == "early"

    writer.tick(30, end="", Loss_D=0.7)
    look(window, qtbot)
    assert curve(window, "Loss_D")[0] == [10.0, 20.0], "its line is not whole yet"
    with (writer.folder / "log.jsonl").open("a") as file:
        file.write("\n")
    look(window, qtbot)
    writer.seen(30)
    assert curve(window, "Loss_D") == [[10.0, 20.0, 30.0], [0.9, 0.8, 0.7]]
    assert "Balanced" in train.page.health.sentence.text()
    assert not train.page.pause.isVisible()
    assert not window.studio.training.running

    writer.tick(100, D_x=0.97, D_G_z1=0.02)
    look(window, qtbot)
    assert train.status.text() == "Finished at 100.0 kimg"
    assert not train.sheets.follow.isVisible()


def test_a_folder_that_vanishes_is_said_to_and_taken_up_again(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    writer.tick(10)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(10)
    writer.folder.rename(tmp_path / "away")
    look(window, qtbot)
    assert "the folder cannot be reached" in window.train.status.text()
    assert np.array_equal(shown(window.train.sheets.sheet), writer.expected(10))
    (tmp_path / "away").rename(writer.folder)
    writer.tick(20)
    look(window, qtbot)
    writer.seen(20)
    assert window.train.status.text().startswith("20.0 / 100 kimg")


def test_a_folder_without_a_run_waits_for_one(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.show_page(TRAIN)
    window.train.follow_folder(tmp_path / "later")
    look(window, qtbot)
    assert window.train.status.text() == "The folder is not there; looked for every 2 s"
    (tmp_path / "later").mkdir()
    look(window, qtbot)
    assert window.train.status.text() == "No run in this folder yet; it is looked for every 2 s"
    assert not window.train.sheets.play.isEnabled()
    assert not window.train.sheets.explore.isEnabled()


def test_the_run_is_wound_back_and_judged_as_it_was(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    for kimg in range(10, 60, 10):
        writer.tick(kimg, D_x=0.97, D_G_z1=0.02)
    for kimg in range(60, 100, 10):
        writer.tick(kimg)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(90)
    sheets, health = window.train.sheets, window.train.page.health
    assert "Balanced" in health.sentence.text()
    sheets.slider.setFocus()
    QTest.keyClick(sheets.slider, Qt.Key.Key_Home)
    writer.seen(10)
    assert "now 10 kimg" in sheets.caption.text()
    QTest.keyClick(sheets.slider, Qt.Key.Key_Right)
    QTest.keyClick(sheets.slider, Qt.Key.Key_Right)
    writer.seen(30)
    assert health.sentence.text().startswith("At 30 kimg: ")
    assert "D is winning" in health.sentence.text()
    writer.tick(95)
    look(window, qtbot)
    assert sheets.slider.moment == 30, "a new tick does not take the hand away"
    QTest.keyClick(sheets.slider, Qt.Key.Key_End)
    writer.seen(95)
    assert "Balanced" in health.sentence.text()


def test_the_history_plays_every_sheet_to_its_end(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    for kimg in (10, 20, 30):
        writer.tick(kimg)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(30)
    sheets = window.train.sheets
    sheets._timer.setInterval(1)
    watch = window.train._watch
    assert watch is not None
    asked: list[int] = []
    with monkeypatch.context() as slow_folder:
        slow_folder.setattr(watch, "want_sheet", asked.append)
        click(sheets.play)
        for _ in range(5):
            with qtbot.waitSignal(sheets._timer.timeout, timeout=WAIT_MS):
                pass
        assert asked == [10], "it waits for a sheet before it goes on"
    click(sheets.play)
    QTest.keyClick(sheets.slider, Qt.Key.Key_End)
    writer.seen(30)
    given: list[Pixels] = []
    monkeypatch.setattr(sheets.sheet, "set_pixels", given.append)
    click(sheets.play)
    qtbot.waitUntil(lambda: not sheets._timer.isActive(), timeout=WAIT_MS)
    assert len(given) == 3
    for pictures, kimg in zip(given, (10, 20, 30), strict=True):
        assert np.array_equal(pictures, writer.expected(kimg))


def test_the_model_of_a_moment_is_explored(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    for kimg in (10, 20, 30, 40):
        writer.tick(kimg, model=kimg in (10, 40))
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(40)
    sheets = window.train.sheets
    assert sheets.explore.text() == "Explore 40 kimg"
    sheets.slider.setValue(1)
    assert sheets.explore.text() == "Explore 10 kimg"
    assert "nearest to 20 kimg" in sheets.explore.toolTip()
    click(sheets.explore)
    settle(window)
    assert window.pages.currentIndex() == EXPLORE
    assert window.studio.model is not None
    assert window.studio.model.generator.card.kimg == 10.0


def test_following_opens_every_new_model_until_another_is_opened(
    window: MainWindow, writer: Writer, make_model: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    def kimg() -> float:
        assert window.studio.model is not None
        return window.studio.model.generator.card.kimg

    writer.tick(10, model=True)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(10)
    window.train.sheets.follow.setChecked(True)
    qtbot.waitUntil(lambda: kimg() == 10.0, timeout=WAIT_MS)
    writer.tick(20)
    (writer.folder / "model-000020.safetensors").write_bytes(b"on its way")
    look(window, qtbot)
    assert kimg() == 10.0
    assert not window.messages.isVisible(), "it may be on its way"
    writer.tick(30, model=True)
    look(window, qtbot)
    qtbot.waitUntil(lambda: kimg() == 30.0, timeout=WAIT_MS)
    assert window.train.sheets.follow.isChecked()
    window.studio.open_path(make_model("mine"))
    assert not window.train.sheets.follow.isChecked()


def test_two_runs_are_compared_side_by_side(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    other = Writer(window, qtbot, tmp_path / "another")
    for kimg in (10, 20, 30):
        writer.tick(kimg)
    for kimg in (12, 24):
        other.tick(kimg, Loss_D=2.0)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(30)
    train = window.train
    assert not train.sheets.other_sheet.isVisible()
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(other.folder))
    click(train.page.compare)

    def beside(kimg: int) -> None:
        view = train.sheets.other_sheet
        qtbot.waitUntil(
            lambda: view.pixels() is not None and np.array_equal(shown(view), other.expected(kimg)), timeout=WAIT_MS
        )

    beside(24)
    assert train.sheets.other_sheet.isVisible()
    qtbot.waitUntil(lambda: bool(curve(window, "Loss_D", other=True)))
    assert curve(window, "Loss_D", other=True) == [[12.0, 24.0], [2.0, 2.0]]
    assert curve(window, "Loss_D")[0] == [10.0, 20.0, 30.0]
    pen = train.page.curves.page.curves["Loss_D"][1].opts["pen"]  # type: ignore[union-attr]
    assert pen.style() == Qt.PenStyle.DashLine
    train.sheets.slider.setValue(1)
    beside(12)
    assert train.sheets.other_caption.text() == "another  ·  12 kimg"
    writer.seen(20)
    assert train.sheets.caption.text() == "run  ·  20 kimg"
    click(train.page.compare)
    assert not train.sheets.other_sheet.isVisible()
    assert curve(window, "Loss_D", other=True) in ([], [[], []])


def test_the_history_is_exported_as_a_time_lapse(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    for kimg in (10, 20, 30):
        writer.tick(kimg)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(30)
    click(window.train.sheets.export)
    dialog = window.dialogs.time_lapse_dialog
    assert dialog is not None
    dialog.format.setCurrentIndex(dialog.format.findData(".apng"))
    dialog.fps.setValue(4)
    dialog.hold.setValue(0.5)
    assert dialog.facts.text() == "1.2 s", "three sheets and two frames more of the last, a quarter of a second each"
    dialog.file.line.setText(str(tmp_path / "lapse.apng"))
    click(dialog.go)
    qtbot.waitUntil(lambda: dialog.message.text() != "", timeout=WAIT_MS)
    assert dialog.message.text().startswith(f"Wrote {tmp_path / 'lapse.apng'}")
    with Image.open(tmp_path / "lapse.apng") as film:
        frames = [10, 20, 30, 30, 30]
        assert film.n_frames in (len(frames), 3), "equal frames may be stored as one"
        for index, kimg in enumerate(frames[: film.n_frames]):
            film.seek(index)
            assert np.array_equal(np.asarray(film.convert("RGB")), writer.expected(kimg))


def test_a_time_lapse_of_a_sheet_that_is_gone_fails_in_one_line(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    writer.tick(10)
    writer.tick(20)
    follow(window, writer, monkeypatch, qtbot)
    writer.seen(20)
    (writer.folder / "samples" / "000010.png").unlink()
    click(window.train.sheets.export)
    assert "000010.png: cannot be read" in window.messages.text()
    assert "\n" not in window.messages.text()


def test_beside_a_run_of_its_own_the_followed_one_is_compared(
    window: MainWindow, writer: Writer, images: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    writer.tick(10)
    window.show_page(TRAIN)
    config = TrainConfig(data=str(images), kimg=1000.0, size=16, width=4, z_dim=8, batch=16, tick_kimg=0.5)
    told: list[object] = []
    window.studio.training.happened.connect(told.append)
    window.train.begin(TrainJob(config, tmp_path / "own"))
    qtbot.waitUntil(lambda: any(isinstance(event, Progress) for event in told), timeout=WAIT_MS)
    follow(window, writer, monkeypatch, qtbot)
    qtbot.waitUntil(lambda: bool(curve(window, "Loss_D", other=True)), timeout=WAIT_MS)
    assert curve(window, "Loss_D", other=True) == [[10.0], [0.9]]
    assert window.train.page.stop.isVisible()
    assert "kimg" in window.train.status.text()
    qtbot.waitUntil(lambda: len(window.train.sheets.slider.moments) >= 2, timeout=WAIT_MS)
    window.train.stop_run()
    qtbot.waitUntil(lambda: any(isinstance(event, Finished) for event in told), timeout=WAIT_MS)
    window.studio.training.happened.disconnect(told.append)
    assert window.train.page.health.verdict is not None


def test_no_two_plots_are_made_in_one_turn_of_the_event_loop(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    turns: list[tuple[int, int]] = []
    made = CurvePage._on_make

    def counted(page: CurvePage) -> None:
        before = len(page.plots)
        made(page)
        turns.append((before, len(page.plots)))

    monkeypatch.setattr(CurvePage, "_on_make", counted)
    writer.tick(10)
    window.show_page(TRAIN)
    window.train.follow_folder(writer.folder)
    assert window.train.page.curves is None, "not in the turn of the click"
    qtbot.waitUntil(lambda: len(turns) == 2)
    assert turns == [(0, 1), (1, 2)]
    curves = window.train.page.curves
    assert curves is not None
    assert not any(page.plots for page in curves.findChildren(CurvePage) if page is not curves.page)
    curves.show_page(1)
    plots = len(PAGES[1][1])
    qtbot.waitUntil(lambda: len(turns) == 2 + plots)
    assert turns[2:] == [(count, count + 1) for count in range(plots)]


def test_leaving_a_folder_that_hangs_holds_nobody_up(
    window: MainWindow, writer: Writer, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, qtbot: QtBot
) -> None:
    entered, let_go = threading.Event(), threading.Event()
    look_into = RunReader.look

    def hanging(reader: RunReader) -> RunSeen:
        if reader._folder == writer.folder:
            entered.set()
            assert let_go.wait(WAIT_MS / 1000)
        return look_into(reader)

    monkeypatch.setattr(RunReader, "look", hanging)
    window.show_page(TRAIN)
    window.train.follow_folder(writer.folder)
    assert entered.wait(WAIT_MS / 1000)
    other = Writer(window, qtbot, tmp_path / "another")
    other.tick(10)
    waited: list[RunFollower] = []
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr(RunFollower, "close", waited.append)
        window.train.follow_folder(other.folder)
    assert not waited
    other.seen(10)
    let_go.set()
    look(window, qtbot)
    assert window.train.detail.whole().startswith("another, discs")
