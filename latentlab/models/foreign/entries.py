"""Where z enters a network, and the class where there is one: appended to z, embedded, or by a branch of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.layouts import DEFAULT_EPS, HIDDEN, Placed, Start
from latentlab.models.foreign.modules import Module, Network
from latentlab.models.layers import BatchNorm, ConvTranspose, JoinClass, JoinKind, Linear, Reshape

Facts = Mapping[str, int | tuple[int, ...]]

_WIDTHS = (100, 128, 64, 62, 50, 256, 512, 32, 16, 200, 20, 10)
_Z_FACTS = (
    "latent_dim",
    "nz",
    "z_dim",
    "zdim",
    "dim_z",
    "latent_size",
    "noise_dim",
    "noise_size",
    "z_size",
    "dimlatentvector",
)
_CLASS_FACTS = ("n_classes", "num_classes", "classes")
_LABEL = re.compile(r"emb|label|class|(^|[^a-z])y([^a-z]|$)")


def starts(network: Network, modules: Sequence[Module], facts: Facts) -> list[Start]:
    """List the ways in which z, and the class, can enter, most usual first.

    Args:
        network: What the modules belong to.
        modules: In the order in which they are run.
        facts: See `Contents.facts`.
    """
    if not modules:
        return []
    if _is_embedding(network, modules[0]):
        return _embedded(modules)
    branches = _two_branches(modules)
    if branches:
        return branches
    first = modules[0]
    if first.kind not in ("conv", "linear"):
        return []
    width = first.weight.shape[0 if first.kind == "conv" else 1]
    plain = Start(tuple(modules), width, (width,))
    conditional = _appended(modules, width, facts)
    if conditional is None:
        return [plain]
    # A remainder that is a usual width for z, or a file that says so, is no accident.
    return [conditional, Start(plain.modules, width, (width,), cost=1.0)]


def _appended(modules: Sequence[Module], width: int, facts: Facts) -> Start | None:
    said = next((facts[name] for name in _CLASS_FACTS if type(facts.get(name)) is int), None)
    z_dim = next((facts[name] for name in _Z_FACTS if type(facts.get(name)) is int), None)
    if isinstance(z_dim, int) and 2 <= width - z_dim <= 1000:
        classes = width - z_dim
    elif isinstance(said, int) and 2 <= said < width and z_dim is None and width - said in _WIDTHS:
        classes = said
    elif z_dim is None and width not in _WIDTHS and width - 10 in _WIDTHS:
        classes = 10
    else:
        return None
    join = JoinClass(classes, classes)
    table: FloatArray = np.eye(classes, dtype=np.float32)
    return Start(tuple(modules), width - classes, (width,), (Placed(join, table=table),))


def _is_embedding(network: Network, module: Module) -> bool:
    declared = network.declared.get(module.path)
    if declared and declared.kind:
        return declared.kind == "Embedding"
    return module.kind == "linear" and module.bias is None and _LABEL.search(module.path.lower()) is not None


def _embedded(modules: Sequence[Module]) -> list[Start]:
    table, rest = modules[0].weight, tuple(modules[1:])
    if not rest or rest[0].kind not in ("conv", "linear"):
        return []
    classes, width = table.shape
    entering = rest[0].weight.shape[0 if rest[0].kind == "conv" else 1]
    if entering == width:
        join = JoinClass(classes, width, how="multiply")
        return [Start(rest, width, (width,), (Placed(join, table=table),))]
    if entering < width:
        return []
    ways: tuple[tuple[JoinKind, float], ...] = (("prepend", 0.0), ("append", 0.2))
    return [
        Start(rest, entering - width, (entering,), (Placed(JoinClass(classes, width, how=how), table=table),), cost)
        for how, cost in ways
    ]


def _two_branches(modules: Sequence[Module]) -> list[Start]:
    """Read two entries whose outputs are put beside each other: one for z, one for the class.

    What the class becomes is one of as many constants as there are classes, so its branch is a table. Both branches end
    in the same activation, which is taken behind the join.
    """
    weights = [module for module in modules if module.kind in ("conv", "linear")]
    if len(weights) < 3:
        return []
    one, two, after = weights[:3]
    if one.kind != two.kind or one.weight.ndim != two.weight.ndim or one.weight.shape[2:] != two.weight.shape[2:]:
        return []
    ins, outs = (0, 1) if one.kind == "conv" else (1, 0)
    joined = one.weight.shape[outs] + two.weight.shape[outs]
    if two.weight.shape[ins] == one.weight.shape[outs] or joined not in after.weight.shape[:2]:
        return []
    norms = [module for module in modules[: modules.index(after)] if module.kind == "norm"]
    if len(norms) not in (0, 2) or [norm.weight.size for norm in norms] not in (
        [],
        [m.weight.shape[outs] for m in (one, two)],
    ):
        return []
    rest = tuple(modules[modules.index(after) :])
    pairs = [(one, norms[0] if norms else None), (two, norms[1] if norms else None)]
    if bool(_LABEL.search(one.path.lower())) == bool(_LABEL.search(two.path.lower())):
        class_first = one.weight.shape[ins] < two.weight.shape[ins]
    else:
        class_first = _LABEL.search(one.path.lower()) is not None
    if class_first:
        pairs.reverse()
    (z_entry, z_norm), (y_entry, y_norm) = pairs
    ways: tuple[tuple[JoinKind, float], ...] = (("append", 0.0), ("prepend", 0.3))
    return [_branch_start(z_entry, z_norm, y_entry, y_norm, rest, how, cost) for how, cost in ways]


def _branch_start(
    z_entry: Module,
    z_norm: Module | None,
    y_entry: Module,
    y_norm: Module | None,
    rest: tuple[Module, ...],
    how: JoinKind,
    cost: float,
) -> Start:
    table = _rows(y_entry, y_norm)
    has_bias = z_entry.bias is not None
    if z_entry.kind == "conv":
        z_dim, out, side, _ = z_entry.weight.shape
        placed = [Placed(Reshape(z_dim)), Placed(ConvTranspose(z_dim, out, side, 1, 0, 0, has_bias), z_entry)]
    else:
        (out, z_dim), side = z_entry.weight.shape, 0
        placed = [Placed(Linear(z_dim, out, has_bias), z_entry)]
    if z_norm is not None:
        placed.append(Placed(BatchNorm(out, DEFAULT_EPS), z_norm))
    join = JoinClass(len(table), table.shape[1], side, side, how)
    placed += [Placed(join, table=table), Placed(HIDDEN)]
    joined = out + table.shape[1]
    return Start(rest, z_dim, (joined, side, side) if side else (joined,), tuple(placed), cost)


def _rows(entry: Module, norm: Module | None) -> FloatArray:
    """Return what each class becomes ahead of the activation: shape (classes, C) or (classes, C, k, k)."""
    rows = entry.weight if entry.kind == "conv" else entry.weight.T
    over = (1, -1, *(1,) * (rows.ndim - 2))
    if entry.bias is not None:
        rows = rows + entry.bias.reshape(over)
    if norm is not None and norm.mean is not None and norm.variance is not None and norm.bias is not None:
        scale = norm.weight / np.sqrt(norm.variance + DEFAULT_EPS)
        rows = (rows - norm.mean.reshape(over)) * scale.reshape(over) + norm.bias.reshape(over)
    return np.ascontiguousarray(rows, np.float32)
