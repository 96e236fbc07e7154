"""Readings of a file set by hand: one field of a guess changed, and the file's weights put under what comes out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from latentlab.latent.priors import Prior
from latentlab.models.checkpoint import Generator
from latentlab.models.foreign.batch_norm import with_statistics
from latentlab.models.foreign.choices import Choice
from latentlab.models.foreign.drafts import OUTPUT_LAYERS
from latentlab.models.foreign.known import Output
from latentlab.models.foreign.opening import ESTIMATED, OpenedGuesses
from latentlab.models.layers import Activation, BatchNorm, Conv, ConvTranspose, JoinClass, Layer, Rescale, Shape
from latentlab.models.spec import GeneratorSpec, NetworkSpec


@dataclass(frozen=True)
class Move:
    """How a convolution moves.

    Attributes:
        layer: Its index in the network.
        transposed: Whether it enlarges.
        kernel, stride, padding, output_padding: See `spec.ConvTranspose`.
        side: Of the maps that leave it.
    """

    layer: int
    transposed: bool
    kernel: int
    stride: int
    padding: int
    output_padding: int
    side: int


def moves(spec: GeneratorSpec) -> tuple[Move, ...]:
    """List the convolutions of a generator."""
    found = []
    for index, (layer, shape) in enumerate(zip(spec.network.layers, spec.network.shapes(), strict=True)):
        match layer:
            case ConvTranspose():
                found.append(
                    Move(index, True, layer.kernel, layer.stride, layer.padding, layer.output_padding, shape[1])
                )
            case Conv():
                found.append(Move(index, False, layer.kernel, layer.stride, layer.padding, 0, shape[1]))
    return tuple(found)


def with_move(spec: GeneratorSpec, layer: int, stride: int, padding: int, output_padding: int = 0) -> GeneratorSpec:
    """Let a convolution move otherwise.

    Args:
        spec: The generator.
        layer: Index of the convolution, as `moves` gives it.
        stride: At least 1.
        padding: At least 0.
        output_padding: Below the stride; of no meaning to a convolution that enlarges nothing.

    Raises:
        ValueError: If the layers no longer fit each other.
    """

    def moved(index: int, each: Layer) -> Layer:
        if index != layer:
            return each
        if isinstance(each, ConvTranspose):
            return replace(each, stride=stride, padding=padding, output_padding=output_padding)
        if isinstance(each, Conv):
            return replace(each, stride=stride, padding=padding)
        raise ValueError(f"layer {layer} is no convolution")

    if stride < 1 or padding < 0 or output_padding < 0:
        raise ValueError("a stride is at least 1, a padding at least 0")
    return _with_layers(spec, moved)


def with_hidden(spec: GeneratorSpec, activation: Activation) -> GeneratorSpec:
    """Put another non-linearity in place of every hidden one."""
    last = _last_weights(spec)
    return _with_layers(
        spec, lambda index, layer: activation if isinstance(layer, Activation) and index < last else layer
    )


def with_output(spec: GeneratorSpec, output: Output) -> GeneratorSpec:
    """Put another non-linearity at the end."""
    kept = [
        layer
        for index, layer in enumerate(spec.network.layers)
        if index <= _last_weights(spec) or not isinstance(layer, Activation | Rescale)
    ]
    network = NetworkSpec(spec.network.input_shape, (*kept, *OUTPUT_LAYERS[output]))
    return replace(spec, network=network)


def with_eps(spec: GeneratorSpec, eps: float) -> GeneratorSpec:
    """Give every BatchNorm another eps.

    Raises:
        ValueError: If it is negative.
    """
    return _with_layers(spec, lambda _, layer: replace(layer, eps=eps) if isinstance(layer, BatchNorm) else layer)


def with_prior(spec: GeneratorSpec, prior: Prior) -> GeneratorSpec:
    """Draw z from another distribution."""
    return replace(spec, prior=prior)


def chosen(opened: OpenedGuesses, choice: Choice) -> Generator:
    """Put a file's weights under the architecture that was chosen, with the statistics that were.

    Args:
        opened: The file.
        choice: With the architecture of a guess, one changed by the functions of this module, or none for the best.

    Raises:
        ValueError: If no guess has layers with such weights in such an order.
    """
    generator = opened.best if choice.spec is None else _under(opened, choice.spec)
    if choice.statistics == "running":
        return generator
    found = with_statistics(generator, choice.statistics)
    notes = generator.card.notes.removesuffix(ESTIMATED["recalibrate"]).rstrip()
    told = f"{notes} {ESTIMATED[choice.statistics]}"
    return replace(found, card=replace(found.card, notes=told))


def _under(opened: OpenedGuesses, spec: GeneratorSpec) -> Generator:
    wanted = _held(spec)
    for guess in sorted(opened.guesses, key=lambda guess: guess.spec != spec):
        if guess.spec == spec:
            return guess.generator
        held = _held(guess.spec)
        if [each[1:] for each in held] == [each[1:] for each in wanted]:
            weights = {
                f"{new}.{name}": guess.reading.weights[f"{old}.{name}"]
                for (new, _, tensors), (old, *_) in zip(wanted, held, strict=True)
                for name, _ in tensors
            }
            return guess.under(spec, weights)
    raise ValueError("its layers are not those that were chosen")


def _held(spec: GeneratorSpec) -> list[tuple[int, str, tuple[tuple[str, Shape], ...]]]:
    """List the layers that hold tensors: index, what they do with them, and the tensors' names and shapes."""
    return [
        (index, layer.how if isinstance(layer, JoinClass) else layer.op, tuple(layer.tensors().items()))
        for index, layer in enumerate(spec.network.layers)
        if layer.tensors()
    ]


def _with_layers(spec: GeneratorSpec, change: Callable[[int, Layer], Layer]) -> GeneratorSpec:
    layers = tuple(change(index, layer) for index, layer in enumerate(spec.network.layers))
    return replace(spec, network=NetworkSpec(spec.network.input_shape, layers))


def _last_weights(spec: GeneratorSpec) -> int:
    return max(index for index, layer in enumerate(spec.network.layers) if layer.tensors())
