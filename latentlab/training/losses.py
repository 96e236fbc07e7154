"""Objectives, one equation a function, on logits.

References:
    Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn.functional import softplus


def bce_real(logits: Tensor) -> Tensor:
    """Compute D's loss on real images, -log D(x) averaged (equation 1), D = sigmoid of the logits; shape (N,)."""
    return softplus(-logits).mean()


def bce_fake(logits: Tensor) -> Tensor:
    """Compute D's loss on generated images, -log(1 - D(G(z))) averaged (equation 1); shape (N,)."""
    return softplus(logits).mean()


def bce_generator(logits: Tensor) -> Tensor:
    """Compute G's non-saturating loss, -log D(G(z)) averaged (section 3); shape (N,)."""
    return softplus(-logits).mean()
