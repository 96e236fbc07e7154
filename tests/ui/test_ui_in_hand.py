"""The picture in hand above the sliders: there where the page shows something else, and always true."""

from __future__ import annotations

import numpy as np
import pytest
from hand import click, drag, drop, settle, shown, slider_of, state_of, z_of
from PySide6.QtTest import QTest

from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.card_mime import mime_of
from latentlab.ui.main_window import ARITHMETIC, EXPLORE, INTERPOLATE, MainWindow


def test_it_is_there_where_the_page_shows_something_else(window: MainWindow, model: OpenedModel) -> None:
    in_hand = window.directions.in_hand
    assert not in_hand.isVisible()
    drag(slider_of(window), 0.8)
    settle(window)
    window.show_page(ARITHMETIC)
    assert in_hand.isVisible()
    assert np.array_equal(shown(in_hand.view), model.render(z_of(window))[0]), "at once"
    drag(slider_of(window), 0.2)
    settle(window)
    assert np.array_equal(shown(in_hand.view), model.render(z_of(window))[0])
    assert in_hand.caption.whole() == state_of(window).picture.title()
    window.show_page(EXPLORE)
    assert not in_hand.isVisible()


def test_a_click_goes_to_it(window: MainWindow) -> None:
    window.show_page(INTERPOLATE)
    click(window.directions.in_hand.view)
    assert window.pages.currentIndex() == EXPLORE


def test_it_is_dragged_away_and_a_card_dropped_is_taken_in_hand(
    window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken: list[Card] = []
    monkeypatch.setattr("latentlab.ui.panels.in_hand.start_drag", lambda _, card: taken.append(card))
    window.show_page(INTERPOLATE)
    view = window.directions.in_hand.view
    view.drag_started.emit()
    assert np.array_equal(taken[0].z, z_of(window)[0])
    assert drop(view, mime_of(window.studio.card_of(Point.from_seed(5, 8, "normal"))))
    QTest.qWait(0)
    assert state_of(window).picture.seed == 5
