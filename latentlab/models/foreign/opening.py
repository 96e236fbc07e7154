"""Open a generator that was trained elsewhere: read its file, find the generator in it, read its layers by shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from latentlab.errors import ModelFileError
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.foreign.checkpoint_reader import opened
from latentlab.models.foreign.contents import Contents, FoundNetwork, contents_of
from latentlab.models.foreign.diagnosis import EXPORT, explained, family_of, kind_of
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.models.foreign.modules import Network, read_network
from latentlab.models.foreign.readings import Ranked, Reading, readings
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.spec import BatchNorm, GeneratorSpec

SUFFIXES = (".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".safetensors", ".tar")
CERTAIN_SCORE = 0.9
POOR_MISFIT = 0.25


@dataclass(frozen=True, eq=False)
class Guess:
    """One way to read a file.

    Attributes:
        path: The file.
        network: See `OpenedGuesses.network`.
        reading: What was made of it.
    """

    path: Path
    network: str
    reading: Reading

    @cached_property
    def generator(self) -> Generator:
        """Return it ready to draw; its card says where it comes from."""
        card = ModelCard(self.path.stem, self.spec, notes=notes(self.path, self.network, self.spec))
        return Generator(card, self.reading.weights, path=self.path)

    @property
    def spec(self) -> GeneratorSpec:
        """Return the architecture and the prior."""
        return self.reading.spec

    @property
    def words(self) -> str:
        """Return in which way it differs from the first guess; empty for the first."""
        return self.reading.words

    @property
    def score(self) -> float:
        """Return `Reading.score`."""
        return self.reading.score

    @property
    def misfit(self) -> float:
        """Return `Reading.misfit`."""
        return self.reading.misfit


@dataclass(frozen=True, eq=False)
class OpenedGuesses:
    """What a foreign file was found to be.

    Attributes:
        guesses: At least one, best first.
        network: Where in the file the generator was: ``netG``; empty where the file is the generator.
        others: The names of the other networks in the file.
        remarks: What a user should know, one sentence each.
    """

    guesses: tuple[Guess, ...]
    network: str
    others: tuple[str, ...]
    remarks: tuple[str, ...]

    @property
    def best(self) -> Generator:
        """Return the generator as most likely meant."""
        return self.guesses[0].generator

    @property
    def is_certain(self) -> bool:
        """Return whether the shapes and statistics settle it, so that nobody needs to be asked."""
        rivals = [guess.score for guess in self.guesses[1:]]
        return not rivals or min(rivals) >= self.guesses[0].score + CERTAIN_SCORE


def open_foreign(path: Path, ranked: Sequence[Ranked] = (), watch: Watch = unwatched) -> OpenedGuesses:
    """Open a generator from a PyTorch checkpoint or a safetensors file of any project.

    Nothing in the file is run. The architecture is inferred from the tensors' shapes and names, the statistics of
    BatchNorm, and the discriminator beside it.

    Args:
        path: The file.
        ranked: What came out for the same file before: saves the time that measuring takes.
        watch: Called between the steps.

    Raises:
        ModelFileError: If the file cannot be read, is damaged, or holds no generator that can be opened; it says what
            the file is and what to do.
    """
    with opened(path) as checkpoint:
        contents = contents_of(checkpoint.value)
        return _opened(path, contents, ranked, watch)


def _opened(path: Path, contents: Contents, known: Sequence[Ranked], watch: Watch) -> OpenedGuesses:
    candidates = _candidates(contents)
    critic = _critic(contents, watch)
    for network in candidates:
        read = read_network(network, _raw_of(network, contents), watch)
        ranked = readings(read, contents.facts, critic, known, watch)
        if ranked:
            return _guesses(path, contents, network, ranked)
    by_picture = any(module.kind in ("affine", "prelu") for each in candidates for module in read_network(each).modules)
    if by_picture and not family_of(contents, contents.networks):
        raise ModelFileError(
            path,
            "has layers that normalise each picture by itself, or learned activations, which cannot be read",
            EXPORT,
        )
    raise ModelFileError(path, *explained(contents))


def _candidates(contents: Contents) -> list[FoundNetwork]:
    """Put the networks that may be the generator in the order in which they are wanted: averages first."""
    possible = [
        network
        for network in contents.networks
        if kind_of(network) == "convolutional" and network.role != "discriminator"
    ]
    return sorted(possible, key=lambda network: (network.role != "generator", not network.is_averaged))


def _critic(contents: Contents, watch: Watch) -> Network | None:
    found = [network for network in contents.networks if kind_of(network) == "discriminator"]
    found.sort(key=lambda network: network.role != "discriminator")
    return read_network(found[0], watch=watch) if found else None


def _raw_of(network: FoundNetwork, contents: Contents) -> FoundNetwork | None:
    """Find the network that another is the average of, where the average kept its parameters alone."""
    if not network.is_averaged or any(name.endswith("running_var") for name in network.tensors):
        return None
    for other in contents.networks:
        if other is not network and network.tensors.keys() < other.tensors.keys():
            return other
    return None


def _guesses(path: Path, contents: Contents, network: FoundNetwork, ranked: Sequence[Reading]) -> OpenedGuesses:
    remarks = []
    if network.is_averaged:
        remarks.append("The averaged generator was taken.")
    if ranked[0].misfit > POOR_MISFIT:
        remarks.append("Its BatchNorm statistics do not fit its weights: try to recalibrate them.")
    guesses = tuple(Guess(path, network.where, reading) for reading in ranked)
    others = tuple(other.where for other in contents.networks if other is not network and other.where)
    return OpenedGuesses(guesses, network.where, others, tuple(remarks))


def notes(path: Path, where: str, spec: GeneratorSpec) -> str:
    """Say how a file was read.

    Args:
        path: The file.
        where: See `OpenedGuesses.network`.
        spec: What was made of it.
    """
    eps = dict.fromkeys(f"{layer.eps:g}" for layer in spec.network.layers if isinstance(layer, BatchNorm))
    facts = [f"hidden {hidden_of(spec)}", f"output {output_of(spec)}", f"{spec.prior} prior"]
    if eps:
        facts.append(f"BatchNorm eps {' and '.join(eps)}")
    source = f"{path.name} ({where})" if where else path.name
    return f"Read by shape from {source}: {', '.join(facts)}."
