"""Conditional generators: the class is part of the picture, and goes where the picture goes."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from foreign_files import CONDITIONAL, conditional_generator, module
from hand import click, drop, settle, shown, state_of, z_of
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.ui.card_mime import mime_of
from latentlab.ui.handlers import SHEET
from latentlab.ui.main_window import MainWindow


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> OpenedModel:
    """Read a generator of ten classes."""
    return OpenedModel.from_file(conditional_generator(tmp_path_factory.mktemp("conditional")))


@pytest.fixture
def conditional(window: MainWindow, opened: OpenedModel) -> OpenedModel:
    """Open that generator in the window."""
    window.studio.set_model(OpenedModel(opened.generator, opened.reading))
    settle(window)
    return opened


def choose(window: MainWindow, label: int) -> None:
    box = window.explore.classes.box
    assert box is not None
    box.setCurrentIndex(label)
    box.activated.emit(label)
    settle(window)


def live(window: MainWindow) -> np.ndarray:
    return shown(window.explore.canvas)


def test_the_class_is_chosen_in_the_window(window: MainWindow, conditional: OpenedModel) -> None:
    assert window.explore.classes.isVisible()
    assert window.explore.classes.box is not None
    assert window.explore.classes.box.count() == 10
    author = module(CONDITIONAL, 1)
    for label in (0, 3, 9):
        choose(window, label)
        assert state_of(window).picture.label == label
        with torch.no_grad():
            photo = CONDITIONAL.forward(author, torch.from_numpy(z_of(window)), torch.tensor([label]))[0, 0].numpy()
        wanted = np.rint((photo + 1) * 127.5).astype(int)
        assert np.abs(live(window)[..., 0].astype(int) - wanted).max() <= 1
        assert f"class {label}" in window.explore.caption.whole()
    before = live(window).copy()
    window.explore.setFocus(Qt.FocusReason.MouseFocusReason)
    QTest.keyClick(window, Qt.Key.Key_4)
    settle(window)
    assert state_of(window).picture.label == 4
    assert not np.array_equal(live(window), before)
    window.actions_["undo"].trigger()
    settle(window)
    assert np.array_equal(live(window), before)
    assert window.explore.classes.box.currentIndex() == 9
    window.explore.seed.setFocus()
    window.explore.seed.selectAll()
    QTest.keyClick(window.explore.seed, Qt.Key.Key_6)
    assert state_of(window).picture.label == 9, "a number that is typed is no class"
    window.documents.open_bundled()
    settle(window)
    assert not window.explore.classes.isVisible()
    assert state_of(window).picture.label is None
    QTest.keyClick(window, Qt.Key.Key_4)
    assert state_of(window).picture.label is None


def test_every_picture_follows_the_class(window: MainWindow, conditional: OpenedModel) -> None:
    window.dialogs.variations(SHEET)
    choose(window, 6)
    settle(window)
    path = window.strip._path
    frames = [window.strip.end_a, *window.strip._frames, window.strip.end_b]
    wanted = conditional.render(path, 6)
    for frame, picture in zip(frames, wanted, strict=True):
        assert np.array_equal(shown(frame), picture)
    variations = window.dialogs.variations_window
    assert variations is not None
    sheet = variations.sheet
    z = np.concatenate([conditional.sample(1, seed=seed) for seed in sheet._seeds()])
    assert sheet._pixels is not None
    assert np.array_equal(sheet._pixels[:4], conditional.render(z[:4], 6))
    assert np.array_equal(window.studio.renderer()(z[:2]), conditional.render(z[:2], 6))


def test_a_card_keeps_its_class_and_a_picture_from_none_that_in_hand(
    window: MainWindow, conditional: OpenedModel
) -> None:
    choose(window, 3)
    picture = live(window).copy()
    window.explore.keep_picture()
    choose(window, 8)
    card = state_of(window).shelf[-1]
    assert card.point.label == 3
    assert np.array_equal(card.pixels, picture)
    assert drop(window.explore.canvas, mime_of(card))
    settle(window)
    assert state_of(window).picture.label == 3
    assert np.array_equal(live(window), picture)
    click(window.explore.dice)
    settle(window)
    assert state_of(window).picture.label == 3
    window.studio.apply(changes.put_in_place(window.studio.random_point()), "")
    settle(window)
    assert state_of(window).picture.label == 3
    assert np.array_equal(live(window), conditional.render(z_of(window), 3)[0])
    window.strip.pick_up(3)
    settle(window)
    assert np.array_equal(live(window), conditional.render(z_of(window), 3)[0])
