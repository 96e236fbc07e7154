"""What networks a checkpoint holds: wrappers opened, prefixes stripped, several networks told apart by name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from latentlab.models.foreign.pickle_values import Dict, Global, Stub
from latentlab.models.foreign.tensors import Tensor

Role = Literal["generator", "discriminator", ""]

MAX_DEPTH = 12
MAX_TENSORS = 20_000
MAX_MEMBERS = 10_000
_WRAPPERS = ("module", "_orig_mod")
_GENERATOR = re.compile(r"(^|[^a-z])(net_?g|g|gen|generator|g_?net|model_?g|decoder|g_?ema|avg_?g)([^a-z]|$|_)")
_DISCRIMINATOR = re.compile(r"(^|[^a-z])(net_?d|d|dis|disc|discriminator|d_?net|model_?d|critic)([^a-z]|$|_)")
_AVERAGED = re.compile(r"ema|avg|average|shadow|swa|running")
_FACTS = frozenset(
    (
        *("latent_dim", "z_dim", "nz", "dim_z", "zdim", "latent_size", "noise_dim", "noise_size", "z_size"),
        *("dimlatentvector", "n_classes", "num_classes", "classes"),
        *("image_size", "img_size", "imagesize", "img_shape"),
    )
)


@dataclass(frozen=True)
class Declared:
    """What a file says of a module beyond its tensors.

    Attributes:
        kind: Its class, for example ``LeakyReLU``; empty where only its place is known.
        attributes: Its settings where the whole module was saved.
    """

    kind: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class FoundNetwork:
    """The tensors of one network in a file.

    Attributes:
        where: The keys that lead to it, for example ``state_dict / generator``; empty where the file is the network.
        tensors: By name without wrappers' prefixes, in the order of the file.
        declared: Modules by name, also those without tensors, in the order of registration; empty where unknown.
    """

    where: str
    tensors: Mapping[str, Tensor]
    declared: Mapping[str, Declared] = field(default_factory=dict)

    @property
    def role(self) -> Role:
        """Return what its name makes of it."""
        name = self.where.lower().replace(" / ", "/")
        # The innermost key that says something counts: "model / netD".
        for part in reversed(name.split("/")):
            if _DISCRIMINATOR.search(part):
                return "discriminator"
            if _GENERATOR.search(part):
                return "generator"
        return ""

    @property
    def is_averaged(self) -> bool:
        """Return whether its name says that it is a moving average of another."""
        return _AVERAGED.search(self.where.lower()) is not None


@dataclass(frozen=True, eq=False)
class Contents:
    """What a checkpoint holds.

    Attributes:
        networks: In the order of the file.
        optimizers: How many optimiser states there are.
        facts: Whole numbers and shapes under names that mean something, for example ``latent_dim``.
        classes: The names of every class that the file mentions and that is not torch's own.
    """

    networks: tuple[FoundNetwork, ...]
    optimizers: int
    facts: Mapping[str, int | tuple[int, ...]]
    classes: tuple[str, ...]


def contents_of(value: object) -> Contents:
    """Look through everything a checkpoint holds.

    Raises:
        ValueError: If it holds more tensors than any checkpoint of a generator.
    """
    walk = _Walk()
    walk.visit(value, (), 0)
    networks = [part for network in walk.networks for part in _split(network)]
    return Contents(tuple(networks), walk.optimizers, walk.facts, tuple(walk.classes))


class _Walk:
    def __init__(self) -> None:
        self.networks: list[FoundNetwork] = []
        self.optimizers = 0
        self.facts: dict[str, int | tuple[int, ...]] = {}
        self.classes: dict[str, None] = {}
        self._seen: set[int] = set()

    def visit(self, value: object, keys: tuple[str, ...], depth: int) -> None:
        if depth > MAX_DEPTH or not isinstance(value, dict | list | tuple | Stub) or id(value) in self._seen:
            return
        self._seen.add(id(value))
        if isinstance(value, Stub):
            self._visit_object(value, keys, depth)
        elif isinstance(value, dict):
            self._visit_dictionary(value, keys, depth)
        else:
            for index, member in enumerate(value[:MAX_MEMBERS]):
                self.visit(member, (*keys, str(index)), depth + 1)

    def _visit_dictionary(self, value: dict[Any, Any], keys: tuple[str, ...], depth: int) -> None:
        if "param_groups" in value:
            self.optimizers += 1
            return
        tensors = {key: each for key, each in value.items() if isinstance(key, str) and isinstance(each, Tensor)}
        if tensors:
            self._add(FoundNetwork(" / ".join(keys), tensors, _metadata(value)))
        for key, each in value.items():
            self._note(key, each)
            self.visit(each, (*keys, str(key)[:60]), depth + 1)

    def _visit_object(self, value: Stub, keys: tuple[str, ...], depth: int) -> None:
        kind = value.of.of if isinstance(value.of, Stub) else value.of
        if isinstance(kind, Global):
            if not kind.module.startswith(("torch.", "collections", "__torch__")):
                self.classes.setdefault(str(kind)[:120])
            if kind.module.startswith("torch.optim"):
                self.optimizers += 1
                return
        is_script = isinstance(kind, Global) and kind.module.startswith("__torch__")
        if "_modules" in value.attributes or is_script:
            tensors: dict[str, Tensor] = {}
            declared: dict[str, Declared] = {}
            _unfold(value, (), tensors, declared, self._seen)
            self._add(FoundNetwork(" / ".join(keys), tensors, declared))
            return
        for part in (value.attributes, value.items):
            if part:
                self._visit_dictionary(part, keys, depth)
        for member in (value.members, value.arguments):
            self.visit(member, keys, depth + 1)

    def _add(self, network: FoundNetwork) -> None:
        self.networks.append(network)
        if sum(len(each.tensors) for each in self.networks) > MAX_TENSORS:
            raise ValueError(f"it holds more than {MAX_TENSORS} tensors")

    def _note(self, key: object, value: object) -> None:
        if not isinstance(key, str) or key.lower() not in _FACTS:
            return
        if type(value) is int and 0 < value < 2**24:
            self.facts.setdefault(key.lower(), value)
        elif isinstance(value, tuple | list) and 0 < len(value) <= 4 and all(type(side) is int for side in value):
            self.facts.setdefault(key.lower(), tuple(value))


def _metadata(value: dict[Any, Any]) -> dict[str, Declared]:
    names = value.attributes.get("_metadata") if isinstance(value, Dict) else None
    if not isinstance(names, dict):
        return {}
    return {name: Declared() for name in names if isinstance(name, str)}


def _unfold(
    module: Stub,
    path: tuple[str, ...],
    tensors: dict[str, Tensor],
    declared: dict[str, Declared],
    seen: set[int],
) -> None:
    """Collect the tensors of a module that was saved whole, and of the modules in it."""
    state = module.attributes
    kind = module.of.of if isinstance(module.of, Stub) else module.of
    settings = {key: each for key, each in state.items() if isinstance(key, str) and not key.startswith("_")}
    declared[".".join(path)] = Declared(kind.name if isinstance(kind, Global) else "", settings)
    # A module saved by TorchScript keeps tensors and inner modules beside its settings.
    groups = [state] if "_modules" not in state else [state.get("_parameters"), state.get("_buffers")]
    for held in groups:
        for name, each in held.items() if isinstance(held, dict) else ():
            if isinstance(each, Tensor) and isinstance(name, str):
                tensors[".".join((*path, name))] = each
    inner = state.get("_modules", state)
    for name, each in inner.items() if isinstance(inner, dict) else ():
        if isinstance(each, Stub) and id(each) not in seen and len(path) < MAX_DEPTH and len(declared) < MAX_TENSORS:
            seen.add(id(each))
            _unfold(each, (*path, str(name)[:60]), tensors, declared, seen)


def _split(network: FoundNetwork) -> Iterator[FoundNetwork]:
    """Strip wrappers' prefixes, and part what the first word of the names parts into roles."""
    while (first := _first_words(network)) and len(first) == 1 and first[0] in _WRAPPERS:
        network = _below(network, first[0], network.where)
    roles = {word: FoundNetwork(word, {}).role for word in first}
    if not any(roles.values()):
        yield network
        return
    for word in first:
        below = _below(network, word, f"{network.where} / {word}".removeprefix(" / "))
        if below.tensors:
            yield from _split(below)


def _first_words(network: FoundNetwork) -> list[str]:
    words = dict.fromkeys(
        name.partition(".")[0] for name in network.tensors if "." in name and "n_averaged" not in name
    )
    return list(words)


def _below(network: FoundNetwork, word: str, where: str) -> FoundNetwork:
    start = f"{word}."
    return FoundNetwork(
        where,
        {name.removeprefix(start): each for name, each in network.tensors.items() if name.startswith(start)},
        {name.removeprefix(start): each for name, each in network.declared.items() if name.startswith(start)},
    )
