"""The networks that a configuration asks for, as specs; needs no torch."""

from __future__ import annotations

from latentlab.models import dcgan
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.training.config import TrainConfig


def generator_of(config: TrainConfig, classes: int = 0) -> GeneratorSpec:
    """Describe G.

    Args:
        config: With size and channels resolved.
        classes: How many the data have; G is told them where `config.conditional` is set.
    """
    return dcgan.generator(
        config.size,
        config.channels,
        config.width,
        config.z_dim,
        config.prior,
        _kernel(config),
        config.architecture,
        classes if config.conditional else 0,
    )


def critic_of(config: TrainConfig, classes: int = 0) -> NetworkSpec:
    """Describe D; spectral normalisation is folded into its weights and no layer of its own.

    Args:
        config: With size and channels resolved.
        classes: How many the data have; D is told them where `config.conditional` is set, and tells them where
            `config.class_weight` is.
    """
    width, kernel = config.critic_width or config.width, _kernel(config)
    norm = config.normalisation
    layers: dcgan.CriticNorm = norm if norm == "batch" or norm == "layer" else "none"
    told, logits = classes if config.conditional else 0, classes if config.class_weight else 1
    if config.loss == "began":
        code = config.code_dim or config.z_dim
        return dcgan.autoencoder(config.size, config.channels, width, code, kernel, layers, told)
    return dcgan.discriminator(config.size, config.channels, width, kernel, config.architecture, layers, told, logits)


def _kernel(config: TrainConfig) -> dcgan.Kernel:
    return 4 if config.kernel == 4 else 5
