"""Say how far the newest model of each run is from its training pictures: what a configuration is chosen by.

    python tests/choose_run.py mnist|faces RUN [RUN...]

The Fréchet distance of 5,000 samples to 5,000 training pictures, and that of 5,000 others beside it, in the features of
a network that is trained on the spot to tell which way a picture is up (kept in ``local/``). It is no part of any
objective, and neither it nor these pictures judge a model that ships. Of digits also how many are clear: the bundled
network, which saw training images alone, gives one class a probability of 0.9.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "benchmarks"))

from acceptance import softmax
from compare_quality import ROOT, TASKS, chooser

from latentlab.analysis.classifier import PictureClassifier
from latentlab.analysis.metrics.latents import Latents
from latentlab.models.checkpoint import find_model
from latentlab.models.classifier_file import load_classifier
from latentlab.paths import make_folder
from latentlab.session.opened import OpenedModel

SAMPLES = 5000
SEED = 2000
CLEAR = 0.9


def clear_share(model: OpenedModel) -> float:
    """Return the share of samples that the bundled network of digits is sure of."""
    network = PictureClassifier(load_classifier(ROOT / "checkpoints" / "digits-classes.safetensors"), threads=1)
    top = softmax(network.logits(model.render(model.sample(SAMPLES, SEED)))).max(axis=1)
    return float((top >= CLEAR).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", choices=tuple(TASKS))
    parser.add_argument("runs", type=Path, nargs="+")
    arguments = parser.parse_args()
    task = TASKS[arguments.data]()
    folder = make_folder(ROOT / "local" / f"choosing-{arguments.data}")
    print(f"{'Fréchet':>9}{'':10}{'real':>8}{'kimg':>9}  run")
    for run in arguments.runs:
        model = OpenedModel.from_file(find_model(run))
        spec = model.generator.card.generator
        latents = Latents(spec.z_dim, spec.prior, seed=SEED)
        score = chooser(task, folder, latents, SAMPLES)(model.render, lambda _: None)
        clear = f"  {clear_share(model):.1%} clear" if arguments.data == "mnist" else ""
        print(
            f"{score.frechet.value:9.3f} ± {score.frechet.error:<7.3f}{score.floor.value:8.3f}"
            f"{model.generator.card.kimg:9.0f}  {run}{clear}",
            flush=True,
        )


if __name__ == "__main__":
    main()
