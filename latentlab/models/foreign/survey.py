"""What is in a checkpoint, whether or not a generator is: its networks, and what each of them seems to be."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from latentlab.models.foreign.checkpoint_reader import Container, opened
from latentlab.models.foreign.contents import FoundNetwork, contents_of
from latentlab.models.foreign.diagnosis import Kind, kind_of

CONTAINERS: dict[Container, str] = {
    "zip": "a PyTorch checkpoint",
    "script": "a TorchScript module",
    "legacy": "a PyTorch checkpoint as written before 1.6",
    "pickle": "a pickle",
    "safetensors": "a safetensors file",
}
_KINDS: dict[Kind, str] = {
    "convolutional": "a generator or the like",
    "discriminator": "a discriminator",
    "classifier": "a classifier",
    "foreign": "a network of sound or volumes",
    "nothing": "no layers",
}


@dataclass(frozen=True)
class NetworkNote:
    """What is known of a network in a file.

    Attributes:
        where: The keys that lead to it; empty where the file is the network.
        what: What it seems to be, in words.
        tensors: How many it has.
        numbers: How many there are in them.
        is_averaged: Whether its name says that it is a moving average.
    """

    where: str
    what: str
    tensors: int
    numbers: int
    is_averaged: bool


@dataclass(frozen=True)
class Survey:
    """What a file holds.

    Attributes:
        container: How it was packed, in words.
        networks: In the order of the file.
        optimizers: How many states of optimisers there are.
    """

    container: str
    networks: tuple[NetworkNote, ...]
    optimizers: int


def survey(path: Path) -> Survey:
    """Look through a checkpoint without reading its tensors.

    Raises:
        ModelFileError: If it cannot be read or is no checkpoint.
    """
    with opened(path) as checkpoint:
        contents = contents_of(checkpoint.value)
    return Survey(CONTAINERS[checkpoint.container], tuple(map(_note, contents.networks)), contents.optimizers)


def _note(network: FoundNetwork) -> NetworkNote:
    numbers = sum(tensor.count for tensor in network.tensors.values())
    return NetworkNote(network.where, _KINDS[kind_of(network)], len(network.tensors), numbers, network.is_averaged)
