"""What the tests without a window share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from latentlab.latent.priors import Prior
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator


@pytest.fixture(scope="session")
def small_generator() -> Callable[..., Generator]:
    """Make an untrained DCGAN of 16x16 pictures whose grey levels spread."""

    def make(channels: int = 3, z_dim: int = 8, prior: Prior = "normal", seed: int = 0) -> Generator:
        spec = dcgan.generator(16, channels, width=4, z_dim=z_dim, prior=prior)
        random = np.random.RandomState(seed)
        weights = {}
        for name, shape in spec.network.tensors().items():
            if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
                values = random.uniform(0.5, 1.5, shape)
            else:
                values = random.standard_normal(shape) * 0.4
            weights[name] = values.astype(np.float32)
        return Generator(ModelCard("small", spec), weights)

    return make
