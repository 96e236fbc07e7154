"""BatchNorm statistics estimated anew, for files whose running ones are missing or do not fit the weights."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal, get_args

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import sample
from latentlab.models.checkpoint import Generator
from latentlab.models.numpy_forward import channel_statistics, step, to_channels_first
from latentlab.models.spec import BatchNorm

Statistics = Literal["running", "batch", "recalibrate"]
STATISTICS: tuple[Statistics, ...] = get_args(Statistics)

BATCH = 64
RECALIBRATION = 512
MAX_VALUES = 2**25
"""Fewer latents are taken where a layer's maps would have more values."""
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
    largest = max(math.prod(shape) for shape in spec.network.shapes())
    count = max(16, min(count, MAX_VALUES // largest))
    values = to_channels_first(sample(spec.prior, count, spec.z_dim, SEED))
    y = np.arange(count) % spec.classes if spec.classes else None
    weights = dict(generator.weights)
    last = max(index for index, layer in enumerate(spec.network.layers) if isinstance(layer, BatchNorm))
    for index, layer in enumerate(spec.network.layers[: last + 1]):
        if isinstance(layer, BatchNorm):
            mean, variance = channel_statistics(values)
            weights[f"{index}.running_mean"] = mean.astype(np.float32)
            weights[f"{index}.running_var"] = variance.astype(np.float32)
        tensors = {name: weights[f"{index}.{name}"] for name in layer.tensors()}
        values = step(layer, tensors, values, y)
    return weights
