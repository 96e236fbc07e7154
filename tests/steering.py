"""Turn a direction so that what a network says of the pictures rises evenly along it.

References:
    Jahanian, Chai & Isola 2020, "On the 'steerability' of generative adversarial networks", arXiv:1907.07171: a walk
    learned through the generator, against what it is to do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch

from latentlab.latent.directions import Direction
from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.checkpoint import Generator
from latentlab.models.classifier_file import Classifier

_STRENGTHS = (-3.0, -1.5, 0.0, 1.5, 3.0)
_STEPS = 80
_SEEDS = 20
_LR = 0.03
_ENOUGH = 0.97
_SLOPE_WEIGHT = 0.05


def steered(direction: Direction, generator: Generator, network: Classifier, output: int) -> Direction:
    """Climb the correlation of an output with the strength, through both networks.

    The mean over fresh seeds of Pearson's correlation, as far as `_ENOUGH`; beside it, with little weight, the mean
    slope as far as that of the beginning, or the climb would end at a direction that hardly does anything.

    Args:
        direction: Where to begin, a unit vector (z_dim,).
        generator: From z (z_dim,) to photo range (C, H, W).
        network: From there to logits.
        output: Which of them.
    """
    spec = generator.card.generator
    G, reader = (
        networks.load(networks.build(each), weights).requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for each, weights in ((spec.network, generator.weights), (network.card.network, network.weights))
    )
    strengths = direction.sigma * torch.tensor(_STRENGTHS)
    along = strengths / strengths.norm()
    v = torch.tensor(np.asarray(direction.vector)).requires_grad_()
    adam = torch.optim.Adam([v], _LR)
    first = None
    for step in range(_STEPS):
        adam.param_groups[0]["lr"] = _LR * (1.0 - step / _STEPS)
        z = torch.from_numpy(sample(spec.prior, _SEEDS, spec.z_dim, seed=10_000 + step))
        moved = z[:, None] + strengths[:, None] * (v / v.norm())  # (seeds, strengths, z_dim)
        logits = reader(G(moved.flatten(0, 1)))[:, output].reshape(_SEEDS, len(strengths))
        centred = logits - logits.mean(1, keepdim=True)
        slopes = centred @ along
        first = slopes.mean().detach() if first is None else first
        correlations = slopes / (centred.norm(dim=1) + 1e-3)
        gain = correlations.clamp(max=_ENOUGH).mean() + _SLOPE_WEIGHT * (slopes.mean() / first).clamp(max=1.0)
        adam.zero_grad()
        (-gain).backward()
        adam.step()
    vector = (v / v.norm()).detach().numpy().astype(np.float32)
    return replace(direction, vector=vector, detail="; ".join(filter(None, (direction.detail, "steered"))))
