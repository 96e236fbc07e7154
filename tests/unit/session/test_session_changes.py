"""Every change, undo and redo; the ends of the strip."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from latentlab.session import changes
from latentlab.session.card import Card
from latentlab.session.changes import Change
from latentlab.session.model import MAX_STEPS, SessionModel
from latentlab.session.point import Point
from latentlab.session.state import MAX_FRAMES, MIN_FRAMES, SessionState, adopted, fresh_state

MakeCard = Callable[..., Card]
quick = settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, derandomize=True, max_examples=150
)


def point_of(seed: int) -> Point:
    return Point.from_seed(seed, 6, "normal")


def after(state: SessionState, *steps: Change) -> SessionState:
    for change in steps:
        state = change(state)
    return state


def frozen_copy(state: SessionState) -> object:
    """Return all that a state holds, as plain values."""
    points = [state.picture, state.before, state.strip.a, state.strip.b]
    cards = [*state.shelf, *(card for term in state.terms for card in term.cards)]
    points += [card.point for card in cards]
    return (
        [
            (each.base.tobytes(), each.seed, dict(each.strengths), each.truncation, each.renormalised, each.label)
            for each in points
        ],
        [(card.id, card.name, card.z.tobytes(), card.pixels.tobytes()) for card in cards],
        (state.strip.held, state.strip.mode, state.strip.frames, state.arithmetic_renormalised),
    )


def all_changes(cards: list[Card]) -> dict[str, st.SearchStrategy[Change]]:
    ids = st.sampled_from([card.id for card in cards] + [0])
    points = st.integers(0, 5).map(point_of)
    terms, ends, card = st.integers(0, 2), st.sampled_from(["a", "b"]), st.sampled_from(cards)
    names = st.sampled_from(["Slant", "z 1"])
    return {
        "set_strength": st.builds(changes.set_strength, names, st.sampled_from([-1.0, 0.0, 0.5])),
        "reset_strengths": st.builds(changes.reset_strengths),
        "set_truncation": st.builds(changes.set_truncation, st.sampled_from([0.5, 1.0])),
        "set_renormalised": st.builds(changes.set_renormalised, st.booleans()),
        "set_class": st.builds(changes.set_class, st.sampled_from([None, 0, 3])),
        "set_seed": st.builds(changes.set_seed, st.integers(0, 5), st.booleans()),
        "pick_up": st.builds(changes.pick_up, points),
        "put_in_place": st.builds(changes.put_in_place, points),
        "hold_end": st.builds(changes.hold_end, ends),
        "let_go_of_end": st.builds(changes.let_go_of_end),
        "set_end": st.builds(changes.set_end, ends, points),
        "swap_ends": st.builds(changes.swap_ends),
        "set_mode": st.builds(changes.set_mode, st.sampled_from(["slerp", "lerp"])),
        "set_frames": st.builds(changes.set_frames, st.integers(-5, 40)),
        "keep": st.builds(changes.keep, card),
        "remove_cards": st.builds(changes.remove_cards, st.frozensets(ids)),
        "rename_card": st.builds(changes.rename_card, ids, st.text(max_size=3)),
        "move_card": st.builds(changes.move_card, ids, st.integers(-2, 5)),
        "add_exemplar": st.builds(changes.add_exemplar, terms, card),
        "set_exemplars": st.builds(changes.set_exemplars, terms, st.lists(card, max_size=3).map(tuple)),
        "remove_exemplar": st.builds(changes.remove_exemplar, terms, st.integers(-2, 3)),
        "set_arithmetic_renormalised": st.builds(changes.set_arithmetic_renormalised, st.booleans()),
    }


def test_every_change_is_put_to_the_test(make_card: MakeCard) -> None:
    public = {name for name, value in vars(changes).items() if callable(value) and value.__module__ == changes.__name__}
    named = {name for name in public if not name.startswith("_")} - {"random_seed"}
    assert set(all_changes([make_card(1)])) == named


@given(data=st.data())
@quick
def test_undo_and_redo_retrace_any_walk(make_card: MakeCard, data: st.DataObject) -> None:
    """Against a plain list of states; merge keys and undo in between included."""
    cards = [make_card(seed) for seed in range(3)]
    one = st.one_of(*all_changes(cards).values())
    first = after(fresh_state(6, "normal"), *map(changes.keep, cards))
    model = SessionModel(first)
    heard: list[tuple[SessionState, SessionState]] = []
    model.changed.connect(lambda new, old: heard.append((new, old)))
    history, at, key_of_last = [first], 0, None
    for _ in range(data.draw(st.integers(1, 25))):
        action = data.draw(st.sampled_from(["apply"] * 5 + ["undo", "redo"]))
        before = model.state
        if action == "undo":
            model.undo()
            at, key_of_last = (at - 1, None) if at > 0 else (at, key_of_last)
        elif action == "redo":
            model.redo()
            at, key_of_last = (at + 1, None) if at < len(history) - 1 else (at, key_of_last)
        else:
            key = data.draw(st.sampled_from([None, None, ("drag", 1), ("drag", 2)]))
            expected = data.draw(one)
            model.apply(expected, "change", key)
            if model.state is not before:
                if key is None or key != key_of_last:
                    at += 1
                history[at:] = [model.state]
                key_of_last = key
        assert model.state is history[at]
        assert (model.undo_label is None) == (at == 0)
        assert (model.redo_label is None) == (at == len(history) - 1)
    for state in reversed(history[:at]):
        model.undo()
        assert model.state is state
    for state in history[1:]:
        model.redo()
        assert model.state is state
    assert all(new is not old for new, old in heard if new != old)


@given(data=st.data())
@quick
def test_no_change_touches_the_state_it_came_from(make_card: MakeCard, data: st.DataObject) -> None:
    cards = [make_card(seed) for seed in range(3)]
    kinds = all_changes(cards)
    state = after(fresh_state(6, "normal"), *map(changes.keep, cards), changes.add_exemplar(0, cards[0]))
    for name in data.draw(st.lists(st.sampled_from(sorted(kinds)), min_size=1, max_size=8)):
        told = copy.deepcopy(frozen_copy(state))
        new = data.draw(kinds[name])(state)
        assert frozen_copy(state) == told
        state = new


@pytest.mark.parametrize(
    "nothing",
    [
        changes.set_strength("Slant", 0.0),
        changes.reset_strengths(),
        changes.set_truncation(1.0),
        changes.set_renormalised(False),
        changes.hold_end("a"),
        changes.set_mode("slerp"),
        changes.set_frames(8),
        changes.remove_cards(frozenset({-1})),
        changes.rename_card(-1, "x"),
        changes.move_card(-1, 0),
        changes.set_exemplars(0, ()),
        changes.remove_exemplar(0, 0),
        changes.set_arithmetic_renormalised(True),
    ],
)
def test_what_changes_nothing_is_no_step(fresh: SessionState, nothing: Change) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_seed(5), "seed")
    model.undo()
    model.apply(nothing, "nothing")
    assert model.state is fresh
    assert model.undo_label is None
    assert model.redo_label == "seed"


def test_moves_of_one_gesture_are_one_step(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    for move in range(100):
        model.apply(changes.set_strength("Slant", move / 10), "Slant", ("strength", "Slant", 1))
    model.undo()
    assert model.state is fresh
    assert model.undo_label is None
    model.redo()
    assert model.state.picture.strengths["Slant"] == 9.9


def test_a_new_gesture_is_a_step_of_its_own(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    for gesture in (1, 2):
        for move in (1.0, 2.0):
            model.apply(changes.set_strength("Slant", gesture + move), "Slant", ("strength", "Slant", gesture))
    model.undo()
    assert model.state.picture.strengths["Slant"] == 3.0
    model.undo()
    assert model.state is fresh


def test_another_change_in_between_ends_a_gesture(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_strength("Slant", 1.0), "Slant", "drag")
    model.apply(changes.set_frames(5), "5 frames")
    model.apply(changes.set_strength("Slant", 2.0), "Slant", "drag")
    model.undo()
    assert model.state.picture.strengths["Slant"] == 1.0
    assert model.undo_label == "5 frames"


@pytest.mark.parametrize("redo_first", [False, True])
def test_a_gesture_that_goes_on_after_undo_is_a_new_step(fresh: SessionState, redo_first: bool) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_strength("Slant", 1.0), "Slant", "drag")
    model.apply(changes.set_frames(5), "5 frames")
    model.undo()
    if redo_first:
        model.undo()
        model.redo()
    resumed = model.state
    model.apply(changes.set_strength("Slant", 2.0), "Slant", "drag")
    model.apply(changes.set_strength("Slant", 3.0), "Slant", "drag")
    model.undo()
    assert model.state is resumed
    model.redo()
    assert model.state.picture.strengths["Slant"] == 3.0


def test_a_change_after_undo_forgets_what_was_undone(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_seed(1), "seed 1")
    model.undo()
    assert (model.undo_label, model.redo_label) == (None, "seed 1")
    model.apply(changes.set_seed(2), "seed 2")
    assert (model.undo_label, model.redo_label) == ("seed 2", None)
    model.redo()
    assert model.state.picture.seed == 2


def test_undo_and_redo_with_nothing_to_do_say_nothing(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    heard: list[object] = []
    model.changed.connect(lambda new, old: heard.append(new))
    model.undo()
    model.redo()
    assert heard == []
    assert model.state is fresh


def test_listeners_hear_of_every_change_with_what_was_before(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    heard: list[tuple[SessionState, SessionState]] = []
    model.changed.connect(lambda new, old: heard.append((new, old)))
    model.apply(changes.set_seed(1), "seed")
    changed = model.state
    model.undo()
    model.redo()
    other = fresh_state(6, "normal")
    model.replace_all(other)
    assert [(id(new), id(old)) for new, old in heard] == [
        (id(changed), id(fresh)),
        (id(fresh), id(changed)),
        (id(changed), id(fresh)),
        (id(other), id(changed)),
    ]


def test_undo_does_not_reach_across_documents(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_seed(1), "seed 1")
    model.apply(changes.set_seed(2), "seed 2")
    model.undo()
    model.replace_all(fresh_state(9, "uniform"))
    assert (model.undo_label, model.redo_label) == (None, None)


def test_a_change_that_fails_leaves_everything_as_it_was(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    model.apply(changes.set_seed(1), "seed 1")
    model.undo()
    with pytest.raises(ValueError, match="outside"):
        model.apply(changes.set_seed(-1), "seed -1")
    assert model.state is fresh
    assert (model.undo_label, model.redo_label) == (None, "seed 1")


def test_the_oldest_steps_are_forgotten(fresh: SessionState) -> None:
    model = SessionModel(fresh)
    for step in range(MAX_STEPS + 5):
        model.apply(changes.set_truncation(step / 10_000), str(step))
    for _ in range(MAX_STEPS):
        model.undo()
    assert model.undo_label is None
    assert model.state.picture.truncation == 4 / 10_000


# The picture


def test_a_seed_keeps_the_sliders_unless_told_otherwise(fresh: SessionState) -> None:
    edited = after(fresh, changes.set_strength("Slant", 2.0), changes.set_truncation(0.5), changes.set_seed(9))
    assert (edited.picture.seed, edited.picture.truncation) == (9, 0.5)
    assert dict(edited.picture.strengths) == {"Slant": 2.0}
    assert np.array_equal(edited.picture.base, point_of(9).base)
    assert after(edited, changes.set_seed(9, keep_edits=False)).picture.same_as(point_of(9))


def test_a_seed_clears_where_the_picture_came_from(fresh: SessionState) -> None:
    found = after(fresh, changes.pick_up(Point(np.zeros(6), origin="A − B + C")), changes.set_seed(3))
    assert (found.picture.title(), found.picture.origin) == ("seed 3", "")


def test_a_seed_is_drawn_from_the_prior_of_the_document() -> None:
    state = after(fresh_state(6, "uniform"), changes.set_seed(3))
    assert np.array_equal(state.picture.base, Point.from_seed(3, 6, "uniform").base)


@pytest.mark.parametrize("change", [changes.set_strength("Slant", 1.0), changes.set_truncation(0.5)])
def test_compare_shows_the_picture_as_it_was_picked_up(fresh: SessionState, change: Change) -> None:
    assert after(fresh, change).before is fresh.picture


def test_compare_shows_another_seed_without_its_edits(fresh: SessionState) -> None:
    state = after(fresh, changes.set_strength("Slant", 1.0), changes.set_seed(9))
    assert dict(state.picture.strengths) == {"Slant": 1.0}
    assert state.before.same_as(Point.from_seed(9, state.z_dim, state.prior))


@pytest.mark.parametrize("change", [changes.pick_up(point_of(9)), changes.put_in_place(point_of(9))])
def test_another_picture_is_what_compare_goes_back_to(fresh: SessionState, change: Change) -> None:
    state = after(fresh, changes.set_strength("Slant", 1.0), change)
    assert state.before is state.picture


def test_seeds_of_the_dice_are_easy_to_type() -> None:
    random = np.random.default_rng(0)
    seeds = [changes.random_seed(random) for _ in range(1000)]
    assert all(type(seed) is int and 0 <= seed < 1_000_000 for seed in seeds)
    assert len(set(seeds)) > 990


# The ends of the strip


def test_the_held_end_follows_the_sliders(fresh: SessionState) -> None:
    state = after(fresh, changes.set_strength("Slant", 1.0))
    assert state.strip.held == "a"
    assert state.end("a") is state.picture
    assert state.end("b") is fresh.strip.b


def test_holding_the_other_end_keeps_the_first_where_it_was(fresh: SessionState) -> None:
    at_a = after(fresh, changes.set_strength("Slant", 1.0))
    at_b = after(at_a, changes.hold_end("b"))
    assert at_b.picture is at_b.before is fresh.strip.b
    edited = after(at_b, changes.set_strength("Slant", -3.0))
    assert edited.end("a") is at_a.picture
    assert edited.end("b") is edited.picture
    assert after(edited, changes.hold_end("a")).picture is at_a.picture


def test_an_end_that_is_let_go_of_stays_where_it_was(fresh: SessionState) -> None:
    at_a = after(fresh, changes.set_strength("Slant", 1.0))
    free = after(at_a, changes.let_go_of_end())
    assert free.strip.held is None
    moved = after(free, changes.set_strength("Slant", 5.0), changes.set_seed(9))
    assert moved.end("a") is at_a.picture
    assert after(moved, changes.let_go_of_end()) is moved


def test_an_end_taken_in_hand_comes_under_the_sliders(fresh: SessionState) -> None:
    free = after(fresh, changes.let_go_of_end(), changes.set_seed(9))
    held = after(free, changes.hold_end("b"))
    assert held.picture is fresh.strip.b
    assert held.end("a") is fresh.picture


def test_what_is_picked_up_leaves_the_held_end_behind(fresh: SessionState) -> None:
    at_a, point = after(fresh, changes.set_strength("Slant", 1.0)), point_of(9)
    state = after(at_a, changes.pick_up(point))
    assert state.picture is point
    assert state.strip.held is None
    assert (state.end("a"), state.end("b")) == (at_a.picture, fresh.strip.b)


def test_what_is_put_in_place_takes_the_held_end_along(fresh: SessionState) -> None:
    point = point_of(9)
    state = after(fresh, changes.put_in_place(point))
    assert state.picture is state.end("a") is point
    assert state.strip.held == "a"


def test_setting_the_held_end_changes_the_picture(fresh: SessionState) -> None:
    point = point_of(9)
    state = after(fresh, changes.set_end("a", point))
    assert state.picture is state.before is state.end("a") is point
    assert state.end("b") is fresh.end("b")


def test_setting_the_other_end_leaves_the_picture(fresh: SessionState) -> None:
    point = point_of(9)
    state = after(fresh, changes.set_end("b", point))
    assert state.picture is fresh.picture
    assert state.end("b") is point
    free = after(fresh, changes.let_go_of_end(), changes.set_end("a", point))
    assert free.picture is fresh.picture
    assert free.end("a") is point


@pytest.mark.parametrize("held", ["a", "b", None])
def test_swapping_exchanges_what_stands_at_the_ends(fresh: SessionState, held: str | None) -> None:
    hold = changes.hold_end(held) if held else changes.let_go_of_end()
    state = after(fresh, changes.set_strength("Slant", 1.0), hold, changes.set_strength("Slant", 2.0))
    swapped = after(state, changes.swap_ends())
    assert (swapped.end("a"), swapped.end("b")) == (state.end("b"), state.end("a"))
    assert swapped.picture is state.picture
    assert swapped.strip.held == {"a": "b", "b": "a", None: None}[held]
    back = after(swapped, changes.swap_ends())
    assert (back.end("a"), back.end("b"), back.strip.held) == (state.end("a"), state.end("b"), held)


@pytest.mark.parametrize(
    ("wanted", "kept"),
    [(-1, MIN_FRAMES), (2, MIN_FRAMES), (3, 3), (24, 24), (25, MAX_FRAMES), (10**9, MAX_FRAMES)],
)
def test_the_number_of_frames_stays_within_bounds(fresh: SessionState, wanted: int, kept: int) -> None:
    assert after(fresh, changes.set_frames(wanted)).strip.frames == kept


# The shelf and the arithmetic


@pytest.fixture
def shelf(fresh: SessionState, make_card: MakeCard) -> SessionState:
    return after(fresh, *(changes.keep(make_card(seed)) for seed in range(4)))


def names(state: SessionState) -> list[str]:
    return [card.name[-1] for card in state.shelf]


def test_a_card_is_kept_at_the_end(shelf: SessionState, make_card: MakeCard) -> None:
    assert names(after(shelf, changes.keep(make_card(7)))) == ["0", "1", "2", "3", "7"]


def test_cards_are_removed(shelf: SessionState) -> None:
    ids = frozenset({shelf.shelf[0].id, shelf.shelf[2].id, -1})
    assert names(after(shelf, changes.remove_cards(ids))) == ["1", "3"]


@pytest.mark.parametrize(
    ("which", "to", "order"),
    [(0, 2, "1203"), (3, 0, "3012"), (1, 1, "0123"), (2, 99, "0132"), (2, -5, "2013")],
)
def test_a_card_moves_to_the_place_named(shelf: SessionState, which: int, to: int, order: str) -> None:
    assert "".join(names(after(shelf, changes.move_card(shelf.shelf[which].id, to)))) == order


def test_a_card_is_renamed(shelf: SessionState) -> None:
    card = shelf.shelf[1]
    renamed = after(shelf, changes.rename_card(card.id, "b")).shelf
    assert [each.name for each in renamed] == ["card 0", "b", "card 2", "card 3"]
    assert renamed[1].id == card.id
    assert np.array_equal(renamed[1].pixels, card.pixels)
    assert [renamed[place] is shelf.shelf[place] for place in range(4)] == [True, False, True, True]


@pytest.mark.parametrize("term", [0, 1, 2])
def test_exemplars_come_and_go(fresh: SessionState, make_card: MakeCard, term: int) -> None:
    first, second, third = (make_card(seed) for seed in range(3))
    state = after(fresh, *(changes.add_exemplar(term, card) for card in (first, second, third)))
    assert state.terms[term].cards == (first, second, third)
    assert [each.sign for each in state.terms] == [1, -1, 1]
    assert all(not each.cards for place, each in enumerate(state.terms) if place != term)
    assert after(state, changes.remove_exemplar(term, 1)).terms[term].cards == (first, third)
    assert after(state, changes.remove_exemplar(term, -1)).terms[term].cards == (first, second, third)
    assert after(state, changes.set_exemplars(term, (third,))).terms[term].cards == (third,)


def test_an_exemplar_may_stand_twice(fresh: SessionState, make_card: MakeCard) -> None:
    card = make_card(1)
    state = after(fresh, changes.add_exemplar(0, card), changes.add_exemplar(0, card), changes.remove_exemplar(0, 0))
    assert state.terms[0].cards == (card,)


# Another model


def test_a_model_of_the_same_latents_keeps_everything(full: SessionState) -> None:
    assert adopted(full, full.z_dim, full.prior) is full


@pytest.mark.parametrize(("z_dim", "prior"), [(6, "normal"), (9, "uniform")])
def test_a_model_of_other_latents_keeps_all_but_the_points(full: SessionState, z_dim: int, prior: str) -> None:
    state = adopted(full, z_dim, prior)  # type: ignore[arg-type]
    assert (state.z_dim, state.prior) == (z_dim, prior)
    for point in (state.picture, state.before, state.end("a"), state.end("b")):
        assert point.same_as(Point.from_seed(point.seed or 0, z_dim, prior))  # type: ignore[arg-type]
    assert state.end("a") is state.picture
    assert not state.end("a").same_as(state.end("b"))
    assert (state.shelf, state.terms) == (full.shelf, full.terms)
    assert (state.strip.mode, state.strip.frames) == ("lerp", 11)
    assert state.arithmetic_renormalised is False


def test_a_fresh_document_is_a_strip_between_two_seeds() -> None:
    state = fresh_state(6, "uniform", (42, 7))
    assert (state.end("a").seed, state.end("b").seed) == (42, 7)
    assert state.picture is state.before is state.end("a")
    assert replace(state, z_dim=6) == state
