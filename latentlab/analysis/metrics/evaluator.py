"""The few numbers that tell how a training goes, quick enough to be taken at every tick."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass

from latentlab.analysis.manifold import prdc_with_errors
from latentlab.analysis.metrics.diversity import mean_pairwise_distance
from latentlab.analysis.metrics.estimate import Estimate
from latentlab.analysis.metrics.evaluation import NEIGHBOURS, draw_features
from latentlab.analysis.metrics.feature_space import FeatureSpace
from latentlab.analysis.metrics.frechet import Moments, frechet
from latentlab.analysis.metrics.held_out import HeldOut
from latentlab.analysis.metrics.kernel_distance import kernel_distance
from latentlab.analysis.metrics.latents import Draw, Latents
from latentlab.analysis.progress import Progress, part, unwatched
from latentlab.errors import DataError

SAMPLES = 2000


@dataclass(frozen=True)
class Score:
    """How good a generator is, in one feature space.

    Attributes:
        frechet: Fréchet distance of the samples to real pictures.
        floor: That of as many other real pictures.
        kid: Kernel distance.
        precision: Share of samples that look real.
        recall: Share of real pictures that the samples reach.
        diversity: Mean distance between samples over that between real pictures; 1 is as varied as real.
        space: The feature space.
        seconds: What it took.
    """

    frechet: Estimate
    floor: Estimate
    kid: Estimate
    precision: Estimate
    recall: Estimate
    diversity: Estimate
    space: str
    seconds: float

    def facts(self) -> dict[str, object]:
        """Return the score in JSON types."""
        return asdict(self)


Evaluator = Callable[[Draw, Progress], Score]
"""Called with a generator, and what is told the fraction done and may raise `Cancelled`, which is passed on."""


def training_evaluator(
    held_out: HeldOut,
    space: FeatureSpace,
    latents: Latents,
    samples: int = SAMPLES,
    progress: Progress = unwatched,
    clock: Callable[[], float] = time.perf_counter,
) -> Evaluator:
    """Measure the real side once and return what judges a generator by it, always with the same latents.

    Args:
        held_out: Pictures that are neither trained on nor chosen by.
        space: In which pictures are compared.
        latents: Where samples come from.
        samples: How many, at most; no more than there are pictures in the second real set.
        progress: Told the fraction done of the real side.
        clock: Tells the seconds.

    Raises:
        DataError: If the pictures all look the same.
        ValueError: If there are too few pictures.
        Cancelled: If `progress` raises it.
    """
    reference = space(held_out.reference, part(progress, 0.0, 0.5))
    second = space(held_out.second[:samples], part(progress, 0.5, 1.0))
    moments, real_diversity = Moments.of(reference), mean_pairwise_distance(second)
    if not real_diversity.value > 0.0:
        raise DataError(held_out.name, "its pictures all look the same", "Name data that vary.")
    floor = frechet(moments, second)

    def evaluator(draw: Draw, progress: Progress = unwatched) -> Score:
        start = clock()
        fake = draw_features(draw, latents, space, len(second), part(progress, 0.0, 0.8))
        distance = frechet(moments, fake, part(progress, 0.8, 0.85))
        kid = kernel_distance(reference, fake, part(progress, 0.85, 0.9))
        scores, errors = prdc_with_errors(reference[: len(fake)], fake, NEIGHBOURS, part(progress, 0.9, 1.0))
        own = mean_pairwise_distance(fake)
        return Score(
            distance,
            floor,
            kid,
            Estimate(scores.precision, errors.precision, len(fake)),
            Estimate(scores.recall, errors.recall, len(fake)),
            Estimate(own.value / real_diversity.value, own.error / real_diversity.value, own.pictures),
            space.name,
            clock() - start,
        )

    return evaluator
