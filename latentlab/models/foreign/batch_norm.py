"""BatchNorm statistics estimated anew, for files whose running ones are missing or do not fit the weights."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import sample
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import BatchNorm, Conv, ConvTranspose, Layer, Shape
from latentlab.models.numpy_forward import channel_statistics, step, to_channels_first

Statistics = Literal["running", "batch", "recalibrate"]
STATISTICS: tuple[Statistics, ...] = get_args(Statistics)

BATCH = 64
RECALIBRATION = 512
MAX_VALUES = 2**25
MAX_PRODUCTS = 2**33
"""Latents are left out on the way so that no layer has more values or takes more multiplications, 0.4 s of one core."""
FEWEST = 16
SEED = 0


def with_statistics(generator: Generator, statistics: Statistics) -> Generator:
    """Return a generator whose BatchNorm layers use other statistics; either way a picture depends on its z alone.

    ``running`` keeps those of the file. ``batch`` takes those of one batch, the pictures of seeds of which are then
    what a network in training mode shows. ``recalibrate`` takes those of many latents of the prior.

    Args:
        generator: Any; without BatchNorm it is returned as it is.
        statistics: Which.
    """
    layers = generator.card.generator.network.layers
    if statistics == "running" or not any(isinstance(layer, BatchNorm) for layer in layers):
        return generator
    return replace(
        generator, weights=_estimated(generator, BATCH if statistics == "batch" else RECALIBRATION), content_hash=""
    )


def _estimated(generator: Generator, count: int) -> dict[str, FloatArray]:
    """Run latents through the network, giving each BatchNorm the statistics of what reaches it, layer after layer."""
    spec = generator.card.generator
    values = to_channels_first(sample(spec.prior, count, spec.z_dim, SEED))
    y = np.arange(count) % spec.classes if spec.classes else None
    weights = dict(generator.weights)
    last = max(index for index, layer in enumerate(spec.network.layers) if isinstance(layer, BatchNorm))
    sides = zip(((spec.z_dim,), *spec.network.shapes()), spec.network.shapes(), strict=False)
    for index, (layer, (entering, leaving)) in enumerate(zip(spec.network.layers[: last + 1], sides, strict=False)):
        kept = max(FEWEST, min(count, _fitting(layer, entering, leaving)))
        values, y = values[:, :kept], None if y is None else y[:kept]
        if isinstance(layer, BatchNorm):
            mean, variance = channel_statistics(values)
            weights[f"{index}.running_mean"] = mean.astype(np.float32)
            weights[f"{index}.running_var"] = variance.astype(np.float32)
        tensors = {name: weights[f"{index}.{name}"] for name in layer.tensors()}
        values = step(layer, tensors, values, y)
    return weights


def _fitting(layer: Layer, entering: Shape, leaving: Shape) -> int:
    """Say how many latents a layer has room and time for."""
    products = math.prod(layer.tensors().get("weight", (1,)))
    if isinstance(layer, Conv | ConvTranspose):
        products *= math.prod((leaving if isinstance(layer, Conv) else entering)[1:])
    return min(MAX_VALUES // math.prod(leaving), MAX_PRODUCTS // products)
