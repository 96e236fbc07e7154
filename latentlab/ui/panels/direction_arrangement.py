"""Which sliders are shown, in which sections and order; names only, no widgets."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from PySide6.QtCore import QT_TRANSLATE_NOOP, QCoreApplication

from latentlab.latent.directions import Direction
from latentlab.session.sliders import SliderLayout

CONTEXT = "direction_arrangement"
FOUND, NAME, SOURCE, ACCURACY, BY_HAND = SORTS = ("found", "name", "source", "accuracy", "hand")
_FIRST_FACTORS = 12
_AXES_A_PAGE = 32
_AXIS = "axis"


def _(text: str) -> str:
    return str(QT_TRANSLATE_NOOP("direction_arrangement", text))


SOURCE_TITLES: Mapping[str, str] = {
    "sefa": _("Factors of the first layer"),
    "pca": _("Principal components of a layer"),
    "local": _("Local, at one picture"),
    "clicks": _("Labelled by clicking"),
    "attributes": _("From an attribute network"),
    "measured": _("Measured"),
    "cards": _("From cards"),
    _AXIS: _("Raw axes"),
}
_SOURCE_TIPS: Mapping[str, str] = {
    "sefa": _(
        "What the generator's first layer amplifies most, strongest first; needs no labels and no samples.\n"
        "(Shen & Zhou 2021, arXiv:2007.06600)"
    ),
    "pca": _("What the output of a layer varies with most. (Härkönen et al. 2020, arXiv:2004.02546)"),
    "local": _(
        "What can change most in the picture they were found at; found anew in a moment.\n"
        "(Ramesh, Choi & LeCun 2018, arXiv:1812.01161)"
    ),
    "clicks": _("What you meant when you clicked has and has not. (Shen et al. 2020, arXiv:1907.10786)"),
    "attributes": _("What a network of attributes reads in the pictures. (Shen et al. 2020, arXiv:1907.10786)"),
    "measured": _("What moves a number of the picture, found by regression. (Jahanian et al. 2020, arXiv:1907.07171)"),
    "cards": _("The mean of some cards less the mean of others. (Radford et al. 2015, arXiv:1511.06434, section 6.3)"),
    _AXIS: _("The components of z, one by one. No axis means anything by itself."),
}


@dataclass(frozen=True)
class Section:
    """Sliders under a heading that folds them away.

    Attributes:
        key: Names it from one arrangement to the next.
        title: As shown; no heading and nothing to fold where empty.
        tip: What these directions are.
        names: Of its directions, in order.
        opened: Whether it is open until a hand folds it.
    """

    key: str
    title: str
    tip: str
    names: tuple[str, ...]
    opened: bool = True


def arranged(
    directions: Sequence[Direction],
    own: Iterable[str],
    layout: SliderLayout,
    sort: str = FOUND,
    search: str = "",
    show_hidden: bool = False,
) -> tuple[Section, ...]:
    """Lay the sliders out.

    Args:
        directions: All there are, the user's own first.
        own: Names of the user's own.
        layout: What is hidden, favoured and moved by hand.
        sort: One of `SORTS`.
        search: What a name must hold, whatever the case; everything where empty.
        show_hidden: Whether hidden ones are shown all the same.

    Returns:
        Sections by source as directions were found, or one flat list where they are sorted or searched. None is empty.
    """
    wanted = search.strip().casefold()
    shown = [
        each
        for each in directions
        if (show_hidden or each.name not in layout.hidden) and wanted in each.name.casefold()
    ]
    if not shown:
        return ()
    if sort == FOUND and not wanted:
        return tuple(_by_source(shown, frozenset(own), layout))
    ordered = sorted(shown, key=_sort_key(sort, layout))
    return (Section("flat", "", "", tuple(each.name for each in ordered)),)


def source_title(source: str) -> str:
    """Name a source in the user's language; one of another program by what it calls itself."""
    return _translated(SOURCE_TITLES[source]) if source in SOURCE_TITLES else source


def _by_source(shown: Sequence[Direction], own: frozenset[str], layout: SliderLayout) -> Iterable[Section]:
    favourites = [each for each in shown if each.name in layout.favourites]
    others = [each for each in shown if each.name not in layout.favourites]
    if favourites:
        tip = _translated(_("What you marked with a star"))
        yield _section("favourites", _translated(_("Favourites")), tip, favourites)
    mine = [each for each in others if each.name in own]
    for source in dict.fromkeys(each.source for each in mine):
        of_source = [each for each in mine if each.source == source]
        tip = _translated(_SOURCE_TIPS.get(source, ""))
        title = source_title(source) if source != "sefa" else _translated(_("More factors of the first layer"))
        yield _section(f"own {source}", title, tip, of_source)
    theirs = [each for each in others if each.name not in own]
    saved = [each for each in theirs if each.source not in ("sefa", _AXIS)]
    factors = [each for each in theirs if each.source == "sefa"]
    axes = [each for each in theirs if each.source == _AXIS]
    if saved:
        tip = _translated(_("Directions that came with the model"))
        yield _section("saved", _translated(_("Saved with the model")), tip, saved)
    factor_tip = _translated(_SOURCE_TIPS["sefa"])
    if factors:
        yield _section("factors", source_title("sefa"), factor_tip, factors[:_FIRST_FACTORS])
    if factors[_FIRST_FACTORS:]:
        title = _translated(_("More factors"))
        yield _section("more factors", title, factor_tip, factors[_FIRST_FACTORS:], opened=False)
    for start in range(0, len(axes), _AXES_A_PAGE):
        page = axes[start : start + _AXES_A_PAGE]
        title = source_title(_AXIS)
        if len(axes) > _AXES_A_PAGE:
            title = f"{title}, {page[0].name} – {page[-1].name}"
        yield _section(f"axes {start}", title, _translated(_SOURCE_TIPS[_AXIS]), page, opened=False)


def _section(key: str, title: str, tip: str, directions: Sequence[Direction], opened: bool = True) -> Section:
    return Section(key, title, tip, tuple(each.name for each in directions), opened)


def _sort_key(sort: str, layout: SliderLayout) -> Callable[[Direction], tuple[object, ...]]:
    """Return what a flat list is sorted by: favourites first, raw axes last; by hand as the hand left it."""
    by_hand = {name: place for place, name in enumerate(layout.order)}

    def key(direction: Direction) -> tuple[object, ...]:
        name = _natural(direction.name)
        groups = (direction.source == _AXIS, direction.name not in layout.favourites)
        match sort:
            case "name":
                return *groups, name
            case "source":
                return *groups, source_title(direction.source).casefold(), name
            case "accuracy":
                return *groups, 1.0 if direction.accuracy is None else -direction.accuracy, name
            case "hand":
                return (by_hand.get(direction.name, len(by_hand)),)
            case _:
                return groups

    return key


def _natural(name: str) -> tuple[tuple[bool, int, str], ...]:
    """Return what sorts ``z 9`` before ``z 10``."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return tuple((part.isdigit(), int(part) if part.isdigit() else 0, part) for part in parts)


def _translated(text: str) -> str:
    return QCoreApplication.translate(CONTEXT, text) if text else ""
