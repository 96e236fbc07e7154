"""*Train > New run…*: its fields are the table's, presets fill them, and the command line says the same."""

from __future__ import annotations

import shlex
from dataclasses import fields
from pathlib import Path
from types import SimpleNamespace

import pytest
import tyro
from hand import click, settle, turn_wheel, type_into
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QCheckBox, QComboBox
from pytestqt.qtbot import QtBot
from test_ui_actions import unnamed

from latentlab.commands.train import Train
from latentlab.training.config import TrainConfig
from latentlab.training.presets import PRESETS, PresetName
from latentlab.training.settings import LOSSES, SETTINGS
from latentlab.ui.dialogs import new_run, run_cost
from latentlab.ui.dialogs.data_look import DataChoice
from latentlab.ui.dialogs.new_run import NewRunDialog
from latentlab.ui.dialogs.run_cost import Cost, cost_of
from latentlab.ui.dialogs.run_fields import LEFT_OUT, RunFields, differs, tip
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.curves import TrainingCurves


@pytest.fixture
def dialog(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> NewRunDialog:
    monkeypatch.setattr(new_run, "_PATIENCE_MS", 1_000_000)
    window.actions_["new-run"].trigger()
    made = window.dialogs.new_run_dialog
    assert made is not None
    qtbot.waitExposed(made)
    return made


def pick(dialog: NewRunDialog, name: PresetName) -> None:
    dialog.preset.setCurrentIndex(dialog.preset.findData(name))
    dialog.preset.activated.emit(dialog.preset.currentIndex())


def told(dialog: NewRunDialog) -> TrainConfig:
    """Read the command line as the command would."""
    command = tyro.cli(Train, args=shlex.split(dialog.command.text())[2:])
    return PRESETS[command.preset or "custom"].config(**command.given())


@pytest.mark.parametrize("name", ["paper", "quick", "best"])
def test_a_preset_fills_the_fields(dialog: NewRunDialog, name: PresetName) -> None:
    dialog.fields.number("seed").setValue(7)
    pick(dialog, name)
    config = dialog.job().config
    assert config == PRESETS[name].config(data="mnist", seed=7)
    assert told(dialog) == config
    assert f"--preset {name} --seed 7 --out" in dialog.command.text()
    assert dialog.preset_what.text() == PRESETS[name].what


def test_a_change_by_hand_makes_it_custom(dialog: NewRunDialog) -> None:
    pick(dialog, "best")
    dialog.side.setCurrentIndex(dialog.side.findData(16))
    assert dialog.preset.currentData() == "best", "the side belongs to the data"
    type_into(dialog.fields.number("lr"), "0.0004")
    assert dialog.isVisible(), "Enter ends the number, and begins no run"
    flips = dialog.fields.boxes["flips"]
    assert isinstance(flips, QCheckBox)
    click(flips)
    assert dialog.preset.currentData() == "custom"
    config = dialog.job().config
    assert config == PRESETS["best"].config(data="mnist", size=16, lr=4e-4, flips=True)
    assert told(dialog) == config
    click(dialog.copy)
    assert QApplication.clipboard().text() == dialog.command.text()
    pick(dialog, "paper")
    assert dialog.job().config == PRESETS["paper"].config(data="mnist", size=16)


def test_every_setting_has_its_field_and_its_tip(dialog: NewRunDialog) -> None:
    assert set(dialog.fields.boxes) == {each.name for each in fields(TrainConfig)} - set(LEFT_OUT)
    for name, box in dialog.fields.boxes.items():
        assert box.toolTip() == tip(SETTINGS[name])
    assert "Paper: 128." in dialog.width_box.toolTip()
    assert "Paper: 64 px." in dialog.side.toolTip()
    for loss in LOSSES:
        assert dialog.fields.choice("loss").findData(loss) >= 0
    rare = dialog.fields.boxes["beta1"]
    assert not rare.isVisible()
    click(dialog.all_settings)
    assert rare.isVisible()
    assert not (found := unnamed(dialog)), "\n".join(found)


def test_every_value_of_the_table_survives_its_field(qtbot: QtBot) -> None:
    form = RunFields()
    qtbot.addWidget(form)
    told: list[str] = []
    form.changed.connect(told.append)
    small = {"lr": 1e-8, "seed": 2**32 - 1, "augment": "colour,cutout", "crop": "148", "label": "Smiling"}
    form.fill(small)
    assert {name: form.values()[name] for name in small} == small
    assert not told, "filling is no change by hand"
    form.number("lr").setValue(0.0002)
    assert form.number("lr").text() == "0.0002"
    assert told == ["lr"]


def test_what_differs_from_the_paper_is_marked(dialog: NewRunDialog) -> None:
    pick(dialog, "paper")
    assert not [name for name, label in dialog.fields.labels.items() if "•" in label.text()]
    dialog.z_dim.setValue(64)
    assert [name for name, label in dialog.fields.labels.items() if "•" in label.text()] == ["z_dim"]
    assert not dialog.fields.boxes["clip"].isEnabled()
    loss = dialog.fields.choice("loss")
    loss.setCurrentIndex(loss.findData("wgan"))
    assert dialog.fields.boxes["clip"].isEnabled()
    assert not dialog.fields.boxes["smooth_real"].isEnabled()
    assert not differs("n_critic", dialog.job().config)
    dialog.fields.number("n_critic").setValue(0)
    assert differs("n_critic", dialog.job().config), "0 means five here"


def test_a_choice_of_data_is_passed_on(dialog: NewRunDialog, tmp_path: Path) -> None:
    dialog.choose_data(DataChoice(str(tmp_path), 32, 1, "stretch", "Odd"))
    config = dialog.job().config
    assert (config.data, config.size, config.channels) == (str(tmp_path), 32, 1)
    assert (config.crop, config.label) == ("stretch", "Odd")
    assert told(dialog) == config
    dialog.choose_data(DataChoice("fashion"))
    config = dialog.job().config
    assert (config.data, config.size, config.channels, config.crop, config.label) == ("fashion", 0, 0, "", "")


def test_what_is_out_of_range_is_said_at_once(dialog: NewRunDialog) -> None:
    dialog.batch.setValue(1)
    assert "BatchNorm" in dialog.message.text()
    assert not dialog.command.text()
    dialog.batch.setValue(2)
    assert not dialog.message.text()
    assert "--batch 2" in dialog.command.text()


def test_the_wheel_passes_fields_by(dialog: NewRunDialog) -> None:
    dialog.go.setFocus()
    before = dialog.job().config
    for box in (dialog.side, dialog.width_box):
        turn_wheel(box, -1)
    assert dialog.job().config == before
    choices = dialog.fields.findChildren(QComboBox)
    assert len(choices) > 5
    for box in choices:
        assert box.focusPolicy() == Qt.FocusPolicy.StrongFocus, "the wheel would take the focus first"


def test_what_cannot_be_read_or_written_is_said_before_the_start(
    dialog: NewRunDialog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[object] = []
    dialog.start_wanted.connect(started.append)
    dialog.source.choose(str(tmp_path / "nothing.zip"))
    click(dialog.go)
    assert "nothing.zip: no such file or folder" in dialog.message.text()
    for name in ("~nobody-of-that-name/x", "long" * 100):
        dialog.source.path.setText(name)
        click(dialog.go)
        assert "no such file or folder" in dialog.message.text()
    dialog.source.choose(str(tmp_path))
    dialog.folder.setText(str(tmp_path / ("long" * 100)))
    click(dialog.go)
    assert "cannot be written to" in dialog.message.text()
    (tmp_path / "file").write_text("no folder")
    dialog.folder.setText(str(tmp_path / "file" / "run"))
    click(dialog.go)
    assert "cannot be written to" in dialog.message.text()
    assert dialog.isVisible()
    assert started == []


def test_time_and_memory_are_told_before_the_start(
    dialog: NewRunDialog, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[TrainConfig] = []

    def cost(config: TrainConfig, _progress: object) -> Cost | None:
        tried.append(config)
        return Cost(2400.0, 600.0) if config.width < 512 else None

    monkeypatch.setattr(new_run, "cost_of", cost)
    assert dialog.cost.text().endswith("MB besides PyTorch; estimating the time…")
    dialog._resting.start(0)
    qtbot.waitUntil(lambda: dialog.cost.text().startswith("About 40 min on this machine, "))
    before = dialog.cost.text()
    dialog.width_box.setValue(512)
    assert "estimating" in dialog.cost.text()
    dialog._resting.start(0)
    qtbot.waitUntil(lambda: "too large" in dialog.cost.text())
    pick(dialog, "quick")
    assert dialog.cost.text() == before, "what was tried is remembered"
    assert [config.width for config in tried] == [16, 512]
    dialog.width_box.setValue(8)
    dialog.close()
    assert not dialog._resting.isActive()
    settle(window)


def test_the_trial_is_of_the_run_itself_scaled_by_its_width(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[TrainConfig] = []

    def speed(config: TrainConfig, *_: object) -> float:
        tried.append(config)
        return 1000.0

    monkeypatch.setattr(run_cost, "images_per_s", speed)
    monkeypatch.setattr("latentlab.training.run.pick_device", lambda _: SimpleNamespace(type="cpu"))
    narrow = TrainConfig(kimg=60.0, width=16, batch=32)
    assert cost_of(narrow, lambda _: None) == Cost(60.0, run_cost.megabytes(narrow))
    wide = cost_of(TrainConfig(kimg=60.0, width=128, batch=32), lambda _: None)
    assert wide is not None
    assert wide.seconds == 60.0 * 4**2
    assert {(config.width, config.size, config.channels) for config in tried} == {(16, 32, 1), (32, 32, 1)}


def test_the_memory_is_known_at_once_and_grows() -> None:
    least = run_cost.megabytes(TrainConfig(batch=32))
    assert least < run_cost.megabytes(TrainConfig(batch=0)) < run_cost.megabytes(TrainConfig(width=128))


def test_scores_have_no_axis_of_probabilities(window: MainWindow, qtbot: QtBot) -> None:
    curves = TrainingCurves(window)
    curves.show()
    qtbot.waitUntil(lambda: len(curves.page.plots) == 2)
    plot = curves.page.plots[1]
    curves.set_logged((), "hinge")
    assert plot._axes["left"].labelText == "D's score"
    assert plot.box.autoRangeEnabled()[1]
    curves.set_logged((), "bce")
    assert plot._axes["left"].labelText == "D's output"
    assert not plot.box.autoRangeEnabled()[1]
