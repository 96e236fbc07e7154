"""ARITHMETIC: exemplars in and out, the result by hand, and what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import LEFT, click, drop, on_screen, settle, shown, state_of, z_of
from PySide6.QtTest import QTest

from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import expected_norm, renormalise
from latentlab.session import changes
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import mime_of
from latentlab.ui.main_window import ARITHMETIC, MainWindow
from latentlab.ui.panels.arithmetic import _ExemplarView

SEEDS = ((3, 8, 12), (4, 9, 5), (21, 30, 34))


@pytest.fixture
def panel(window: MainWindow) -> MainWindow:
    window.show_page(ARITHMETIC)
    settle(window)
    return window


def fill(window: MainWindow, *terms: tuple[int, ...]) -> None:
    for term, seeds in enumerate(terms):
        cards = tuple(window.studio.card_of(Point.from_seed(seed, 8, "normal")) for seed in seeds)
        window.studio.apply(changes.set_exemplars(term, cards), "fill")
    settle(window)


def by_hand(model: OpenedModel) -> tuple[FloatArray, list[FloatArray]]:
    means = [np.mean([model.sample(1, seed=seed)[0] for seed in seeds], axis=0, dtype=np.float64) for seeds in SEEDS]
    z = means[0] - means[1] + means[2]
    return z, means


def test_the_result_is_the_arithmetic_done_by_hand(panel: MainWindow, model: OpenedModel) -> None:
    fill(panel, *SEEDS)
    plain, means = by_hand(model)
    norm = expected_norm("normal", 8) * plain / np.linalg.norm(plain)
    for renormalised, z in ((True, norm), (False, plain)):
        if panel.arithmetic.renormalise.isChecked() != renormalised:
            click(panel.arithmetic.renormalise)
            settle(panel)
        expected = model.render(z[None].astype(np.float32))[0]
        assert np.abs(shown(panel.arithmetic.result).astype(int) - expected).max() <= 1
        assert np.array_equal(on_screen(panel.arithmetic.result), shown(panel.arithmetic.result))
    for view, mean in zip(panel.arithmetic.terms, means, strict=True):
        expected = model.render(mean[None].astype(np.float32))[0]
        assert np.abs(shown(view.mean).astype(int) - expected).max() <= 1
    assert panel.arithmetic._hint.text() == ""


def test_renormalise_brings_the_result_to_the_shell(panel: MainWindow, model: OpenedModel) -> None:
    fill(panel, *SEEDS)
    assert panel.arithmetic.meter.accessibleName() == "Typicality 1.00"
    renormalised = panel.arithmetic._result
    click(panel.arithmetic.renormalise)
    plain = panel.arithmetic._result
    assert np.allclose(renormalise(plain[None], "normal")[0], renormalised, atol=1e-6)
    assert not np.allclose(plain, renormalised)
    panel.actions_["undo"].trigger()
    assert panel.arithmetic.renormalise.isChecked()


def test_the_result_is_picked_up_and_kept(panel: MainWindow) -> None:
    fill(panel, *SEEDS)
    result = panel.arithmetic._result
    click(panel.arithmetic.pick)
    assert np.array_equal(z_of(panel)[0], result)
    assert state_of(panel).picture.origin == "A − B + C"
    click(panel.arithmetic.keep)
    assert np.array_equal(state_of(panel).shelf[0].z, result)
    settle(panel)
    assert np.array_equal(state_of(panel).shelf[0].pixels, shown(panel.arithmetic.result))


def test_a_term_takes_the_picture_in_hand_random_ones_and_dropped_ones(panel: MainWindow) -> None:
    term = panel.arithmetic.terms[1]
    assert not term.clear.isEnabled()
    click(term.add)
    click(term.roll)
    assert len(state_of(panel).terms[1].cards) == 3, "the dice replace what was there"
    click(term.add)
    assert [card.point.seed for card in state_of(panel).terms[1].cards][3:] == [42]
    drop(term.mean, mime_of(panel.studio.card_of(Point.from_seed(5, 8, "normal"))))
    assert [card.point.seed for card in state_of(panel).terms[1].cards][4:] == [5]
    settle(panel)
    assert term._grid.count() == 5
    click(term.clear)
    assert state_of(panel).terms[1].cards == ()
    assert not term.clear.isEnabled()
    assert term.mean.pixels() is None


def test_a_click_on_an_exemplar_takes_it_out(panel: MainWindow) -> None:
    fill(panel, (1, 2, 3))
    view = panel.arithmetic.terms[0]._grid.itemAt(1).widget()
    assert isinstance(view, _ExemplarView)
    QTest.mouseClick(view, LEFT)
    assert [card.point.seed for card in state_of(panel).terms[0].cards] == [1, 3]
    panel.actions_["undo"].trigger()
    assert [card.point.seed for card in state_of(panel).terms[0].cards] == [1, 2, 3]


def test_while_a_term_is_empty_the_panel_says_what_to_do(panel: MainWindow) -> None:
    assert "press the dice" in panel.arithmetic._hint.text()
    fill(panel, *SEEDS[:2])
    for widget in (panel.arithmetic.pick, panel.arithmetic.keep):
        assert not widget.isEnabled()
    assert "press the dice" in panel.arithmetic._hint.text()
    assert panel.arithmetic.result.pixels() is None
    assert panel.arithmetic.neighbours.pixels() is None
    assert panel.arithmetic.terms[0].mean.pixels() is not None
    assert panel.arithmetic.terms[2].mean.pixels() is None
    fill(panel, *SEEDS)
    assert panel.arithmetic.result.pixels() is not None
    fill(panel, *SEEDS[:2], ())
    assert panel.arithmetic.result.pixels() is None


def test_the_result_stands_in_the_middle_of_its_neighbours(panel: MainWindow) -> None:
    fill(panel, *SEEDS)
    around = shown(panel.arithmetic.neighbours)
    assert around.shape == (3 * 16 + 2, 3 * 16 + 2, 3)
    assert np.array_equal(around[17:33, 17:33], shown(panel.arithmetic.result))
    assert not np.array_equal(around[:16, :16], shown(panel.arithmetic.result))


def test_exemplars_that_do_not_fit_are_left_out_and_say_why(panel: MainWindow, make_model: Callable[..., Path]) -> None:
    fill(panel, *SEEDS)
    assert panel.studio.open_path(make_model("wide", z_dim=12))
    settle(panel)
    assert panel.arithmetic.result.pixels() is None
    view = panel.arithmetic.terms[0]._grid.itemAt(0).widget()
    assert "does not fit" in view.toolTip()
    click(panel.arithmetic.terms[0].roll)
    settle(panel)
    assert panel.arithmetic.terms[0].mean.pixels() is not None
