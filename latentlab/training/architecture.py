"""The networks that a configuration asks for, as specs; needs no torch."""

from __future__ import annotations

from latentlab.models import dcgan
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.training.config import TrainConfig


def generator_of(config: TrainConfig, classes: int = 0) -> GeneratorSpec:
    """Describe G.

    Args:
        config: With size and channels resolved.
        classes: How many the data have; 0 where G is told none.
    """
    return dcgan.generator(
        config.size,
        config.channels,
        config.width,
        config.z_dim,
        config.prior,
        _kernel(config),
        config.architecture,
        classes,
    )


def critic_of(config: TrainConfig, classes: int = 0) -> NetworkSpec:
    """Describe D; spectral normalisation is folded into its weights and no layer of its own.

    Args:
        config: With size and channels resolved.
        classes: How many the data have; 0 where D is told none.
    """
    width, kernel = config.critic_width or config.width, _kernel(config)
    norm = config.normalisation
    layers: dcgan.CriticNorm = norm if norm == "batch" or norm == "layer" else "none"
    if config.loss == "began":
        return dcgan.autoencoder(config.size, config.channels, width, config.z_dim, kernel, layers, classes)
    return dcgan.discriminator(config.size, config.channels, width, kernel, config.architecture, layers, classes)


def _kernel(config: TrainConfig) -> dcgan.Kernel:
    return 4 if config.kernel == 4 else 5
