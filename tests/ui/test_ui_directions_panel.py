"""The panel of directions: what is shown and in which order, marks, names, coordinates, pictures at the ends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hand import (
    LEFT,
    box_of,
    click,
    drag,
    handle_of,
    reset_of,
    row_of,
    settle,
    shown,
    slider_of,
    state_of,
    type_into,
    z_of,
)
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QEnterEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction, coordinate
from latentlab.latent.priors import expected_norm
from latentlab.session import changes, direction_changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.session.sliders import SliderLayout
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels import directions as directions_panel
from latentlab.ui.panels.direction_arrangement import Section, arranged
from latentlab.ui.panels.direction_ends import LANE
from latentlab.ui.widgets.slider_parts import Grip, Mark, Name, NameBox, Sign
from latentlab.ui.widgets.slider_row import SliderRow

ALT, CONTROL = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ControlModifier


def direction(name: str, source: str = "measured", axis: int = 0, **known: object) -> Direction:
    """Make a direction near an axis of an 8-wide z."""
    vector = np.full(8, 0.1, np.float32)
    vector[axis % 8] = 1.0
    return Direction(name, source, vector, 1.0, **known)  # type: ignore[arg-type]


def add(window: MainWindow, *found: Direction) -> None:
    """Put directions into the document as a search does."""
    window.studio.apply(direction_changes.add_directions(found, ()), "Find directions")
    settle(window)


def names(window: MainWindow) -> tuple[str, ...]:
    """Return the sliders of open sections, from top to bottom."""
    return window.directions.sliders.names()


def marks(window: MainWindow, name: str) -> list[Mark]:
    """Bring the pointer over a row; return its star and lock."""
    row = row_of(window, name)
    at = QPointF(row.rect().center())
    QApplication.sendEvent(row, QEnterEvent(at, at, row.mapToGlobal(at)))
    found = row.findChildren(Mark)
    assert all(mark.isVisible() for mark in found)
    return found


def choose(window: MainWindow, name: str, text: str) -> None:
    """Open a row's menu and choose an entry."""
    menu = window.directions.edits.open_menu(name, QPoint(0, 0))
    entry(menu, text).trigger()
    menu.close()


def entry(menu: QMenu, text: str) -> QAction:
    """Return an entry of a menu."""
    return next(action for action in menu.actions() if action.text().replace("&", "") == text)


def undo(window: MainWindow) -> None:
    window.actions_["undo"].trigger()
    settle(window)


def wait_for_ends(window: MainWindow, qtbot: QtBot) -> None:
    """Wait until the pictures at the ends are those of the present picture."""
    ends = window.directions.ends

    def drawn() -> bool:
        sight = window.directions.sliders.in_sight()
        return bool(sight) and all(ends._drawn.get((name, end)) == ends._turn for name in sight for end in (0, 1))

    qtbot.waitUntil(drawn)


def end_pixels(window: MainWindow, name: str) -> list[object]:
    return [shown(end) for end in row_of(window, name).ends]


class TestArrangement:
    """Sections and order, without a window."""

    MODEL = (
        direction("Came along", "sefa of another", model="m"),
        *(direction(f"Factor {index + 1}", "sefa") for index in range(14)),
        *(direction(f"z {index + 1}", "axis") for index in range(70)),
    )
    OWN = (
        direction("Slant", "measured", accuracy=0.9),
        direction("Smiling", "attributes", accuracy=0.7),
        direction("Brightness", "measured", accuracy=0.8),
    )

    def arranged(self, layout: SliderLayout = SliderLayout(), **how: object) -> tuple[Section, ...]:  # noqa: B008
        own = [each.name for each in self.OWN]
        return arranged((*self.OWN, *self.MODEL), own, layout, **how)  # type: ignore[arg-type]

    def flat(self, layout: SliderLayout = SliderLayout(), **how: object) -> tuple[str, ...]:  # noqa: B008
        (section,) = self.arranged(layout, **how)
        assert section.title == "", "a flat list has no heading"
        return section.names

    def test_sections_come_by_source_own_ones_first_and_axes_in_pages_of_32(self) -> None:
        sections = self.arranged()
        assert [(section.key, len(section.names), section.opened) for section in sections] == [
            ("own measured", 2, True),
            ("own attributes", 1, True),
            ("saved", 1, True),
            ("factors", 12, True),
            ("more factors", 2, False),
            ("axes 0", 32, False),
            ("axes 32", 32, False),
            ("axes 64", 6, False),
        ]
        assert sections[0].names == ("Slant", "Brightness"), "as found"
        assert "z 33" in sections[-2].title
        assert "z 64" in sections[-2].title
        assert all(section.tip for section in sections)

    def test_hidden_ones_are_left_out_unless_wanted_and_favourites_come_first(self) -> None:
        layout = SliderLayout(hidden=frozenset({"Slant"}), favourites=frozenset({"Factor 3", "Smiling"}))
        sections = self.arranged(layout)
        assert sections[0].names == ("Smiling", "Factor 3")
        assert sum("Factor 3" in section.names for section in sections) == 1
        assert not any("Slant" in section.names for section in sections)
        assert any("Slant" in section.names for section in self.arranged(layout, show_hidden=True))

    def test_each_sort_gives_a_flat_list(self) -> None:
        assert self.flat(sort="name")[:5] == ("Brightness", "Came along", "Factor 1", "Factor 2", "Factor 3")
        assert self.flat(sort="name")[-3:] == ("z 68", "z 69", "z 70"), "axes last, numbers in order"
        assert self.flat(sort="accuracy")[:3] == ("Slant", "Brightness", "Smiling")
        by_source = self.flat(sort="source")
        assert by_source[:3] == ("Factor 1", "Factor 2", "Factor 3")
        assert by_source.index("Smiling") < by_source.index("Brightness") < by_source.index("z 1")
        layout = SliderLayout(order=("z 2", "Smiling"), favourites=frozenset({"Slant"}))
        assert self.flat(layout, sort="hand")[:3] == ("z 2", "Smiling", "Slant"), "the hand counts more than a star"
        assert self.flat(layout, sort="name")[0] == "Slant"

    def test_searching_gives_a_flat_list_whatever_the_case(self) -> None:
        assert self.flat(search=" SL") == ("Slant",)
        assert self.arranged(search="nothing of the kind") == ()


def test_only_rows_near_to_what_is_in_sight_are_made(window: MainWindow) -> None:
    add(window, *(direction(f"Found {index:03d}", axis=index) for index in range(100)))
    made = len(window.directions.findChildren(SliderRow))
    assert 8 <= made <= 30, made
    assert window.directions.sliders.made("Found 099") is None
    bar = window.directions.sliders.verticalScrollBar()
    bar.setValue(bar.maximum() // 2)
    sight = window.directions.sliders.in_sight()
    assert 3 <= len(sight) <= 14
    assert "Found 000" not in sight
    assert all(row_of(window, name).isVisible() for name in sight)
    for name in sight[1:-1]:
        row = row_of(window, name)
        assert row.visibleRegion().boundingRect() == row.rect(), "what is in sight is not cut off"


def test_a_move_touches_one_row_asks_for_no_end_and_builds_nothing(
    window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(window, *(direction(f"Found {index:03d}", axis=index) for index in range(100)))
    wait_for_ends(window, qtbot)
    asked: Counter[str] = Counter()
    told: Counter[str] = Counter()
    request, set_value = window.studio.render.request, SliderRow.set_value

    def counting_request(lane: str, *wanted: Any, **more: Any) -> None:
        asked[lane] += 1
        request(lane, *wanted, **more)

    def counting_set_value(row: SliderRow, value: float, rest: float = 0.0) -> None:
        told[row.name] += 1
        set_value(row, value, rest)

    monkeypatch.setattr(window.studio.render, "request", counting_request)
    monkeypatch.setattr(SliderRow, "set_value", counting_set_value)
    monkeypatch.setattr(window.directions.sliders, "show_sections", None)
    rows = window.directions.findChildren(SliderRow)
    moves = drag(slider_of(window, "Found 003"), 0.9, steps=20)
    assert len(set(moves)) > 15
    assert asked["picture"] == told["Found 003"] > 15
    assert told.total() == told["Found 003"], "no other row is touched"
    assert asked[LANE] == 0, "the ends wait until the hand pauses"
    assert window.directions.findChildren(SliderRow) == rows
    wait_for_ends(window, qtbot)
    assert asked[LANE] == 1, "one request for everything in sight"


def test_the_ends_show_the_picture_at_minus_and_plus_three_sigma_and_follow_it(
    window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    wait_for_ends(window, qtbot)
    drag(slider_of(window, "Factor 2"), 0.9)
    strength = slider_of(window, "Factor 2").value()
    wait_for_ends(window, qtbot)
    z = model.sample(1, seed=42)
    for at, pixels in zip((-3.0, 3.0), end_pixels(window, "Factor 1"), strict=True):
        assert np.array_equal(pixels, model.render(model.edit(z, {"Factor 1": at, "Factor 2": strength}))[0])
    for at, pixels in zip((-3.0, 3.0), end_pixels(window, "Factor 2"), strict=True):
        expected = model.render(model.edit(z, {"Factor 2": at}))[0].astype(int)
        assert np.abs(pixels - expected).max() <= 1, "its own strength does not count"  # type: ignore[operator]


def test_scrolling_asks_for_new_rows_only(window: MainWindow, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch) -> None:
    add(window, *(direction(f"Found {index:03d}", axis=index) for index in range(40)))
    wait_for_ends(window, qtbot)
    before = set(window.directions.sliders.in_sight())
    asked: list[int] = []
    request = window.studio.render.request

    def noting(lane: str, z: FloatArray, *wanted: Any, **more: Any) -> None:
        asked.append(len(z))
        request(lane, z, *wanted, **more)

    monkeypatch.setattr(window.studio.render, "request", noting)
    window.directions.sliders.verticalScrollBar().setValue(150)
    new = set(window.directions.sliders.in_sight()) - before
    wait_for_ends(window, qtbot)
    assert new
    assert sum(asked) == 2 * len(new)


def test_a_click_on_an_end_goes_there_and_the_ends_can_be_left_out(window: MainWindow, qtbot: QtBot) -> None:
    wait_for_ends(window, qtbot)
    left, right = row_of(window).ends
    click(right)
    assert dict(state_of(window).picture.strengths) == {"Factor 1": 3.0}
    click(left)
    assert slider_of(window).value() == -3.0
    undo(window)
    assert slider_of(window).value() == 3.0
    height = row_of(window).height()
    window.directions.pictures.trigger()
    assert not left.isVisible()
    assert row_of(window).height() < height
    assert window.studio.settings.slider_ends is False


def test_own_names_are_edited_in_place(window: MainWindow) -> None:
    add(window, direction("Slant"))
    drag(slider_of(window, "Slant"), 0.9)
    moved = z_of(window)
    slider_of(window, "Slant").setFocus()
    QTest.keyClick(slider_of(window, "Slant"), Qt.Key.Key_F2)
    box = row_of(window, "Slant").findChild(NameBox)
    assert box.text() == "Slant"
    QTest.keyClicks(box, "Lean")
    QTest.keyClick(box, Qt.Key.Key_Return)
    assert [each.name for each in state_of(window).directions] == ["Lean"]
    assert set(state_of(window).picture.strengths) == {"Lean"}
    assert z_of(window).tobytes() == moved.tobytes()
    assert names(window)[0] == "Lean"
    assert slider_of(window, "Lean").hasFocus()
    assert window.actions_["undo"].text() == "Undo Rename Slant to Lean"
    undo(window)
    assert names(window)[0] == "Slant"
    label = row_of(window, "Slant").findChild(Name)
    QTest.mouseDClick(label, LEFT)
    box = row_of(window, "Slant").findChildren(NameBox)[-1]
    QTest.keyClicks(box, "Not this")
    QTest.keyClick(box, Qt.Key.Key_Escape)
    assert [each.name for each in state_of(window).directions] == ["Slant"]


def test_the_models_own_names_stay_and_it_says_why(window: MainWindow, qtbot: QtBot) -> None:
    with qtbot.waitSignal(window.studio.notice) as told:
        QTest.mouseDClick(row_of(window).findChild(Name), LEFT)
    assert "comes with the model" in told.args[0]
    assert row_of(window).findChild(NameBox) is None
    menu = window.directions.edits.open_menu("Factor 1", QPoint(0, 0))
    for text in ("Rename", "Delete"):
        assert not entry(menu, text).isEnabled()
        assert entry(menu, text).toolTip()
    menu.close()


def test_a_lock_holds_the_slider_even_against_reset(window: MainWindow) -> None:
    for name in ("Factor 1", "Factor 2"):
        drag(slider_of(window, name), 0.9)
    value = slider_of(window).value()
    _, lock = marks(window, "Factor 1")
    click(lock)
    assert state_of(window).sliders.locked == {"Factor 1"}
    assert drag(slider_of(window), 0.1)[-1] == value
    assert not box_of(window).isEnabled()
    assert not reset_of(window).isEnabled()
    click(window.directions.reset)
    assert dict(state_of(window).picture.strengths) == {"Factor 1": value}
    assert not window.directions.reset.isEnabled()
    undo(window)
    undo(window)
    assert state_of(window).sliders.locked == frozenset()
    assert drag(slider_of(window), 0.1)[-1] < 0


def test_favourites_come_first_and_hidden_ones_can_be_shown_again(window: MainWindow) -> None:
    star, _ = marks(window, "Factor 4")
    click(star)
    assert names(window)[0] == "Factor 4"
    row = row_of(window, "Factor 4")
    choose(window, "Factor 4", "Hidden")
    assert "Factor 4" not in names(window)
    assert not row.isVisible()
    window.directions.hidden.trigger()
    assert names(window)[0] == "Factor 4"
    assert row_of(window, "Factor 4") is row, "a row that comes back is the same one"
    undo(window)
    undo(window)
    assert names(window)[0] == "Factor 1"


def test_conditioning_on_the_locked_ones_makes_an_orthogonal_direction(window: MainWindow) -> None:
    smile, glasses = direction("Smiling", "attributes", 0), direction("Glasses", "attributes", 1)
    add(window, smile, glasses)
    assert not entry(window.directions.edits.open_menu("Smiling", QPoint()), "Condition on the locked ones").isEnabled()
    choose(window, "Glasses", "Locked")
    choose(window, "Smiling", "Condition on the locked ones")
    made = state_of(window).directions[0]
    assert made.name == "Smiling | Glasses"
    assert abs(float(smile.vector @ glasses.vector)) > 0.1
    assert abs(float(made.vector @ glasses.vector)) < 1e-6
    assert names(window)[0] == made.name
    undo(window)
    assert [each.name for each in state_of(window).directions] == ["Smiling", "Glasses"]
    choose(window, "Smiling", "Delete")
    assert [each.name for each in state_of(window).directions] == ["Glasses"]
    assert window.directions.row("Smiling") is None


def test_what_was_found_on_another_model_is_marked(window: MainWindow) -> None:
    assert window.studio.model is not None
    here = window.studio.model.generator.content_hash
    add(window, direction("Elsewhere", model="abc"), direction("Here", model=here), direction("Nowhere"))
    signs = {name: row_of(window, name).findChild(Sign) for name in ("Elsewhere", "Here", "Nowhere", "Factor 1")}
    assert {name for name, sign in signs.items() if sign.isVisible()} == {"Elsewhere"}
    assert "another model" in signs["Elsewhere"].toolTip()


@pytest.mark.parametrize("z_dim", [8, 30])
def test_other_directions_come_while_the_keyboard_is_in_a_row(
    window: MainWindow, make_model: Callable[..., Path], z_dim: int, capfd: pytest.CaptureFixture[str]
) -> None:
    """Hiding a row that has the keyboard would move it on, and the list after it, in the middle of a layout."""
    add(window, *(direction(f"Own {number}", axis=number) for number in range(40)))
    here = window.studio.model
    assert here is not None
    for path in (make_model("wide", z_dim=z_dim, seed=3), here.generator.path):
        last = window.directions.sliders.names()[-1]
        window.directions.sliders.reveal(last)
        box_of(window, last).setFocus()
        assert path is not None
        assert window.studio.open_path(path)
        settle(window)
        made = [row.name for row in window.directions.sliders.rows()]
        assert set(made) <= {each.name for each in window.studio.directions}
        shown = [row for row in window.directions.sliders.rows() if row.isVisible()]
        tops = sorted(row.y() for row in shown)
        assert len(set(tops)) == len(tops), "no row lies on another"
    assert "Traceback" not in capfd.readouterr().err


def test_one_row_at_most_shows_what_can_be_switched(window: MainWindow) -> None:
    """A menu or a drag that ends elsewhere may keep a row from hearing that the pointer has left it."""
    slider = slider_of(window, "Factor 1")
    first = marks(window, "Factor 1")
    slider.setAttribute(Qt.WidgetAttribute.WA_UnderMouse)
    assert marks(window, "Factor 2")
    assert not any(mark.isVisible() for mark in first)
    assert not slider.underMouse()


def test_new_directions_are_scrolled_to(window: MainWindow) -> None:
    bar = window.directions.sliders.verticalScrollBar()
    bar.setValue(bar.maximum())
    assert bar.value() > 0
    add(window, direction("Slant"))
    assert "Slant" in window.directions.sliders.in_sight()


def test_a_row_is_moved_by_keys_and_by_its_grip(window: MainWindow) -> None:
    QTest.keyClick(slider_of(window), Qt.Key.Key_Down, ALT)
    assert names(window)[:3] == ("Factor 2", "Factor 1", "Factor 3")
    assert window.studio.settings.slider_order == "hand"
    grip = row_of(window, "Factor 2").findChild(Grip)
    target = row_of(window, "Factor 3")
    below = target.mapTo(window, QPoint(0, target.height() - 4))
    QTest.mousePress(grip, LEFT)
    to = grip.mapFrom(window, below)
    QTest.mouseMove(grip, to)
    assert window.directions.sliders._column.line_at == target.geometry().bottom() + 1
    QTest.mouseRelease(grip, LEFT, pos=to)
    assert names(window)[:3] == ("Factor 1", "Factor 3", "Factor 2")
    assert window.directions.sliders._column.line_at is None
    undo(window)
    assert names(window)[:3] == ("Factor 2", "Factor 1", "Factor 3")


class TestCoordinates:
    """Sliders that show where the picture itself stands."""

    @pytest.fixture(params=[False, True], ids=["as it is", "renormalised"])
    def window(self, window: MainWindow, request: pytest.FixtureRequest) -> MainWindow:
        window.studio.apply(changes.set_renormalised(request.param), "")
        click(window.directions.coordinates)
        return window

    def test_the_value_is_the_pictures_own_position(self, window: MainWindow, model: OpenedModel) -> None:
        assert window.studio.settings.coordinates
        for name in ("Factor 1", "Factor 2", "Factor 5"):
            at = coordinate(z_of(window)[0], model.direction(name))
            assert slider_of(window, name).value() == pytest.approx(at, abs=1e-5)
            assert not reset_of(window, name).isEnabled()

    def test_moving_it_brings_the_picture_to_the_sliders_value(self, window: MainWindow, model: OpenedModel) -> None:
        factor = model.direction("Factor 1")
        for text, at in (("1.5", 1.5), ("-0.75", -0.75)):
            type_into(box_of(window), text)
            assert coordinate(z_of(window)[0], factor) == pytest.approx(at, abs=1e-4)
            assert slider_of(window).value() == pytest.approx(at, abs=1e-4)
        value = drag(slider_of(window), 0.8)[-1]
        assert coordinate(z_of(window)[0], factor) == pytest.approx(value, abs=1e-4)

    def test_it_rests_where_the_picture_started(self, window: MainWindow) -> None:
        start, rest = z_of(window), slider_of(window).value()
        drag(slider_of(window), 0.95)
        assert reset_of(window).isEnabled()
        assert row_of(window).rest() == pytest.approx(rest, abs=1e-5)
        slider = slider_of(window)
        at = handle_of(slider)
        QTest.mouseClick(slider, LEFT, pos=at)
        QTest.mouseDClick(slider, LEFT, pos=at)
        assert dict(state_of(window).picture.strengths) == {}
        assert z_of(window).tobytes() == start.tobytes()
        assert not reset_of(window).isEnabled()

    def test_the_ends_are_pictures_at_those_positions(
        self, window: MainWindow, model: OpenedModel, qtbot: QtBot
    ) -> None:
        drag(slider_of(window, "Factor 2"), 0.7)
        type_into(box_of(window), "2")
        wait_for_ends(window, qtbot)
        _, right = row_of(window).ends
        pixels = shown(right).astype(int)
        click(right)
        reached = z_of(window)
        settle(window)
        if state_of(window).picture.renormalised and expected_norm("normal", 8) < 3.0:
            assert coordinate(reached[0], model.direction("Factor 1")) < 3.0, "no latent of the shell stands there"
        else:
            assert coordinate(reached[0], model.direction("Factor 1")) == pytest.approx(3.0, abs=1e-3)
        assert np.abs(pixels - model.render(reached)[0]).max() <= 2


def test_choices_are_kept_for_the_next_window(
    open_window: Callable[..., MainWindow], make_model: Callable[..., Path]
) -> None:
    window = open_window(make_model(), replace(Settings(theme="dark"), slider_order="name", coordinates=True))
    assert window.directions.coordinates.isChecked()
    assert names(window)[:2] == ("Factor 1", "Factor 2")
    assert names(window)[-1] == "z 8", "sorted by name everything is one list"
    assert window.directions._sorts["name"].isChecked()


def test_an_unknown_order_shows_sections(
    open_window: Callable[..., MainWindow], make_model: Callable[..., Path]
) -> None:
    window = open_window(make_model(), replace(Settings(theme="dark"), slider_order="by the moon"))
    assert names(window)[:1] == ("Factor 1",)
    QApplication.processEvents()


def test_what_happened_while_the_panel_was_hidden_is_caught_up_with(
    window: MainWindow, model: OpenedModel, qtbot: QtBot
) -> None:
    wait_for_ends(window, qtbot)
    dock = window.frame.docks["directions"]
    dock.hide()
    window.studio.apply(changes.set_seed(5), "seed 5")
    window.directions.ends.ask()
    settle(window)
    dock.show()
    wait_for_ends(window, qtbot)
    expected = model.render(model.edit(model.sample(1, seed=5), {"Factor 1": 3.0}))[0]
    assert np.array_equal(end_pixels(window, "Factor 1")[1], expected)


def test_the_picture_at_an_end_leaves_as_a_card(
    window: MainWindow, model: OpenedModel, qtbot: QtBot, monkeypatch: pytest.MonkeyPatch
) -> None:
    wait_for_ends(window, qtbot)
    taken: list[Card] = []
    monkeypatch.setattr(directions_panel, "start_drag", lambda _source, card: taken.append(card))
    left, _ = row_of(window, "Factor 3").ends
    left.drag_started.emit()
    (card,) = taken
    assert dict(card.point.strengths) == {"Factor 3": -3.0}
    assert np.array_equal(card.pixels, shown(left))
