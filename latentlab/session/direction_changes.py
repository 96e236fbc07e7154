"""Changes a user can make to the directions: add, rename, delete, mark and order them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from latentlab.latent.directions import Direction
from latentlab.session.card import Card
from latentlab.session.changes import Change
from latentlab.session.point import Point
from latentlab.session.sliders import Mark, unique_name
from latentlab.session.state import SessionState


def add_directions(found: Sequence[Direction], taken: Iterable[str]) -> Change:
    """Put directions before those there are; one whose name is taken gets a number.

    Args:
        found: The new ones.
        taken: Names that the model's own directions have.
    """
    names = tuple(taken)

    def change(state: SessionState) -> SessionState:
        known = [*names, *(direction.name for direction in state.directions)]
        added = []
        for direction in found:
            name = unique_name(direction.name, known)
            known.append(name)
            added.append(direction if name == direction.name else replace(direction, name=name))
        return replace(state, directions=(*added, *state.directions))

    return change


def remove_directions(names: Iterable[str], present: Sequence[Direction]) -> Change:
    """Delete directions; every point that was moved along one stays where it is, as a latent of its own.

    Args:
        names: Of the user's own directions.
        present: All directions there are, to work out where such points are.
    """
    gone = frozenset(names)

    def change(state: SessionState) -> SessionState:
        def settled(point: Point) -> Point:
            if gone.isdisjoint(point.strengths):
                return point
            return Point(point.z(present, state.prior), origin=point.title(), label=point.label)

        kept = tuple(direction for direction in state.directions if direction.name not in gone)
        if len(kept) == len(state.directions):
            return state
        return replace(_with_points(state, settled), directions=kept, sliders=state.sliders.without(gone))

    return change


def rename_direction(old: str, new: str, taken: Iterable[str]) -> Change:
    """Give one of the user's directions another name, in every point that uses it.

    Args:
        old: Its name.
        new: The name wanted; a number is added where another direction has it.
        taken: Names that the model's own directions have.
    """
    names = tuple(taken)

    def change(state: SessionState) -> SessionState:
        others = [direction.name for direction in state.directions if direction.name != old]
        name = unique_name(new, [*names, *others])
        if name == old or len(others) == len(state.directions):
            return state

        def renamed(point: Point) -> Point:
            if old not in point.strengths:
                return point
            moved = {name if key == old else key: value for key, value in point.strengths.items()}
            return replace(point, strengths=moved)

        directions = tuple(
            replace(direction, name=name) if direction.name == old else direction for direction in state.directions
        )
        return replace(_with_points(state, renamed), directions=directions, sliders=state.sliders.renamed(old, name))

    return change


def mark_direction(mark: Mark, name: str, on: bool) -> Change:
    """Lock, favour or hide a direction, or undo that."""
    return lambda state: replace(state, sliders=state.sliders.marked(mark, name, on))


def order_directions(names: Sequence[str]) -> Change:
    """Put the sliders in an order."""
    return lambda state: replace(state, sliders=replace(state.sliders, order=tuple(names)))


def _with_points(state: SessionState, change: Callable[[Point], Point]) -> SessionState:
    """Change every point of the document; the cards keep their pictures and latents."""

    def changed(card: Card) -> Card:
        point = change(card.point)
        return card if point is card.point else replace(card, point=point)

    strip = state.strip
    first, second, third = (replace(term, cards=tuple(map(changed, term.cards))) for term in state.terms)
    return replace(
        state,
        picture=change(state.picture),
        before=change(state.before),
        strip=replace(strip, a=change(strip.a), b=change(strip.b)),
        terms=(first, second, third),
        shelf=tuple(map(changed, state.shelf)),
    )
