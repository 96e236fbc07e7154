"""Finding the latent of an image from the window: live, stopped, explored, kept, dropped and refused."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from foreign_files import conditional_generator
from hand import click, drop, settle, shown, state_of
from PIL import Image
from PySide6.QtCore import QMimeData, Qt, QUrl
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog, QWidget
from pytestqt.qtbot import QtBot

from latentlab import paths
from latentlab.analysis.inversion import STEPS, Inversion, Reconstruction, invert
from latentlab.analysis.progress import Progress
from latentlab.data.crops import CROPS
from latentlab.models import onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.pixels import Pixels
from latentlab.session.card import Card
from latentlab.session.card_png import png_of
from latentlab.session.opened import OpenedModel
from latentlab.session.own_picture import read_own_picture
from latentlab.ui.card_mime import mime_of
from latentlab.ui.dialogs import image_search
from latentlab.ui.dialogs.find_latent import FindLatentDialog
from latentlab.ui.handlers import EXPLORE, INTERPOLATE
from latentlab.ui.main_window import MainWindow

OnNearer = Callable[[Reconstruction], None]


class Held:
    """Stands in for the search: it finds two reconstructions, goes on until it is called off, then tells a third."""

    def __init__(self) -> None:
        self.seeds: list[int] = []
        self.steps: list[int] = []
        self.ended = threading.Event()

    def invert(
        self,
        generator: Generator,
        pixels: Pixels,
        steps: int,
        seed: int,
        label: int | None,
        *,
        progress: Progress,
        on_nearer: OnNearer,
    ) -> Inversion:
        assert label is None
        self.seeds.append(seed)
        self.steps.append(steps)
        self.ended.clear()
        try:
            z = np.full(generator.card.generator.z_dim, 0.25 + seed, np.float32)
            for error in (30.0, 20.0 + seed):
                on_nearer(Reconstruction(z, None, pixels // 2, error, 1.0))
            while True:
                progress(0.5)
        finally:
            on_nearer(Reconstruction(z, None, pixels, 1.0, 1.0))
            self.ended.set()


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> Held:
    """Replace the search by one that waits to be called off."""
    held = Held()
    monkeypatch.setattr(image_search, "invert", held.invert)
    return held


@pytest.fixture
def image(model: OpenedModel, tmp_path: Path) -> Path:
    """Save a picture that the model draws, without its latent."""
    path = tmp_path / "images" / "photo.png"
    path.parent.mkdir()
    Image.fromarray(model.render(model.sample(1, seed=7))[0]).save(path)
    return path


@pytest.fixture
def find(
    window: MainWindow, image: Path, monkeypatch: pytest.MonkeyPatch, qtbot: QtBot
) -> Iterator[Callable[[], FindLatentDialog]]:
    """Use the menu on that image; the dialog is closed after the test."""

    def use() -> FindLatentDialog:
        choosing(monkeypatch, image)
        window.actions_["find-latent"].trigger()
        return dialog_of(window)

    yield use
    window.dialogs.close()
    assert analysis_threads() == []


def choosing(monkeypatch: pytest.MonkeyPatch, path: Path | str) -> None:
    monkeypatch.setattr(QFileDialog, "getOpenFileName", lambda *_: (str(path), ""))


def dialog_of(window: MainWindow) -> FindLatentDialog:
    dialog = window.dialogs.find_latent_dialog
    assert dialog is not None
    assert dialog.isVisible()
    return dialog


def analysis_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "analysis"]


def wait_for_best(qtbot: QtBot, dialog: FindLatentDialog) -> None:
    qtbot.waitUntil(lambda: dialog.view.figure.text().startswith("2"), timeout=30_000)


def files(*where: Path) -> QMimeData:
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in where])
    return mime


def test_what_is_found_is_what_the_command_finds_and_comes_nearer_live(
    find: Callable[[], FindLatentDialog],
    window: MainWindow,
    model: OpenedModel,
    image: Path,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    choosing(monkeypatch, "")
    window.actions_["find-latent"].trigger()
    dialog = dialog_of(window)
    assert not dialog.isModal(), "one plays on while it is open"
    assert not any(button.isEnabled() for button in (dialog.stop, dialog.again, dialog.keep, dialog.explore))
    seen: list[tuple[Reconstruction, str]] = []
    dialog._search.came_nearer.connect(lambda nearer: seen.append((nearer, dialog.view.figure.text())))
    assert find() is dialog
    assert dialog.view.image.pixels() is None, "it is not read on the window's thread"
    qtbot.waitUntil(lambda: not dialog._search.running, timeout=60_000)
    wanted = read_own_picture(image, model.generator.card)
    expected = invert(model.generator, wanted)
    assert np.array_equal(shown(dialog.view.image), wanted)
    assert np.abs(shown(dialog.view.nearest).astype(int) - expected.pixels).max() <= 1
    assert dialog.view.figure.text() == f"{expected.error:.1f} of 255 grey levels off on average"
    assert f"samples that were looked at first is {expected.nearest_error:.1f} grey" in dialog.message.text()
    assert "Seed 0" in dialog.message.text()
    assert len(seen) > 5
    assert seen[0][0].error > 2.0 * seen[-1][0].error
    for nearer, text in seen:
        assert text == f"{nearer.error:.1f} of 255 grey levels off on average", "each is shown when it is told"
    assert not dialog.stop.isEnabled()
    assert dialog.bar.isHidden()
    assert window.studio.settings.image_folder == str(image.parent)


def test_stop_keeps_the_best_and_starting_again_takes_another_seed(
    find: Callable[[], FindLatentDialog], held: Held, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    assert dialog.bar.isVisible()
    click(dialog.stop)
    assert dialog.bar.isHidden(), "at once"
    assert "Seed 0. Stopped" in dialog.message.text()
    assert np.array_equal(shown(dialog.view.nearest), shown(dialog.view.image) // 2)
    assert dialog.explore.isEnabled()
    assert held.ended.wait(10.0)
    QApplication.processEvents()
    assert dialog.view.figure.text().startswith("20.0 "), "what it tells too late is of no interest"
    click(dialog.again)
    assert dialog.view.nearest.pixels() is None
    qtbot.waitUntil(lambda: dialog.view.figure.text().startswith("21.0 "))
    assert "Seed 1" in dialog.message.text()
    click(dialog.again)
    qtbot.waitUntil(lambda: dialog.view.figure.text().startswith("22.0 "))
    assert held.seeds == [0, 1, 2]


def test_another_crop_is_another_search(find: Callable[[], FindLatentDialog], held: Held, qtbot: QtBot) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    dialog.form.crop.setCurrentIndex(dialog.form.crop.findData("stretch"))
    wait_for_best(qtbot, dialog)
    assert held.seeds == [0, 0]
    assert dialog.view.image.pixels() is not None


def test_crops_of_celeba_are_offered_where_they_fit(
    find: Callable[[], FindLatentDialog], held: Held, image: Path, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    crop = dialog.form.crop

    def offered() -> set[str]:
        return {crop.itemData(row) for row in range(crop.count()) if crop.model().item(row).isEnabled()}

    assert offered() == {"square", "stretch"}
    aligned = image.with_name("000001.png")
    Image.new("RGB", (178, 218)).save(aligned)
    dialog.look_for(aligned)
    assert offered() == set(CROPS)
    crop.setCurrentIndex(crop.findData("face"))
    wait_for_best(qtbot, dialog)
    dialog.look_for(image)
    assert offered() == {"square", "stretch"}
    assert crop.currentData() == "square", "what does not fit does not stay chosen"
    wait_for_best(qtbot, dialog)


def test_another_length_is_another_search(find: Callable[[], FindLatentDialog], held: Held, qtbot: QtBot) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    dialog.form.steps.setValue(300)
    qtbot.waitUntil(lambda: held.steps == [STEPS, 300])


def test_the_difference_is_shown_and_the_picture_again(
    find: Callable[[], FindLatentDialog], held: Held, window: MainWindow, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    image = shown(dialog.view.image)
    click(dialog.view.difference)
    assert np.array_equal(shown(dialog.view.nearest), np.minimum(2 * (image - image // 2).astype(int), 255))
    assert dialog.view.title.text() == "Their difference, 2 times as bright"
    click(dialog.keep)
    assert (state_of(window).shelf[0].z == 0.25).all(), "what is kept is the picture"
    QTest.keyClick(dialog, Qt.Key.Key_D)
    qtbot.waitUntil(lambda: dialog.view.title.text() == "The nearest picture")
    assert np.array_equal(shown(dialog.view.nearest), image // 2)


def test_it_is_explored_and_undone(
    find: Callable[[], FindLatentDialog], held: Held, window: MainWindow, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    window.show_page(INTERPOLATE)
    before = state_of(window).picture
    click(dialog.explore)
    assert window.pages.currentIndex() == EXPLORE
    assert state_of(window).picture.title() == "inversion of photo.png"
    assert (state_of(window).picture.base == 0.25).all()
    assert window.actions_["undo"].text() == "Undo Explore inversion of photo.png"
    QTest.keyClick(dialog, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert state_of(window).picture is before
    assert dialog._search.running, "one may go on looking"


def test_it_is_kept_as_a_card(
    find: Callable[[], FindLatentDialog], held: Held, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    click(dialog.keep)
    QTest.keyClick(dialog, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: len(state_of(window).shelf) == 2)
    cards = state_of(window).shelf
    assert [card.name for card in cards] == ["inversion of photo.png"] * 2
    assert np.array_equal(cards[0].pixels, model.render(np.full((1, 8), 0.25, np.float32))[0])


def test_it_is_dragged_like_any_picture(
    find: Callable[[], FindLatentDialog],
    held: Held,
    window: MainWindow,
    qtbot: QtBot,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken: list[Card] = []
    monkeypatch.setattr("latentlab.ui.dialogs.find_latent.start_drag", lambda _, card: taken.append(card))
    dialog = find()
    wait_for_best(qtbot, dialog)
    dialog.view.nearest.drag_started.emit()
    assert [card.name for card in taken] == ["inversion of photo.png"]
    drop(window.strip.end_b, mime_of(taken[0]))
    assert (state_of(window).strip.b.base == 0.25).all()


def test_a_class_is_found_with_it(window: MainWindow, tmp_path: Path, qtbot: QtBot) -> None:
    window.studio.set_model(OpenedModel.from_file(conditional_generator(tmp_path)))
    settle(window)
    model = window.studio.model
    assert model is not None
    path = tmp_path / "three.bmp"
    picture = model.render(model.sample(1, seed=3), 3)[0]
    Image.fromarray(picture.squeeze()).save(path)
    assert drop(window, files(path))
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: not dialog._search.running, timeout=60_000)
    found = invert(model.generator, picture)
    assert f"Seed 0, class {model.class_names[found.label or 0]}" in dialog.message.text()
    click(dialog.explore)
    assert state_of(window).picture.label == found.label
    assert dialog.form.class_.itemText(0) == "any"
    dialog.form.class_.setCurrentText(model.class_names[1])
    qtbot.waitUntil(lambda: not dialog._search.running, timeout=60_000)
    assert f"Seed 0, class {model.class_names[1]}" in dialog.message.text()
    window.dialogs.close()


def well(window: MainWindow, where: str) -> QWidget:
    return {
        "window": window,
        "canvas": window.explore.canvas,
        "shelf": window.shelf.view.viewport(),
        "end": window.strip.end_b,
    }[where]


@pytest.mark.parametrize("where", ["window", "canvas", "shelf", "end"])
@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_an_image_is_dropped_anywhere(
    window: MainWindow, image: Path, held: Held, qtbot: QtBot, where: str, suffix: str
) -> None:
    path = image.with_suffix(suffix)
    with Image.open(image) as picture:
        picture.save(path)
    before = state_of(window)
    drop(well(window, where), files(path))
    dialog = dialog_of(window)
    wait_for_best(qtbot, dialog)
    assert dialog.form.name.whole() == path.name
    assert window.messages.text() == ""
    assert state_of(window) is before
    window.dialogs.close()


def test_an_image_is_dropped_on_the_dialog(
    find: Callable[[], FindLatentDialog], held: Held, image: Path, window: MainWindow, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    other = image.with_name("other.webp")
    Image.new("RGB", (40, 30), (9, 200, 9)).save(other, lossless=True)
    assert drop(dialog.view.image, files(other))
    assert dialog.view.nearest.pixels() is None
    wait_for_best(qtbot, dialog)
    assert (shown(dialog.view.image) == (9, 200, 9)).all()
    assert not drop(dialog, files(image.with_name("model.pth")))


@pytest.mark.parametrize("where", ["window", "canvas", "end"])
def test_a_png_with_a_latent_inside_is_that_picture_again(window: MainWindow, tmp_path: Path, where: str) -> None:
    window.explore.seed.setValue(5)
    card = window.studio.card_of(state_of(window).picture)
    path = tmp_path / "five.png"
    path.write_bytes(png_of(card))
    window.explore.seed.setValue(6)
    assert drop(well(window, where), files(path))
    state = state_of(window)
    assert (state.strip.b if where == "end" else state.picture).seed == 5
    assert window.dialogs.find_latent_dialog is None


def test_a_picture_of_the_window_belongs_into_a_well(window: MainWindow) -> None:
    assert not drop(window, mime_of(window.studio.card_of(state_of(window).picture)))


def test_a_closed_model_is_refused_with_the_reason(window: MainWindow, image: Path, tmp_path: Path) -> None:
    path = tmp_path / "closed.onnx"
    assert window.studio.model is not None
    path.write_bytes(onnx_graph.export(window.studio.model.generator))
    window.studio.set_model(OpenedModel.from_file(path))
    settle(window)
    action = window.actions_["find-latent"]
    assert not action.isEnabled()
    assert "an .onnx file shows neither its layers nor their gradients" in action.toolTip()
    drop(window.explore.canvas, files(image))
    assert "inversion is not available" in window.messages.text()
    assert "Open the weights it was exported from" in window.messages.text()
    assert "\n" not in window.messages.text()
    assert window.dialogs.find_latent_dialog is None


def test_pictures_that_are_not_square_are_refused_with_the_reason(window: MainWindow, image: Path) -> None:
    network = NetworkSpec((5,), (Linear(5, 96), Reshape(1, 8, 12)))
    weights = {name: np.zeros(shape, np.float32) for name, shape in network.tensors().items()}
    window.studio.set_model(OpenedModel(Generator(ModelCard("wide", GeneratorSpec("normal", network)), weights)))
    settle(window)
    assert not window.actions_["find-latent"].isEnabled()
    assert "images are cut to squares" in window.actions_["find-latent"].toolTip()
    drop(window, files(image))
    assert window.messages.text() == "wide: draws pictures of 12 x 8 pixels; images are cut to squares"


def test_without_a_model_it_says_so(
    open_window: Callable[..., MainWindow], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = paths.bundled
    monkeypatch.setattr(
        "latentlab.ui.documents.bundled",
        lambda *parts: real("checkpoints", "none.safetensors") if parts[0] == "checkpoints" else real(*parts),
    )
    window = open_window()
    assert window.studio.model is None
    assert not window.actions_["find-latent"].isEnabled()
    assert drop(window.explore.canvas, files(tmp_path / "photo.png"))
    assert window.messages.text() == "photo.png: there is no model to draw it. Open one first."


@pytest.mark.parametrize("content", [b"", b"no image at all", b"\x89PNG\r\n\x1a\n damaged"])
def test_what_is_no_image_is_said_in_one_line(window: MainWindow, tmp_path: Path, qtbot: QtBot, content: bytes) -> None:
    path = tmp_path / "broken.webp"
    path.write_bytes(content)
    drop(window, files(path))
    dialog = dialog_of(window)
    qtbot.waitUntil(lambda: not dialog._search.running, timeout=30_000)
    why = ("is not an image, or damaged", "cannot be decoded")
    assert any(dialog.message.text().startswith(f"{path}: {each}") for each in why)
    assert "\n" not in dialog.message.text()
    assert dialog.message.objectName() == "warning"
    assert not dialog.explore.isEnabled()
    assert dialog.form.choose.isEnabled()
    path.unlink()
    click(dialog.again)
    qtbot.waitUntil(lambda: not dialog._search.running, timeout=30_000)
    assert str(path) in dialog.message.text()
    window.dialogs.close()


def test_closing_the_dialog_ends_the_search(
    find: Callable[[], FindLatentDialog], held: Held, window: MainWindow, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    QTest.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()
    qtbot.waitUntil(lambda: analysis_threads() == [])
    window.actions_["find-latent"].trigger()
    assert "Stopped: this is the nearest so far" in dialog.message.text()
    assert held.seeds == [0], "what was found is still there, and nothing is sought anew"


def test_closing_the_window_ends_the_search(
    find: Callable[[], FindLatentDialog], held: Held, window: MainWindow, qtbot: QtBot
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    assert len(analysis_threads()) == 1
    window.close()
    assert analysis_threads() == []
    assert not dialog.isVisible()


def test_another_model_ends_the_search(
    find: Callable[[], FindLatentDialog],
    held: Held,
    window: MainWindow,
    make_model: Callable[..., Path],
    qtbot: QtBot,
) -> None:
    dialog = find()
    wait_for_best(qtbot, dialog)
    assert window.studio.open_path(make_model("grey", channels=1, z_dim=12))
    assert not dialog._search.running
    assert held.ended.wait(10.0)
    qtbot.waitUntil(lambda: analysis_threads() == [])
    assert dialog.view.nearest.pixels() is None
    assert not dialog.explore.isEnabled()
    assert "Another model was opened" in dialog.message.text()
    click(dialog.again)
    wait_for_best(qtbot, dialog)
    assert shown(dialog.view.image).shape == (16, 16, 1)
    click(dialog.explore)
    assert len(state_of(window).picture.base) == 12
