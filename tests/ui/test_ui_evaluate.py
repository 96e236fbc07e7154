"""Judging the open model from the window."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from hand import click
from PIL import Image
from PySide6.QtGui import QGuiApplication
from pytestqt.qtbot import QtBot

from latentlab.analysis.metrics.judging import Judged, Request, judge
from latentlab.analysis.metrics.spaces import Wish
from latentlab.analysis.progress import Progress
from latentlab.models.classifier_file import ClassifierCard, Output, save_classifier
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs import evaluate
from latentlab.ui.dialogs.evaluate import EvaluateDialog
from latentlab.ui.main_window import MainWindow


@pytest.fixture
def pictures(model: OpenedModel, tmp_path: Path) -> Path:
    """Write pictures to compare with, and a network for their features beside the model."""
    spec = NetworkSpec((3, 16, 16), (Reshape(768, 0, 0), Linear(768, 6), Linear(6, 2)))
    random = np.random.RandomState(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) * 0.1 for name, shape in spec.tensors().items()}
    outputs = (Output("a", 0.9, 1, 1), Output("b", 0.9, 1, 1))
    save_classifier(tmp_path / "net.safetensors", ClassifierCard("net", "softmax", spec, outputs), weights)
    folder = tmp_path / "real"
    folder.mkdir()
    for index, picture in enumerate(model.render(model.sample(240, seed=9))):
        Image.fromarray(picture).save(folder / f"{index:03d}.png")
    return folder


@pytest.fixture
def dialog(window: MainWindow, pictures: Path, qtbot: QtBot) -> Iterator[EvaluateDialog]:
    window.actions_["evaluate"].trigger()
    dialog = window.dialogs.evaluate_dialog
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal(), "one plays on while it is open"
    dialog.choose_data(pictures)
    dialog.samples.setValue(120)
    dialog.features.setCurrentIndex(dialog.features.findData("network"))
    yield dialog
    dialog.close()
    qtbot.waitUntil(lambda: not dialog._running)


def test_the_table_is_what_the_command_prints(
    dialog: EvaluateDialog, model: OpenedModel, pictures: Path, qtbot: QtBot
) -> None:
    assert dialog.table.isHidden()
    assert not dialog.copy.isEnabled()
    click(dialog.go)
    assert dialog.stop.isEnabled()
    assert not dialog.go.isEnabled()
    qtbot.waitUntil(lambda: not dialog._running, timeout=30_000)
    request = Request(str(pictures), 120, wish=Wish("network"))
    expected = judge(model.generator, model.render, model.title, request).evaluation
    assert dialog.table.rowCount() == len(expected.measurements)
    for row, measurement in enumerate(expected.measurements):
        cells = [dialog.table.item(row, column).text() for column in range(4)]
        assert cells[0].startswith(measurement.name)
        assert cells[1] == measurement.model.in_words().replace("-", "−")
        assert (cells[2] == "–") == (measurement.real is None)
        assert f"{measurement.model.pictures:,}" in cells[3]
        assert "better" in dialog.table.item(row, 0).toolTip()
    for part in (
        "120 samples, seed 0",
        "net, 6 penultimate features",
        "real (all of it",
        "standard error",
    ):
        assert part in dialog.context.text()
    click(dialog.copy)
    copied = QGuiApplication.clipboard().text().splitlines()
    assert copied[:-1] == expected.lines()[:-1]  # but for the seconds


def test_it_can_be_called_off(dialog: EvaluateDialog, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot) -> None:
    begun, asked = threading.Event(), threading.Event()

    def endless(model: OpenedModel, request: Request, progress: Progress) -> Judged:
        begun.set()
        while not asked.wait(0.001):
            progress(0.1)
        raise AssertionError("nobody called it off")

    monkeypatch.setattr(evaluate, "judged", endless)
    click(dialog.go)
    assert begun.wait(10.0)
    click(dialog.stop)
    qtbot.waitUntil(lambda: not dialog._running)
    assert dialog.message.text() == "Called off."
    assert dialog.go.isEnabled()
    assert dialog.table.isHidden()
    click(dialog.go)
    dialog.reject()
    qtbot.waitUntil(lambda: not dialog._running)
    asked.set()


def test_what_is_wrong_is_said_in_the_dialog(dialog: EvaluateDialog, tmp_path: Path, qtbot: QtBot) -> None:
    dialog.choose_data(tmp_path / "nowhere")
    click(dialog.go)
    qtbot.waitUntil(lambda: not dialog._running)
    assert "no such data set" in dialog.message.text()
    assert dialog.table.isHidden()


def test_the_data_that_the_model_names_are_offered_first(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["evaluate"].trigger()
    dialog = window.dialogs.evaluate_dialog
    assert dialog is not None
    assert dialog.data.currentData() == "mnist"
    assert "mnist" in [dialog.data.itemData(index) for index in range(dialog.data.count())]
    window.close()
    assert not dialog.isVisible()
