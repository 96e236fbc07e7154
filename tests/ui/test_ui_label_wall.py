"""Label by clicking: clicks become a direction, by mouse and by keys, without ever holding up the hand."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import LEFT, NO_KEYS, click, drag, settle, shown, slider_of, state_of, z_of
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.session import labelling
from latentlab.session.labelling import Lesson, Wall
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs import label_wall
from latentlab.ui.dialogs.label_wall import LabelWall
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels import direction_preview
from latentlab.ui.widgets.answer_tile import AnswerTile

SAMPLES = 160
RIGHT, SHIFT = Qt.MouseButton.RightButton, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def wall(window: MainWindow, qtbot: QtBot) -> LabelWall:
    """Open the wall on few samples, and wait for them."""
    made = LabelWall(window.studio, window, samples=SAMPLES)
    window.dialogs.label_wall = made
    window.actions_["label-by-clicking"].trigger()
    assert made.isVisible()
    assert not made.isModal()
    wait_for_wall(made, qtbot)
    return made


def wait_for_wall(wall: LabelWall, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: wall._labelling is not None, timeout=30_000)


def present(wall: LabelWall) -> Wall:
    assert wall._labelling is not None
    return wall._labelling.wall


def wait_for_lesson(wall: LabelWall, qtbot: QtBot) -> Lesson:
    qtbot.waitUntil(lambda: wall._lesson is not None and wall._lesson.wall is present(wall), timeout=30_000)
    assert wall._lesson is not None
    return wall._lesson


def press(wall: LabelWall, key: Qt.Key, modifiers: Qt.KeyboardModifier = NO_KEYS) -> None:
    focused = wall.focusWidget()
    assert focused is not None
    QTest.keyClick(focused, key, modifiers)


def answers(wall: LabelWall) -> list[bool | None]:
    return [tile.answer() for tile in wall.tiles]


def is_bright(wall: LabelWall, tile: AnswerTile) -> bool:
    assert wall._drawn is not None
    return bool(shown(tile).mean() > np.median(wall._drawn.pixels.mean(axis=(1, 2, 3))))


def answer_all(wall: LabelWall) -> None:
    for tile in wall.tiles:
        if is_bright(wall, tile):
            click(tile)
        else:
            QTest.mouseClick(tile, RIGHT, pos=tile.rect().center())


def test_the_wall_shows_samples_of_the_model(wall: LabelWall, model: OpenedModel) -> None:
    assert len(wall.tiles) == len(set(present(wall).shown)) == 24
    for tile, seed in zip(wall.tiles, present(wall).shown, strict=True):
        difference = shown(tile).astype(int) - model.render(model.sample(1, seed=seed))[0]
        assert np.abs(difference).max() <= 1
    assert answers(wall) == [None] * 24


def test_buttons_of_the_mouse_answer_and_the_same_once_more_takes_it_back(wall: LabelWall) -> None:
    first, second, third = wall.tiles[:3]
    click(first)
    QTest.mouseClick(second, RIGHT, pos=second.rect().center())
    QTest.mouseClick(third, LEFT, SHIFT, third.rect().center())
    assert answers(wall)[:4] == [True, False, False, None]
    assert (wall.figures.has.text(), wall.figures.has_not.text()) == ("1", "2")
    click(second)
    assert answers(wall)[1] is True, "the other answer replaces it"
    click(first)
    QTest.mouseClick(third, RIGHT, pos=third.rect().center())
    assert answers(wall)[:3] == [None, True, None]
    assert "has it" in second.accessibleName()


def test_clicks_are_undone_and_done_again_in_the_window(wall: LabelWall, window: MainWindow) -> None:
    assert not wall.undo.isEnabled()
    click(wall.tiles[0])
    QTest.mouseClick(wall.tiles[5], RIGHT, pos=wall.tiles[5].rect().center())
    steps = window.studio.session.history if window.studio.session else ()
    QTest.keyClick(wall, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert (answers(wall)[0], answers(wall)[5]) == (True, None)
    QTest.keyClick(wall, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert answers(wall) == [None] * 24
    click(wall.redo)
    QTest.keyClick(wall, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier | SHIFT)
    assert (answers(wall)[0], answers(wall)[5]) == (True, False)
    assert window.studio.session is not None
    assert window.studio.session.history == steps, "clicks are none of the document's steps"


def test_keys_alone_will_do(wall: LabelWall, qtbot: QtBot) -> None:
    wall.name.setFocus()
    QTest.keyClicks(wall.name, "n h bright")
    assert answers(wall) == [None] * 24, "letters of the name answer nothing"
    press(wall, Qt.Key.Key_Return)
    assert wall.focusWidget() is wall.tiles[0]
    press(wall, Qt.Key.Key_H)
    press(wall, Qt.Key.Key_Right)
    press(wall, Qt.Key.Key_N)
    press(wall, Qt.Key.Key_Down)
    assert wall.focusWidget() is wall.tiles[7]
    press(wall, Qt.Key.Key_Space)
    press(wall, Qt.Key.Key_Left)
    press(wall, Qt.Key.Key_Left)
    assert wall.focusWidget() is wall.tiles[6], "the edge holds"
    press(wall, Qt.Key.Key_Space, SHIFT)
    assert [answers(wall)[place] for place in (0, 1, 6, 7)] == [True, False, False, True]
    press(wall, Qt.Key.Key_Backspace)
    assert answers(wall)[6] is None
    before = present(wall)
    wait_for_lesson(wall, qtbot)
    press(wall, Qt.Key.Key_Return)
    assert set(present(wall).shown).isdisjoint(before.shown)
    assert answers(wall) == [None] * 24
    assert wall.figures.has.text() == "2", "what was answered stays"
    QTest.keyClick(wall, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    assert present(wall).shown == before.shown
    assert answers(wall)[0] is True


def test_clicks_make_a_direction_whose_preview_shows_it(
    wall: LabelWall, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    assert wall.figures.classifier.text() == wall.figures.boundary.text() == "—"
    assert all(view.pixels() is None for view in wall.preview.pictures)
    for _ in range(2):
        answer_all(wall)
        wait_for_lesson(wall, qtbot)
        click(wall.next)
    lesson = wait_for_lesson(wall, qtbot)
    assert lesson.direction is not None
    assert lesson.accuracy is not None
    assert lesson.direction.accuracy is not None
    assert wall.figures.classifier.text() == f"{lesson.accuracy:.0%}"
    assert wall.figures.boundary.text() == f"{lesson.direction.accuracy:.0%}"
    assert lesson.accuracy > 0.7
    settle(window)

    def expected() -> np.ndarray:
        assert lesson.direction is not None
        steps = np.array(direction_preview.STRENGTHS, np.float32)[:, None] * np.float32(lesson.direction.sigma)
        return model.render(z_of(window) + steps * lesson.direction.vector)

    pictures = [shown(view) for view in wall.preview.pictures]
    assert np.abs(np.stack(pictures).astype(int) - expected()).max() <= 1
    z = model.sample(100, seed=1)
    moved = model.render(z + np.float32(3.0 * lesson.direction.sigma) * lesson.direction.vector)
    assert moved.mean() > model.render(z).mean() + 3.0, "along it pictures turn bright"
    drag(slider_of(window), 0.9)
    settle(window)
    followed = [shown(view) for view in wall.preview.pictures]
    assert np.abs(np.stack(followed).astype(int) - expected()).max() <= 1
    assert not np.array_equal(followed[3], pictures[3])
    wall.preview.of.setCurrentIndex(1)
    settle(window)
    assert not np.array_equal(shown(wall.preview.pictures[3]), followed[3])


def test_a_direction_is_kept_under_its_name_and_that_can_be_undone(
    wall: LabelWall, window: MainWindow, qtbot: QtBot
) -> None:
    answer_all(wall)
    lesson = wait_for_lesson(wall, qtbot)
    assert lesson.direction is not None
    assert not wall.keep.isEnabled(), "it has no name yet"
    QTest.keyClicks(wall.name, "bright")
    click(wall.keep)
    kept = state_of(window).directions
    assert [each.name for each in kept] == ["bright"]
    assert np.array_equal(kept[0].vector, lesson.direction.vector)
    assert kept[0].source == "clicks"
    assert window.studio.model is not None
    assert kept[0].model == window.studio.model.generator.content_hash
    click(wall.keep)
    assert [each.name for each in state_of(window).directions] == ["bright 2", "bright"]
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    assert state_of(window).directions == ()


def test_a_picture_of_the_preview_is_picked_up(
    wall: LabelWall, window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    wall.name.setText("bright")
    answer_all(wall)
    wait_for_lesson(wall, qtbot)
    settle(window)
    picture = shown(wall.preview.pictures[6]).copy()
    click(wall.preview.pictures[6])
    assert state_of(window).picture.title() == "bright +3 σ"
    assert np.abs(model.render(z_of(window))[0].astype(int) - picture).max() <= 1


def test_samples_are_dragged_away_as_cards(
    wall: LabelWall, model: OpenedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged = []
    monkeypatch.setattr(label_wall, "start_drag", lambda source, card: dragged.append(card))
    tile = wall.tiles[2]
    QTest.mousePress(tile, LEFT, pos=QPoint(10, 10))
    QTest.mouseMove(tile, QPoint(60, 60))
    QTest.mouseRelease(tile, LEFT, pos=QPoint(60, 60))
    assert answers(wall)[2] is None
    seed = present(wall).shown[2]
    assert [card.name for card in dragged] == [f"seed {seed}"]
    assert np.array_equal(dragged[0].z, model.sample(1, seed=seed)[0])


def test_answers_are_told_apart_without_colour(wall: LabelWall) -> None:
    tile = wall.tiles[0]
    looks = []
    for answer in (None, True, False):
        tile.set_answer(answer)
        image = tile.grab().toImage().convertToFormat(image_format())
        corner = image.copy(tile.width() - 30, tile.height() - 30, 28, 28)
        looks.append(np.frombuffer(corner.constBits(), np.uint8).reshape(28, corner.bytesPerLine())[:, :28].astype(int))
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert (np.abs(looks[one] - looks[other]) > 60).sum() > 40, f"{one} and {other} look alike in grey"


def image_format() -> object:
    from PySide6.QtGui import QImage

    return QImage.Format.Format_Grayscale8


def test_the_hand_is_never_held_up_and_only_the_newest_wall_is_learned_next(
    wall: LabelWall, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_lesson(wall, qtbot)
    begun, go_on, learned = threading.Event(), threading.Event(), []

    def slow(walled: Wall, *rest: object) -> Lesson:
        learned.append(walled)
        begun.set()
        assert go_on.wait(30.0)
        return labelling.lesson_of(walled, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(label_wall, "lesson_of", slow)
    click(wall.tiles[0])
    assert begun.wait(30.0)
    first = present(wall)
    for tile in wall.tiles[1:9]:
        QTest.mouseClick(tile, RIGHT, pos=tile.rect().center())
        QApplication.processEvents()
    assert answers(wall)[:10] == [True] + [False] * 8 + [None], "answers show while nothing has been learned"
    click(wall.next)
    assert present(wall).shown == first.shown, "the next wall is not known yet"
    go_on.set()
    qtbot.waitUntil(lambda: present(wall).shown != first.shown, timeout=30_000)
    wait_for_lesson(wall, qtbot)
    assert learned[0] is first
    assert [len(each.clicks.answers) for each in learned] == [1, 9, 9], "what came between was left out"


def test_another_model_starts_another_wall(
    wall: LabelWall, window: MainWindow, make_model: Callable[..., Path], qtbot: QtBot
) -> None:
    click(wall.tiles[0])
    assert window.studio.open_path(make_model("other", z_dim=12, seed=3))
    assert wall._labelling is None, "samples of the other model are being drawn"
    wait_for_wall(wall, qtbot)
    assert answers(wall) == [None] * 24
    assert wall._drawn is not None
    assert wall._drawn.z.shape == (SAMPLES, 12)
    wall.close()
    assert window.studio.open_path(make_model("third", seed=4))
    assert not wall._work.busy or wall._labelling is None
    window.actions_["label-by-clicking"].trigger()
    wait_for_wall(wall, qtbot)
    assert wall._drawn.z.shape == (SAMPLES, 8)


def test_the_window_closes_while_samples_are_drawn(window: MainWindow) -> None:
    wall = window.dialogs.label_wall = LabelWall(window.studio, window)
    window.actions_["label-by-clicking"].trigger()
    assert wall._work.busy
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "analysis"]
