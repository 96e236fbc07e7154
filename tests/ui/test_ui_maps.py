"""MAP: walking on a plane moves the picture in hand; samples lie where they look alike, with the cards among them."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hand import LEFT, NO_KEYS, drag, pixels_of, settle, slider_of, state_of, turn_wheel, z_of
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from pytestqt.qtbot import QtBot

from latentlab.latent.arrays import FloatArray
from latentlab.latent.lattice import on_lattice
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.ui.main_window import MainWindow
from latentlab.ui.panels import plane_map, sample_map
from latentlab.ui.panels.maps import DIRECTIONS, SAMPLES, MapsPanel
from latentlab.ui.panels.plane_map import PlaneMap
from latentlab.ui.panels.sample_map import SampleMap
from latentlab.ui.widgets.picture_plane import PlacedPicture
from latentlab.ui.widgets.plane_view import PlaneView

SHIFT = Qt.KeyboardModifier.ShiftModifier
FEW = 90


@pytest.fixture
def maps(window: MainWindow) -> MapsPanel:
    """Bring the page to the front."""
    QTest.keyClick(window, Qt.Key.Key_5, Qt.KeyboardModifier.ControlModifier)
    assert window.maps.isVisible()
    settle(window)
    return window.maps


@pytest.fixture
def plane(maps: MapsPanel) -> PlaneMap:
    return maps.plane


@pytest.fixture
def samples(maps: MapsPanel, qtbot: QtBot) -> SampleMap:
    """Show a map of few samples, and wait for it."""
    maps.samples._samples = FEW
    maps.views.button(SAMPLES).click()
    wait_for_map(maps.samples, qtbot)
    return maps.samples


def wait_for_map(samples: SampleMap, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: samples._map is not None and samples._hand is not None, timeout=30_000)


def walk(view: PlaneView, by: QPoint, modifiers: Qt.KeyboardModifier = NO_KEYS, start: QPoint | None = None) -> None:
    """Drag from a point, by default the middle."""
    start = start or view.rect().center()
    QTest.mousePress(view, LEFT, modifiers, start)
    for step in range(1, 6):
        QTest.mouseMove(view, start + by * (step / 5))
        QApplication.processEvents()
    QTest.mouseRelease(view, LEFT, modifiers, start + by)


def steps_of(window: MainWindow) -> tuple[str, ...]:
    assert window.studio.session is not None
    return window.studio.session.history


def assert_drawn(plane: PlaneMap, window: MainWindow, latents: Callable[[FloatArray], FloatArray]) -> int:
    """Compare every picture in sight with its latent rendered apart; return how many there are."""
    model = window.studio.model
    assert model is not None
    tiles = plane._in_sight()
    for _ in tiles:
        settle(window)
        if not plane._due:
            break
    places = np.array([plane_map._place(tile) for tile in tiles])
    for tile, z in zip(tiles, latents(places), strict=True):
        found = pixels_of(plane._tiles[tile][0]).astype(int)
        assert np.abs(found - model.render(z[None])[0]).max() <= 1, tile
    return len(tiles)


def test_the_map_opens_where_the_seed_in_hand_is(plane: PlaneMap, window: MainWindow, model: OpenedModel) -> None:
    assert plane.centre == (42, 0)
    assert assert_drawn(plane, window, lambda places: on_lattice(places, 8, "normal")) > 20
    assert np.array_equal(pixels_of(plane._hand), model.render(model.sample(1, seed=42))[0])


def test_a_drag_takes_the_picture_along_and_is_one_step(plane: PlaneMap, window: MainWindow) -> None:
    scale = plane.scale_px
    walk(plane, QPoint(-100, 60))
    # What is dragged to the left comes from the right; up is up.
    assert plane.centre == pytest.approx((42 + 100 / scale, 60 / scale))
    assert z_of(window) == pytest.approx(on_lattice([plane.centre], 8, "normal"), abs=1e-6)
    assert steps_of(window) == ("Walk on the map",)
    settle(window)
    model = window.studio.model
    assert model is not None
    assert np.array_equal(pixels_of(plane._hand), model.render(z_of(window))[0])
    walk(plane, QPoint(30, 0))
    assert len(steps_of(window)) == 2
    window.actions_["undo"].trigger()
    assert plane.centre == pytest.approx((42 + 100 / scale, 60 / scale)), "the map goes back with the picture"
    window.actions_["undo"].trigger()
    assert plane.centre == (42, 0)
    assert state_of(window).picture.seed == 42
    window.actions_["redo"].trigger()
    assert plane.centre == pytest.approx((42 + 100 / scale, 60 / scale))


def test_a_click_goes_to_the_picture_there(plane: PlaneMap, window: MainWindow) -> None:
    at = plane.to_screen((44.0, 1.0))
    QTest.mouseClick(plane, LEFT, pos=at.toPoint() + QPoint(9, -9))
    assert state_of(window).picture.same_as(Point.from_seed(144, 8, "normal"))
    assert plane.centre == (44.0, 1.0)


def test_the_wheel_zooms_around_the_picture_in_hand(plane: PlaneMap, window: MainWindow) -> None:
    before = state_of(window)
    assert turn_wheel(plane, 8)
    assert plane._level() < 0, "pictures stand between the seeds"
    assert_drawn(plane, window, lambda places: on_lattice(places, 8, "normal"))
    assert plane.centre == (42, 0)
    turn_wheel(plane, -40)
    assert plane._level() > 0
    assert 20 < assert_drawn(plane, window, lambda places: on_lattice(places, 8, "normal")) < 400
    assert state_of(window) is before
    plane.setFocus()
    QTest.keyClick(plane, Qt.Key.Key_0)
    assert plane.scale_px == plane_map._SCALE_PX


def test_arrows_walk_from_seed_to_seed(plane: PlaneMap, window: MainWindow) -> None:
    plane.setFocus()
    QTest.keyClick(plane, Qt.Key.Key_Right)
    assert state_of(window).picture.seed == 43
    QTest.keyClick(plane, Qt.Key.Key_Up)
    assert state_of(window).picture.seed == 143
    QTest.keyClick(plane, Qt.Key.Key_Left, SHIFT)
    assert plane.centre == pytest.approx((42.9, 1.0))
    assert state_of(window).picture.seed is None
    QTest.keyClick(plane, Qt.Key.Key_Left)
    assert state_of(window).picture.seed == 142, "from between two seeds to the next"
    assert len(steps_of(window)) == 4


def test_sliders_act_on_the_whole_plane(plane: PlaneMap, window: MainWindow, model: OpenedModel) -> None:
    drag(slider_of(window), 0.9)
    strengths = dict(state_of(window).picture.strengths)
    assert strengths
    assert_drawn(plane, window, lambda places: model.edit(on_lattice(places, 8, "normal"), strengths))
    walk(plane, QPoint(-50, 0))
    assert dict(state_of(window).picture.strengths) == strengths


def test_a_picture_from_elsewhere_is_left_alone_until_one_walks(plane: PlaneMap, window: MainWindow) -> None:
    strange = Point(np.linspace(-1, 1, 8, dtype=np.float32), origin="elsewhere")
    window.studio.apply(changes.pick_up(strange), "pick up")
    assert not plane._on_plane
    turn_wheel(plane, 2)
    assert state_of(window).picture.same_as(strange)
    plane.setFocus()
    QTest.keyClick(plane, Qt.Key.Key_Return)
    assert plane._on_plane
    assert state_of(window).picture.seed == 42
    window.explore.seed.setValue(507)
    assert plane.centre == (7, 5)


def test_a_picture_of_the_plane_is_taken_away_as_a_card(
    plane: PlaneMap, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    dragged: list[Card] = []
    monkeypatch.setattr(plane_map, "start_drag", lambda source, card: dragged.append(card))
    before = state_of(window)
    walk(plane, QPoint(60, 60), SHIFT, plane.to_screen((40.0, 0.0)).toPoint())
    assert [card.name for card in dragged] == ["seed 40"]
    assert state_of(window) is before


def test_two_directions_span_a_plane(maps: MapsPanel, window: MainWindow, model: OpenedModel) -> None:
    maps.views.button(DIRECTIONS).click()
    plane = maps.plane
    assert (maps.to_right.currentText(), maps.upwards.currentText()) == ("Factor 1", "Factor 2")
    assert plane.centre == (0.0, 0.0)

    def moved(places: FloatArray) -> FloatArray:
        z = model.sample(1, seed=42)
        return np.concatenate([model.edit(z, {"Factor 1": x, "Factor 2": y}) for x, y in places])

    assert_drawn(plane, window, moved)
    walk(plane, QPoint(-36, -72))
    unit = plane.scale_px
    assert dict(state_of(window).picture.strengths) == pytest.approx({"Factor 1": 36 / unit, "Factor 2": -72 / unit})
    assert slider_of(window).value() == pytest.approx(36 / unit), "the sliders are moved, not copied"
    assert len(steps_of(window)) == 1
    assert_drawn(plane, window, moved)
    window.actions_["undo"].trigger()
    assert plane.centre == (0.0, 0.0)
    walk(plane, QPoint(-4000, 0))
    assert state_of(window).picture.strengths["Factor 1"] == 10.0, "the plane ends"
    maps.to_right.setCurrentIndex(1)
    maps.to_right.activated.emit(1)
    assert maps.upwards.currentText() == "Factor 3", "the other axis gives way"
    maps.views.button(0).click()
    assert plane.centre == (42, 0)


def test_the_map_of_another_model_shows_its_pictures(
    plane: PlaneMap, window: MainWindow, make_model: Callable[..., Path]
) -> None:
    assert window.studio.open_path(make_model("other", z_dim=12, prior="uniform", seed=3))
    assert_drawn(plane, window, lambda places: on_lattice(places, 12, "uniform"))


def test_out_of_sight_the_map_asks_for_nothing(plane: PlaneMap, window: MainWindow) -> None:
    window.show_page(0)
    asked = []
    window.studio.render.timed.connect(lambda timing: asked.append(timing.lane))
    drag(slider_of(window), 0.7)
    settle(window)
    assert "picture" in asked
    assert not {"map-hand", "map-tiles"} & set(asked)
    window.show_page(4)
    settle(window)
    assert {"map-hand", "map-tiles"} <= set(asked)


def test_samples_that_look_alike_lie_together(samples: SampleMap) -> None:
    found = samples._map
    assert found is not None
    looks = found.drawn.views[0]
    pairs = np.random.RandomState(0).randint(0, FEW, (2000, 2))
    alike = np.linalg.norm(looks[pairs[:, 0]] - looks[pairs[:, 1]], axis=1)
    apart = np.linalg.norm(found.places[pairs[:, 0]] - found.places[pairs[:, 1]], axis=1)
    assert np.corrcoef(alike, apart)[0, 1] > 0.4
    assert f"{FEW} samples" in samples.description()


def test_pictures_do_not_cover_each_other_and_more_appear_as_one_zooms(samples: SampleMap) -> None:
    counts = []
    for _ in range(4):
        targets = [samples._target(samples._items[index]) for index in samples._shown]
        assert not any(a.intersects(b) for i, a in enumerate(targets) for b in targets[:i])
        counts.append(len(samples._shown))
        samples.zoom(1.6)
    assert counts == sorted(counts)
    assert counts[-1] > counts[0] > 4
    QTest.keyClick(samples, Qt.Key.Key_0)
    assert len(samples._shown) == counts[0]


def test_a_sample_is_enlarged_picked_up_and_dragged_away(
    samples: SampleMap, window: MainWindow, monkeypatch: pytest.MonkeyPatch
) -> None:
    index = samples._shown[3]
    at = samples.to_screen(samples._items[index].at).toPoint()
    QTest.mouseMove(samples, at)
    assert samples._pointed is samples._items[index]
    assert samples.accessibleDescription() == f"seed {index}"
    QTest.mouseClick(samples, LEFT, pos=at)
    assert state_of(window).picture.same_as(Point.from_seed(index, 8, "normal"))
    assert steps_of(window) == (f"Pick up seed {index}",)
    dragged: list[Card] = []
    monkeypatch.setattr(sample_map, "start_drag", lambda source, card: dragged.append(card))
    walk(samples, QPoint(40, 40), start=at)
    assert [card.name for card in dragged] == [f"seed {index}"]
    assert steps_of(window) == (f"Pick up seed {index}",)


def test_the_ground_is_dragged_and_the_wheel_keeps_what_is_under_the_pointer(samples: SampleMap) -> None:
    corner = QPoint(2, 2)
    assert samples._item_at(QPointF(corner)) is None
    walk(samples, QPoint(50, 20), start=corner)
    assert samples.centre == pytest.approx((-50 / samples.scale_px, 20 / samples.scale_px))
    at = QPointF(samples.rect().center())
    place = samples.to_place(at)
    turn_wheel(samples, 3)
    assert samples.to_place(at) == pytest.approx(place)


def test_keys_go_from_picture_to_picture(samples: SampleMap, window: MainWindow) -> None:
    samples.setFocus()
    QTest.keyClick(samples, Qt.Key.Key_Right)
    first = samples._pointed
    assert first is not None
    QTest.keyClick(samples, Qt.Key.Key_Right)
    second = samples._pointed
    assert second is not None
    assert second.at[0] > first.at[0]
    QTest.keyClick(samples, Qt.Key.Key_Return)
    assert second is samples._items[state_of(window).picture.seed or 0]


def test_cards_are_pinned_where_they_look_alike(samples: SampleMap, window: MainWindow, qtbot: QtBot) -> None:
    found = samples._map
    assert found is not None
    window.studio.apply(changes.pick_up(found.drawn.point(7)), "pick up")
    qtbot.waitUntil(lambda: samples._hand == pytest.approx(tuple(found.places[7]), abs=0.05), timeout=30_000)
    QTest.keyClick(window, Qt.Key.Key_K)
    qtbot.waitUntil(lambda: len(samples._pins) == 1, timeout=30_000)
    pin = samples._pins[0]
    assert pin.at == pytest.approx(tuple(found.places[7]), abs=0.05)
    window.studio.apply(changes.set_seed(42), "another")
    QTest.mouseClick(samples, LEFT, pos=samples.to_screen(pin.at).toPoint())
    assert state_of(window).picture.seed == 7
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    window.actions_["undo"].trigger()
    qtbot.waitUntil(lambda: samples._pins == [], timeout=30_000)


def test_another_model_has_another_map(
    samples: SampleMap, window: MainWindow, make_model: Callable[..., Path], qtbot: QtBot
) -> None:
    assert window.studio.open_path(make_model("other", z_dim=12, channels=1, seed=3))
    assert samples._map is None
    wait_for_map(samples, qtbot)
    assert samples._map is not None
    assert samples._map.drawn.z.shape == (FEW, 12)
    assert len(samples._items) == FEW


def test_pictures_in_one_place_are_shown_there(samples: SampleMap) -> None:
    before = samples.scale_px
    first = samples._items[0]
    samples.set_items([PlacedPicture(first.image, (0.0, 0.0), "one"), PlacedPicture(first.image, (0.0, 0.0), "two")])
    assert len(samples._shown) == 1
    assert samples.scale_px == pytest.approx(before, rel=1.0), "as large as a map of others"


def test_a_state_is_told_after_the_model_that_it_belongs_to(
    window: MainWindow, make_model: Callable[..., Path]
) -> None:
    told: list[tuple[str, int]] = []
    window.studio.model_changed.connect(lambda model: told.append(("model", model.z_dim)))
    window.studio.state_changed.connect(lambda state: told.append(("state", state.z_dim)))
    assert window.studio.open_path(make_model("other", z_dim=12, channels=1))
    assert told[:2] == [("model", 12), ("state", 12)]


def test_the_window_closes_while_a_map_is_drawn(maps: MapsPanel, window: MainWindow) -> None:
    maps.views.button(SAMPLES).click()
    assert maps.samples._work.busy
    window.close()
    assert not [thread for thread in threading.enumerate() if thread.name == "analysis"]
