"""How the learning rate goes over a run."""

from __future__ import annotations

import torch

DECAY_FROM = 0.5


def learning_rate(lr: float, lr_end: float, images: int, total_images: int) -> float:
    """Return the rate of a step: constant over the first half, then falling linearly to a share of itself.

    Args:
        lr: Rate of the first half.
        lr_end: What is left of it at the end, 0 to 1; 1 keeps it constant, as the paper does.
        images: Images shown before the step.
        total_images: Where the run ends.
    """
    progress = images / total_images
    fallen = max(0.0, (progress - DECAY_FROM) / (1.0 - DECAY_FROM))
    return lr * (1.0 - fallen * (1.0 - lr_end))


def set_learning_rate(optimizer: torch.optim.Optimizer, lr: float) -> None:
    """Give all parameters of an optimiser one rate."""
    for group in optimizer.param_groups:
        group["lr"] = lr
