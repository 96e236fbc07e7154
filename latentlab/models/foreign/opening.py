"""Open a generator that was trained elsewhere: read its file, find the generator in it, read its layers by shape."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.foreign.batch_norm import with_statistics
from latentlab.models.foreign.checkpoint_reader import opened
from latentlab.models.foreign.contents import Contents, FoundNetwork, contents_of
from latentlab.models.foreign.diagnosis import EXPORT, explained, family_of, kind_of
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.models.foreign.modules import Network, read_network, with_bare_norms
from latentlab.models.foreign.readings import Ranked, Reading, readings
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.layers import BatchNorm
from latentlab.models.spec import GeneratorSpec

SUFFIXES = (".pth", ".pt", ".pkl", ".pickle", ".ckpt", ".bin", ".safetensors", ".tar")
CERTAIN_SCORE = 0.9
POOR_MISFIT = 0.25
ESTIMATED = {
    "batch": "BatchNorm uses the statistics of one batch.",
    "recalibrate": "BatchNorm's statistics were estimated anew.",
}


@dataclass(frozen=True, eq=False)
class Guess:
    """One way to read a file.

    Attributes:
        path: The file.
        network: See `OpenedGuesses.network`.
        reading: What was made of it.
        is_bare: Whether the file lacks the statistics of its BatchNorms.
    """

    path: Path
    network: str
    reading: Reading
    is_bare: bool = False

    @cached_property
    def generator(self) -> Generator:
        """Return it ready to draw; its card says where it comes from. Statistics that are missing are estimated."""
        return self.under(self.spec, self.reading.weights)

    def under(self, spec: GeneratorSpec, weights: dict[str, FloatArray]) -> Generator:
        """Return the file's tensors under an architecture.

        Args:
            spec: This guess's, or such a one changed by hand.
            weights: The tensors of this guess, by their names in `spec`.
        """
        told = notes(self.path, self.network, spec)
        if not self.is_bare:
            return Generator(ModelCard(self.path.stem, spec, notes=told), weights, path=self.path)
        card = ModelCard(self.path.stem, spec, notes=f"{told} {ESTIMATED['recalibrate']}")
        return with_statistics(Generator(card, weights, path=self.path), "recalibrate")

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
    critic = _critic(contents, watch)
    bare: list[tuple[FoundNetwork, Network]] = []
    is_family = bool(family_of(contents, contents.networks))
    by_picture = False
    for network in _candidates(contents):
        read = read_network(network, _raw_of(network, contents), watch)
        if ranked := readings(read, contents.facts, critic, known, watch):
            return _guesses(path, contents, network, ranked)
        by_picture |= any(module.kind in ("affine", "prelu") for module in read.modules)
        if not is_family and (taken := with_bare_norms(read)) is not None:
            bare.append((network, taken))
    for network, taken in bare:
        if ranked := readings(taken, contents.facts, critic, known, watch):
            return _guesses(path, contents, network, ranked, is_bare=True)
    if by_picture and not is_family:
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


def _guesses(
    path: Path, contents: Contents, network: FoundNetwork, ranked: Sequence[Reading], is_bare: bool = False
) -> OpenedGuesses:
    remarks = []
    if network.is_averaged:
        remarks.append("The averaged generator was taken.")
    if is_bare:
        remarks.append(
            "The file holds no statistics for its BatchNorm: they were estimated anew. "
            "If its layers normalise each picture by itself instead, export it to ONNX."
        )
    elif _is_fresh(ranked[0]):
        remarks.append("Its BatchNorm statistics are those from before any training: try to recalibrate them.")
    elif ranked[0].misfit > POOR_MISFIT:
        remarks.append("Its BatchNorm statistics do not fit its weights: try to recalibrate them.")
    guesses = tuple(Guess(path, network.where, reading, is_bare) for reading in ranked)
    others = tuple(other.where for other in contents.networks if other is not network and other.where)
    return OpenedGuesses(guesses, network.where, others, tuple(remarks))


def _is_fresh(reading: Reading) -> bool:
    """Tell whether no BatchNorm has seen a batch."""
    means = [array for name, array in reading.weights.items() if name.endswith("running_mean")]
    variances = [array for name, array in reading.weights.items() if name.endswith("running_var")]
    return bool(means) and not any(each.any() for each in means) and all((each == 1.0).all() for each in variances)


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
