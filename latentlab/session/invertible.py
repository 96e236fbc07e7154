"""Which models can find the latent of an image, told without opening one."""

from __future__ import annotations

from latentlab.errors import ValueRangeError
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator


def check_square(card: ModelCard) -> None:
    """Refuse a model whose pictures no image can be cut to.

    Raises:
        ValueRangeError: If they are not square.
    """
    spec = card.generator
    if spec.height != spec.width:
        why = f"draws pictures of {spec.width} x {spec.height} pixels; images are cut to squares"
        raise ValueRangeError(card.name, why)


def check_invertible(generator: Generator) -> None:
    """Refuse a model that can find the latent of no image.

    Raises:
        ValueRangeError: If its layers are not known, or its pictures are not square.
    """
    generator.check_open("inversion")
    check_square(generator.card)


def why_not_invertible(generator: Generator) -> str:
    """Return why a model can find the latent of no image, a line; empty where it can."""
    try:
        check_invertible(generator)
    except ValueRangeError as error:
        return str(error)
    return ""
