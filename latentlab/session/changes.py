"""Every change a user can make to the document, as functions from one state to the next."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from latentlab.latent.interpolation import Mode
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.state import MAX_FRAMES, MIN_FRAMES, End, SessionState, Strip

Change = Callable[[SessionState], SessionState]


def set_strength(name: str, strength: float) -> Change:
    """Move the picture along a direction to a strength, in sigmas."""
    return lambda state: _edited(state, state.picture.with_strength(name, strength))


def reset_strengths() -> Change:
    """Bring every slider back to zero."""
    return lambda state: _edited(state, replace(state.picture, strengths={}))


def set_truncation(psi: float) -> Change:
    """Set psi of the picture."""
    return lambda state: _edited(state, replace(state.picture, truncation=psi))


def set_renormalised(on: bool) -> Change:
    """Switch the picture's renormalisation."""
    return lambda state: _edited(state, replace(state.picture, renormalised=on))


def set_class(label: int | None) -> Change:
    """Draw the picture as another class."""
    return lambda state: _edited(state, replace(state.picture, label=label))


def set_seed(seed: int, keep_edits: bool = True) -> Change:
    """Start the picture from another seed; the sliders stay where they are unless told otherwise."""

    def change(state: SessionState) -> SessionState:
        base = replace(Point.from_seed(seed, state.z_dim, state.prior), label=state.picture.label)
        point = replace(state.picture, base=base.base, seed=seed, origin="") if keep_edits else base
        at_rest = replace(point, strengths={}, truncation=1.0, renormalised=False)
        return replace(state, picture=point, before=at_rest)

    return change


def pick_up(point: Point) -> Change:
    """Put a point under the sliders; an end of the strip that was held stays where it was."""

    def change(state: SessionState) -> SessionState:
        return replace(_let_go(state), picture=point, before=point)

    return change


def put_in_place(point: Point) -> Change:
    """Replace the picture; an end of the strip that is held goes with it."""
    return lambda state: replace(state, picture=point, before=point)


def hold_end(which: End) -> Change:
    """Put an end of the strip under the sliders, so that it follows every edit."""

    def change(state: SessionState) -> SessionState:
        if state.strip.held == which:
            return state
        point = state.end(which)
        free = _let_go(state)
        return replace(free, picture=point, before=point, strip=replace(free.strip, held=which))

    return change


def let_go_of_end() -> Change:
    """Leave the held end where it is; the picture goes its own way from now on."""
    return _let_go


def set_end(which: End, point: Point) -> Change:
    """Put a point at an end of the strip; where that end is held, under the sliders too."""

    def change(state: SessionState) -> SessionState:
        if state.strip.held == which:
            return replace(state, picture=point, before=point)
        strip = state.strip
        moved = replace(strip, a=point) if which == "a" else replace(strip, b=point)
        return replace(state, strip=moved)

    return change


def swap_ends() -> Change:
    """Exchange the ends; the one that is held stays under the sliders, on the other side."""

    def change(state: SessionState) -> SessionState:
        held: End | None = {"a": "b", "b": "a", None: None}[state.strip.held]
        return replace(state, strip=replace(state.strip, a=state.end("b"), b=state.end("a"), held=held))

    return change


def set_mode(mode: Mode) -> Change:
    """Choose how the frames between the ends are found."""
    return lambda state: replace(state, strip=replace(state.strip, mode=mode))


def set_frames(count: int) -> Change:
    """Choose how many pictures the strip shows, 3 to 24."""
    kept = min(MAX_FRAMES, max(MIN_FRAMES, count))
    return lambda state: replace(state, strip=replace(state.strip, frames=kept))


def keep(card: Card) -> Change:
    """Put a card at the end of the shelf."""
    return lambda state: replace(state, shelf=(*state.shelf, card))


def remove_cards(ids: frozenset[int]) -> Change:
    """Take cards off the shelf."""
    return lambda state: replace(state, shelf=tuple(card for card in state.shelf if card.id not in ids))


def rename_card(card_id: int, name: str) -> Change:
    """Write another name under a card of the shelf."""

    def renamed(card: Card) -> Card:
        return replace(card, name=name) if card.id == card_id else card

    return lambda state: replace(state, shelf=tuple(renamed(card) for card in state.shelf))


def move_card(card_id: int, to: int) -> Change:
    """Move a card to another place on the shelf."""

    def change(state: SessionState) -> SessionState:
        moving = [card for card in state.shelf if card.id == card_id]
        others = [card for card in state.shelf if card.id != card_id]
        place = max(0, min(to, len(others)))
        return replace(state, shelf=(*others[:place], *moving, *others[place:]))

    return change


def add_exemplar(term: int, card: Card) -> Change:
    """Add a card to a term of the arithmetic."""
    return _with_cards(term, lambda cards: (*cards, card))


def set_exemplars(term: int, cards: tuple[Card, ...]) -> Change:
    """Replace the exemplars of a term of the arithmetic."""
    return _with_cards(term, lambda _: cards)


def remove_exemplar(term: int, place: int) -> Change:
    """Take a card out of a term of the arithmetic."""
    return _with_cards(term, lambda cards: tuple(card for index, card in enumerate(cards) if index != place))


def set_arithmetic_renormalised(on: bool) -> Change:
    """Switch the renormalisation of the arithmetic's result."""
    return lambda state: replace(state, arithmetic_renormalised=on)


def _edited(state: SessionState, picture: Point) -> SessionState:
    return state if picture.same_as(state.picture) else replace(state, picture=picture)


def _with_cards(term: int, cards: Callable[[tuple[Card, ...]], tuple[Card, ...]]) -> Change:
    def change(state: SessionState) -> SessionState:
        terms = list(state.terms)
        terms[term] = replace(terms[term], cards=cards(terms[term].cards))
        return replace(state, terms=(terms[0], terms[1], terms[2]))

    return change


def _let_go(state: SessionState) -> SessionState:
    strip: Strip = state.strip
    if strip.held is None:
        return state
    return replace(state, strip=replace(strip, a=state.end("a"), b=state.end("b"), held=None))


def random_seed(random: np.random.Generator) -> int:
    """Draw a seed that is easy to read and to type, 0 to 999,999."""
    return int(random.integers(0, 1_000_000))
