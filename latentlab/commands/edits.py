"""Edits of the command line: strengths along named directions, truncation, renormalisation."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace

from latentlab.commands.points import Latent, follow
from latentlab.errors import ValueRangeError
from latentlab.session.opened import OpenedModel

MAX_STRENGTH = 1000.0
MAX_TRUNCATION = 10.0


def parse_edits(text: str, model: OpenedModel) -> dict[str, float]:
    """Read strengths such as ``Smiling=+1.2,PC 1=-2``.

    Args:
        text: Names may hold blanks, ``=`` and commas; the number is what follows the last ``=``. Nothing for no edit.
        model: Where names are looked up, ignoring case.

    Returns:
        Name of a direction, as the model writes it, to strength in sigmas.

    Raises:
        ValueRangeError: If a name is unknown or stands twice, or a strength is no number or beyond `MAX_STRENGTH`.
    """
    edits: dict[str, float] = {}
    waiting = ""
    for part in text.split(","):
        waiting += part
        name, equals, number = waiting.rpartition("=")
        if not equals:
            waiting += ","
            continue
        waiting = ""
        found = model.direction(name.strip()).name
        if found in edits:
            raise ValueRangeError(found, "is edited twice")
        edits[found] = _strength(found, number.strip())
    if left := waiting.strip(" ,"):
        raise ValueRangeError(left, "has no strength", f"Write {left}=+1.2.")
    return edits


def edited(
    latent: Latent, model: OpenedModel, edits: Mapping[str, float], truncation: float | None, renormalised: bool
) -> Latent:
    """Set sliders and switches on a latent, as in the window: those not named stay as its steps have them.

    Args:
        latent: Returned as it is where nothing is set.
        model: Whose directions are meant.
        edits: Name of a direction to strength in sigmas.
        truncation: psi; None leaves it.
        renormalised: Whether to switch renormalisation on.

    Raises:
        ValueRangeError: If psi is outside 0 to `MAX_TRUNCATION`, or the result beyond what float32 holds.
    """
    if truncation is not None and not 0.0 <= truncation <= MAX_TRUNCATION:
        raise ValueRangeError(f"truncation {truncation:g}", f"is outside 0 to {MAX_TRUNCATION:g}")
    if not edits and truncation is None and not renormalised:
        return latent
    point = latent.point
    changed = replace(
        point,
        strengths={**point.strengths, **edits},
        truncation=point.truncation if truncation is None else truncation,
        renormalised=point.renormalised or renormalised,
    )
    return follow(changed, model)


def _strength(name: str, text: str) -> float:
    try:
        strength = float(text)
    except ValueError:
        strength = math.nan
    if math.isnan(strength):
        raise ValueRangeError(f"{name}={text}", f"{text or 'nothing'} is not a number", f"Write {name}=+1.2.")
    if abs(strength) > MAX_STRENGTH:
        raise ValueRangeError(f"{name}={text}", f"is outside {-MAX_STRENGTH:g} to {MAX_STRENGTH:g}")
    return strength
