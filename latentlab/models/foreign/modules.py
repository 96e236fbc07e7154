"""The tensors of a network as its modules: convolutions, linear layers, norms; spectral and weight norm folded in."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray
from latentlab.models.foreign.contents import Declared, FoundNetwork
from latentlab.models.foreign.tensors import Tensor
from latentlab.models.foreign.watching import Watch, unwatched

Kind = Literal["conv", "linear", "norm", "affine", "prelu", "other"]

MAX_NUMBERS = 2**28
_OLD_SPECTRAL, _OLD_WEIGHT = ("weight_orig", "weight_u", "weight_v"), ("weight_g", "weight_v")
_NEW_SPECTRAL = ("original", "0._u", "0._v")
_PARAMETRIZED = "parametrizations.weight."


@dataclass(frozen=True, eq=False)
class Module:
    """One module that has tensors.

    Attributes:
        path: Its name in the network.
        kind: ``conv`` has a 4-D weight, ``linear`` a 2-D one, ``norm`` running statistics, ``affine`` a scale and
            shift but no statistics.
        weight: Of any shape; of a norm without scale, ones.
        bias: None where there is none.
        mean, variance: The running statistics of a norm.
        transposed: Whether its spectral norm shows a 4-D weight to be (in, out, k, k); None where nothing does.
    """

    path: str
    kind: Kind
    weight: FloatArray
    bias: FloatArray | None = None
    mean: FloatArray | None = None
    variance: FloatArray | None = None
    transposed: bool | None = None


_BY_PICTURE = ("InstanceNorm", "GroupNorm", "LayerNorm")


@dataclass(frozen=True, eq=False)
class Network:
    """A network's modules in the order of the file.

    Attributes:
        where: As `FoundNetwork.where`.
        modules: Those with tensors.
        declared: As `FoundNetwork.declared`.
    """

    where: str
    modules: tuple[Module, ...]
    declared: Mapping[str, Declared]

    @property
    def weights(self) -> tuple[Module, ...]:
        """Return the modules that multiply: convolutions and linear layers."""
        return tuple(module for module in self.modules if module.kind in ("conv", "linear"))


def with_bare_norms(network: Network) -> Network | None:
    """Take scales and shifts without statistics for those of BatchNorms that kept none, or whose file left them out.

    Returns:
        Statistics as they are before any training; None where there are no such layers, or they are said to normalise
        each picture by itself.
    """
    bare = [module for module in network.modules if module.kind == "affine"]
    kinds = [declared.kind for module in bare if (declared := network.declared.get(module.path)) is not None]
    if not bare or any(word in kind for kind in kinds for word in _BY_PICTURE):
        return None
    modules = [
        replace(module, kind="norm", mean=np.zeros_like(module.weight), variance=np.ones_like(module.weight))
        if module.kind == "affine"
        else module
        for module in network.modules
    ]
    return replace(network, modules=tuple(modules))


def read_network(found: FoundNetwork, beside: FoundNetwork | None = None, watch: Watch = unwatched) -> Network:
    """Read a network's tensors.

    Args:
        found: The network.
        beside: The one it is an average of, whose running statistics are taken where `found` has none.
        watch: Called between the tensors.

    Raises:
        ValueError: If it is too large, damaged, or holds numbers that are not finite.
    """
    tensors = dict(found.tensors)
    if beside is not None:
        tensors = {name: tensors.get(name, each) for name, each in beside.tensors.items()} | tensors
    total = sum(tensor.count for tensor in tensors.values())
    if total > MAX_NUMBERS:
        raise ValueError(f"a network of {total / 1e6:.0f} million numbers is too large")
    grouped: dict[str, dict[str, FloatArray]] = {}
    for name, tensor in tensors.items():
        watch()
        if tensor.is_float and tensor.storage is not None:
            path, last = _parted(name)
            grouped.setdefault(path, {})[last] = _read(name, tensor)
    modules = tuple(_module(path, held) for path, held in grouped.items())
    declared = found.declared or (beside.declared if beside is not None else {})
    return Network(found.where, modules, declared)


def in_natural_order(modules: Iterable[Module]) -> tuple[Module, ...]:
    """Sort modules by name, numbers by value: for files that have lost the order of registration."""
    return tuple(sorted(modules, key=lambda module: _natural(module.path)))


def _natural(path: str) -> list[tuple[int, int, str]]:
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in re.split(r"(\d+)|\.", path) if part]


def _parted(name: str) -> tuple[str, str]:
    path, found, last = name.partition(_PARAMETRIZED)
    if found:
        return path.removesuffix("."), last
    path, _, last = name.rpartition(".")
    return path, last


def _read(name: str, tensor: Tensor) -> FloatArray:
    array: npt.NDArray[Any] = tensor.array()
    with np.errstate(over="ignore"):
        values: FloatArray = array.astype(np.float32)
    if not np.isfinite(values).all():
        raise ValueError(f"the tensor {name[:80]} holds values that are not finite: the training has diverged")
    return values


def _module(path: str, held: Mapping[str, FloatArray]) -> Module:
    if all(name in held for name in _OLD_SPECTRAL):
        return _spectral(path, held, *(held[name] for name in _OLD_SPECTRAL))
    if all(name in held for name in _NEW_SPECTRAL):
        return _spectral(path, held, *(held[name] for name in _NEW_SPECTRAL))
    if all(name in held for name in _OLD_WEIGHT):
        return _plain(path, held, _weight_normed(held["weight_g"], held["weight_v"]))
    if "original0" in held and "original1" in held:
        return _plain(path, held, _weight_normed(held["original0"], held["original1"]))
    if "running_mean" in held and "running_var" in held:
        return _norm(path, held)
    return _plain(path, held, held.get("weight"))


def _plain(path: str, held: Mapping[str, FloatArray], weight: FloatArray | None) -> Module:
    bias = held.get("bias")
    if weight is None:
        return Module(path, "other", next(iter(held.values())), bias)
    kinds: dict[int, Kind] = {4: "conv", 2: "linear", 1: "affine" if bias is not None else "prelu"}
    return Module(path, kinds.get(weight.ndim, "other"), weight, bias)


def _norm(path: str, held: Mapping[str, FloatArray]) -> Module:
    mean, variance = held["running_mean"], held["running_var"]
    weight, bias = held.get("weight", np.ones_like(mean)), held.get("bias", np.zeros_like(mean))
    if not all(each.shape == (mean.size,) for each in (mean, variance, weight, bias)):
        raise ValueError(f"the parts of {path[:80]} do not fit each other")
    if (variance < 0.0).any():
        raise ValueError(f"{path[:80]} holds negative variances")
    return Module(path, "norm", weight, bias, mean, variance)


def _spectral(path: str, held: Mapping[str, FloatArray], original: FloatArray, u: FloatArray, v: FloatArray) -> Module:
    """Divide a weight by the largest singular value that its power iteration found.

    u is what the weight makes of v, which tells along which axis the weight was unrolled, even of a square one.

    References:
        Miyato, Kataoka, Koyama & Yoshida 2018, "Spectral Normalization for GANs", arXiv:1802.05957, algorithm 1.
    """
    best: tuple[float, float, int] | None = None
    for axis in range(min(2, original.ndim)):
        matrix = np.moveaxis(original, axis, 0).reshape(original.shape[axis], -1).astype(np.float64)
        if matrix.shape != (u.size, v.size):
            continue
        product = matrix @ v.ravel()
        sigma = float(product @ u.ravel())
        agreement = sigma / (float(np.linalg.norm(product)) * float(np.linalg.norm(u)) or 1.0)
        if best is None or agreement > best[0]:
            best = agreement, sigma, axis
    if best is None or best[1] <= 0.0:
        raise ValueError(f"the spectral norm of {path[:80]} does not fit its weight")
    folded = (original / best[1]).astype(np.float32)
    transposed = best[2] == 1 if original.ndim == 4 else None
    plain = _plain(path, held, folded)
    return Module(path, plain.kind, folded, plain.bias, transposed=transposed)


def _weight_normed(size: FloatArray, direction: FloatArray) -> FloatArray:
    """Scale a direction to its size.

    References:
        Salimans & Kingma 2016, "Weight Normalization", arXiv:1602.07868, equation 2.
    """
    if size.ndim != direction.ndim:
        raise ValueError("a weight norm does not fit its weight")
    axes = tuple(axis for axis, side in enumerate(size.shape) if side == 1)
    norms = np.sqrt((direction.astype(np.float64) ** 2).sum(axis=axes, keepdims=True))
    if norms.shape != size.shape:
        raise ValueError("a weight norm does not fit its weight")
    return np.asarray(size * direction / np.maximum(norms, 1e-30), np.float32)
