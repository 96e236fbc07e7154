"""A small random model, for windows that must open in a moment."""

from __future__ import annotations

import numpy as np

from latentlab.latent.priors import Prior
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator


def generator(
    name: str = "small", *, z_dim: int = 8, channels: int = 3, prior: Prior = "normal", seed: int = 0
) -> Generator:
    """Make an untrained DCGAN of 16x16 pictures whose grey levels spread."""
    spec = dcgan.generator(16, channels, width=4, z_dim=z_dim, prior=prior)
    random = np.random.RandomState(seed)
    weights = {}
    for key, shape in spec.network.tensors().items():
        if key.endswith("running_var") or (key.endswith("weight") and len(shape) == 1):
            values = random.uniform(0.5, 1.5, shape)
        else:
            values = random.standard_normal(shape) * 0.4
        weights[key] = values.astype(np.float32)
    return Generator(ModelCard(name, spec), weights)
