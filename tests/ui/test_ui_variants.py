"""Variants, breeding, the sheet of seeds, nine other seeds, the wipe and the traversal."""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import click, drag, drop, on_screen, settle, shown, slider_of, state_of, z_of
from PIL import Image
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot
from small_models import generator
from test_ui_actions import unnamed

from latentlab import cli
from latentlab.analysis.quantities import QUANTITIES
from latentlab.analysis.realism import discriminator_scores
from latentlab.latent.priors import expected_norm, typicality
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import load_discriminator, save_model
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import mime_of
from latentlab.ui.dialogs.nine_seeds import NineSeedsWindow
from latentlab.ui.dialogs.traversal import TraversalDialog
from latentlab.ui.dialogs.variations import VariationsWindow
from latentlab.ui.handlers import BREED, SHEET, VARIANTS
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels.variants import MIDDLE
from latentlab.ui.widgets.picture import PictureView

AROUND = [index for index in range(9) if index != MIDDLE]


def variations(window: MainWindow, page: int) -> VariationsWindow:
    """Open the window beside the main one at a page."""
    window.actions_[{VARIANTS: "variants", BREED: "breed", SHEET: "sheet"}[page]].trigger()
    settle(window)
    found = window.dialogs.variations_window
    assert found is not None
    assert found.tabs.currentIndex() == page
    return found


def test_variants_lie_around_the_picture_at_the_distance_shown(window: MainWindow, model: OpenedModel) -> None:
    panel = variations(window, VARIANTS).variants
    middle = z_of(window)
    reach = panel.distance.value() * expected_norm("normal", 8)
    assert np.linalg.norm(panel._z[AROUND] - middle, axis=1) == pytest.approx(np.full(8, reach), rel=1e-4)
    for index in range(9):
        assert np.array_equal(shown(panel.grid.pictures[index]), model.render(panel._z[index][None])[0])
    assert f"{panel.distance.value():.2f} r" in panel.figure.text()
    drag(panel.distance, 0.9)
    settle(window)
    farther = panel.distance.value() * expected_norm("normal", 8)
    assert farther > reach * 1.5
    norm = float(np.linalg.norm(middle))
    wanted = min(farther, 2.0 * norm)
    assert np.linalg.norm(panel._z[AROUND] - middle, axis=1) == pytest.approx(np.full(8, wanted), rel=1e-4)


def test_a_click_makes_a_variant_the_middle_and_undo_goes_back(window: MainWindow) -> None:
    panel = variations(window, VARIANTS).variants
    before, wanted = z_of(window), panel._z[2].copy()
    click(panel.grid.pictures[2])
    settle(window)
    assert np.array_equal(z_of(window)[0], wanted)
    assert np.array_equal(panel._z[MIDDLE], wanted)
    assert state_of(window).picture.title() == "variant of seed 42"
    click(panel.grid.pictures[0])
    assert state_of(window).picture.title() == "variant of seed 42"
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    assert np.array_equal(z_of(window), before)


def test_again_gives_others_and_the_sliders_carry_the_variants_along(window: MainWindow) -> None:
    panel = variations(window, VARIANTS).variants
    first = panel._z.copy()
    click(panel.again)
    assert np.array_equal(panel._z[MIDDLE], first[MIDDLE])
    assert not np.isclose(panel._z[AROUND], first[AROUND]).all(axis=1).any()
    window.studio.apply(changes.set_strength("Factor 1", 1.5), "")
    assert np.array_equal(panel._z[MIDDLE], z_of(window)[0])


def test_a_card_dropped_on_the_middle_is_picked_up_and_nowhere_else(window: MainWindow) -> None:
    panel = variations(window, VARIANTS).variants
    card = window.studio.card_of(Point.from_seed(99, 8, "normal"))
    assert not drop(panel.grid.pictures[0], mime_of(card))
    assert drop(panel.grid.pictures[MIDDLE], mime_of(card))
    assert state_of(window).picture.seed == 99


def test_out_of_sight_nothing_is_drawn(window: MainWindow) -> None:
    beside = variations(window, VARIANTS)
    asked = window.studio.render._asked
    assert "variants" in asked
    beside.close()
    window.explore.roll()
    assert "variants" not in asked
    beside.offer(SHEET)
    settle(window)
    assert "sheet" in asked
    assert "variants" not in asked


def test_the_first_parents_are_the_picture_and_the_other_end_and_cards_replace_them(
    window: MainWindow, model: OpenedModel
) -> None:
    panel = variations(window, BREED).breed
    state = state_of(window)
    assert panel._generation.parents == (state.picture, state.strip.b)
    card = window.studio.card_of(Point.from_seed(99, 8, "normal"))
    assert drop(panel.parents.pictures[1], mime_of(card))
    settle(window)
    parents = [window.studio.z_of(point) for point in panel._generation.parents if point is not None]
    assert np.array_equal(parents[1], card.z)
    for view, z in zip(panel.parents.pictures, parents, strict=True):
        assert np.array_equal(shown(view), model.render(z[None])[0])
    for view, z in zip(panel.grid.pictures, panel._children, strict=True):
        assert np.array_equal(shown(view), model.render(z[None])[0])
    QTest.mouseDClick(panel.mutation, Qt.MouseButton.LeftButton)
    assert panel.mutation.value() == 0.2
    QTest.keyClick(panel.mutation, Qt.Key.Key_Left)
    for _ in range(5):
        QTest.keyClick(panel.mutation, Qt.Key.Key_Left)
    assert panel.mutation.value() == 0.0
    mixed = np.isclose(panel._children, parents[0], atol=1e-5) | np.isclose(panel._children, parents[1], atol=1e-5)
    assert mixed.all()


def test_the_best_children_are_the_next_parents_again_and_again(window: MainWindow) -> None:
    panel = variations(window, BREED).breed
    before = state_of(window)
    assert not panel.breed.isEnabled()
    assert not panel.back.isEnabled()
    for _ in range(3):
        for index in (0, 5, 2):
            click(panel.grid.pictures[index])
        assert panel._chosen == [5, 2]
        wanted = panel._children[[5, 2]].copy()
        click(panel.breed)
        parents = [point.base for point in panel._generation.parents if point is not None]
        assert np.array_equal(parents, wanted)
        assert panel._chosen == []
        assert not panel.breed.isEnabled()
    assert state_of(window) is before, "breeding is no change of the document"
    child = panel._children[3].copy()
    click(panel.grid.pictures[3])
    click(panel.take)
    assert np.array_equal(z_of(window)[0], child)
    for _ in range(3):
        click(panel.back)
    assert panel._generation.parents == (before.picture, before.strip.b)
    assert not panel.back.isEnabled()


def test_one_chosen_child_is_bred_with_parent_b(window: MainWindow) -> None:
    panel = variations(window, BREED).breed
    kept, child = panel._generation.parents[1], panel._children[6].copy()
    click(panel.grid.pictures[6])
    click(panel.breed)
    a, b = panel._generation.parents
    assert a is not None
    assert np.array_equal(a.base, child)
    assert b is kept


def test_another_model_that_takes_other_latents_leaves_no_parents(
    window: MainWindow, make_model: Callable[..., Path]
) -> None:
    panel = variations(window, BREED).breed
    click(panel.grid.pictures[0])
    click(panel.breed)
    window.studio.open_path(make_model("wide", z_dim=12))
    settle(window)
    assert not panel.back.isEnabled()
    assert panel._generation.parents == (None, None)
    assert "Two parents first" in panel.advice.text()


def names_of(window: MainWindow) -> list[str]:
    box = variations(window, SHEET).sheet.sort
    return [box.itemText(row) for row in range(box.count())]


def sort_by(window: MainWindow, name: str) -> list[int]:
    """Choose what the sheet is sorted by; return its seeds as they then stand."""
    panel = variations(window, SHEET).sheet
    panel.sort.setCurrentIndex(panel.sort.findText(name))
    assert window.studio.analysis.wait_idle()
    QApplication.processEvents()
    return [panel._seeds()[index] for index in panel._places]


def test_the_sheet_shows_the_seeds_and_sorts_them_by_typicality_and_measure(
    window: MainWindow, model: OpenedModel
) -> None:
    panel = variations(window, SHEET).sheet
    z = np.concatenate([model.sample(1, seed=seed) for seed in range(64)])
    pixels = model.render(z)
    for index in (0, 17, 63):
        assert np.array_equal(shown(panel.grid.pictures[index]), pixels[index])
    assert sort_by(window, "Typicality") == list(np.argsort(typicality(z, "normal"), kind="stable"))
    order = list(np.argsort(QUANTITIES["Warmth"].measure(pixels), kind="stable"))
    assert sort_by(window, "Warmth") == order
    for place in (0, 63):
        assert np.array_equal(shown(panel.grid.pictures[place]), pixels[order[place]])
    panel.falling.click()
    assert [panel._seeds()[index] for index in panel._places] == order[::-1]
    click(panel.grid.pictures[0])
    assert state_of(window).picture.seed == order[-1]


def test_a_model_without_a_discriminator_says_so(window: MainWindow) -> None:
    box = variations(window, SHEET).sheet.sort
    row = names_of(window).index("Discriminator (The model's file holds no discriminator)")
    assert not box.model().item(row).isEnabled()  # type: ignore[attr-defined]


def test_the_sheet_is_sorted_by_the_models_discriminator(
    open_window: Callable[..., MainWindow], tmp_path: Path
) -> None:
    made = generator("judged")
    judge = dcgan.discriminator(16, 3, width=4)
    random = np.random.RandomState(3)
    weights = {
        name: np.abs(random.standard_normal(shape)).astype(np.float32)
        if name.endswith("running_var")
        else random.standard_normal(shape).astype(np.float32)
        for name, shape in judge.tensors().items()
    }
    path = tmp_path / "judged.safetensors"
    save_model(path, ModelCard("judged", made.card.generator, discriminator=judge), made.weights, weights)
    window = open_window(path)
    found = load_discriminator(path)
    assert found is not None
    model = OpenedModel.from_file(path)
    pixels = model.render(np.concatenate([model.sample(1, seed=seed) for seed in range(64)]))
    scores = discriminator_scores(*found, pixels)
    variations(window, SHEET)
    assert sort_by(window, "Discriminator") == list(np.argsort(scores, kind="stable"))
    assert scores.std() > 0


def test_an_attribute_network_sorts_the_sheet(
    open_window: Callable[..., MainWindow], make_model: Callable[..., Path]
) -> None:
    window = open_window(make_model("grey", channels=1))
    panel = variations(window, SHEET).sheet
    name = next(name for name in names_of(window) if name.startswith("digits-classes: "))
    assert not any(name.startswith("faces-attributes") for name in names_of(window))
    sort_by(window, name)
    assert panel._numbers is not None
    placed = panel._numbers[panel._places]
    assert (np.diff(placed) >= 0).all()
    assert placed[0] < placed[-1]


def nine(window: MainWindow) -> NineSeedsWindow:
    window.actions_["nine-seeds"].trigger()
    settle(window)
    assert window.dialogs.nine_seeds_window is not None
    return window.dialogs.nine_seeds_window


def test_nine_seeds_show_the_edit_before_and_after_and_follow_the_slider(
    window: MainWindow, model: OpenedModel
) -> None:
    found = nine(window)
    assert "Move a slider" in found.caption.text()
    for to in (0.8, 0.2):
        drag(slider_of(window), to)
        settle(window)
        strength = state_of(window).picture.strengths["Factor 1"]
        assert f"Factor 1 {strength:+.3g}" in found.caption.text()
        for index, pair in enumerate(found.pairs):
            z = model.sample(1, seed=found.first_seed + index)
            assert np.array_equal(shown(pair.pictures[0]), model.render(z)[0])
            after = model.render(model.edit(z, {"Factor 1": strength}))[0]
            assert np.array_equal(shown(pair.pictures[1]), after)
    seed, strength = found.first_seed + 4, state_of(window).picture.strengths["Factor 1"]
    click(found.pairs[4].pictures[1])
    assert state_of(window).picture.seed == seed
    assert dict(state_of(window).picture.strengths) == {"Factor 1": strength}
    first = found.first_seed
    click(found.dice)
    assert found.first_seed != first


def test_the_wipe_shows_before_left_of_the_divider_and_now_right_of_it(window: MainWindow, model: OpenedModel) -> None:
    before = model.render(z_of(window))[0]
    window.studio.apply(changes.set_strength("Factor 1", 2.5), "")
    settle(window)
    now, state = shown(window.explore.canvas), state_of(window)
    assert not np.array_equal(before, now)
    QTest.keyClick(window, Qt.Key.Key_W)
    settle(window)
    canvas = window.explore.canvas
    assert window.explore.wipe.isChecked()
    for share in (0.25, 0.75):
        target = canvas._target()
        middle = round(target.center().y())
        start = QPoint(round(canvas._x(target)), middle)
        QTest.mousePress(canvas, Qt.MouseButton.LeftButton, pos=start)
        QTest.mouseMove(canvas, QPoint(round(target.left() + share * target.width()), middle))
        QTest.mouseRelease(canvas, Qt.MouseButton.LeftButton, pos=start)
        assert canvas.divider() == pytest.approx(share, abs=0.01)
        seen, split = on_screen(canvas), round(16 * share)
        rows = [row for row in range(16) if row not in (7, 8)]
        left, right = slice(0, split - 1), slice(split + 1, 16)
        assert np.array_equal(seen[rows, left], before[rows, left])
        assert np.array_equal(seen[rows, right], now[rows, right])
    assert state_of(window) is state, "the wipe is no change of the document"
    QTest.keyClick(canvas, Qt.Key.Key_Left)
    assert canvas.divider() == pytest.approx(0.73, abs=0.011)
    click(window.explore.wipe)
    assert np.array_equal(on_screen(canvas), now)


def traversal(window: MainWindow) -> TraversalDialog:
    window.actions_["export-traversal"].trigger()
    settle(window)
    assert window.dialogs.traversal_dialog is not None
    return window.dialogs.traversal_dialog


@pytest.mark.parametrize("rows", ["seed", "edited", "seeds"])
def test_the_traversal_written_is_what_its_command_writes(
    window: MainWindow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: str
) -> None:
    if rows == "edited":
        window.studio.apply(changes.set_strength("Factor 2", 1.3), "")
    dialog = traversal(window)
    assert dialog.direction.currentText() == ("Factor 2" if rows == "edited" else window.studio.directions[0].name)
    dialog.first.setValue(-2.0)
    dialog.steps.setValue(5)
    if rows == "seeds":
        dialog.rows.setCurrentIndex(1)
        dialog.seeds.setText("3,5-6")
    settle(window)
    dialog.file.line.setText(str(tmp_path / "here.png"))
    click(dialog.go)
    assert "Wrote" in dialog.message.text()
    click(dialog.copy)
    words = shlex.split(QApplication.clipboard().text())
    assert words.pop(0) == "latentlab"
    monkeypatch.chdir(tmp_path)
    assert cli.dispatch(words) == 0
    with Image.open(tmp_path / "here.png") as here, Image.open(tmp_path / "traversal.png") as there:
        mine, theirs = np.asarray(here), np.asarray(there)
        pictures = slice(-75 * (3 if rows == "seeds" else 1), None)
        if rows == "edited":  # its label differs: a command knows no more than the latent
            width = 5 * 66
            mine, theirs = mine[pictures, -width - 12 : -12], theirs[pictures, -width - 12 : -12]
        assert np.array_equal(mine, theirs)


def test_a_traversal_says_what_is_wrong_and_writes_nothing(window: MainWindow) -> None:
    dialog = traversal(window)
    dialog.rows.setCurrentIndex(1)
    dialog.seeds.setText("nonsense")
    assert "is not a seed" in dialog.message.text()
    assert not dialog.go.isEnabled()
    dialog.seeds.setText("0-99")
    assert "24 seeds at most" in dialog.message.text()
    dialog.seeds.setText("1")
    settle(window)
    assert dialog.message.text() == ""
    assert dialog.go.isEnabled()


def test_everything_in_these_windows_has_a_name(window: MainWindow, qtbot: QtBot) -> None:
    window.actions_["history"].trigger()
    assert window.dialogs.history_window is not None
    beside = variations(window, VARIANTS)
    for page in (VARIANTS, BREED, SHEET):
        variations(window, page)
        assert not (found := unnamed(beside)), "\n".join(found)
    for shown_ in (nine(window), traversal(window), window.dialogs.history_window):
        qtbot.waitExposed(shown_)
        assert not (found := unnamed(shown_)), "\n".join(found)


def test_undo_is_heard_over_the_window_beside(window: MainWindow) -> None:
    beside = variations(window, VARIANTS)
    click(beside.variants.grid.pictures[0])
    assert state_of(window).picture.seed is None
    beside.activateWindow()
    QTest.keyClick(beside, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert state_of(window).picture.seed == 42


def test_every_picture_can_be_taken_away_as_a_card(window: MainWindow, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Card] = []

    def take(_source: object, card: Card) -> None:
        taken.append(card)

    for place in ("panels.variants", "panels.breed", "panels.sheet", "dialogs.nine_seeds"):
        monkeypatch.setattr(f"latentlab.ui.{place}.start_drag", take)

    def away(picture: PictureView) -> Card:
        middle = picture.rect().center()
        QTest.mousePress(picture, Qt.MouseButton.LeftButton, pos=middle)
        QTest.mouseMove(picture, middle + QPoint(30, 0))
        QTest.mouseRelease(picture, Qt.MouseButton.LeftButton, pos=middle)
        return taken[-1]

    variants, bred = variations(window, VARIANTS).variants, variations(window, BREED).breed
    assert np.array_equal(away(variants.grid.pictures[7]).z, variants._z[7])
    assert np.array_equal(away(bred.grid.pictures[3]).z, bred._children[3])
    assert away(variations(window, SHEET).sheet.grid.pictures[11]).point.seed == 11
    found = nine(window)
    assert away(found.pairs[2].pictures[0]).point.seed == found.first_seed + 2
    assert len(taken) == 4
