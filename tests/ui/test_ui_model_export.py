"""*Export model*: a model file or an ONNX graph that opens again with the same pictures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from foreign_files import small_generator
from hand import settle, shown, state_of, z_of
from PySide6.QtWidgets import QFileDialog
from pytestqt.qtbot import QtBot

from latentlab.session.opened import OpenedModel
from latentlab.ui.main_window import MainWindow


def export(
    qtbot: QtBot, window: MainWindow, path: Path, monkeypatch: pytest.MonkeyPatch, kind: str = ""
) -> list[tuple[object, ...]]:
    """Choose a target and wait until it is written, or refused; return what the dialog was asked."""
    asked: list[tuple[object, ...]] = []

    def choose(*arguments: object) -> tuple[str, str]:
        asked.append(arguments)
        return str(path), kind

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    window.actions_["export-model"].trigger()
    qtbot.waitUntil(lambda: not window.model_export.writing, timeout=30_000)
    settle(window)
    return asked


def open_file(qtbot: QtBot, window: MainWindow, path: Path) -> None:
    window.opening.open(path)
    qtbot.waitUntil(lambda: not window.opening.reading, timeout=30_000)
    settle(window)


def test_a_checkpoint_goes_round_by_both_formats(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    open_file(qtbot, window, small_generator(tmp_path))
    z, picture = z_of(window), shown(window.explore.canvas).astype(int)
    for name in ("round.safetensors", "round.onnx"):
        export(qtbot, window, tmp_path / name, monkeypatch)
        assert window.statusBar().currentMessage() == f"Exported {name}"
        assert window.messages.text() == ""
        open_file(qtbot, window, tmp_path / name)
        assert np.array_equal(z_of(window), z)
        assert np.abs(shown(window.explore.canvas).astype(int) - picture).max() <= 1


def test_an_onnx_generator_is_exported_as_such_alone(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(qtbot, window, tmp_path / "small.onnx", monkeypatch)
    open_file(qtbot, window, tmp_path / "small.onnx")
    asked = export(qtbot, window, tmp_path / "again.onnx", monkeypatch)
    assert "safetensors" not in str(asked[0][-1])
    assert (tmp_path / "again.onnx").read_bytes() == (tmp_path / "small.onnx").read_bytes()
    export(qtbot, window, tmp_path / "again.safetensors", monkeypatch)
    assert "again.safetensors" in window.messages.text()
    assert not (tmp_path / "again.safetensors").exists()


def test_the_suffix_is_added_and_a_failure_is_one_line(
    qtbot: QtBot, window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(qtbot, window, tmp_path / "v1.5", monkeypatch)
    assert (tmp_path / "v1.5.safetensors").exists()
    export(qtbot, window, tmp_path / "v1.5", monkeypatch, "ONNX graph, for other programs (*.onnx)")
    assert (tmp_path / "v1.5.onnx").exists()
    state = state_of(window)
    export(qtbot, window, tmp_path / "missing" / "x.onnx", monkeypatch)
    assert "does not exist" in window.messages.text()
    assert "\n" not in window.messages.text()
    assert not (tmp_path / "missing").exists()
    assert state_of(window) is state


def test_ways_to_read_an_onnx_file(qtbot: QtBot, window: MainWindow, tmp_path: Path) -> None:
    from onnx_models import mapped

    (tmp_path / "other.onnx").write_bytes(mapped(["N", 3, 8, 8]))
    open_file(qtbot, window, tmp_path / "other.onnx")
    before = shown(window.explore.canvas).copy()
    window.actions_["how-read"].trigger()
    asked = window.dialogs.how_read_window
    assert asked is not None
    qtbot.waitUntil(lambda: not asked._drawing.busy, timeout=30_000)
    assert [each.words for each in asked._candidates][:1] == ["normal prior, output -1..1"]
    assert len(asked._candidates) == 6
    asked.form.range.setCurrentText("0..1")
    asked.form.range.activated.emit(asked.form.range.currentIndex())
    qtbot.waitUntil(lambda: not asked._taking.busy, timeout=30_000)
    settle(window)
    assert not np.array_equal(shown(window.explore.canvas), before)
    again = OpenedModel.from_file(tmp_path / "other.onnx")
    assert np.array_equal(shown(window.explore.canvas), again.render(z_of(window))[0])
    assert again.generator.onnx is not None
    assert again.generator.onnx.range == "0..1"
