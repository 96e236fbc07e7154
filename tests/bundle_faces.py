"""Make ``checkpoints/faces.safetensors`` of a run's newest model, and draw its sheet.

Usage: python tests/bundle_faces.py RUN COMMANDS

COMMANDS are the command lines that made it. D's BatchNorm sees real and generated batches apart and each normalised, so
it lets the contrast of a long run fade; the last kernel is therefore multiplied by what gives samples the contrast of
the training pictures, read from ``local/faces-train.zip``.

The discriminator stays behind: with it the bundled files would take more than 12 MB. How good the model is `latentlab
evaluate` tells, and ``python tests/name_directions.py faces`` names its directions.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundle_digits import halved
from faces_data import ROOT, SIDE_PX

from latentlab.data.catalogue import open_data
from latentlab.export.sheet import write_sheet
from latentlab.models.card import DataSource
from latentlab.models.checkpoint import Generator, find_model, load_generator, save_model
from latentlab.paths import bundled
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

DATA = DataSource(
    "celeba", 30288, "CelebA: non-commercial research only", "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
)
SAMPLES = 2000
TRAINED_ON = ROOT / "local" / "faces-train.zip"
_EVERY = 30
_HALVINGS = 12
NOTES = (
    "Stands in for a model trained on a GPU, which was not at hand: a little more than an hour on one CPU core. Non-"
    "commercial research only, as the data; the images are not in the file. Draws faces as CelebA has them: "
    "celebrities, most of them young and light-skinned, frontal, cut to the face. No real person is meant."
)


def contrasted(generator: Generator, pixels: Pixels) -> tuple[Generator, float]:
    """Multiply the last kernel by what gives samples the standard deviation of pictures (N, H, W, C), uint8."""
    kernels = [name for name, value in generator.weights.items() if value.ndim > 1]
    low, high = 0.5, 3.0
    for _ in range(_HALVINGS):
        factor = float(np.sqrt(low * high))
        weights = {**generator.weights, kernels[-1]: generator.weights[kernels[-1]] * np.float32(factor)}
        made = replace(generator, weights=weights, content_hash="")
        model = OpenedModel(made)
        low, high = (factor, high) if model.render(model.sample(SAMPLES)).std() < pixels.std() else (low, factor)
    return made, factor


def main() -> None:
    """Write the model."""
    path, commands = find_model(Path(sys.argv[1])), sys.argv[2]
    real = np.asarray(open_data(str(TRAINED_ON), SIDE_PX, 3).pixels[::_EVERY])
    generator, factor = contrasted(load_generator(path), real)
    commands += f" (its last kernel then multiplied by {factor:.2f}, for contrast: tests/bundle_faces.py)"
    card = replace(
        generator.card, name="faces", data=DATA, discriminator=None, metrics={}, notes=NOTES, command=commands
    )
    target = bundled("checkpoints") / "faces.safetensors"
    save_model(target, card, halved(generator.weights))
    model = OpenedModel(generator)
    z = model.sample(SAMPLES)
    pixels = model.render(z)
    shift = np.abs(OpenedModel.from_file(target).render(z).astype(int) - pixels).max()
    if shift > 1:
        raise SystemExit(f"half precision moves a pixel by {shift} grey levels")
    write_sheet(target.with_suffix(".png"), pixels[:64], 16, 2)
    print(f"{target} from {path.name}: {target.stat().st_size:,} bytes")


if __name__ == "__main__":
    main()
