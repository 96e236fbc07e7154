"""Make ``checkpoints/digits.safetensors`` of a run's newest model, with its grade in its card, and draw its sheet.

Usage: python tests/bundle_digits.py RUN [COMMANDS]

COMMANDS are the command lines that made it where the run was gone on with; else the run's own is kept.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

from judge import SAMPLES, draw, grade, judge_of, mnist_folder, read_mnist

from latentlab.export.sheet import write_sheet
from latentlab.models.checkpoint import find_model, load_discriminator, load_generator, save_model
from latentlab.paths import bundled

NOTES = (
    "Draws handwritten digits as MNIST has them: white on black, upright, one digit a picture. About one in five lies "
    "between two digits. No class can be asked for."
)


def main() -> None:
    """Grade the model and write it."""
    path = find_model(Path(sys.argv[1]))
    generator = load_generator(path)
    critic = load_discriminator(path)
    mnist = read_mnist(mnist_folder())
    result = grade(judge_of(mnist), draw(generator, SAMPLES), *mnist.splits(SAMPLES))
    metrics = {
        "mean top probability": round(result.mean_top_probability, 4),
        "recall over real": round(result.recall_ratio, 3),
        "coverage over real": round(result.coverage_ratio, 3),
        "rarest class": round(float(min(result.class_shares)), 3),
    }
    target = bundled("checkpoints") / "digits.safetensors"
    command = sys.argv[2] if len(sys.argv) > 2 else generator.card.command
    card = replace(generator.card, name="digits", metrics=metrics, notes=NOTES, command=command)
    save_model(target, card, generator.weights, critic[1] if critic else None)
    write_sheet(target.with_suffix(".png"), draw(generator, 64), 16, 2)
    print(f"{target} from {path.name}: {metrics}")
    for line in result.failings():
        print(line)


if __name__ == "__main__":
    main()
