"""What may stand between two modules that have tensors: activations, up-sampling and views leave traces in the names.

Modules of a ``Sequential`` are numbered, those without tensors too, so a gap in the numbers is a module that cannot be
seen. Newer files list every module (``_metadata``), and a module that was saved whole even names their classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from latentlab.models.foreign.contents import Declared
from latentlab.models.foreign.modules import Module

SlotKind = Literal["relu", "leaky_relu", "tanh", "sigmoid", "upsample", "reshape", "dropout", "unsupported", ""]
ACTIVATIONS = ("relu", "leaky_relu", "tanh", "sigmoid")
_WORDS: tuple[tuple[str, SlotKind], ...] = (
    ("leaky", "leaky_relu"),
    ("lrelu", "leaky_relu"),
    ("prelu", "unsupported"),
    ("selu", "unsupported"),
    ("gelu", "unsupported"),
    ("celu", "unsupported"),
    ("silu", "unsupported"),
    ("mish", "unsupported"),
    ("softplus", "unsupported"),
    ("pixelshuffle", "unsupported"),
    ("relu", "relu"),
    ("elu", "unsupported"),
    ("tanh", "tanh"),
    ("sigmoid", "sigmoid"),
    ("upsample", "upsample"),
    ("upsampling", "upsample"),
    ("interpolate", "upsample"),
    ("unflatten", "reshape"),
    ("reshape", "reshape"),
    ("view", "reshape"),
    ("dropout", "dropout"),
    ("identity", "dropout"),
)


@dataclass(frozen=True)
class Slot:
    """A module without tensors.

    Attributes:
        kind: What it does; empty where that is not known.
        settings: Its attributes where the whole module was saved.
    """

    kind: SlotKind = ""
    settings: Mapping[str, Any] = field(default_factory=dict)


Slots = tuple[Slot, ...] | None
"""The modules without tensors in a place, in order; None where nothing is known of them."""


def slots_between(modules: Sequence[Module], declared: Mapping[str, Declared]) -> tuple[Slots, ...]:
    """List what stands behind each module; the last entry is what follows the last one."""
    leaves = _leaves(declared)
    return tuple(
        _between(module.path, following.path if following else None, leaves)
        for module, following in zip(modules, (*modules[1:], None), strict=True)
    )


def all_slots(declared: Mapping[str, Declared]) -> tuple[Slot, ...]:
    """List everything that is declared and whose kind is known."""
    return tuple(slot for slot in _leaves(declared).values() if slot.kind)


def _leaves(declared: Mapping[str, Declared]) -> dict[str, Slot]:
    parents = {path.rpartition(".")[0] for path in declared}
    return {path: _slot(path, each) for path, each in declared.items() if path and path not in parents}


def _slot(path: str, declared: Declared) -> Slot:
    word = (declared.kind or path.rpartition(".")[2]).lower()
    return Slot(next((kind for name, kind in _WORDS if name in word), ""), declared.attributes)


def _between(path: str, following: str | None, leaves: Mapping[str, Slot]) -> Slots:
    if path in leaves:
        names = list(leaves)
        start = names.index(path) + 1
        end = len(names)
        if following is not None:
            end = names.index(following) if following in leaves else -1
        if end >= start:
            between = names[start:end]
            # Functions of torch leave no module behind: only numbers, as of a Sequential, are known to be complete.
            if between or (following and _are_numbered(path, following)):
                return tuple(leaves[name] for name in between)
    if following is None:
        return None
    parent, _, number = path.rpartition(".")
    other_parent, _, other = following.rpartition(".")
    if parent == other_parent and number.isdigit() and other.isdigit() and int(other) > int(number):
        return (Slot(),) * min(int(other) - int(number) - 1, 8)
    return None


def _are_numbered(path: str, following: str) -> bool:
    """Tell whether two names part at numbers and end in numbers, as within nested Sequentials."""
    one, two = path.split("."), following.split(".")
    part = next((index for index, (a, b) in enumerate(zip(one, two, strict=False)) if a != b), 0)
    return all(word.isdigit() for word in (one[part], two[part], one[-1], two[-1]))
