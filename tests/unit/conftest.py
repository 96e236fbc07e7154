"""What the tests without a window share."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from latentlab.latent.priors import Prior
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Activation, JoinClass, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec


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


@pytest.fixture(scope="session")
def class_generator() -> Callable[..., Generator]:
    """Make a generator of z and a class: 8x8 pictures, five classes by default, each of another look."""

    def make(classes: int = 5, seed: int = 0, names: tuple[str, ...] = ()) -> Generator:
        network = NetworkSpec((6,), (JoinClass(classes, 4), Linear(10, 64), Activation("tanh"), Reshape(1, 8, 8)))
        random = np.random.RandomState(seed)
        weights = {
            name: (random.standard_normal(shape) * 0.5).astype(np.float32) for name, shape in network.tensors().items()
        }
        return Generator(ModelCard("classes", GeneratorSpec("normal", network), class_names=names), weights)

    return make
