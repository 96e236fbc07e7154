"""The user's own directions in the document: added, renamed, deleted, marked, undone, and kept for the next time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from latentlab.latent.directions import Direction
from latentlab.models.checkpoint import Generator
from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.direction_changes import (
    add_directions,
    mark_direction,
    order_directions,
    remove_directions,
    rename_direction,
)
from latentlab.session.direction_library import keep_in_library, load_library, with_library
from latentlab.session.model import SessionModel
from latentlab.session.opened import OpenedModel
from latentlab.session.point import Point
from latentlab.session.sliders import SliderLayout, offered, unique_name
from latentlab.session.state import SessionState, fresh_state
from latentlab.session.store import load_session, save_session

Z_DIM = 8


def direction(name: str, seed: int = 0, **known: object) -> Direction:
    vector = np.random.default_rng(seed).standard_normal(Z_DIM).astype(np.float32)
    return Direction(name, "measured", vector, 1.0, **known)  # type: ignore[arg-type]


def state_with(*names: str) -> SessionState:
    found = [direction(name, seed) for seed, name in enumerate(names)]
    return add_directions(found, ())(fresh_state(Z_DIM, "normal"))


def test_new_directions_come_first_and_take_no_name_twice() -> None:
    state = add_directions([direction("slant", 1), direction("New", 2)], ["z 1", "NEW"])(state_with("Slant"))
    assert [each.name for each in state.directions] == ["slant 2", "New 2", "Slant"]
    shown = offered(state.directions, [direction("SLANT", 3), direction("z 1", 4)])
    assert [each.name for each in shown] == ["slant 2", "New 2", "Slant", "z 1"]
    assert shown[2] is state.directions[2]


@pytest.mark.parametrize(("wanted", "taken", "name"), [(" a ", ["A", "a 2"], "a 3"), ("", [], "Direction")])
def test_a_name_is_made_unique(wanted: str, taken: list[str], name: str) -> None:
    assert unique_name(wanted, taken) == name


def edited(state: SessionState) -> SessionState:
    """Move the picture along a and b, and keep it as a card."""
    for name, value in (("a", 1.5), ("b", -0.5)):
        state = changes.set_strength(name, value)(state)
    point = state.picture
    z = point.z(state.directions, state.prior)
    card = Card("kept", point, z, np.zeros((4, 4, 1), np.uint8), "normal", "0" * 16, "model")
    state = changes.keep(card)(changes.add_exemplar(0, card)(state))
    return changes.set_end("b", point)(state)


def test_a_new_name_is_known_everywhere() -> None:
    state = edited(mark_direction("locked", "a", True)(order_directions(["b", "a"])(state_with("a", "b", "c"))))
    after = rename_direction("a", "Smile", ["z 1"])(state)
    assert [each.name for each in after.directions] == ["Smile", "b", "c"]
    points = [after.picture, after.strip.b, after.shelf[0].point, after.terms[0].cards[0].point]
    assert all(dict(point.strengths) == {"Smile": 1.5, "b": -0.5} for point in points)
    assert after.sliders == SliderLayout(locked=frozenset(["Smile"]), order=("b", "Smile"))
    assert rename_direction("a", "B", [])(state).directions[0].name == "B 2"
    assert rename_direction("a", "z 1", ["z 1"])(state).directions[0].name == "z 1 2"
    assert rename_direction("a", "a", [])(state) is state
    assert rename_direction("nobody", "x", [])(state) is state


def test_deleting_moves_no_picture() -> None:
    state = edited(mark_direction("hidden", "a", True)(state_with("a", "b", "c")))
    after = remove_directions(["a"], state.directions)(state)
    assert [each.name for each in after.directions] == ["b", "c"]
    for was, now in ((state.picture, after.picture), (state.strip.b, after.strip.b)):
        assert np.allclose(now.z(after.directions, "normal"), was.z(state.directions, "normal"), atol=1e-6)
        assert not now.strengths
    assert np.array_equal(after.shelf[0].z, state.shelf[0].z)
    assert after.shelf[0].id == state.shelf[0].id
    assert after.sliders == SliderLayout()
    assert remove_directions(["nobody"], ())(state) is state


@pytest.mark.parametrize("mark", ["locked", "favourites", "hidden"])
def test_marks_come_and_go(mark: str) -> None:
    state = mark_direction(mark, "a", True)(state_with("a"))  # type: ignore[arg-type]
    assert getattr(state.sliders, mark) == {"a"}
    assert mark_direction(mark, "a", False)(state).sliders == SliderLayout()  # type: ignore[arg-type]


@settings(deadline=None, max_examples=20)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=60), st.integers(0, 2**31))
def test_two_hundred_random_steps_are_undone_bit_for_bit(kinds: list[int], seed: int) -> None:
    random = np.random.default_rng(seed)
    start = state_with("a", "b", "c")
    model = SessionModel(start)
    for kind in kinds * (200 // len(kinds) + 1):
        names = [each.name for each in model.state.directions] or ["gone"]
        name = names[random.integers(len(names))]
        step = (
            changes.set_strength(name, float(random.normal())),
            changes.set_seed(int(random.integers(1000))),
            add_directions([direction("more", int(random.integers(99)))], ()),
            remove_directions([name], model.state.directions),
            rename_direction(name, str(random.integers(5)), ()),
            mark_direction("locked", name, bool(random.integers(2))),
            changes.swap_ends(),
        )[kind]
        model.apply(step, "step")
    labels, end = model.history, model.state
    assert model.position == len(labels)
    model.go_to(0)
    assert model.state is start
    assert model.history == labels
    model.go_to(len(labels))
    assert model.state is end


def test_a_session_file_holds_them(tmp_path: Path) -> None:
    found = direction("Slant", 3, detail="d", layer="layer 2", accuracy=0.9, model="ab", created="2026-01-02")
    state = add_directions([found, direction("x", 4)], ())(fresh_state(Z_DIM, "normal"))
    state = order_directions(["x", "Slant"])(mark_direction("favourites", "x", True)(state))
    save_session(tmp_path / "one.latentlab", state, tmp_path / "model.safetensors", "0" * 16)
    back = load_session(tmp_path / "one.latentlab").state
    assert back.sliders == state.sliders
    for mine, theirs in zip(back.directions, state.directions, strict=True):
        assert np.array_equal(mine.vector, theirs.vector)
        assert {**vars(mine), "vector": 0} == {**vars(theirs), "vector": 0}


def test_what_was_found_is_there_the_next_time(
    small_generator: Callable[..., Generator], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    model = OpenedModel(small_generator())
    content_hash = model.generator.content_hash
    state = add_directions([direction("mine", 1, model=content_hash), direction("other", 2, model="ff")], ())(
        fresh_state(Z_DIM, "normal")
    )
    keep_in_library(state, model)
    assert [each.name for each in load_library(content_hash)] == ["mine"]
    again = with_library(fresh_state(Z_DIM, "normal"), model)
    assert [each.name for each in again.directions] == ["mine"]
    assert with_library(again, model) is again
    keep_in_library(fresh_state(Z_DIM, "normal"), model)
    assert load_library(content_hash) == ()


def test_points_of_another_width_start_anew_without_them() -> None:
    from latentlab.session.state import adopted

    assert adopted(state_with("a"), 12, "normal").directions == ()
    assert adopted(state_with("a"), Z_DIM, "normal").directions != ()
    assert isinstance(adopted(state_with("a"), 12, "normal").picture, Point)
