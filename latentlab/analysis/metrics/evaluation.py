"""Everything that can be said of a model's pictures in one table, each number beside what real pictures reach."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass

import numpy as np

from latentlab.analysis.manifold import ManifoldScores, prdc_with_errors
from latentlab.analysis.metrics.diversity import mean_pairwise_distance, pair_distances
from latentlab.analysis.metrics.estimate import Estimate
from latentlab.analysis.metrics.feature_space import FeatureSpace
from latentlab.analysis.metrics.frechet import Moments, frechet
from latentlab.analysis.metrics.held_out import HeldOut
from latentlab.analysis.metrics.kernel_distance import kernel_distance
from latentlab.analysis.metrics.latents import Draw, Latents
from latentlab.analysis.metrics.neighbours import COUNTS, nearest_distance
from latentlab.analysis.metrics.path_length import EPSILON, path_length
from latentlab.analysis.metrics.sliced_wasserstein import BLOCKS, LARGEST_BLOCK, levels_of, sliced_wasserstein
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.data.resize import fit
from latentlab.errors import DataError
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels

LEAST_SAMPLES = 100
NEIGHBOURS = 5
_DRAWN_AT_ONCE = 64
_MOST_IN_BALLS = 10_000
_PATHS = 2000
_KID_UNIT = 1000.0


@dataclass(frozen=True)
class Measurement:
    """One number of the table.

    Attributes:
        key: How programs name it.
        name: How people name it.
        better: Which way is better: ``lower``, ``higher``, or ``as real`` for the nearer to real pictures the better.
        model: Of the model's pictures.
        real: Of other real pictures, as many, measured in the same way; None where there is nothing like it.
        against: Real pictures that both were compared with; 0 where there are none.
        note: What belongs to it besides, and its paper.
    """

    key: str
    name: str
    better: str
    model: Estimate
    real: Estimate | None
    against: int
    note: str


@dataclass(frozen=True)
class Evaluation:
    """A model's table.

    Attributes:
        model: What the model is called.
        data: What it was judged by.
        space: The feature space.
        resize: How pictures were brought to its size.
        samples: Pictures drawn for the comparisons, untruncated.
        seed: Of the samples.
        measurements: The rows.
        seconds: What it took.
    """

    model: str
    data: str
    space: str
    resize: str
    samples: int
    seed: int
    measurements: tuple[Measurement, ...]
    seconds: float

    def lines(self) -> list[str]:
        """Lay the table out as text, one line a row, under what it was measured with."""
        rows = [("", "model", "real pictures", "N", "better", "")]
        for each in self.measurements:
            real = each.real.in_words() if each.real else "–"
            numbers = f"{each.model.pictures:,}" + (f" / {each.against:,}" if each.against else "")
            rows.append((each.name, each.model.in_words(), real, numbers, each.better, each.note))
        widths = [max(len(row[column]) for row in rows) for column in range(5)]
        table = [
            "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[5]]).rstrip()
            for row in rows
        ]
        return [
            f"{self.model}: {self.samples:,} untruncated samples, seed {self.seed}, against {self.data}",
            f"feature space: {self.space}",
            f"resize: {self.resize}",
            "",
            *table,
            "",
            "± is one standard error; N is pictures of the model (of the second real set) / of the real reference.",
            f"{self.seconds:.1f} s",
        ]

    def facts(self) -> dict[str, object]:
        """Return the table in JSON types."""
        return asdict(self)


def evaluate(
    draw: Draw,
    latents: Latents,
    held_out: HeldOut,
    space: FeatureSpace,
    samples: int,
    name: str = "",
    progress: Progress = unwatched,
    since: float | None = None,
) -> Evaluation:
    """Judge a generator.

    Distances between sets depend on how many pictures they hold, so that the model is compared by as many samples as
    the second real set has pictures; samples beyond these count for the nearest neighbours alone.

    Args:
        draw: The generator.
        latents: Where its samples come from.
        held_out: The real pictures.
        space: In which pictures are compared.
        samples: How many to draw, at least `LEAST_SAMPLES`.
        name: What the model is called.
        progress: Told the fraction done.
        since: When the work began, by `time.perf_counter`; None for now.

    Raises:
        ValueError: If there are too few samples or real pictures.
        DataError: If the real pictures do not differ in the feature space.
        Cancelled: If `progress` raises it.
    """
    if samples < LEAST_SAMPLES:
        raise ValueError(f"{samples} samples are too few; it takes {LEAST_SAMPLES}")
    start = time.perf_counter() if since is None else since
    reference = space(held_out.reference, part(progress, 0.0, 0.04))
    second = space(held_out.second, part(progress, 0.04, 0.08))
    kept = min(samples, BLOCKS * LARGEST_BLOCK)
    pictures, features = _drawn(
        draw, latents, space, samples, kept, len(held_out.reference[0]), part(progress, 0.08, 0.5)
    )
    real = second[:samples]
    fake = features[: len(real)]
    unit = float((pair_distances(reference) ** 2).mean())
    if not unit > 0.0:
        raise DataError(held_out.name, "its pictures all look the same", "Name data that vary.")
    rows = [
        *_distances(reference, real, fake, part(progress, 0.5, 0.6)),
        *_manifolds(reference, real, fake, part(progress, 0.6, 0.75)),
        *_neighbours(reference, second, features, part(progress, 0.75, 0.85)),
        _slices(held_out, pictures, part(progress, 0.85, 0.92)),
        _diversity(real, fake),
        _path_length(
            draw, latents, space, unit, min(_PATHS, max(LEAST_SAMPLES, samples // 2)), part(progress, 0.92, 1.0)
        ),
    ]
    data = f"{held_out.name} ({held_out.part}), {len(reference):,} + {len(second):,} pictures"
    resize = f"data to {held_out.resize}; for the features to {space.resize}"
    return Evaluation(name, data, space.name, resize, samples, latents.seed, tuple(rows), time.perf_counter() - start)


def draw_features(
    draw: Draw, latents: Latents, space: FeatureSpace, samples: int, progress: Progress = unwatched
) -> FloatArray:
    """Draw samples and read them, a few at a time; shape (samples, width), float32.

    Raises:
        Cancelled: If `progress` raises it.
    """
    return _drawn(draw, latents, space, samples, 0, 1, progress)[1]


def _drawn(
    draw: Draw, latents: Latents, space: FeatureSpace, samples: int, kept: int, side: int, progress: Progress
) -> tuple[Pixels, FloatArray]:
    """Return the first `kept` pictures, square, and the features of all."""
    z, classes = latents.take(samples)
    features = np.empty((samples, space.width), np.float32)
    pictures: list[Pixels] = []
    for rows in batches(samples, _DRAWN_AT_ONCE, progress):
        pixels = draw(z[rows], None if classes is None else classes[rows])
        features[rows] = space(pixels)
        if rows.start < kept:
            pictures.append(fit(pixels[: kept - rows.start], side))
    return np.concatenate(pictures) if pictures else np.empty((0, 1, 1, 1), np.uint8), features


def _distances(reference: FloatArray, real: FloatArray, fake: FloatArray, progress: Progress) -> list[Measurement]:
    moments, count = Moments.of(reference), len(reference)
    distance = frechet(moments, fake, part(progress, 0.0, 0.3))
    floor = frechet(moments, real, part(progress, 0.3, 0.6))
    kid = _times(kernel_distance(reference, fake, part(progress, 0.6, 0.8)), _KID_UNIT)
    kid_floor = _times(kernel_distance(reference, real, part(progress, 0.8, 1.0)), _KID_UNIT)
    low, high = kid.interval()
    return [
        Measurement("frechet", "Fréchet distance", "lower", distance, floor, count, "Heusel 2017"),
        Measurement(
            "kid",
            "KID x 1000",
            "lower",
            kid,
            kid_floor,
            kid.pictures,
            f"95 %: {low:.4g} to {high:.4g}; cubic kernel; Bińkowski 2018",
        ),
    ]


def _manifolds(reference: FloatArray, real: FloatArray, fake: FloatArray, progress: Progress) -> list[Measurement]:
    reference, real, fake = reference[:_MOST_IN_BALLS], real[:_MOST_IN_BALLS], fake[:_MOST_IN_BALLS]
    scores = [
        prdc_with_errors(reference, each, NEIGHBOURS, part(progress, start, start + 0.5))
        for each, start in ((fake, 0.0), (real, 0.5))
    ]
    papers = {
        "precision": ("higher", "Kynkäänniemi 2019"),
        "recall": ("higher", "Kynkäänniemi 2019"),
        "density": ("as real", "Naeem 2020"),
        "coverage": ("higher", "Naeem 2020"),
    }
    rows = []
    for key, (better, paper) in papers.items():
        own, others = (_score(values, errors, key, len(fake)) for values, errors in scores)
        note = f"balls to the {NEIGHBOURS}th neighbour; {paper}"
        rows.append(Measurement(key, key.capitalize(), better, own, others, len(reference), note))
    return rows


def _score(values: ManifoldScores, errors: ManifoldScores, key: str, pictures: int) -> Estimate:
    return Estimate(getattr(values, key), getattr(errors, key), pictures)


def _neighbours(
    reference: FloatArray, second: FloatArray, features: FloatArray, progress: Progress
) -> list[Measurement]:
    counts = [count for count in COUNTS if count <= len(features)] or [len(features)]
    rows = []
    for index, count in enumerate(counts):
        told = part(progress, index / len(counts), (index + 1) / len(counts))
        real = nearest_distance(reference, second[:count]) if count <= len(second) else None
        name = f"Nearest of {count:,}" if count % 1000 else f"Nearest of {count // 1000}k"
        nearest = nearest_distance(reference, features[:count], told)
        note = "mean distance of a held-out picture to the nearest sample; Radford 2015"
        rows.append(Measurement(f"nearest_{count}", name, "lower", nearest, real, len(reference), note))
    return rows


def _slices(held_out: HeldOut, pictures: Pixels, progress: Progress) -> Measurement:
    count = min(len(pictures), len(held_out.second), len(held_out.reference))
    reference = held_out.reference[:count]
    distance = sliced_wasserstein(reference, pictures[:count], progress=part(progress, 0.0, 0.5))
    floor = sliced_wasserstein(reference, held_out.second[:count], progress=part(progress, 0.5, 1.0))
    levels = ", ".join(str(side) for side in levels_of(reference.shape[1]))
    note = f"of pixels: 7x7 patches of the Laplacian pyramid at {levels} px; Karras 2018"
    return Measurement("swd", "Sliced Wasserstein x 1000", "lower", distance, floor, distance.pictures, note)


def _diversity(real: FloatArray, fake: FloatArray) -> Measurement:
    own, others = mean_pairwise_distance(fake), mean_pairwise_distance(real)
    return Measurement("diversity", "Diversity", "as real", own, others, 0, "mean distance of random pairs; Zhu 2017")


def _path_length(
    draw: Draw, latents: Latents, space: FeatureSpace, unit: float, paths: int, progress: Progress
) -> Measurement:
    length = path_length(draw, space, latents, unit, paths, progress)
    note = f"in squared distances of two real pictures, step {EPSILON}; Karras 2019"
    return Measurement("path_length", "Path length", "lower", length, None, 0, note)


def _times(estimate: Estimate, factor: float) -> Estimate:
    return Estimate(factor * estimate.value, factor * estimate.error, estimate.pictures)
