"""From a model and the name of a data set to the table: what the command and the window both do."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from latentlab.analysis.metrics.evaluation import LEAST_SAMPLES, Evaluation, evaluate
from latentlab.analysis.metrics.held_out import MOST_PICTURES, only_listed, open_source
from latentlab.analysis.metrics.latents import Draw, Latents
from latentlab.analysis.metrics.spaces import Wish, prepare
from latentlab.analysis.progress import Progress, part, unwatched
from latentlab.errors import ValueRangeError
from latentlab.latent.priors import MAX_SEED
from latentlab.models.checkpoint import Generator

SAMPLES = 10_000
MOST_SAMPLES = 100_000
_READ, _LEARNED = 0.1, 0.4  # shares of the progress


@dataclass(frozen=True)
class Request:
    """What a model is to be judged by, and how.

    Attributes:
        data: Name of a data set, or a folder or archive of images.
        samples: How many pictures are drawn, `LEAST_SAMPLES` to `MOST_SAMPLES`.
        seed: Of the samples.
        only: A text file that names the files to be used; None for all.
        wish: What is wanted of the feature space.

    Raises:
        ValueRangeError: If samples or seed are out of range.
    """

    data: str
    samples: int = SAMPLES
    seed: int = 0
    only: Path | None = None
    wish: Wish = field(default_factory=Wish)

    def __post_init__(self) -> None:
        if not LEAST_SAMPLES <= self.samples <= MOST_SAMPLES:
            raise ValueRangeError("samples", f"{self.samples} is outside {LEAST_SAMPLES} to {MOST_SAMPLES}")
        if not 0 <= self.seed <= MAX_SEED:
            raise ValueRangeError("seed", f"{self.seed} is outside 0 to {MAX_SEED}")


@dataclass(frozen=True)
class Judged:
    """A table, with what a user should know of the data.

    Attributes:
        evaluation: The table.
        skipped: One line for each file of the data that could not be read.
    """

    evaluation: Evaluation
    skipped: tuple[str, ...]


def judge(
    generator: Generator,
    draw: Draw,
    title: str,
    request: Request,
    progress: Progress = unwatched,
    on_stage: Callable[[str], None] = lambda stage: None,
) -> Judged:
    """Judge a model.

    Args:
        generator: The model.
        draw: What draws it, on the calling thread.
        title: What it is called.
        request: By what, and how.
        progress: Told the fraction of the whole.
        on_stage: Told what is being done, before each stage.

    Raises:
        LatentlabError: If the data, the feature space or the model does not allow it.
        Cancelled: If `progress` raises it.
    """
    start = time.perf_counter()
    spec = generator.card.generator
    on_stage("reading data")
    side = max(spec.height, spec.width)
    source = open_source(request.data, side, spec.channels, part(progress, 0.0, _READ))
    if request.only is not None:
        source = only_listed(source, request.only.expanduser())
    folder = generator.path.parent if generator.path else None
    on_stage("making the feature space")
    learning = part(progress, _READ, _LEARNED)
    most = min(request.samples, MOST_PICTURES)
    held_out, space = prepare(source, folder, generator.card.data.name, request.wish, most, learning)
    on_stage("drawing and comparing")
    latents = Latents(spec.z_dim, spec.prior, spec.classes, request.seed)
    found = evaluate(draw, latents, held_out, space, request.samples, title, part(progress, _LEARNED, 1.0), start)
    return Judged(found, source.data.skipped)
