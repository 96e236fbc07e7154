"""How the sliders are laid out: which are locked, marked, hidden, and in what order."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal

from latentlab.latent.directions import Direction

Mark = Literal["locked", "favourites", "hidden"]


@dataclass(frozen=True)
class SliderLayout:
    """What a user has made of the list of sliders; names of directions throughout.

    Attributes:
        locked: Shall stay as they are: searches condition on them, and their sliders do not move.
        favourites: Come first.
        hidden: Are not shown.
        order: Those that were moved by hand, in the order wanted; the others follow as they come.
    """

    locked: frozenset[str] = frozenset()
    favourites: frozenset[str] = frozenset()
    hidden: frozenset[str] = frozenset()
    order: tuple[str, ...] = ()

    def marked(self, mark: Mark, name: str, on: bool) -> SliderLayout:
        """Return a copy with a mark set or taken off."""
        named = frozenset((name,))
        match mark:
            case "locked":
                return replace(self, locked=self.locked | named if on else self.locked - named)
            case "favourites":
                return replace(self, favourites=self.favourites | named if on else self.favourites - named)
            case "hidden":
                return replace(self, hidden=self.hidden | named if on else self.hidden - named)

    def renamed(self, old: str, new: str) -> SliderLayout:
        """Return a copy in which a direction has another name."""

        def change(name: str) -> str:
            return new if name == old else name

        return SliderLayout(
            frozenset(map(change, self.locked)),
            frozenset(map(change, self.favourites)),
            frozenset(map(change, self.hidden)),
            tuple(map(change, self.order)),
        )

    def without(self, names: Iterable[str]) -> SliderLayout:
        """Return a copy that knows nothing of some directions."""
        gone = frozenset(names)
        return SliderLayout(
            self.locked - gone,
            self.favourites - gone,
            self.hidden - gone,
            tuple(name for name in self.order if name not in gone),
        )


def unique_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that no other direction has, whatever the case: ``Slant``, ``Slant 2``, ``Slant 3``, ..."""
    known = {each.casefold() for each in taken}
    wanted, count = name.strip() or "Direction", 1
    found = wanted
    while found.casefold() in known:
        count += 1
        found = f"{wanted} {count}"
    return found


def offered(own: Iterable[Direction], model: Iterable[Direction]) -> tuple[Direction, ...]:
    """Return the user's own directions and then the model's; of two that have the same name, the first."""
    named: dict[str, Direction] = {}
    for direction in (*own, *model):
        named.setdefault(direction.name.casefold(), direction)
    return tuple(named.values())
