"""Train real MNIST with each objective and each architecture, and print how far from real digits each comes.

    python tests/benchmarks/objectives.py RUNS [--kimg 200] [--seeds 0,1,2] [--threads 1] [--only bce --only wgan-gp]

RUNS is a folder; what it holds already is not trained again, so the table can be made in pieces. Distances are Fréchet
distances to the 10,000 test digits, which nothing trains on or is chosen by, of 10,000 samples, in the 128 features of
the digit judge (`tests/judge.py`), which is no part of any objective; its first line gives that of 10,000 training
digits. A model has collapsed where a class is all but missing or recall is low: both are in the table.

Seen, seeds 0, 1 and 2, real digits at 0.13; at 100 kimg: bce 9.1, 7.0, 8.8, with R1 4.1, 4.0, 3.8, with R1 and the
class term 1.09, 0.92, 0.87 (0.98, 0.70, 0.76 on another machine); lsgan 7.7, 8.7, 8.4; hinge with spectral
normalisation 6.2, 5.9, 5.6. Where the critic takes five updates for one of G it takes more images: wgan at 500 kimg
15.6, 15.5, 16.9; wgan-gp at 250 kimg 8.8, 7.4, 8.1 without normalisation; with layer normalisation, which does not see
contrast, it ended at 98 to 113, legible digits on grey. began at 150 kimg 9.8, 9.9, 11.6, the rarest class 4.8 to 6.2 %
of the samples, recall 0.72 to 0.79 of real; with a balance rate of 0.001 and a code as wide as z it was at 27 and 21, a
class all but missing. None collapsed.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))

from judge import Judge, Mnist, draw, grade, judge_of, mnist_folder, read_mnist

from latentlab.analysis.metrics.frechet import Moments, frechet_distance
from latentlab.export.sheet import write_sheet
from latentlab.models.checkpoint import find_model, load_generator
from latentlab.training.control import Control
from latentlab.training.presets import PRESETS
from latentlab.training.run import run_training
from latentlab.training.run_folder import RunFolder

SAMPLES = 10_000
# What each paper takes where it differs from a DCGAN's Adam at 0.5; rates are scaled to the preset's short runs.
WANTED: dict[str, dict[str, Any]] = {
    "bce": {},
    "bce, one-sided labels": {"smooth_real": 0.1},
    "bce, R1": {"r1": 1.0},
    "bce, DiffAugment": {"augment": "colour,translation,cutout"},
    "lsgan": {"loss": "lsgan"},
    "wgan": {"loss": "wgan", "beta1": 0.0, "lr": 2e-4},
    "wgan-gp": {"loss": "wgan-gp", "beta1": 0.0, "beta2": 0.9, "lr": 5e-4},
    "hinge, spectral": {"loss": "hinge", "critic_norm": "spectral", "beta1": 0.0},
    "began": {"loss": "began", "z_dim": 64, "code_dim": 32, "lr_end": 1.0},
    "bce, classes": {"class_weight": 3.0, "r1": 1.0},
    "upsample": {"architecture": "upsample"},
    "dense": {"architecture": "dense"},
}


def folder_of(runs: Path, name: str, seed: int) -> Path:
    return runs / f"{name.replace(', ', '-').replace(' ', '-')}-{seed}"


def trained(runs: Path, name: str, seed: int, kimg: float, threads: int) -> Path:
    """Train what is missing; return the model."""
    folder = folder_of(runs, name, seed)
    config = PRESETS["quick"].config(data="mnist", kimg=kimg, seed=seed, threads=threads, **WANTED[name])
    run = RunFolder(folder)
    if not run.newest_model() or round(load_generator(find_model(folder)).card.kimg) < round(kimg):
        run_training(
            config,
            folder,
            resume={} if run.resume_file.exists() else None,
            device="cpu",
            control=Control(),
            emit=lambda _: None,
            write_sheet=write_sheet,
        )
    return find_model(folder)


def row(name: str, seed: str, judge: Judge, pixels: Any, real: Moments, data: Mnist) -> str:
    """Return one line of the table."""
    distance = frechet_distance(real, Moments.of(judge.features(pixels)))
    result = grade(judge, pixels[:2000], *data.splits())
    rarest = min(result.class_shares)
    return (
        f"{name:<22} {seed:>4} {distance:10.3f} {result.recall_ratio:7.3f} {result.coverage_ratio:9.3f} {rarest:8.3f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", type=Path)
    parser.add_argument("--kimg", type=float, default=200.0)
    parser.add_argument("--seeds", default="0,1,2")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--only", action="append", choices=list(WANTED), help="can be given more than once")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    data = read_mnist(mnist_folder())
    judge = judge_of(data)
    real = Moments.of(judge.features(data.test_pixels))
    print(f"{arguments.kimg:g} kimg, preset quick; {SAMPLES} samples against 10000 test digits, judge's features")
    print(f"{'objective':<22} {'seed':>4} {'Frechet':>10} {'recall':>7} {'coverage':>9} {'rarest':>8}")
    some = np.random.RandomState(0).permutation(len(data.train_pixels))[:SAMPLES]
    print(row("training digits", "", judge, data.train_pixels[some], real, data), flush=True)
    for name in arguments.only or WANTED:
        for seed in map(int, arguments.seeds.split(",")):
            path = trained(arguments.runs, name, seed, arguments.kimg, arguments.threads)
            pixels = draw(load_generator(path), SAMPLES)
            print(row(name, str(seed), judge, pixels, real, data), flush=True)


if __name__ == "__main__":
    main()
