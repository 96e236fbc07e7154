"""Autosave and recovery: what a killed window held is there at the next start, and keeping never holds a hand up."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import state_of
from pytestqt.qtbot import QtBot

from latentlab.paths import config_dir
from latentlab.session import beginning, changes, keeper
from latentlab.session.store import load_session
from latentlab.ui import documents
from latentlab.ui.main_window import MainWindow

_VICTIM = """
import sys
from latentlab.session.settings import Settings
from latentlab.session import changes
from latentlab.ui import documents
from latentlab.ui.documents import Documents
documents.AUTOSAVE_AFTER_MS = 50
from PySide6.QtWidgets import QApplication
from PySide6.QtCore import QTimer
from latentlab.ui.main_window import MainWindow
from pathlib import Path
app = QApplication([])
window = MainWindow(Settings(theme="dark"))
window.show()
window.documents.open_start(Path(sys.argv[1]))
def edit():
    window.studio.apply(changes.set_seed(77), "Seed 77")
    window.studio.apply(changes.set_strength("Factor 1", 1.25), "Factor 1")
    window.studio.keep(window.studio.state.picture)
    look()
def look():
    if window.documents._kept_state is window.studio.state and window.documents.wait_kept():
        print("kept", flush=True)
    else:
        QTimer.singleShot(10, look)
QTimer.singleShot(0, edit)
app.exec()
"""


def test_a_killed_window_is_found_again(
    make_model: Callable[..., Path], open_window: Callable[..., MainWindow]
) -> None:
    environment = {**os.environ, "QT_QPA_PLATFORM": "offscreen", "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, "-c", _VICTIM, str(make_model())], env=environment, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout is not None
        assert victim.stdout.readline() == "kept\n"
        victim.send_signal(signal.SIGKILL)
    assert victim.returncode == -signal.SIGKILL
    window = open_window()
    state = state_of(window)
    assert (state.picture.seed, dict(state.picture.strengths)) == (77, {"Factor 1": 1.25})
    assert [card.name for card in state.shelf] == ["seed 77, edited"]
    assert window.messages.text() == ""


def test_the_session_is_kept_once_the_hand_rests(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    timer = window.documents._resting
    assert timer.interval() == documents.AUTOSAVE_AFTER_MS
    window.documents.autosave()
    timer.stop()
    timer.setInterval(0)
    window.studio.apply(changes.set_seed(5), "Seed 5")
    assert timer.isActive()
    qtbot.waitUntil(lambda: not timer.isActive())
    assert window.documents.wait_kept()
    assert load_session(config_dir() / "last.latentlab").state.picture.seed == 5


def test_a_slow_disk_does_not_hold_the_window_up(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one state is being written newer ones come; the window never waits, and the newest is what is kept."""
    assert window.documents.wait_kept()
    begun, go_on = threading.Event(), threading.Event()
    written: list[int | None] = []
    real = keeper.save_session

    def slow(path: Path, state: object, *rest: object) -> None:
        begun.set()
        assert go_on.wait(10)
        written.append(state.picture.seed)  # type: ignore[attr-defined]
        real(path, state, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(keeper, "save_session", slow)
    for seed in (1, 2, 3):
        window.studio.apply(changes.set_seed(seed), "")
        window.documents.autosave()
        assert begun.wait(10)
    assert written == []
    go_on.set()
    assert window.documents.wait_kept()
    assert written == [1, 3]
    assert load_session(config_dir() / "last.latentlab").state.picture.seed == 3


def test_a_failure_is_told_of_and_tried_again(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = config_dir()
    folder.mkdir(parents=True, exist_ok=True)
    (folder.parent / "blocked").write_text("a file where a folder should be", encoding="utf-8")
    with monkeypatch.context() as away:
        away.setattr(beginning, "config_dir", lambda: folder.parent / "blocked")
        window.studio.apply(changes.set_seed(8), "")
        window.documents.autosave()
        qtbot.waitUntil(lambda: "blocked" in window.messages.text())
    window.documents.autosave()
    assert window.documents.wait_kept()
    assert load_session(folder / "last.latentlab").state.picture.seed == 8


def test_closing_keeps_the_last_change_and_ends_the_thread(
    make_model: Callable[..., Path], open_window: Callable[..., MainWindow]
) -> None:
    window = open_window(make_model())
    window.studio.apply(changes.set_seed(123), "")
    window.close()
    assert "keeper" not in [thread.name for thread in threading.enumerate()]
    kept = load_session(config_dir() / "last.latentlab").state
    assert kept.picture.seed == 123
    assert np.array_equal(kept.picture.base, state_of(window).picture.base)
