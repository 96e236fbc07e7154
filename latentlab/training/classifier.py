"""Train a small classifier of pictures: classes that exclude each other, or attributes of which each may hold.

References:
    Smith & Topin 2017, "Super-Convergence", arXiv:1708.07120: one cycle of the learning rate.
    Menon et al. 2021, "Long-Tail Learning via Logit Adjustment", arXiv:2007.07314, equation 10: rare attributes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.functional import affine_grid, binary_cross_entropy_with_logits, cross_entropy, grid_sample

from latentlab.models.networks import build, weights_of
from latentlab.models.spec import NetworkSpec
from latentlab.pixels import Pixels, to_photo
from latentlab.training.precision import in_precision
from latentlab.training.settings import Precision

Targets = npt.NDArray[np.int64] | npt.NDArray[np.float32]


@dataclass(frozen=True)
class ClassifierConfig:
    """The settings of a classifier's training.

    Attributes:
        epochs: Passes over the pictures.
        batch: Pictures a step.
        peak_lr: Learning rate of AdamW at the top of its cycle.
        weight_decay: Of AdamW.
        shift: How far pictures are moved, at most, as a share of their side; borders are continued.
        turn_degrees: How far they are turned, at most.
        scale: How much larger or smaller they are made, at most, as a share.
        light: How much contrast and brightness are changed, at most, as a share of the range.
        flip: Whether half of them are mirrored.
        smoothing: Label smoothing, for classes only.
        precision: Of forward passes.
        seed: Of initialisation, order and augmentation.
    """

    epochs: int
    batch: int = 128
    peak_lr: float = 5e-3
    weight_decay: float = 1e-2
    shift: float = 0.06
    turn_degrees: float = 8.0
    scale: float = 0.08
    light: float = 0.0
    flip: bool = False
    smoothing: float = 0.0
    precision: Precision = "float32"
    seed: int = 0


def train_classifier(
    spec: NetworkSpec,
    pixels: Pixels,
    targets: Targets,
    config: ClassifierConfig,
    on_epoch: Callable[[int, float], None] = lambda epoch, loss: None,
) -> dict[str, npt.NDArray[np.float32]]:
    """Train a network from scratch on the CPU; the same weights every time on one machine and thread count.

    Args:
        spec: From photo range (C, H, W) to one logit an output, (K,).
        pixels: Shape (N, H, W, C), uint8.
        targets: For classes shape (N,), int64 in [0, K). For attributes shape (N, K), float32: 1 has it, 0 has not,
            NaN unknown, with both answers known somewhere for each. A rare attribute's logit is positive where it is
            likelier than not *if both answers were equally common*.
        config: The settings.
        on_epoch: Called after each epoch with its number from 1 and its mean loss; may raise to stop.

    Returns:
        The tensors of the spec, float32.

    Raises:
        ValueError: If there are fewer pictures than a batch has.
    """
    if len(pixels) < config.batch:
        raise ValueError(f"{len(pixels)} pictures are no batch of {config.batch}")
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)
        network = build(spec).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    loss_of = _class_loss(targets, config) if targets.ndim == 1 else _attribute_loss(targets)
    photos = torch.from_numpy(to_photo(pixels))
    random = torch.Generator().manual_seed(config.seed)
    steps = config.epochs * (len(pixels) // config.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=config.peak_lr, weight_decay=config.weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, config.peak_lr, total_steps=steps)
    forward = in_precision(network.train(), config.precision, torch.device("cpu"))
    for epoch in range(1, config.epochs + 1):
        order = torch.randperm(len(photos), generator=random)
        total = 0.0
        for start in range(0, len(photos) - config.batch + 1, config.batch):
            rows = order[start : start + config.batch]
            loss = loss_of(forward(augment(photos[rows], config, random)), rows)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            total += loss.item()
        on_epoch(epoch, total * config.epochs / steps)
    return weights_of(network)


def augment(photos: Tensor, config: ClassifierConfig, random: torch.Generator) -> Tensor:
    """Move, turn, scale, mirror and light each picture by its own random amounts.

    Args:
        photos: Photo range, shape (N, C, H, W).
        config: How much.
        random: Where the amounts are drawn from.

    Returns:
        Shape (N, C, H, W).
    """

    def amounts(most: float) -> Tensor:
        return (2.0 * torch.rand(len(photos), generator=random) - 1.0) * most

    angle, zoom = torch.deg2rad(amounts(config.turn_degrees)), 1.0 + amounts(config.scale)
    mirror = torch.where(torch.rand(len(photos), generator=random) < 0.5, -1.0, 1.0) if config.flip else 1.0
    cosine, sine = zoom * angle.cos(), zoom * angle.sin()
    # A share of the side is twice that in the coordinates of affine_grid, which run from -1 to 1.
    across, down = amounts(2.0 * config.shift), amounts(2.0 * config.shift)
    rows = torch.stack([mirror * cosine, -sine, across, mirror * sine, cosine, down], dim=1).view(-1, 2, 3)
    grid = affine_grid(rows, list(photos.shape), align_corners=False)
    moved = grid_sample(photos, grid, padding_mode="border", align_corners=False)
    if not config.light:
        return moved.contiguous(memory_format=torch.channels_last)
    contrast, brightness = 1.0 + amounts(config.light), amounts(config.light)
    lit = moved * contrast[:, None, None, None] + brightness[:, None, None, None]
    return lit.clamp(-1.0, 1.0).contiguous(memory_format=torch.channels_last)


def _class_loss(targets: Targets, config: ClassifierConfig) -> Callable[[Tensor, Tensor], Tensor]:
    classes = torch.from_numpy(targets)

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        return cross_entropy(logits, classes[rows], label_smoothing=config.smoothing)

    return loss


def _attribute_loss(targets: Targets) -> Callable[[Tensor, Tensor], Tensor]:
    """Average over the known answers, each logit shifted by its attribute's log-odds in the data.

    The shift explains what is due to rarity, so the logit itself need not and stays fair to both answers.
    """
    known = torch.from_numpy(~np.isnan(targets))
    answers = torch.from_numpy(np.nan_to_num(targets))
    share = np.nanmean(targets, axis=0)
    log_odds = torch.from_numpy(np.log(share / (1.0 - share)).astype(np.float32))

    def loss(logits: Tensor, rows: Tensor) -> Tensor:
        each = binary_cross_entropy_with_logits(logits + log_odds, answers[rows], reduction="none")
        mask = known[rows]
        return (each * mask).sum() / mask.sum()

    return loss
