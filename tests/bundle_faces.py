"""Make ``checkpoints/faces.safetensors`` of a run's newest model, and draw its sheet.

Usage: python tests/bundle_faces.py RUN COMMANDS

COMMANDS are the command lines that made it. The discriminator stays behind: with it the bundled files would take more
than 12 MB. How good the model is `latentlab evaluate` tells, and ``python tests/name_directions.py faces`` names its
directions.
"""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
from bundle_digits import halved

from latentlab.export.sheet import write_sheet
from latentlab.models.card import DataSource
from latentlab.models.checkpoint import find_model, load_generator, save_model
from latentlab.paths import bundled
from latentlab.session.opened import OpenedModel

DATA = DataSource(
    "celeba", 30288, "CelebA: non-commercial research only", "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html"
)
SAMPLES = 2000
NOTES = (
    "Stands in for a model trained on a GPU, which was not at hand: an hour and a quarter on one CPU core. Non-"
    "commercial research only, as the data; the images are not in the file. Draws faces as CelebA has them: "
    "celebrities, most of them young and light-skinned, frontal, cut to the face. No real person is meant."
)


def main() -> None:
    """Write the model."""
    path, commands = find_model(Path(sys.argv[1])), sys.argv[2]
    generator = load_generator(path)
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
