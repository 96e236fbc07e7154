"""Objectives, one equation a function, on logits.

References:
    Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661.
    Mescheder, Geiger & Nowozin 2018, "Which Training Methods for GANs do actually Converge?", arXiv:1801.04406.
"""

from __future__ import annotations

import torch
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


def r1_penalty(logits: Tensor, real: Tensor) -> Tensor:
    """Compute half the squared gradient norm of D on real images, averaged (Mescheder et al. 2018, equation 9).

    Args:
        logits: D's output, shape (N,), with a graph back to `real`.
        real: Shape (N, C, H, W), float32, requires a gradient.

    Returns:
        A scalar that can be differentiated again.
    """
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return 0.5 * gradient.square().sum(dim=(1, 2, 3)).mean()
