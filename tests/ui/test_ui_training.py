"""Training from the window: from the menu to the finished model, stopped, paused, resumed, failed, closed."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand import LEFT, click, drag, handle_of, settle, shown, slider_of, state_of
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QFileDialog, QInputDialog, QLabel
from pytestqt.qtbot import QtBot
from services import left_behind
from small_models import generator

from latentlab.models.checkpoint import find_model, load_generator
from latentlab.pixels import sheet
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import load_settings
from latentlab.training.config import TrainConfig
from latentlab.training.events import Event, Failed, Finished, Preparing, Progress, Started, Tick, Update
from latentlab.training.service import TrainJob
from latentlab.ui.dialogs.new_run import NewRunDialog
from latentlab.ui.main_window import EXPLORE, TRAIN, MainWindow

WAIT_MS = 60_000


class Watcher:
    """Collects what a window's training tells."""

    def __init__(self, window: MainWindow, qtbot: QtBot) -> None:
        self.events: list[Event] = []
        self._qtbot = qtbot
        window.studio.training.happened.connect(self.events.append)

    def wait_for(self, kind: type[Event], count: int = 1) -> Event:
        """Wait until so many events of a kind have come; return the last."""
        self._qtbot.waitUntil(lambda: len(self.of(kind)) >= count or bool(self.of(Failed)), timeout=WAIT_MS)
        assert kind is Failed or not self.of(Failed), self.of(Failed)
        return self.of(kind)[-1]

    def of(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def watcher(window: MainWindow, qtbot: QtBot) -> Iterator[Watcher]:
    watching = Watcher(window, qtbot)
    yield watching
    window.studio.training.happened.disconnect(watching.events.append)


@pytest.fixture
def job(images: Path, tmp_path: Path) -> Callable[..., TrainJob]:
    """Describe a run that is over in a moment, or goes on until it is told to stop."""

    def make(kimg: float = 1000.0, folder: str = "run", **values: object) -> TrainJob:
        kind: dict[str, object] = {"size": 16, "width": 4, "z_dim": 8, "batch": 16, "tick_kimg": 0.5} | values
        return TrainJob(TrainConfig(data=str(images), kimg=kimg, **kind), tmp_path / folder)  # type: ignore[arg-type]

    return make


def choose_from_menu(window: MainWindow, title: str, action: QAction, qtbot: QtBot) -> None:
    """Open a menu with the mouse and click an action in it."""
    bar = window.menuBar()
    entry = next(each for each in bar.actions() if each.text() == title)
    QTest.mouseClick(bar, LEFT, pos=bar.actionGeometry(entry).center())
    menu = entry.menu()
    qtbot.waitUntil(menu.isVisible)
    QTest.mouseClick(menu, LEFT, pos=menu.actionGeometry(action).center())


def new_run_dialog(window: MainWindow, qtbot: QtBot) -> NewRunDialog:
    choose_from_menu(window, "&Train", window.actions_["new-run"], qtbot)
    dialog = window.dialogs.new_run_dialog
    assert isinstance(dialog, NewRunDialog)
    qtbot.waitExposed(dialog)
    return dialog


def curve_points(window: MainWindow, qtbot: QtBot) -> int:
    """Wait for the curves, look them over, and count the points of one."""
    qtbot.waitUntil(lambda: window.train.page.curves is not None and len(window.train.page.curves.page.plots) == 2)
    curves = window.train.page.curves
    assert curves is not None
    for curve, other in curves.page.curves.values():
        kimg, values = curve.getOriginalDataset()
        assert len(kimg) == len(values)
        assert np.isfinite(values).all()
        assert (np.diff(kimg) >= 0).all()
        assert other.getOriginalDataset()[0] is None or not len(other.getOriginalDataset()[0])
    return len(curves.page.curves["Loss_D"][0].getOriginalDataset()[0])


def test_digits_are_trained_from_the_menu_and_played_while_they_train(
    window: MainWindow, watcher: Watcher, real_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(real_data))
    folder = tmp_path / "digits"
    dialog = new_run_dialog(window, qtbot)
    assert dialog.data.currentData() == "mnist"
    assert "Licence" in dialog.about.text()
    dialog.side.setCurrentIndex(dialog.side.findData(16))
    for box, value in ((dialog.kimg, 50.0), (dialog.width_box, 8), (dialog.z_dim, 16), (dialog.batch, 32)):
        box.setValue(value)
    dialog.folder.setText(str(folder))
    click(dialog.go)
    assert not dialog.isVisible()
    assert window.pages.currentIndex() == TRAIN
    assert window.train.page.stop.isVisible()
    assert not window.actions_["new-run"].isEnabled()

    tick = watcher.wait_for(Tick)
    assert isinstance(tick, Tick)
    started = watcher.of(Started)[0]
    assert isinstance(started, Started)
    assert started.images == 60_000
    assert "60000 images, 16 × 16, width 8, batch 32" in window.train.detail.whole()
    assert np.array_equal(shown(window.train.sheets.sheet), sheet(tick.samples, 8, gap_px=1, background=0))
    assert any("training:" in label.text() for label in window.statusBar().findChildren(QLabel))

    click(window.train.sheets.explore)
    assert window.pages.currentIndex() == EXPLORE
    settle(window)
    assert window.studio.model is not None
    assert window.studio.model.generator is tick.generator
    assert state_of(window).z_dim == 16
    before = shown(window.explore.canvas).copy()
    drag(slider_of(window), 0.95)
    settle(window)
    assert not np.array_equal(shown(window.explore.canvas), before)
    oracle = OpenedModel(tick.generator)
    z = oracle.edit(oracle.sample(1, seed=state_of(window).picture.seed or 0), {"Factor 1": slider_of(window).value()})
    assert np.array_equal(shown(window.explore.canvas), oracle.render(z)[0])
    assert window.studio.training.running, "it was played while it trained"

    window.show_page(TRAIN)
    watcher.wait_for(Progress, 3)
    assert curve_points(window, qtbot) >= 3
    choose_from_menu(window, "&Train", window.actions_["stop-run"], qtbot)
    finished = watcher.wait_for(Finished)
    assert isinstance(finished, Finished)
    assert not finished.complete
    assert "can be resumed" in window.train.status.text()
    click(window.train.sheets.explore)
    settle(window)
    assert finished.path == find_model(folder)
    stored = OpenedModel.from_file(folder)
    assert window.studio.model.generator.content_hash == stored.generator.content_hash
    expected = stored.render(window.studio.z_of(state_of(window).picture)[None])[0]
    assert np.array_equal(shown(window.explore.canvas), expected)
    assert stored.generator.card.data.name == "mnist"
    assert "latentlab train --data mnist" in stored.generator.card.command


def test_a_run_ends_by_itself_and_its_model_is_offered(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], tmp_path: Path, qtbot: QtBot
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job(1.0))
    assert not window.train.sheets.explore.isEnabled()
    finished = watcher.wait_for(Finished)
    assert isinstance(finished, Finished)
    assert finished.complete
    assert len(watcher.of(Tick)) == 2
    assert window.train.status.text() == "Finished at 1.0 kimg"
    assert curve_points(window, qtbot) >= 1
    assert not window.train.page.stop.isVisible()
    assert window.train.page.new_run.isVisible()
    assert window.actions_["new-run"].isEnabled()
    click(window.train.sheets.explore)
    settle(window)
    oracle = OpenedModel.from_file(tmp_path / "run")
    z = window.studio.z_of(state_of(window).picture)[None]
    assert np.array_equal(shown(window.explore.canvas), oracle.render(z)[0])


def test_stop_is_acknowledged_at_once(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], qtbot: QtBot
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job())
    watcher.wait_for(Progress)
    start = time.perf_counter()
    click(window.train.page.stop)
    took = time.perf_counter() - start
    assert window.train.status.text().startswith("Stopping")
    assert window.studio.training.stopping
    assert not window.train.page.stop.isEnabled()
    assert took < 0.1
    window.actions_["pause-run"].trigger()
    window.studio.training.happened.emit(Preparing("Choosing the batch size"))
    assert window.train.status.text().startswith("Stopping"), "nothing talks over it"
    watcher.wait_for(Finished)
    assert window.train.status.text().startswith("Stopped")


def test_pause_holds_the_run_and_go_on_lets_it_go(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], qtbot: QtBot
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job())
    watcher.wait_for(Progress)
    click(window.train.page.pause)
    assert window.train.status.text().startswith("Paused")
    assert window.train.page.pause.text() == "Go on"
    assert window.studio.training.paused
    control = window.studio.training._service.control
    click(window.train.page.pause)
    assert window.train.page.pause.text() == "Pause"
    seen = len(watcher.of(Progress))
    watcher.wait_for(Progress, seen + 1)
    window.actions_["pause-run"].trigger()
    assert control.paused
    click(window.train.page.stop)
    watcher.wait_for(Finished)
    assert not window.studio.training.running


def test_one_network_is_updated_by_hand_while_the_run_is_held(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], qtbot: QtBot
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job())
    watcher.wait_for(Tick)
    hands, train = window.train.page.by_hand, window.train
    assert hands.isVisible()
    assert not hands.update_d.isEnabled()
    assert "Pause the run first" in hands.update_d.toolTip()
    click(train.page.pause)
    click(hands.update_d)
    told = watcher.wait_for(Update)
    assert isinstance(told, Update)
    assert told.player == "D"
    assert train.status.text().startswith("D updated: Loss_D ")
    before = shown(train.sheets.sheet).copy()
    click(hands.update_g)
    told = watcher.wait_for(Update, 2)
    assert isinstance(told, Update)
    assert told.player == "G"
    assert train.status.text().startswith("G updated: Loss_G ")
    assert "not averaged" in train.sheets.caption.text()
    assert not np.array_equal(shown(train.sheets.sheet), before), "the sheet shows what G draws now"
    window.actions_["update-d"].trigger()
    watcher.wait_for(Update, 3)
    click(train.page.pause)
    assert "not averaged" not in train.sheets.caption.text()
    click(train.page.stop)
    watcher.wait_for(Finished)
    assert not hands.isVisible()


def test_slow_motion_shows_each_update_and_ends_at_once(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("latentlab.ui.panels.train.PHASE_S", 0.001)
    window.show_page(TRAIN)
    window.train.begin(job())
    watcher.wait_for(Tick)
    hands = window.train.page.by_hand
    click(hands.slow)
    assert window.studio.training.slow
    watcher.wait_for(Update, 6)
    players = [update.player for update in watcher.of(Update) if isinstance(update, Update)]
    assert players[:6] in (["D", "G"] * 3, ["G", "D"] * 3)
    assert " updated: Loss_" in window.train.status.text()
    window.actions_["slow-motion"].trigger()
    assert not hands.slow.isChecked()
    assert not window.studio.training.slow
    seen = len(watcher.of(Progress))
    watcher.wait_for(Progress, seen + 1)
    assert "images/s" in window.train.status.text()
    click(window.train.page.stop)
    watcher.wait_for(Finished)


@pytest.mark.parametrize("paused", [False, True])
def test_closing_the_window_ends_the_training_and_keeps_it(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], tmp_path: Path, paused: bool
) -> None:
    window.train.begin(job())
    watcher.wait_for(Progress)
    if paused:
        window.train.toggle_pause()
    window.close()
    assert left_behind() == []
    assert not window.isVisible()
    assert load_generator(find_model(tmp_path / "run")).card.kimg > 0


def test_closing_the_window_while_pytorch_loads(window: MainWindow, job: Callable[..., TrainJob]) -> None:
    window.train.begin(job())
    window.close()
    assert left_behind() == []


def test_a_run_is_resumed_from_its_folder(
    window: MainWindow,
    watcher: Watcher,
    job: Callable[..., TrainJob],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job(3.0))
    watcher.wait_for(Tick)
    click(window.train.page.stop)
    stopped = watcher.wait_for(Finished)
    assert isinstance(stopped, Finished)
    assert not stopped.complete
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path / "run"))
    click(window.train.page.resume)
    assert window.studio.training.running
    finished = watcher.wait_for(Finished, 2)
    started = watcher.of(Started)[-1]
    assert isinstance(started, Started)
    assert isinstance(finished, Finished)
    assert started.kimg == stopped.kimg
    assert started.config.width == 4
    assert finished.complete
    assert finished.kimg >= 3.0

    bounds: list[float] = []

    def refused(*words: Any) -> tuple[float, bool]:
        bounds[:] = words[3:6]
        return 9.0, False

    monkeypatch.setattr(QInputDialog, "getDouble", refused)
    window.actions_["resume-run"].trigger()
    assert not window.studio.training.running, "it was not to be longer after all"
    usual, least, most = bounds
    assert finished.kimg < least < usual < most
    assert TrainConfig(kimg=most).kimg == most
    asked: list[tuple[object, ...]] = []

    def longer(*words: object) -> tuple[float, bool]:
        asked.append(words)
        return 4.0, True

    monkeypatch.setattr(QInputDialog, "getDouble", longer)
    assert window.train.page.resume.text() == "Train on…"
    click(window.train.page.resume)
    last = watcher.wait_for(Finished, 3)
    assert isinstance(last, Finished)
    assert last.kimg >= 4.0
    assert f"run is finished at {finished.kimg:g} kimg" in str(asked[0][2])
    assert window.train.sheets.explore.isEnabled()
    click(window.train.sheets.explore)
    settle(window)
    assert window.studio.model is not None
    assert window.studio.model.generator.path == find_model(tmp_path / "run")


def test_the_status_bar_says_that_a_run_is_held(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob]
) -> None:
    window.train.begin(job())
    watcher.wait_for(Progress)
    said = [label.text() for label in window.statusBar().findChildren(QLabel) if "training:" in label.text()]
    assert said[0].split("·")[1].strip().startswith("ETA")
    window.train.toggle_pause()
    said = [label.text() for label in window.statusBar().findChildren(QLabel) if "training:" in label.text()]
    assert said[0].endswith("paused")
    window.train.toggle_pause()
    window.train.stop_run()
    watcher.wait_for(Finished)


def test_to_follow_a_run_is_not_carried_over_to_the_next(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob]
) -> None:
    before = window.studio.model
    window.train.begin(job(1.0))
    window.train.sheets.follow.setChecked(True)
    watcher.wait_for(Finished)
    assert window.studio.model is not before
    before = window.studio.model
    window.train.begin(job(1.0, folder="next"))
    assert not window.train.sheets.follow.isChecked()
    watcher.wait_for(Finished, 2)
    assert window.studio.model is before


def test_the_next_window_offers_the_run_that_was_left(
    window: MainWindow,
    watcher: Watcher,
    job: Callable[..., TrainJob],
    open_window: Callable[..., MainWindow],
    qtbot: QtBot,
) -> None:
    window.train.begin(job(3.0))
    watcher.wait_for(Tick)
    window.close()
    kept = load_settings().run_folder
    assert kept == str(job().folder)
    after = open_window()
    after.studio.change_settings(run_folder=kept)
    after.show_page(TRAIN)
    last = after.train.invitation.last
    qtbot.waitUntil(last.isVisible)
    assert last.text().startswith("Go on with run, left at ")
    assert last.text().endswith(" of 3 kimg")
    watching = Watcher(after, qtbot)
    click(last)
    finished = watching.wait_for(Finished)
    assert isinstance(finished, Finished)
    assert finished.complete
    after.close()
    again = open_window()
    again.studio.change_settings(run_folder=kept)
    again.show_page(TRAIN)
    qtbot.waitUntil(lambda: again.train.invitation._watch is None)
    assert not again.train.invitation.last.isVisible(), "it is finished"


def test_only_a_run_is_compared_with(
    window: MainWindow,
    watcher: Watcher,
    job: Callable[..., TrainJob],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window.train.begin(job(1.0))
    watcher.wait_for(Finished)
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    click(window.train.page.compare)
    assert f"{tmp_path}: holds no run" in window.messages.text()
    assert window.train.page.compare.text() == "Compare…"


def test_a_run_that_shows_more_than_it_wanted_is_full(window: MainWindow) -> None:
    bar = window.train.page.bar
    window.train.page.set_share(1.0005)
    assert bar.value() == bar.maximum()


def test_a_folder_without_a_run_cannot_be_resumed(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(QFileDialog, "getExistingDirectory", lambda *_: str(tmp_path))
    window.actions_["resume-run"].trigger()
    assert "holds no run to resume" in window.messages.text()
    assert not window.studio.training.running


def test_a_run_folder_that_cannot_be_made_fails_in_one_line(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob], tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("no folder")
    window.show_page(TRAIN)
    window.train.begin(job(1.0, "file/run"))
    watcher.wait_for(Failed)
    assert str(tmp_path / "file") in window.messages.text()
    assert "\n" not in window.messages.text()
    assert window.train.status.text() == "Training ended with an error"
    assert not window.studio.training.running
    assert window.train.page.new_run.isVisible()
    watcher.events.clear()
    window.train.begin(job(0.2))
    watcher.wait_for(Finished)


def test_data_that_cannot_be_used_fail_in_one_line(
    window: MainWindow, watcher: Watcher, tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = new_run_dialog(window, qtbot)
    dialog.data.setCurrentIndex(dialog.data.findData("folder"))
    dialog.data.activated.emit(dialog.data.currentIndex())
    click(dialog.go)
    assert "Choose the folder or zip" in dialog.message.text()
    dialog.path.setText(str(tmp_path / "nowhere"))
    (tmp_path / "nowhere").mkdir()
    dialog.folder.setText(str(tmp_path / "run"))
    click(dialog.go)
    watcher.wait_for(Failed)
    assert "nowhere: holds no images" in window.messages.text()
    assert not (tmp_path / "run").exists()


def test_the_dialog_refuses_what_no_run_can_have(
    window: MainWindow, job: Callable[..., TrainJob], tmp_path: Path, qtbot: QtBot
) -> None:
    dialog = new_run_dialog(window, qtbot)
    assert not Path(dialog.folder.text()).exists()
    dialog.batch.setValue(1)
    click(dialog.go)
    assert "BatchNorm" in dialog.message.text()
    dialog.batch.setValue(16)
    dialog.folder.setText("  ")
    click(dialog.go)
    assert dialog.message.text() == "Name the folder to keep the run in."
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "config.json").write_text("{}")
    dialog.folder.setText(str(tmp_path / "old"))
    click(dialog.go)
    assert "already holds a run" in dialog.message.text()
    assert dialog.isVisible()
    assert not window.studio.training.running
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_following_the_training_shows_every_snapshot(
    window: MainWindow, watcher: Watcher, job: Callable[..., TrainJob]
) -> None:
    window.show_page(TRAIN)
    window.train.begin(job())
    window.train.sheets.follow.setChecked(True)
    for count in (1, 2):
        tick = watcher.wait_for(Tick, count)
        assert isinstance(tick, Tick)
        assert window.studio.model is not None
        assert window.studio.model.generator is tick.generator
    click(window.train.page.stop)
    watcher.wait_for(Finished)


def test_a_slider_that_is_dragged_outlives_the_next_snapshot(window: MainWindow) -> None:
    window.studio.open_snapshot(generator(seed=1))
    settle(window)
    slider = slider_of(window)
    start = handle_of(slider)
    QTest.mousePress(slider, LEFT, pos=start)
    QTest.mouseMove(slider, start + QPoint(20, 0))
    window.studio.open_snapshot(generator(seed=2))
    settle(window)
    assert slider_of(window) is slider
    before = shown(window.explore.canvas).copy()
    QTest.mouseMove(slider, start + QPoint(60, 0))
    settle(window)
    assert not np.array_equal(shown(window.explore.canvas), before)
    QTest.mouseRelease(slider, LEFT)
    assert state_of(window).picture.strengths["Factor 1"] == slider.value()
