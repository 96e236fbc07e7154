"""The distributions that z is trained on, and how far a latent lies from what they give.

References:
    Radford, Metz & Chintala 2015, "Unsupervised Representation Learning with Deep Convolutional Generative
    Adversarial Networks", arXiv:1511.06434: the paper's code draws z from U(-1, 1).
    White 2016, "Sampling Generative Networks", arXiv:1609.04468: why the norm of z matters.
"""

from __future__ import annotations

import math
from typing import Literal

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray

Prior = Literal["normal", "uniform"]
PRIORS: tuple[Prior, ...] = ("normal", "uniform")
MAX_SEED = 2**32 - 1


def sample(prior: Prior, count: int, z_dim: int, seed: int) -> FloatArray:
    """Draw latents from a prior with `numpy.random.RandomState(seed)`, whose stream is frozen.

    Args:
        prior: ``normal`` N(0, I) or ``uniform`` U(-1, 1).
        count: Number of latents; the first row does not depend on it.
        z_dim: Length of one latent.
        seed: 0 to 2**32 - 1.

    Returns:
        Shape (count, z_dim), float32.

    Raises:
        ValueError: If the seed is out of range or the prior is unknown.
    """
    if not 0 <= seed <= MAX_SEED:
        raise ValueError(f"seed {seed} is outside 0 to {MAX_SEED}")
    random = np.random.RandomState(seed)
    if prior == "normal":
        return random.standard_normal((count, z_dim)).astype(np.float32)
    if prior == "uniform":
        return random.uniform(-1.0, 1.0, (count, z_dim)).astype(np.float32)
    raise ValueError(f"unknown prior {prior!r}; known are {', '.join(PRIORS)}")


def component_sigma(prior: Prior) -> float:
    """Return the standard deviation of one component of z, and so of z.d for any unit vector d."""
    return 1.0 if prior == "normal" else 1.0 / math.sqrt(3.0)


def expected_norm(prior: Prior, z_dim: int) -> float:
    """Return the norm near which the prior's mass lies: sqrt(z_dim) for normal, sqrt(z_dim / 3) for uniform."""
    return component_sigma(prior) * math.sqrt(z_dim)


def typicality(z: FloatArray, prior: Prior) -> npt.NDArray[np.float64]:
    """Compare |z| with what the prior gives.

    Args:
        z: Shape (N, z_dim), float32.
        prior: The distribution z was trained on.

    Returns:
        Shape (N,): |z| / `expected_norm`; 1 is typical, 0.71 the midpoint of two lerped samples, 1.73 an A - B + C.
    """
    norms = np.linalg.norm(z.astype(np.float64), axis=1)
    return np.asarray(norms / expected_norm(prior, z.shape[1]), np.float64)


def typicality_spread(prior: Prior, z_dim: int) -> float:
    """Return the standard deviation of `typicality` among samples of the prior, to first order in 1 / z_dim.

    Half the relative deviation of |z|^2: 1 / sqrt(2 z_dim) for normal, 1 / sqrt(5 z_dim) for uniform.
    """
    return 1.0 / math.sqrt((2.0 if prior == "normal" else 5.0) * z_dim)


def share_outside(z: FloatArray, prior: Prior) -> npt.NDArray[np.float64]:
    """Return the share of components that the prior can never give: |z_i| > 1 for uniform, none for normal.

    Args:
        z: Shape (N, z_dim), float32.
        prior: The distribution z was trained on.

    Returns:
        Shape (N,), in [0, 1].
    """
    if prior == "normal":
        return np.zeros(len(z))
    return np.asarray((np.abs(z) > 1.0).mean(axis=1), np.float64)


def renormalise(z: FloatArray, prior: Prior) -> FloatArray:
    """Scale each latent to the norm that the prior gives; a zero latent stays zero.

    For the uniform prior the components are then clipped to [-1, 1].

    Args:
        z: Shape (N, z_dim), float32.
        prior: The distribution z was trained on.

    Returns:
        Shape (N, z_dim), float32.
    """
    norms = np.linalg.norm(z.astype(np.float64), axis=1, keepdims=True)
    scale = np.divide(expected_norm(prior, z.shape[1]), norms, out=np.zeros_like(norms), where=norms > 0)
    scaled: FloatArray = (z * scale).astype(np.float32)
    return np.clip(scaled, -1.0, 1.0) if prior == "uniform" else scaled
