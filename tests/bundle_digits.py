"""Make ``checkpoints/digits.safetensors`` of a run's newest model, with its grade in its card, and draw its sheet.

Usage: python tests/bundle_digits.py RUN [COMMANDS]

COMMANDS are the command lines that made it where the run was gone on with; else the run's own is kept.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from judge import SAMPLES, draw, grade, judge_of, mnist_folder, read_mnist

from latentlab.export.sheet import write_sheet
from latentlab.models.checkpoint import find_model, load_discriminator, load_generator, save_model
from latentlab.models.weight_file import Weights
from latentlab.paths import bundled

NOTES = (
    "Draws handwritten digits as MNIST has them: white on black, upright, one digit a picture. {unclear:.0%} of them "
    "lie between two digits: no class has a probability of 0.9. No class can be asked for."
)


def halved(weights: Weights) -> dict[str, Any]:
    """Round kernels to half precision; what BatchNorm has is little, and moves pictures most."""
    return {name: value.astype(np.float16 if value.ndim > 1 else np.float32) for name, value in weights.items()}


def main() -> None:
    """Grade the model and write it."""
    path = find_model(Path(sys.argv[1]))
    generator = load_generator(path)
    critic = load_discriminator(path)
    mnist = read_mnist(mnist_folder())
    judge, pixels = judge_of(mnist), draw(generator, SAMPLES)
    result = grade(judge, pixels, *mnist.splits(SAMPLES))
    unclear = float((judge.probabilities(pixels).max(axis=1) < 0.9).mean())
    metrics = {
        "mean top probability": round(result.mean_top_probability, 4),
        "recall over real": round(result.recall_ratio, 3),
        "coverage over real": round(result.coverage_ratio, 3),
        "rarest class": round(float(min(result.class_shares)), 3),
    }
    target = bundled("checkpoints") / "digits.safetensors"
    command = sys.argv[2] if len(sys.argv) > 2 else generator.card.command
    notes = NOTES.format(unclear=unclear)
    card = replace(generator.card, name="digits", metrics=metrics, notes=notes, command=command)
    save_model(target, card, halved(generator.weights), halved(critic[1]) if critic else None)
    shift = np.abs(draw(load_generator(target), SAMPLES).astype(int) - pixels).max()
    if shift > 1:
        raise SystemExit(f"half precision moves a pixel by {shift} grey levels")
    write_sheet(target.with_suffix(".png"), draw(generator, 64), 16, 2)
    print(f"{target} from {path.name}: {metrics}")
    for line in result.failings():
        print(line)


if __name__ == "__main__":
    main()
