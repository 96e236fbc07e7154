"""Steering: a direction is turned until what a network says of the pictures rises steadily along it.

A boundary is the best straight one between samples that have an attribute and samples that have not. Of a generator
whose attributes lie curved in z it says little of the way there; steering looks at the way itself.

References:
    Jahanian, Chai & Isola 2020, "On the 'steerability' of generative adversarial networks", arXiv:1907.07171: a walk
        learned through the generator, against what it is to do.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad

from latentlab.analysis.progress import Progress, unwatched
from latentlab.analysis.steadiness import Numbers, steady_share, walk
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import sample
from latentlab.models import networks
from latentlab.models.checkpoint import Generator
from latentlab.models.classifier_file import Classifier

STEPS = 200
_STRENGTHS = (-3.0, -2.0, -1.0, 0.0, 1.0, 2.0, 3.0)
_SEEDS, _FIRST_SEED = 15, 10_000
_LR = 0.03
_RISE = 0.15
"""What counts as a clear rise between two pictures, in standard deviations of what is said."""
_ENOUGH = 0.95
_SLOPE_WEIGHT = 0.05
_MOST_SHIFT_PX, _NOISE = 3, 0.05
_CHECKED, _CHECKED_SEED = 100, 9_999
_BATCH = 64
_LUMA = (0.299, 0.587, 0.114)  # ITU-R 601

Change = Callable[[Tensor], Tensor]
"""Changes pictures, shape (N, C, H, W), before they are read."""


def _unchanged(photo: Tensor) -> Tensor:
    return photo


class Steering:
    """A generator and a network that reads its pictures, made ready to turn directions through both.

    Args:
        generator: From z (z_dim,) to photo range (C, H, W); it must show its layers.
        classifier: The network. Pictures of another size are padded or resized for it, grey and colour converted.
        label: The class that is drawn, from 0, where the generator has classes.

    Raises:
        ValueRangeError: If the generator is an ``.onnx`` file.
    """

    def __init__(self, generator: Generator, classifier: Classifier, label: int = 0) -> None:
        generator.check_open("steering")
        self._spec = generator.card.generator
        self._label = label if self._spec.classes else None
        self._draws = networks.frozen(self._spec.network, generator.weights)
        self._card = classifier.card
        self._reads = networks.frozen(classifier.card.network, classifier.weights)

    def __call__(self, direction: Direction, output: int, progress: Progress = unwatched) -> Direction:
        """Climb how steadily the output rises with the strength, over fresh seeds at each step.

        That is Kendall's tau with the sign of each difference softened, as far as `_ENOUGH`; beside it, with little
        weight, the slope as far as that of the beginning, or the climb would end at a direction that hardly does
        anything. The network sees the pictures moved a little and with some noise, differently at each step: it is to
        be convinced by what they show, not by single pixels.

        Args:
            direction: Where to begin.
            output: Which output of the network is to rise, an index.
            progress: Told the fraction done; may cancel.

        Returns:
            The turned direction; the one given, where that rises steadily for more seeds that had no part in it.

        Raises:
            Cancelled: If `progress` raises it.
        """
        turned = replace(direction, vector=self._climb(direction, output, progress), accuracy=None)
        before, after = (self.steadiness(each, output) for each in (direction, turned))
        progress(1.0)
        if after <= before:
            return direction
        detail = f"steered: rises steadily for {after:.0%} of {_CHECKED} seeds instead of {before:.0%}"
        return replace(turned, detail=f"{direction.detail}; {detail}" if direction.detail else detail)

    def steadiness(self, direction: Direction, output: int) -> float:
        """Return the share of seeds for which the output rises steadily; see `steadiness.steady_share`."""
        z = sample(self._spec.prior, _CHECKED, self._spec.z_dim, _CHECKED_SEED)
        return steady_share(walk(lambda moved: self._read(moved, output), direction, z))

    def _climb(self, direction: Direction, output: int, progress: Progress) -> FloatArray:
        strengths = direction.sigma * torch.tensor(_STRENGTHS)
        along = strengths / strengths.norm()  # of mean 0, so that the slope needs no centring
        earlier, later = torch.triu_indices(len(strengths), len(strengths), 1)
        v = torch.tensor(np.asarray(direction.vector)).requires_grad_()
        adam = torch.optim.Adam([v], _LR)
        first = None
        for step in range(STEPS):
            progress(step / STEPS)
            adam.param_groups[0]["lr"] = _LR * (1.0 - step / STEPS)
            z = torch.from_numpy(sample(self._spec.prior, _SEEDS, self._spec.z_dim, _FIRST_SEED + step))
            moved = z[:, None] + strengths[:, None] * (v / v.norm())  # (seeds, strengths, z_dim)
            shaken = partial(_shaken, random=np.random.RandomState(step))
            odds = self._log_odds(moved.flatten(0, 1), output, shaken).reshape(_SEEDS, len(strengths))
            slope = (odds @ along).mean()
            first = slope.detach() if first is None else first
            rises = (odds[:, later] - odds[:, earlier]) / (_RISE * odds.std().detach())
            tau = rises.tanh().mean(1).clamp(max=_ENOUGH).mean()
            gain = tau + _SLOPE_WEIGHT * (slope / first.abs()).clamp(max=1.0)
            adam.zero_grad()
            (-gain).backward()
            adam.step()
        return v.detach().numpy()

    def _log_odds(self, z: Tensor, output: int, change: Change = _unchanged) -> Tensor:
        """Return log p / (1 - p) of an output for the pictures of latents (N, z_dim), shape (N,)."""
        y = () if self._label is None else (torch.full((len(z),), self._label),)
        logits = self._reads(change(_as_seen(self._draws(z, *y), self._card.network.input_shape)))
        if self._card.kind == "sigmoid":
            return logits[:, output]  # type: ignore[no-any-return]
        others = [index for index in range(logits.shape[1]) if index != output]
        return logits[:, output] - logits[:, others].logsumexp(1)  # type: ignore[no-any-return]

    @torch.inference_mode()
    def _read(self, z: FloatArray, output: int) -> Numbers:
        parts = [self._log_odds(part, output) for part in torch.split(torch.from_numpy(z), _BATCH)]
        return torch.cat(parts).double().numpy()


def _as_seen(photo: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Bring pictures (N, C, H, W) to the shape (C, H, W) that a network reads, much as `data.resize` does."""
    channels, size = shape[0], shape[1]
    if photo.shape[1] != channels:
        grey = photo.new_tensor(_LUMA)[:, None, None]
        photo = (photo * grey).sum(1, keepdim=True) if channels == 1 else photo.expand(-1, channels, -1, -1)
    side = max(photo.shape[2:])
    is_padded = side <= size < 2 * side
    room = size if is_padded else side
    height, width = photo.shape[2:]
    above, left = (room - height) // 2, (room - width) // 2
    if (height, width) != (room, room):
        photo = pad(photo, (left, room - width - left, above, room - height - above), mode="replicate")
    return photo if room == size else interpolate(photo, (size, size), mode="bilinear", antialias=True)


def _shaken(photo: Tensor, random: np.random.RandomState) -> Tensor:
    """Move pictures (N, C, H, W) by up to `_MOST_SHIFT_PX`, all alike, and add noise."""
    most, (height, width) = _MOST_SHIFT_PX, photo.shape[2:]
    down, right = random.randint(0, 2 * most + 1, 2)
    moved = pad(photo, (most, most, most, most), mode="replicate")[:, :, down : down + height, right : right + width]
    return moved + _NOISE * torch.from_numpy(random.standard_normal(tuple(photo.shape)).astype(np.float32))
