"""A conditional generator at one of its classes: what one that is told the class is compared with."""

from __future__ import annotations

from dataclasses import replace

from latentlab.errors import ValueRangeError
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import JoinClass
from latentlab.models.spec import NetworkSpec


def with_class(generator: Generator, y: int) -> Generator:
    """Fix the class of a conditional generator; what is left takes z alone.

    Args:
        generator: With `GeneratorSpec.classes` above 0.
        y: From 0.

    Raises:
        ValueRangeError: If it has no such class, or its layers are not known.
    """
    generator.check_open("a fixed class")
    card = generator.card
    if not 0 <= y < card.generator.classes:
        raise ValueRangeError(f"class {y}", f"{card.name} has {card.generator.classes or 'no'} classes, counted from 0")
    network = card.generator.network
    layers = tuple(replace(layer, classes=1) if isinstance(layer, JoinClass) else layer for layer in network.layers)
    weights = {
        name: array[y : y + 1] if name.endswith(".table") else array for name, array in generator.weights.items()
    }
    spec = replace(card.generator, network=NetworkSpec(network.input_shape, layers))
    return replace(
        generator, card=replace(card, name=f"{card.name}, class {y}", generator=spec), weights=weights, content_hash=""
    )
