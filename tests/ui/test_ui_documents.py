"""Sessions and models from the window: kept, restored, refused in one line, never lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand import click, drag, drop, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QMimeData, QUrl
from PySide6.QtWidgets import QFileDialog
from small_models import generator

from latentlab.paths import config_dir
from latentlab.session import changes
from latentlab.session.card_png import card_from_png
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import load_settings
from latentlab.ui.main_window import MainWindow

OpenWindow = Callable[..., MainWindow]
MakeModel = Callable[..., Path]


def furnish(window: MainWindow) -> None:
    """Change something in every corner of the document."""
    drag(slider_of(window), 0.85)
    drag(window.explore.truncation, 0.45)
    click(window.shelf.keep)
    window.explore.seed.setValue(17)
    click(window.shelf.keep)
    window.shelf.cards.setData(window.shelf.cards.index(1), "Alice")
    for term in window.arithmetic.terms:
        term._on_roll()
    window.strip.count.setValue(6)
    window.actions_["hold-b"].trigger()
    drag(slider_of(window, "Factor 3"), 0.2)
    settle(window)


def document(window: MainWindow) -> list[object]:
    """Describe the document by what is in it."""
    state = state_of(window)
    points = [state.picture, state.before, state.end("a"), state.end("b")]
    cards = [*state.shelf, *(card for term in state.terms for card in term.cards)]
    return [
        [window.studio.z_of(point).tobytes() for point in points],
        [dict(point.strengths) for point in points],
        [(card.name, card.z.tobytes(), card.pixels.tobytes()) for card in cards],
        (state.strip.held, state.strip.mode, state.strip.frames, state.arithmetic_renormalised),
    ]


def choosing(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    for name in ("getOpenFileName", "getSaveFileName"):
        monkeypatch.setattr(QFileDialog, name, lambda *_: (str(path), ""))


def test_a_session_is_saved_and_opened_again(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(make_model())
    furnish(window)
    wanted, picture = document(window), shown(window.explore.canvas).copy()
    choosing(monkeypatch, tmp_path / "mine")
    window.actions_["save-session"].trigger()
    assert (tmp_path / "mine.latentlab").exists()
    window.actions_["reset"].trigger()
    window.studio.apply(changes.remove_cards(frozenset(card.id for card in state_of(window).shelf)), "")
    assert document(window) != wanted
    choosing(monkeypatch, tmp_path / "mine.latentlab")
    window.actions_["open-session"].trigger()
    settle(window)
    assert document(window) == wanted
    assert np.array_equal(shown(window.explore.canvas), picture)
    assert len(window.strip._frames) == 4
    assert slider_of(window, "Factor 3").value() == state_of(window).picture.strengths["Factor 3"]
    assert window.actions_["undo"].text() == "Undo Open mine.latentlab"
    assert window.windowTitle() == "mine[*] – small — latentlab"
    assert not window.isWindowModified()
    window.explore.roll()
    assert window.isWindowModified()
    window.actions_["undo"].trigger()
    assert not window.isWindowModified(), "it is as its file has it again"
    window.explore.roll()
    choosing(monkeypatch, "")
    window.actions_["save-session"].trigger()
    assert "Saved mine.latentlab" in window.statusBar().currentMessage()
    assert not window.isWindowModified()
    other = open_window(tmp_path / "mine.latentlab")
    assert document(other) == document(window)


def test_what_was_there_comes_back_after_a_session_was_opened(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(make_model())
    window.documents.open_before()
    assert "No other session was opened yet" in window.statusBar().currentMessage()
    choosing(monkeypatch, tmp_path / "empty")
    window.actions_["save-session"].trigger()
    furnish(window)
    unsaved, empty = document(window), tmp_path / "empty.latentlab"
    assert window.documents.open_any(empty)
    opened = document(window)
    assert opened != unsaved
    assert "Session before this one" in window.statusBar().currentMessage()
    window.actions_["undo"].trigger()
    assert document(window) == unsaved
    window.actions_["redo"].trigger()
    assert document(window) == opened
    window.actions_["session-before"].trigger()
    assert document(window) == unsaved
    window.actions_["session-before"].trigger()
    assert document(window) == opened, "the two take turns"
    assert window.studio.open_path(make_model("other", z_dim=12))
    elsewhere = document(window)
    assert window.documents.open_any(empty)
    assert not window.actions_["undo"].isEnabled(), "undo does not reach across models"
    window.actions_["session-before"].trigger()
    assert document(window) == elsewhere
    assert window.studio.model is not None
    assert window.studio.model.name == "other"


def test_undo_brings_the_file_back_that_a_document_belongs_to(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(make_model())
    paths = [tmp_path / "one.latentlab", tmp_path / "two.latentlab"]
    for path in paths:
        window.explore.roll()
        choosing(monkeypatch, path)
        window.actions_["save-session-as"].trigger()
    two = paths[1].read_bytes()
    assert window.documents.open_any(paths[0])
    window.explore.roll()
    edited = document(window)
    assert window.documents.open_any(paths[1])
    window.actions_["undo"].trigger()
    assert document(window) == edited
    assert window.windowTitle().startswith("one[*]")
    assert window.isWindowModified()
    window.actions_["save-session"].trigger()
    assert paths[1].read_bytes() == two, "what was opened is not written over"
    assert window.documents.open_any(paths[0])
    assert document(window) == edited
    window.actions_["undo"].trigger()
    window.actions_["redo"].trigger()
    assert window.windowTitle().startswith("one[*]")
    assert not window.isWindowModified()
    window.explore.roll()
    choosing(monkeypatch, tmp_path / "three.latentlab")
    window.actions_["save-session-as"].trigger()
    window.actions_["undo"].trigger()
    assert window.windowTitle().startswith("three[*]"), "it belongs to the file that it was saved as"
    assert window.isWindowModified()


def test_what_is_in_no_file_is_not_said_to_be_kept(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(make_model())
    choosing(monkeypatch, tmp_path / "mine")
    window.actions_["save-session"].trigger()
    assert window.studio.model is not None
    snapshot = replace(
        window.studio.model.generator, path=None, content_hash=window.studio.model.generator.content_hash[::-1]
    )
    window.studio.open_snapshot(snapshot)
    window.explore.roll()
    assert window.documents.open_any(tmp_path / "mine.latentlab")
    assert "could not be kept" in window.messages.text()
    assert "Session before" not in window.statusBar().currentMessage()


def test_a_session_named_at_the_start_keeps_the_last_one(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_window(make_model())
    choosing(monkeypatch, tmp_path / "mine")
    first.actions_["save-session"].trigger()
    furnish(first)
    wanted = document(first)
    first.close()
    second = open_window(tmp_path / "mine.latentlab")
    assert document(second) != wanted
    second.actions_["session-before"].trigger()
    settle(second)
    assert document(second) == wanted


def test_a_session_opens_although_what_was_there_cannot_be_kept(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window = open_window(make_model())
    choosing(monkeypatch, tmp_path / "mine")
    window.actions_["save-session"].trigger()
    wanted = document(window)
    furnish(window)
    monkeypatch.setattr("latentlab.ui.documents.before_file", lambda: tmp_path / "mine.latentlab" / "no folder")
    assert window.documents.open_any(tmp_path / "mine.latentlab")
    assert document(window) == wanted
    assert "no folder" in window.messages.text() or "mine.latentlab" in window.messages.text()


def test_the_next_start_shows_the_last_session(open_window: OpenWindow, make_model: MakeModel) -> None:
    first = open_window(make_model())
    furnish(first)
    wanted = document(first)
    first.close()
    second = open_window()
    assert document(second) == wanted
    assert second.windowTitle() == "small — latentlab"
    assert second.messages.text() == ""


def test_the_session_is_kept_now_and_then_and_only_when_it_changed(window: MainWindow) -> None:
    file = config_dir() / "last.latentlab"
    window.documents.autosave()
    assert window.documents.wait_kept()
    first = file.read_bytes()
    file.unlink()
    window.documents.autosave()
    assert window.documents.wait_kept()
    assert not file.exists()
    window.explore.roll()
    window._autosave.timeout.emit()
    assert window.documents.wait_kept()
    assert file.read_bytes() != first


def test_a_damaged_last_session_is_told_of_and_the_window_opens(
    open_window: OpenWindow, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_model()
    monkeypatch.setattr("latentlab.ui.documents.bundled", lambda *_: path)
    config_dir().mkdir(parents=True)
    (config_dir() / "last.latentlab").write_text("{not json", encoding="utf-8")
    window = open_window()
    assert window.windowTitle() == "small — latentlab"
    assert "last.latentlab" in window.messages.text()
    assert "damaged" in window.messages.text()


def test_a_file_that_does_not_open_is_told_of_over_the_bundled_model(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_model()
    monkeypatch.setattr("latentlab.ui.documents.bundled", lambda *_: path)
    for name in ("nothing.safetensors", "nothing.latentlab"):
        window = open_window(tmp_path / name)
        assert window.windowTitle() == "small — latentlab"
        assert f"{name}: no such file" in window.messages.text()


def test_a_name_that_was_mistyped_leaves_the_last_session(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path
) -> None:
    first = open_window(make_model())
    furnish(first)
    wanted = document(first)
    first.close()
    second = open_window(tmp_path / "trian")
    assert "trian: no such file" in second.messages.text()
    assert document(second) == wanted
    second.close()
    assert document(open_window()) == wanted


def test_the_shelf_outlives_a_model_that_has_gone(
    open_window: OpenWindow, make_model: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = open_window(make_model("gone"))
    furnish(first)
    shelf = document(first)[2]
    first.close()
    (Path(first.studio.settings.recent[0])).unlink()
    path = make_model("other", z_dim=12)
    monkeypatch.setattr("latentlab.ui.documents.bundled", lambda *_: path)
    second = open_window()
    assert second.windowTitle() == "other — latentlab"
    assert "gone.safetensors" in second.messages.text()
    assert document(second)[2] == shelf
    assert len(z_of(second)[0]) == 12


def test_a_session_whose_model_has_another_width_now_keeps_its_cards(
    open_window: OpenWindow, make_model: MakeModel, tmp_path: Path
) -> None:
    window = open_window(make_model("same"))
    furnish(window)
    shelf = document(window)[2]
    window.documents._save_to(tmp_path / "kept.latentlab")
    make_model("same", z_dim=12)
    other = open_window(tmp_path / "kept.latentlab")
    assert document(other)[2] == shelf
    assert "has changed since" in other.statusBar().currentMessage()


def test_a_bad_model_leaves_the_present_one(window: MainWindow, tmp_path: Path) -> None:
    before, state = shown(window.explore.canvas).copy(), state_of(window)
    bad = tmp_path / "bad.safetensors"
    bad.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(100))
    for path, why in ((bad, "is a PNG image, not a model"), (tmp_path / "none.safetensors", "no such file")):
        assert not window.documents.open_any(path)
        settle(window)
        assert why in window.messages.text()
        assert "\n" not in window.messages.text()
        assert state_of(window) is state
        assert window.windowTitle() == "small — latentlab"
    drag(slider_of(window), 0.8)
    settle(window)
    assert not np.array_equal(shown(window.explore.canvas), before)


def test_the_details_of_a_message_are_behind_a_button(window: MainWindow, tmp_path: Path) -> None:
    window.documents.open_any(tmp_path / "none.safetensors")
    bar = window.messages
    assert not bar._details.isVisible()
    click(bar._more)
    assert bar._details.isVisible()
    assert "Traceback" in bar._details.toPlainText()
    click(bar._close)
    assert bar.text() == ""


def test_recent_models_are_offered_and_opened(window: MainWindow, make_model: MakeModel) -> None:
    window.studio.open_path(make_model("second", seed=1))
    menu = window._recent
    menu.aboutToShow.emit()
    assert [action.text() for action in menu.actions()] == ["second.safetensors", "small.safetensors"]
    menu.actions()[1].trigger()
    settle(window)
    assert window.windowTitle() == "small — latentlab"
    assert [Path(name).stem for name in window.studio.settings.recent] == ["small", "second"]
    Path(window.studio.settings.recent[1]).unlink()
    menu.aboutToShow.emit()
    menu.actions()[1].trigger()
    assert "second.safetensors: no such file" in window.messages.text()
    assert window.windowTitle() == "small — latentlab"
    window.close()
    assert load_settings() == window.studio.settings


def test_another_model_of_the_same_kind_keeps_the_sliders(window: MainWindow, make_model: MakeModel) -> None:
    drag(slider_of(window), 0.85)
    strengths = dict(state_of(window).picture.strengths)
    path = make_model("second", seed=1)
    window.studio.open_path(path)
    settle(window)
    oracle = OpenedModel.from_file(path)
    assert slider_of(window).value() == strengths["Factor 1"]
    expected = oracle.render(oracle.edit(oracle.sample(1, seed=42), strengths))[0]
    assert np.array_equal(shown(window.explore.canvas), expected)


def test_a_model_that_is_no_file_cannot_be_saved_and_says_so(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    window.studio.open_snapshot(generator("snapshot", seed=3))
    choosing(monkeypatch, tmp_path / "mine.latentlab")
    window.actions_["save-session"].trigger()
    assert window.messages.text() != ""
    assert not (tmp_path / "mine.latentlab").exists()


def test_a_picture_is_saved_with_its_latent(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drag(slider_of(window), 0.85)
    choosing(monkeypatch, tmp_path / "face.png")
    window.actions_["save-picture"].trigger()
    card = card_from_png((tmp_path / "face.png").read_bytes())
    assert card is not None
    assert card.z.tobytes() == z_of(window)[0].tobytes()
    (tmp_path / "face.png").unlink()
    choosing(monkeypatch, tmp_path / "missing" / "face.png")
    window.actions_["save-picture"].trigger()
    assert "does not exist" in window.messages.text()


def test_a_run_folder_and_a_session_can_be_dropped_on_the_window(
    window: MainWindow, make_model: MakeModel, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    run.mkdir()
    make_model("dropped", seed=4).rename(run / "model-000001.safetensors")
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(run))])
    assert drop(window, mime)
    settle(window)
    assert window.windowTitle() == "run at 0 kimg — latentlab"
    assert window.studio.model is not None
    assert window.studio.model.name == "dropped"
