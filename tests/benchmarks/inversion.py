"""Measure inversion: pictures that the bundled models drew themselves, and real ones that they have not seen.

    python tests/benchmarks/inversion.py [PICTURES]

Prints mean absolute errors in grey levels, beside those of the nearest of the samples looked at first. Real pictures,
the first of MNIST's test split and of the faces held out, are taken where `LATENTLAB_DATA` has them.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import numpy as np

import latentlab
from latentlab.analysis.inversion import invert
from latentlab.data.idx import load_idx
from latentlab.data.members import members
from latentlab.data.picture import SUFFIXES, decode
from latentlab.data.resize import fit
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Pixels

CHECKPOINTS = Path(__file__).resolve().parents[2] / "checkpoints"
DATA = Path(os.environ.get("LATENTLAB_DATA", "../shared/data"))
SEED = 777


def real_digits(count: int) -> Pixels:
    return fit(load_idx(DATA / "mnist", "test").pixels[:count], 32)


def real_faces(count: int) -> Pixels:
    held_out = set((CHECKPOINTS / "faces-holdout.txt").read_text().split())
    found = []
    with members(DATA / "faces", lambda name: name.endswith(SUFFIXES), [], None) as files:
        for each in files:
            if Path(each.name).stem in held_out and len(found) < count:
                found.append(decode(each.read(), each.name, 64, 3).pixels)
    return np.stack(found)


def report(what: str, generator: Generator, pictures: Pixels) -> None:
    started = time.process_time()
    found = [invert(generator, each) for each in pictures]
    seconds = (time.process_time() - started) / len(found)
    errors, nearest = np.array([each.error for each in found]), np.array([each.nearest_error for each in found])
    far = max(each.typicality for each in found)
    print(
        f"{what:<12}{len(found):>4} pictures  error: mean {errors.mean():.2f}, median {np.median(errors):.2f}, most "
        f"{errors.max():.2f}  nearest samples: mean {nearest.mean():.2f}  highest typicality {far:.2f}  "
        f"{seconds:.1f} s of CPU each",
        flush=True,
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 20
    for name, real in (("digits", real_digits), ("faces", real_faces)):
        model = latentlab.open_model(CHECKPOINTS / f"{name}.safetensors")
        report(f"own {name}", model.generator, model.render(model.sample(count, seed=SEED)))
        if (DATA / "mnist").is_dir():
            report(f"real {name}", model.generator, real(count))


if __name__ == "__main__":
    main()
