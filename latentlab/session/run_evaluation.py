"""What judges a run while it trains: the real pictures of its data, in the best feature space at hand."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from latentlab.analysis.metrics.evaluator import SAMPLES, training_evaluator
from latentlab.analysis.metrics.held_out import open_source
from latentlab.analysis.metrics.latents import Draw, Latents
from latentlab.analysis.metrics.spaces import Wish, fitting_network, prepare
from latentlab.analysis.progress import Progress, part
from latentlab.paths import bundled
from latentlab.training.config import TrainConfig

if TYPE_CHECKING:
    from latentlab.training.evaluation import Evaluate

SEED = 3_000
"""Of the latents: no others than a run's are judged by them."""

_READ, _LEARNED = 0.2, 0.8  # shares of the progress


def make_evaluate(config: TrainConfig, classes: int, progress: Progress) -> Evaluate:
    """Make the real side ready; see `training.evaluation.MakeEvaluate`.

    The test split of named data is taken, which nothing is trained on; of a folder or archive, which has none, some of
    its pictures, and the record says so. Features are those of the bundled network that was trained on the same data,
    else of one that learns on the spot from classes or from which way is up, and is kept for the next run.

    Args:
        config: Resolved.
        classes: How many classes G is told; 0 where z alone decides.
        progress: Told the fraction done.

    Raises:
        LatentlabError: If the data allow no evaluation.
        Cancelled: If `progress` raises it.
    """
    source = open_source(config.data, config.size, config.channels, part(progress, 0.0, _READ), crop=config.crop)
    network = fitting_network(bundled("checkpoints"), config.channels, (source.data.name,), any_data=False)
    learning = part(progress, _READ, _LEARNED)
    held_out, space = prepare(source, None, source.data.name, Wish(network=network), SAMPLES, learning)
    latents = Latents(config.z_dim, config.prior, classes, SEED)
    evaluate = training_evaluator(held_out, space, latents, SAMPLES, part(progress, _LEARNED, 1.0))
    against = f"{len(held_out.reference)} pictures of {held_out.name}, {held_out.part}; {held_out.resize}"

    def judged(draw: Draw, progress: Progress) -> Mapping[str, Any]:
        return {**evaluate(draw, progress).facts(), "against": against}

    return judged
