"""The order in which layers fit onto each other, for files that keep another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from latentlab.models.foreign.modules import Module

MAX_CHAINED = 24


def chained(modules: Sequence[Module]) -> Iterator[tuple[Module, ...]]:
    """Put modules in the order in which one's output is the next one's input.

    A norm goes behind the first layer, in that order, that has as many channels and no norm yet.

    Yields:
        At most one order; none if the layers are no chain.
    """
    weights = [module for module in modules if module.kind in ("conv", "linear")]
    if len(weights) != len([m for m in modules if m.kind != "norm"]) or not 2 <= len(weights) <= MAX_CHAINED:
        return
    order = _chain(weights)
    if order is None:
        return
    norms = [module for module in modules if module.kind == "norm"]
    found: list[Module] = []
    for module, width in order:
        found.append(module)
        for norm in norms:
            if norm.weight.size == width:
                found.append(norm)
                norms.remove(norm)
                break
    if not norms:
        yield tuple(found)


def _chain(weights: list[Module]) -> list[tuple[Module, int]] | None:
    """Find a path through all weights; each with the number of channels that leave it."""
    for index, first in enumerate(weights):
        rest = weights[:index] + weights[index + 1 :]
        width = first.weight.shape[1] if first.kind == "conv" else first.weight.shape[0]
        path = _continued(rest, width)
        if path is not None:
            return [(first, width), *path]
    return None


def _continued(rest: list[Module], width: int) -> list[tuple[Module, int]] | None:
    if not rest:
        return [] if width in (1, 3) else None
    for index, module in enumerate(rest):
        for leaving in _leaving(module, width):
            path = _continued(rest[:index] + rest[index + 1 :], leaving)
            if path is not None:
                return [(module, leaving), *path]
    return None


def _leaving(module: Module, width: int) -> list[int]:
    one, two = module.weight.shape[:2]
    if module.kind == "linear":
        return [one] if two == width else []
    # A linear layer or an embedding ahead may be reshaped into any number of channels that divides its width.
    found = [two] if one == width or (width > one and width % one == 0) else []
    return found + ([one] if two == width and one != two else [])
