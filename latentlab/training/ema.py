"""The averaged generator G_ema: its update, and the statistics its BatchNorm layers need.

References:
    Karras et al. 2018, "Progressive Growing of GANs", arXiv:1710.10196, section 3: an exponential average of G's
    weights for samples.
    Brock et al. 2019, "Large Scale GAN Training", arXiv:1809.11096, appendix C.1: standing statistics.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn

RAMP_UP = 0.05


def ema_decay(batch: int, half_life_kimg: float, images: int) -> float:
    """Return how much of the old average a step keeps.

    The half-life grows from zero with the images shown (at most 5% of them), so that the random start is forgotten.

    Args:
        batch: Images a step.
        half_life_kimg: Thousands of images after which a weight's influence has halved; 0 means no averaging.
        images: Images shown so far.

    Returns:
        In [0, 1): 0.5 ** (batch / half life in images).
    """
    half_life = min(half_life_kimg * 1000.0, images * RAMP_UP)
    return float(0.5 ** (batch / half_life)) if half_life > 0 else 0.0


@torch.no_grad()
def update_ema(average: nn.Module, network: nn.Module, decay: float) -> None:
    """Move the average towards the network: w_ema = decay * w_ema + (1 - decay) * w; buffers are left alone."""
    targets: list[Tensor] = list(average.parameters())
    sources: list[Tensor] = list(network.parameters())
    torch._foreach_lerp_(targets, sources, 1.0 - decay)


@torch.no_grad()
def reestimate_statistics(network: nn.Module, batches: Iterable[tuple[Tensor, ...]]) -> None:
    """Replace the BatchNorm running statistics by plain averages over fresh batches, then go to eval mode.

    An averaged generator never ran in training, so statistics gathered by another network's forward passes do not fit
    its weights.

    Args:
        network: A generator; its weights do not change.
        batches: What it is called with: z (N, z_dim), and y (N,) where it is told the class; on its device.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.modules.batchnorm._BatchNorm)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None
    network.train()
    for inputs in batches:
        network(*inputs)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
    network.eval()
