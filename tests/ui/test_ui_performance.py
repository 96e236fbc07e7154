"""The device that draws, and the window that says what drawing costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from hand import drag, settle, shown, slider_of, z_of
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.ui.main_window import MainWindow
from latentlab.ui.pace import Pace
from latentlab.ui.render_bridge import Timing


def test_the_status_bar_says_what_a_picture_costs(window: MainWindow, qtbot: QtBot) -> None:
    drag(slider_of(window), 0.8)
    settle(window)
    line = window._status._speed
    qtbot.waitUntil(lambda: "ms a picture" in line.text())
    assert line.text().startswith("CPU  ·  ")


def test_performance_plots_the_drag(window: MainWindow) -> None:
    window.actions_["performance"].trigger()
    dialog = window.dialogs.performance_window
    assert dialog is not None
    for share in (0.2, 0.5, 0.8):
        drag(slider_of(window), share)
        settle(window)
    dialog.refresh()
    ages, costs = dialog._render.getData()
    assert len(ages) == len(costs) >= 3
    assert (np.diff(ages) >= 0).all()
    assert (np.asarray(costs) > 0).all()
    assert (np.asarray(dialog._answer.getData()[1]) >= costs).all()
    assert "ms from hand to window" in dialog.figures.text()


def test_a_gpu_that_is_not_there_leaves_the_cpu_drawing(
    window: MainWindow, model: OpenedModel, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    window.actions_["device-cuda"].trigger()
    qtbot.waitUntil(lambda: "this machine has none" in window.messages.text())
    assert window.studio.settings.device == "cpu"
    assert window.actions_["device-cpu"].isChecked()
    drag(slider_of(window), 0.9)
    settle(window)
    assert np.array_equal(shown(window.explore.canvas), model.render(z_of(window))[0])


def test_another_device_draws_the_same(
    open_window: Callable[..., MainWindow],
    make_model: Callable[..., Path],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The device is torch on the CPU here, which goes the way of any GPU."""
    from latentlab.rendering import devices
    from latentlab.rendering.torch_backend import TorchBackend

    monkeypatch.setattr(devices, "available", lambda: ("cpu", "cuda"))
    built = []

    def on_cpu(generator: object, device: str) -> TorchBackend:
        built.append(device)
        return TorchBackend(generator, "cpu")  # type: ignore[arg-type]

    monkeypatch.setattr("latentlab.rendering.torch_backend.TorchBackend", on_cpu)
    # The function looks the class up when it is called, so TorchBackend above is still the real one.
    window = open_window(make_model())
    before = shown(window.explore.canvas)
    window.actions_["device-cuda"].trigger()
    settle(window)
    assert built == ["cuda"]
    assert window.studio.settings.device == "cuda"
    assert np.abs(shown(window.explore.canvas).astype(int) - before).max() <= 1
    window.close()
    again = open_window(settings=Settings(theme="dark", device="cuda"))
    assert built == ["cuda", "cuda"]
    assert again.actions_["device-cuda"].isChecked()


def test_one_picture_that_was_held_up_does_not_change_what_a_picture_costs(qapp: QApplication) -> None:
    pace = Pace(qapp)
    assert pace.ms_a_picture() is None
    for rows, render_ms in ((1, 3.0), (2, 8.0), (1, 4.0), (1, 300.0), (1, 5.0)):
        pace.add(Timing("picture", rows, render_ms, render_ms))
    assert pace.ms_a_picture() == 4.0
