"""Finding directions from the window, directions from and to files, and the matrix of their cosines."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hand import NO_KEYS, click, drag, drop, settle, slider_of, state_of, z_of
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from small_models import generator

from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.local import local_directions
from latentlab.analysis.measured import measured_directions
from latentlab.analysis.pca import principal_directions
from latentlab.analysis.progress import Progress
from latentlab.analysis.sefa import closed_form
from latentlab.analysis.steering import Steering
from latentlab.latent.directions import Direction
from latentlab.models.card import DataSource
from latentlab.models.classifier_file import ClassifierCard, Output, load_classifier, save_classifier
from latentlab.models.direction_file import load_directions, save_directions
from latentlab.models.layers import Activation, Conv, Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import mime_of
from latentlab.ui.dialogs import direction_works
from latentlab.ui.dialogs.cosines import CosinesDialog
from latentlab.ui.dialogs.direction_works import Found
from latentlab.ui.dialogs.find_directions import FindDirectionsDialog
from latentlab.ui.main_window import MainWindow
from latentlab.ui.widgets.heat_map import HeatMap

CONTROL = Qt.KeyboardModifier.ControlModifier
CLOSED_FORM, PCA, LOCAL, MEASURED, ATTRIBUTES, CARDS = range(6)


@pytest.fixture
def dialog(window: MainWindow) -> FindDirectionsDialog:
    QTest.keyClick(window, Qt.Key.Key_D, CONTROL)
    dialog = window.dialogs.find_dialog
    assert dialog is not None
    assert dialog.isVisible()
    assert not dialog.isModal(), "one plays on while it is open"
    return dialog


def find(dialog: FindDirectionsDialog, method: int, qtbot: QtBot) -> None:
    """Choose a method, press Find and wait."""
    dialog.methods.setCurrentRow(method)
    click(dialog.go)
    qtbot.waitUntil(lambda: not dialog._running, timeout=60_000)


def own(window: MainWindow) -> dict[str, Direction]:
    return {each.name: each for each in state_of(window).directions}


def undo(window: MainWindow) -> None:
    window.actions_["undo"].trigger()
    settle(window)


def same(found: Direction, expected: Direction) -> bool:
    return abs(float(found.vector @ expected.vector)) > 0.9999


@pytest.fixture
def network(tmp_path: Path) -> Path:
    """Write a small random attribute network beside the model; half of its pictures have each attribute."""
    spec = NetworkSpec(
        (3, 8, 8), (Conv(3, 2, 4, 2, 1), Activation("relu"), Reshape(32, 0, 0), Linear(32, 4, False), Linear(4, 2))
    )
    random = np.random.RandomState(0)
    weights = {name: random.standard_normal(shape).astype(np.float32) for name, shape in spec.tensors().items()}
    outputs = (Output("Smiling", 0.9, 10, 20), Output("Glasses", 0.8, 10, 20))
    path = tmp_path / "attributes.safetensors"
    card = ClassifierCard("attributes", "sigmoid", spec, outputs, DataSource("x", 1, "", ""))
    save_classifier(path, card, weights)
    pictures = OpenedModel(generator()).render(OpenedModel(generator()).sample(200, seed=1))
    logits = PictureClassifier(load_classifier(path)).logits(pictures)
    weights["4.bias"] = weights["4.bias"] - np.median(logits, axis=0)
    save_classifier(path, card, weights)
    return path


def test_every_method_says_what_it_does_and_names_its_paper(dialog: FindDirectionsDialog) -> None:
    seen = set()
    for row in range(dialog.methods.count()):
        dialog.methods.setCurrentRow(row)
        assert dialog._title.text() == dialog.methods.item(row).text()
        assert dialog._sentence.text().endswith((".", "stay."))
        assert re.search(r"arXiv:\d{4}\.\d{5}", dialog._paper.text())
        seen.add(dialog._sentence.text())
    assert len(seen) == dialog.methods.count() == 6


def test_measured_directions_come_in_one_step(
    dialog: FindDirectionsDialog, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    dialog.measured.samples.setValue(512)
    for name in ("Slant", "Stroke thickness"):
        dialog.measured.boxes[name].setChecked(False)
    find(dialog, MEASURED, qtbot)
    expected = measured_directions(
        model.render, 8, "normal", [name for name, box in dialog.measured.boxes.items() if box.isChecked()], 512
    )
    assert list(own(window)) == [each.name for each in expected]
    assert "Brightness" in own(window)
    assert "Slant" not in own(window)
    assert all(same(own(window)[each.name], each) for each in expected)
    assert own(window)["Brightness"].model == model.generator.content_hash
    assert "6 added: Brightness" in dialog.message.text()
    assert "Brightness" in window.directions.sliders.in_sight()
    drag(slider_of(window, "Brightness"), 0.9)
    undo(window)
    undo(window)
    assert own(window) == {}


def test_closed_form_adds_only_what_the_panel_does_not_show(
    dialog: FindDirectionsDialog, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    assert dialog.closed_form.count.maximum() == 8
    find(dialog, CLOSED_FORM, qtbot)
    assert own(window) == {}
    assert "there already" in dialog.message.text()
    assert {each.name for each in closed_form(model.generator, 8)} <= {each.name for each in window.studio.directions}


def test_components_of_a_chosen_layer_come_once(
    dialog: FindDirectionsDialog, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    layer = dialog.components.layer
    assert [layer.itemText(index).partition(":")[0] for index in range(layer.count())] == [
        "layer 1",
        "layer 2",
        "picture",
    ]
    layer.setCurrentIndex(0)
    dialog.components.count.setValue(3)
    dialog.components.samples.setValue(256)
    find(dialog, PCA, qtbot)
    expected = principal_directions(model.generator, 1, 3, 256)
    assert list(own(window)) == [each.name for each in expected]
    assert all(same(own(window)[each.name], each) for each in expected)
    find(dialog, PCA, qtbot)
    assert len(own(window)) == 3, "the same once more adds nothing"
    dialog.components.count.setValue(4)
    find(dialog, PCA, qtbot)
    assert len(own(window)) == 4


def test_local_directions_are_those_of_the_picture_in_hand_and_replace_the_earlier(
    dialog: FindDirectionsDialog, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    dialog.local.count.setValue(4)
    drag(slider_of(window), 0.8)
    find(dialog, LOCAL, qtbot)
    expected = local_directions(model.generator, z_of(window)[0], 4)
    assert list(own(window)) == [f"Local {index}" for index in range(1, 5)]
    assert all(same(own(window)[each.name], each) for each in expected)
    window.directions.edits.rename("Local 2", "My own")
    window.directions.edits.mark("Local 3", "locked", True)
    drag(slider_of(window, "Local 1"), 0.9)
    moved, kept = z_of(window), own(window)
    find(dialog, LOCAL, qtbot)
    assert z_of(window).tobytes() == moved.tobytes(), "the picture stays where a deleted direction brought it"
    assert set(own(window)) == {"Local 1", "Local 2", "Local 3", "Local 3 2", "Local 4", "My own"}
    assert own(window)["My own"] is kept["My own"]
    assert own(window)["Local 3"] is kept["Local 3"], "what is locked stays"
    assert own(window)["Local 1"] is not kept["Local 1"]
    undo(window)
    assert own(window) == kept


def test_a_network_beside_the_model_names_directions(
    network: Path, dialog: FindDirectionsDialog, window: MainWindow, qtbot: QtBot
) -> None:
    box = dialog.attributes.network
    assert box.itemText(0) == "attributes", "the one of its colours beside it comes before the bundled ones"
    assert "Smiling, Glasses" in dialog.attributes.knows.text()
    dialog.attributes.samples.setValue(600)
    find(dialog, ATTRIBUTES, qtbot)
    left_out = {line.partition(":")[0] for line in dialog.message.text().splitlines()[1:]}
    assert left_out == set(), dialog.message.text()
    assert set(own(window)) == {"Smiling", "Glasses"}
    assert all(each.source == "attributes" and each.accuracy is not None for each in own(window).values())


def test_one_attribute_is_steered(
    network: Path, dialog: FindDirectionsDialog, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    def turned(_: Steering, direction: Direction, output: int, progress: Progress) -> Direction:
        return replace(direction, vector=direction.vector[::-1], detail=f"turned by output {output}")

    monkeypatch.setattr(Steering, "__call__", turned)
    page = dialog.attributes
    assert [page.which.itemText(row) for row in range(page.which.count())] == [
        "all that it knows",
        "Smiling",
        "Glasses",
    ]
    page.which.setCurrentIndex(2)
    page.samples.setValue(600)
    find(dialog, ATTRIBUTES, qtbot)
    plain = own(window)["Glasses"]
    undo(window)
    page.steer.setChecked(True)
    find(dialog, ATTRIBUTES, qtbot)
    assert list(own(window)) == ["Glasses"]
    steered = own(window)["Glasses"]
    assert np.allclose(steered.vector, plain.vector[::-1], atol=1e-6)
    assert steered.detail == "turned by output 1"
    page.offer(window.studio.model)
    assert page.which.currentText() == "Glasses", "what was chosen stays when the dialog is opened again"


def test_cards_on_both_sides_make_a_direction(
    dialog: FindDirectionsDialog, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    def card(seed: int) -> object:
        return window.studio.card_of(Point.from_seed(seed, 8, "normal"))

    dialog.methods.setCurrentRow(CARDS)
    find(dialog, CARDS, qtbot)
    assert "cards" in dialog.message.text()
    assert dialog.message.objectName() == "warning"
    assert window.messages.text() == "", "it is said where one looks, and there alone"
    assert own(window) == {}
    for seed in (1, 2):
        assert drop(dialog.cards.plus.well, mime_of(card(seed)))
    for seed in (3, 4):
        window.studio.apply(changes.keep(card(seed)), "keep")
    window.shelf.view.selectAll()
    click(dialog.cards.minus.take)
    assert [len(side.cards) for side in (dialog.cards.plus, dialog.cards.minus)] == [2, 2]
    mean = np.mean([model.sample(1, seed=seed)[0] for seed in (1, 2)], axis=0, dtype=np.float32)
    assert np.array_equal(dialog.cards.plus.well.pixels(), model.render(mean[None])[0])
    dialog.cards.name.setText("Turned")
    find(dialog, CARDS, qtbot)
    way = mean - np.mean([model.sample(1, seed=seed)[0] for seed in (3, 4)], axis=0)
    assert list(own(window)) == ["Turned"]
    assert float(own(window)["Turned"].vector @ way) == pytest.approx(float(np.linalg.norm(way)), rel=1e-5)
    click(dialog.cards.plus.clear)
    assert dialog.cards.plus.cards == ()


def test_a_search_can_be_cancelled_and_leaves_no_trace(
    dialog: FindDirectionsDialog, window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def endless(*_: object) -> Callable[[Progress], Found]:
        def work(progress: Progress) -> Found:
            progress(0.5)
            begun.set()
            assert go_on.wait(30)
            progress(0.6)
            raise AssertionError("it was called off")

        return work

    monkeypatch.setattr(direction_works, "local_work", endless)
    dialog.methods.setCurrentRow(LOCAL)
    click(dialog.go)
    assert begun.wait(30)
    qtbot.waitUntil(lambda: dialog.bar.value() == 500)
    assert dialog.bar.isVisible()
    assert not dialog.go.isEnabled()
    click(dialog.stop)
    go_on.set()
    qtbot.waitUntil(lambda: not dialog._running, timeout=60_000)
    assert own(window) == {}
    assert not dialog.bar.isVisible()
    assert dialog.go.isEnabled()


def test_what_cannot_be_done_is_said_in_one_line(
    dialog: FindDirectionsDialog, window: MainWindow, qtbot: QtBot
) -> None:
    for box in dialog.measured.boxes.values():
        box.setChecked(False)
    find(dialog, MEASURED, qtbot)
    assert dialog.message.text() == "Measured: no quantity is chosen. Choose one."
    assert own(window) == {}


def test_files_of_directions_go_out_and_come_in(
    dialog: FindDirectionsDialog, window: MainWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    assert not dialog.exports.isEnabled()
    dialog.local.count.setValue(2)
    find(dialog, LOCAL, qtbot)
    window.directions.edits.mark("Factor 5", "favourites", True)
    assert dialog.exports.isEnabled()
    target = tmp_path / "mine.safetensors"
    dialog.export_file(target)
    written = load_directions(target)
    assert [each.name for each in written] == ["Local 1", "Local 2", "Factor 5"]
    dialog.import_file(target)
    assert "there already" in dialog.message.text()
    undo(window)
    undo(window)
    dialog.import_file(target)
    assert list(own(window)) == ["Local 1", "Local 2"], "the model's own factor is there already"
    assert "another model" not in dialog.message.text()
    undo(window)
    foreign = tmp_path / "foreign.safetensors"
    save_directions(foreign, [replace(each, model="abc", name=f"Foreign {each.name}") for each in written])
    dialog.import_file(foreign)
    assert len(own(window)) == 3
    assert "found on another model than small" in dialog.message.text()
    undo(window)
    assert own(window) == {}


def test_directions_of_another_width_are_refused_in_one_line(
    dialog: FindDirectionsDialog, window: MainWindow, tmp_path: Path
) -> None:
    wide = tmp_path / "wide.safetensors"
    save_directions(wide, [Direction("Wide", "measured", np.ones(9, np.float32), 1.0)])
    dialog.import_file(wide)
    assert "width 9" in dialog.message.text()
    assert "\n" not in dialog.message.text()
    assert own(window) == {}
    dialog.import_file(tmp_path / "missing.safetensors")
    assert "missing.safetensors" in dialog.message.text()
    dialog.export_file(tmp_path / "nothing.safetensors")
    assert "nothing to write" in dialog.message.text()
    window.directions.edits.mark("Factor 5", "favourites", True)
    dialog.export_file(tmp_path / "no" / "folder.safetensors")
    assert "does not exist" in dialog.message.text()
    assert own(window) == {}


def test_the_panel_leads_to_the_dialogs(window: MainWindow) -> None:
    click(window.directions.finder)
    assert window.dialogs.find_dialog is not None
    assert window.dialogs.find_dialog.isVisible()
    click(window.directions.cosines)
    assert window.dialogs.cosines_dialog is not None
    assert window.dialogs.cosines_dialog.isVisible()


def hover(picture: HeatMap, at: QPoint) -> None:
    """Move the pointer over a place, no button held."""
    place, none = QPointF(at), Qt.MouseButton.NoButton
    event = QMouseEvent(QEvent.Type.MouseMove, place, picture.mapToGlobal(place), none, none, NO_KEYS)
    QApplication.sendEvent(picture, event)


class TestCosines:
    """The matrix, its cells under the pointer, and the pairs in words."""

    @pytest.fixture
    def cosines(self, window: MainWindow) -> CosinesDialog:
        one, other = np.zeros(8, np.float32), np.zeros(8, np.float32)
        one[0] = 1.0
        other[:2] = -0.6, 0.8
        found = [Direction("Day", "cards", one, 1.0), Direction("Night", "cards", other, 1.0)]
        window.studio.apply(lambda state: replace(state, directions=tuple(found)), "")
        window.actions_["cosines"].trigger()
        dialog = window.dialogs.cosines_dialog
        assert dialog is not None
        QApplication.processEvents()
        return dialog

    def test_the_value_under_the_pointer_is_told(self, cosines: CosinesDialog) -> None:
        picture = cosines.findChild(HeatMap)
        hover(picture, picture.place_of(0, 1))
        assert cosines.value.text() == "Day · Night: −0.600"
        QTest.keyClick(picture, Qt.Key.Key_Down)
        assert cosines.value.text() == "Night · Night: 1.000"

    def test_entangled_pairs_are_listed_in_words(self, cosines: CosinesDialog, window: MainWindow) -> None:
        cosines.choice.setCurrentIndex(cosines.choice.findData("own"))
        cosines.refresh()
        texts = [cosines.pairs.item(row).text() for row in range(cosines.pairs.count())]
        assert texts == ["Day and Night: −0.60; more of one is less of the other"]
        window.directions.edits.delete("Night")
        assert cosines.pairs.count() == 0, "it follows the document"
        assert [each.name for each in cosines._shown] == ["Day"]

    def test_cells_are_coloured_by_size_and_sign(self, cosines: CosinesDialog) -> None:
        cosines.choice.setCurrentIndex(cosines.choice.findData("own"))
        cosines.refresh()
        picture = cosines.findChild(HeatMap)
        image = picture.grab().toImage()
        corner = picture.place_of(0, 0) - picture.place_of(1, 1)
        inset = corner / 3
        diagonal, negative = (image.pixelColor(picture.place_of(0, column) + inset) for column in (0, 1))
        assert diagonal.hsvSaturation() > 100, "the accent"
        assert negative.hsvSaturation() < 40, "grey"
