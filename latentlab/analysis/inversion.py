"""Inversion: the z whose picture comes nearest to a given one.

Samples of the prior are looked at first; the nearest ones descend together, the worse half of them is given up again
and again, and the last two are brought to the bottom of their valleys. The picture is compared as a whole and at lower
resolutions, and z is held to where the prior's samples lie: a z from elsewhere might come nearer, but it would leave
the model's pictures behind when it is edited.

References:
    Schlegl et al. 2017, "Unsupervised Anomaly Detection with Generative Adversarial Networks to Guide Marker
        Discovery", arXiv:1703.05921 (AnoGAN), section 2.2: z by gradients on the difference of pictures.
    Zhu et al. 2016, "Generative Visual Manipulation on the Natural Image Manifold", arXiv:1609.03552 (iGAN), section
        4.2: why a good start matters.
    `latent_search` has those of each step.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from latentlab.analysis.network import PictureChanges
from latentlab.analysis.progress import Progress, part, unwatched
from latentlab.cores import spare
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import sample, typicality
from latentlab.models.checkpoint import Generator
from latentlab.models.spec import GeneratorSpec
from latentlab.pixels import Photo, Pixels, to_pixels

STEPS = 100
MAX_STEPS = 10_000
SAMPLES = 1024
"""How many samples are looked at first; four times as many brought digits no nearer in the end."""
STARTS = 16


@dataclass(frozen=True, eq=False)
class Reconstruction:
    """A latent whose picture comes near to the one given.

    Attributes:
        z: Shape (z_dim,), float32; of a uniform prior all within [-1, 1].
        label: The class it is drawn as, from 0; None where the generator has none.
        pixels: What it draws, shape (H, W, C), uint8.
        error: Mean absolute difference of that from the picture given, in grey levels.
        typicality: |z| against what the prior gives, as `priors.typicality`.
    """

    z: FloatArray
    label: int | None
    pixels: Pixels
    error: float
    typicality: float


@dataclass(frozen=True, eq=False)
class Inversion(Reconstruction):
    """The latent found for a picture.

    Attributes:
        nearest_error: The error of the nearest of the samples looked at first.
        trace: The least misfit before each step of the descent, then before and after each step of the finish; shape
            (K,), float32. It is the mean squared difference in photo range, summed over up to four resolutions, and
            what leaving the shell of the prior costs.
    """

    nearest_error: float
    trace: FloatArray


OnNearer = Callable[[Reconstruction], None]
"""Takes a reconstruction of less misfit than all before it; its arrays are its own."""


def invert(
    generator: Generator,
    pixels: Pixels,
    steps: int = STEPS,
    seed: int = 0,
    label: int | None = None,
    progress: Progress = unwatched,
    on_nearer: OnNearer | None = None,
) -> Inversion:
    """Find the z of a picture.

    The same seed finds the same z on one machine. It imports torch; a thread beside a window calls `preload` before.

    Args:
        generator: The generator; it must show its layers.
        pixels: The picture, shape (H, W, C), uint8, of the generator's size and channels.
        steps: Of the descent, 1 to `MAX_STEPS`; the finish comes on top.
        seed: Of the samples, and of components that are drawn anew.
        label: The class to draw, from 0; None tries all where the generator has classes.
        progress: Told how far it is; may cancel.
        on_nearer: Told of each reconstruction on the way that is nearer than all before it, so that a search that is
            cancelled leaves the best so far.

    Raises:
        ValueRangeError: If the generator is an ``.onnx`` file, or has no such class, or `steps` is out of range.
        ValueError: If the picture has another shape than the generator's, or the seed is out of range.
        ModelFileError: If the runtime refuses the generator's graph.
        Cancelled: If `progress` raises it.
    """
    generator.check_open("inversion")
    card, spec = generator.card, generator.card.generator
    if pixels.shape != (spec.height, spec.width, spec.channels):
        raise ValueError(f"a picture of shape {pixels.shape} is none of {card.name}")
    if not 1 <= steps <= MAX_STEPS:
        raise ValueRangeError(f"{steps} steps", f"expected 1 to {MAX_STEPS}")
    if label is not None and not 0 <= label < spec.classes:
        raise ValueRangeError(f"class {label}", f"{card.name} has {spec.classes or 'no'} classes")
    from latentlab.analysis.latent_search import Misfit, descend, draw, finish, survey, unseen

    misfit = Misfit(generator, pixels)
    seen = unseen if on_nearer is None else _Nearer(pixels, spec, on_nearer)
    z, y = _samples(generator, label, seed)
    distances = survey(misfit, z, y, part(progress, 0.0, 0.3), seen)
    nearest = int(distances.argmin())
    chosen = _starts(distances, y)
    found, classes, trace = descend(
        misfit, z[chosen], y[chosen], steps, np.random.RandomState(seed), part(progress, 0.3, 0.6), seen
    )
    finals = []
    for place in range(len(found)):
        changes = PictureChanges(generator, int(classes[place]), spare())
        stage = part(progress, 0.6 + 0.4 * place / len(found), 0.6 + 0.4 * (place + 1) / len(found))
        finals.append((*finish(misfit, changes, found[place], int(classes[place]), stage, seen), int(classes[place])))
    best, ending, drawn_as = min(finals, key=lambda final: final[1][-1])
    both, classes = np.stack([best, z[nearest]]), np.array([drawn_as, y[nearest]], np.int64)
    photo = draw(misfit, both, classes)
    end, start = (_reconstruction(pixels, spec, *each) for each in zip(both, map(int, classes), photo, strict=True))
    return Inversion(
        end.z, end.label, end.pixels, end.error, end.typicality, start.error, np.array(trace + ending, np.float32)
    )


class _Nearer:
    """Tells of the latents that are nearer than all before them.

    Args:
        wanted: The picture given, shape (H, W, C), uint8.
        spec: Of the generator.
        tell: Told of each.
    """

    def __init__(self, wanted: Pixels, spec: GeneratorSpec, tell: OnNearer) -> None:
        self._wanted, self._spec, self._tell = wanted, spec, tell
        self._least = np.inf

    def __call__(self, misfit: float, z: FloatArray, label: int, photo: Photo) -> None:
        """See one more; see `latent_search.Seen`."""
        if misfit < self._least:
            self._least = misfit
            self._tell(_reconstruction(self._wanted, self._spec, z, label, photo))


def _reconstruction(wanted: Pixels, spec: GeneratorSpec, z: FloatArray, label: int, photo: Photo) -> Reconstruction:
    """Describe a latent and its picture, shape (C, H, W), beside the picture wanted."""
    pixels = to_pixels(photo[None])[0]
    error = float(np.abs(pixels.astype(np.float64) - wanted).mean())
    typical = float(typicality(z[None], spec.prior)[0])
    return Reconstruction(z.copy(), label if spec.classes else None, pixels, error, typical)


def _samples(generator: Generator, label: int | None, seed: int) -> tuple[FloatArray, IntArray]:
    """Return samples of the prior, and classes: the one named, else all in turn."""
    spec = generator.card.generator
    z = sample(spec.prior, max(SAMPLES, spec.classes), spec.z_dim, seed)
    y = np.arange(len(z)) % max(1, spec.classes) if label is None else np.full(len(z), label)
    return z, y.astype(np.int64)


def _starts(distances: np.ndarray[tuple[int], np.dtype[np.float64]], y: IntArray) -> IntArray:
    """Choose the nearest sample of each class, as far as there is room, then the nearest of any."""
    order = np.argsort(distances, kind="stable")
    firsts = np.zeros(len(order), bool)
    firsts[np.unique(y[order], return_index=True)[1]] = True
    return np.asarray(np.concatenate([order[firsts], order[~firsts]])[:STARTS], np.int64)
