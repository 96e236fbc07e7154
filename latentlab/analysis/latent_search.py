"""Searching z by gradients: what is minimised, Adam for several latents at once, Levenberg-Marquardt for the last one.

Everything that is minimised is a sum of squares, so the finish minimises the very same thing as the search before it.
This module imports torch, `inversion` imports it when it runs.

References:
    Creswell & Bharath 2018, "Inverting the Generator of a Generative Adversarial Network", arXiv:1802.05701: several
        latents descend together, and z is held to its prior.
    Denton et al. 2015, "Deep Generative Image Models using a Laplacian Pyramid", arXiv:1506.05751: coarse and fine
        content of a picture as levels, each half as large as the one before.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import torch
from torch.nn.functional import avg_pool2d

from latentlab.analysis.network import PictureChanges
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import expected_norm, typicality_spread
from latentlab.models import networks
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Photo, Pixels, to_photo

LEVELS = 4
SHELL_SPREADS = 2.0
SHELL_WEIGHT = 0.02
ROUNDS = 4
FINALISTS = 2
FINISH = 20

_BATCH = 64
_TANGENTS = 50
_LR, _LR_END = 0.2, 0.05
_BETA1, _BETA2, _EPS = 0.9, 0.999, 1e-8
_DAMPING, _LEAST_DAMPING, _TRIES = 1e-2, 1e-8, 6
_LEAST_GAIN = 3e-3

Double = npt.NDArray[np.float64]
Seen = Callable[[float, FloatArray, int, Photo], None]
"""Takes the misfit of a latent that was drawn, its z, shape (z_dim,), float32, its class, and its picture in photo
range, shape (C, H, W), float32; the arrays are the search's own and hold only during the call."""


def unseen(_misfit: float, _z: FloatArray, _label: int, _photo: Photo) -> None:
    """Take what nobody looks at."""


class Misfit:
    """How far the pictures of latents are from the one that is wanted, and the latents from what the prior gives.

    Args:
        generator: Its layers are known.
        pixels: The picture wanted, shape (H, W, C), uint8, of the generator's size and channels.
    """

    def __init__(self, generator: Generator, pixels: Pixels) -> None:
        self.spec = generator.card.generator
        self._network = networks.frozen(self.spec.network, generator.weights)
        self._wanted = torch.from_numpy(to_photo(pixels[None]))
        self._norm = expected_norm(self.spec.prior, self.spec.z_dim)
        self._spread = typicality_spread(self.spec.prior, self.spec.z_dim)

    def photo(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        """Draw latents.

        Args:
            z: Shape (N, z_dim), float32.
            y: Their classes, shape (N,), int64; without effect where the generator has none.

        Returns:
            Photo range, shape (N, C, H, W), float32.
        """
        drawn: torch.Tensor = self._network(z, y) if self.spec.classes else self._network(z)
        return drawn

    def difference(self, photo: torch.Tensor) -> torch.Tensor:
        """Return what pictures differ by from the one wanted, shape (N, C, H, W)."""
        return photo - self._wanted

    def of_photo(self, photo: torch.Tensor) -> torch.Tensor:
        """Return how far pictures are from the one wanted: mean squares, summed over `levels`; shape (N,)."""
        return torch.stack([level.square().mean((1, 2, 3)) for level in levels(self.difference(photo))]).sum(0)

    def beyond_shell(self, z: torch.Tensor) -> torch.Tensor:
        """Return how far |z| is outside of what the prior gives, 0 within `SHELL_SPREADS` standard deviations of it.

        Args:
            z: Shape (N, z_dim), float32.

        Returns:
            Shape (N,), in standard deviations of the typicality, negative where z is too short.
        """
        deviation: torch.Tensor = (z.norm(dim=1) / self._norm - 1.0) / self._spread
        return deviation.sign() * (deviation.abs() - SHELL_SPREADS).clamp(min=0.0)

    def total(self, z: torch.Tensor, photo: torch.Tensor) -> torch.Tensor:
        """Return what is minimised, shape (N,): `of_photo`, and `SHELL_WEIGHT` times `beyond_shell` squared."""
        cost: torch.Tensor = self.of_photo(photo) + SHELL_WEIGHT * self.beyond_shell(z).square()
        return cost

    def outward(self, z: Double) -> Double:
        """Return the gradient of `beyond_shell` outside the shell, shape (z_dim,); 0 at the origin."""
        return np.asarray(z / max(float(np.linalg.norm(z)), _EPS) / (self._norm * self._spread))


def survey(misfit: Misfit, z: FloatArray, y: IntArray, progress: Progress = unwatched, seen: Seen = unseen) -> Double:
    """Return how far the pictures of many latents are from the one wanted, their prior aside.

    Args:
        misfit: Of the picture wanted.
        z: Shape (N, z_dim), float32.
        y: Shape (N,), int64.
        progress: Told the fraction done; may cancel.
        seen: Told of the nearest one of each batch.

    Returns:
        Shape (N,).
    """
    found = np.empty(len(z))
    for rows in batches(len(z), _BATCH, progress):
        with torch.inference_mode():
            photo = misfit.photo(torch.from_numpy(z[rows]), torch.from_numpy(y[rows]))
            distances = misfit.of_photo(photo)
            found[rows] = distances.numpy()
            best = int(distances.argmin())
            seen(float(distances[best]), z[rows][best], int(y[rows][best]), photo[best].numpy())
    return found


def draw(misfit: Misfit, z: FloatArray, y: IntArray) -> Photo:
    """Draw a few latents: photo range, shape (N, C, H, W), float32."""
    with torch.inference_mode():
        return np.asarray(misfit.photo(torch.from_numpy(z), torch.from_numpy(y)).numpy(), np.float32)


def levels(pictures: torch.Tensor) -> list[torch.Tensor]:
    """Return pictures, and their means over 2x2, 4x4 and 8x8 pixels as far as they are large enough.

    Args:
        pictures: Shape (N, C, H, W).

    Returns:
        Up to `LEVELS`, each half as high and wide as the one before, linear in `pictures`.
    """
    found = [pictures]
    while len(found) < LEVELS and min(found[-1].shape[2:]) >= 4:
        found.append(avg_pool2d(found[-1], 2))
    return found


def descend(
    misfit: Misfit,
    z: FloatArray,
    y: IntArray,
    steps: int,
    random: np.random.RandomState,
    progress: Progress,
    seen: Seen = unseen,
) -> tuple[FloatArray, IntArray, list[float]]:
    """Let latents descend together by Adam; after each quarter of the steps the worse half is given up.

    The step falls by half a cosine. A normal latent is held to its shell by `Misfit`. A component of a uniform one that
    leaves the cube is drawn anew in the first half of the steps, and clipped in the second.

    Args:
        misfit: What is minimised.
        z: Where they start, shape (N, z_dim), float32, N >= 1.
        y: Their classes, shape (N,), int64.
        steps: How many, at least 1.
        random: Draws components anew.
        progress: Told the fraction done; may cancel.
        seen: Told of the one of least misfit before each step.

    Returns:
        The best of those left, at most `FINALISTS`, and their classes, shapes (M, z_dim) and (M,); the least misfit
        before each step.

    References:
        Kingma & Ba 2015, "Adam", arXiv:1412.6980, algorithm 1.
        Lipton & Tripathi 2017, "Precise Recovery of Latent Vectors from Generative Adversarial Networks",
        arXiv:1702.04782, section 2: stochastic clipping.
    """
    at, classes = torch.from_numpy(z.copy()), torch.from_numpy(y)
    first, second = torch.zeros_like(at), torch.zeros_like(at)
    ends = [steps * each // ROUNDS for each in range(1, ROUNDS)]
    trace = []
    for step in range(steps):
        progress(step / steps)
        at.requires_grad_(True)
        photo = misfit.photo(at, classes)
        losses = misfit.total(at, photo)
        (gradient,) = torch.autograd.grad(losses.sum(), at)
        losses, at = losses.detach(), at.detach()
        best = int(losses.argmin())
        trace.append(float(losses[best]))
        seen(trace[-1], at[best].numpy(), int(classes[best]), photo[best].detach().numpy())
        first = _BETA1 * first + (1.0 - _BETA1) * gradient
        second = _BETA2 * second + (1.0 - _BETA2) * gradient.square()
        mean, variance = first / (1.0 - _BETA1 ** (step + 1)), second / (1.0 - _BETA2 ** (step + 1))
        at = at - _lr(step / steps) * mean / (variance.sqrt() + _EPS)
        if misfit.spec.prior == "uniform":
            at = _into_cube(at, random if step < steps // 2 else None)
        if step + 1 in ends:
            kept = torch.argsort(losses, stable=True)[: -(-len(at) // 2)]
            at, classes, first, second = at[kept], classes[kept], first[kept], second[kept]
    with torch.inference_mode():
        kept = torch.argsort(misfit.total(at, misfit.photo(at, classes)), stable=True)[:FINALISTS]
    progress(1.0)
    return at.numpy()[kept], classes.numpy()[kept], trace


def finish(
    misfit: Misfit, changes: PictureChanges, z: FloatArray, label: int, progress: Progress, seen: Seen = unseen
) -> tuple[FloatArray, list[float]]:
    """Bring one latent to the bottom of the valley it is in, by Levenberg-Marquardt.

    Adam is slow there, as z changes the picture by much along some directions and by little along others. Components
    at the faces of a uniform prior's cube that want to leave it rest.

    Args:
        misfit: What is minimised.
        changes: Of the same generator and class.
        z: Shape (z_dim,), float32.
        label: Its class; 0 where there are none.
        progress: Told the fraction done; may cancel.
        seen: Told of z after each step that came nearer.

    Returns:
        z, shape (z_dim,), float32, never of a greater misfit than before; the misfit before and after each step.

    References:
        Marquardt 1963, "An Algorithm for Least-Squares Estimation of Nonlinear Parameters", Journal of the Society
        for Industrial and Applied Mathematics 11.
    """
    at, damping, uniform = z.astype(np.float64), _DAMPING, misfit.spec.prior == "uniform"
    photo, value = _look(misfit, at, label)
    trace = [value]
    for step in range(FINISH):
        stage = part(progress, step / FINISH, (step + 1) / FINISH)
        curvature, gradient = _normal_equations(misfit, changes, at, misfit.difference(photo), stage)
        free = ~((np.abs(at) >= 1.0) & (gradient * at < 0.0)) if uniform else np.ones(len(at), bool)
        scale = float(np.trace(curvature)) / len(at)
        if not (scale > 0.0 and free.any()):
            break
        before = value
        for _ in range(_TRIES):
            damped = curvature[np.ix_(free, free)] + damping * scale * np.eye(int(free.sum()))
            tried = at.copy()
            tried[free] -= np.linalg.solve(damped, gradient[free])
            if uniform:
                tried = np.clip(tried, -1.0, 1.0)
            drawn, there = _look(misfit, tried, label)
            if there < value:
                at, photo, value, damping = tried, drawn, there, max(damping / 5.0, _LEAST_DAMPING)
                seen(value, at.astype(np.float32), label, photo[0].numpy())
                break
            damping *= 4.0
        trace.append(value)
        if value > (1.0 - _LEAST_GAIN) * before:
            break
    progress(1.0)
    return at.astype(np.float32), trace


def _lr(done: float) -> float:
    return _LR * (_LR_END + (1.0 - _LR_END) * 0.5 * (1.0 + math.cos(math.pi * done)))


def _into_cube(z: torch.Tensor, random: np.random.RandomState | None) -> torch.Tensor:
    if random is None:
        return z.clamp(-1.0, 1.0)
    anew = torch.from_numpy(random.uniform(-1.0, 1.0, tuple(z.shape)).astype(np.float32))
    return torch.where(z.abs() > 1.0, anew, z)


def _look(misfit: Misfit, z: Double, label: int) -> tuple[torch.Tensor, float]:
    """Return the picture of a latent, photo range, shape (1, C, H, W), and the misfit."""
    row = torch.from_numpy(z[None].astype(np.float32))
    with torch.inference_mode():
        photo = misfit.photo(row, torch.full((1,), label))
        return photo, float(misfit.total(row, photo)[0])


def _normal_equations(
    misfit: Misfit, changes: PictureChanges, z: Double, difference: torch.Tensor, progress: Progress
) -> tuple[Double, Double]:
    """Return half the curvature of the misfit as Gauss and Newton take it, J J^T, and half its gradient."""
    axes, row = np.eye(len(z), dtype=np.float32), z.astype(np.float32)
    jacobian = np.concatenate([changes(row, axes[rows]) for rows in batches(len(z), _TANGENTS, progress)])
    beyond, outward = float(misfit.beyond_shell(torch.from_numpy(row[None]))[0]), misfit.outward(z)
    curvature = SHELL_WEIGHT * np.outer(outward, outward) if beyond else np.zeros((len(z), len(z)))
    gradient = SHELL_WEIGHT * beyond * outward
    columns = torch.from_numpy(jacobian).reshape(len(z), *difference.shape[1:])
    for level, off in zip(levels(columns), levels(difference), strict=True):
        rows, flat = level.reshape(len(z), -1), off.reshape(-1)
        curvature += (rows @ rows.T).numpy() / len(flat)
        gradient += (rows @ flat).numpy() / len(flat)
    return curvature, gradient
