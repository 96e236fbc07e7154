"""Nothing grows: not with moves of a slider, not with emits, not with models opened."""

from __future__ import annotations

import gc
import sys
import weakref
from collections.abc import Callable
from pathlib import Path

import numpy as np
from hand import LEFT, handle_of, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QPoint
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from latentlab.rendering.requests import RenderResult
from latentlab.session.opened import OpenedModel
from latentlab.ui.main_window import MainWindow


def sweep() -> None:
    QApplication.processEvents()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()


def count_of(window: MainWindow) -> int:
    sweep()
    return len(window.findChildren(QObject))


def test_a_thousand_moves_leave_nothing_behind(window: MainWindow, model: OpenedModel) -> None:
    before = count_of(window)
    slider = slider_of(window)
    start = handle_of(slider)
    QTest.mousePress(slider, LEFT, pos=start)
    for move in range(1000):
        QTest.mouseMove(slider, start + QPoint(20 + move % 80, 0))
        if move % 5 == 0:
            QApplication.processEvents()
    QTest.mouseRelease(slider, LEFT)
    settle(window)
    assert count_of(window) == before
    assert np.array_equal(shown(window.explore.canvas), model.render(z_of(window))[0])
    assert window.studio.session is not None
    assert len(window.studio.session._undo) == 1
    assert len(window.studio.render._asked) <= 6


def test_three_thousand_emits_end_nothing_and_keep_nothing(window: MainWindow) -> None:
    window.studio.notice.emit("the status bar makes its timer now")
    before = count_of(window)
    truth = sys.getrefcount(True)
    pixels = np.zeros((1, 16, 16, 3), np.uint8)
    for seq in range(3000):
        window.studio.render.arrived.emit(RenderResult("nobody", 0, seq, (0,), pixels, 0.1))
        window.studio.notice.emit("again")
        window.studio.state_changed.emit(state_of(window))
    assert count_of(window) == before
    assert abs(sys.getrefcount(True) - truth) < 200


def test_fifty_models_leave_one(window: MainWindow, make_model: Callable[..., Path]) -> None:
    paths = [make_model("one", seed=1), make_model("two", z_dim=8, seed=2), make_model("wide", z_dim=12, seed=3)]
    counts, opened = [], []
    for turn in range(54):
        assert window.studio.open_path(paths[turn % 3])
        opened.append(weakref.ref(window.studio.model))
        if turn % 6 == 5:
            settle(window)
            counts.append(count_of(window))
    assert len(set(counts)) == 1
    sweep()
    assert sum(model() is not None for model in opened) <= 2
    assert len(window.studio.settings.recent) == 4


def test_windows_can_be_opened_and_closed(
    open_window: Callable[..., MainWindow], make_model: Callable[..., Path]
) -> None:
    path = make_model()
    for _ in range(3):
        open_window(path).close()
