"""How often the first reading of a *trained* generator is the right one, where its shapes leave it open.

    python tests/benchmarks/bench_foreign_fit.py [--steps 300] [--seeds 3] [--first-seed 0] [--keep FOLDER]

Small DCGANs are trained on MNIST (from ``$LATENTLAB_DATA`` or ``shared/data``) with every combination of hidden
activation, prior, BatchNorm eps and padding of the second layer, saved as bare state dicts without `_metadata`, and
opened. A second set varies what nothing within the generator betrays, the output activation and the last crop, with and
without the discriminator in the file.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from latentlab.data.idx import read_images
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.models.foreign.opening import OpenedGuesses, open_foreign
from latentlab.models.layers import BatchNorm, ConvTranspose
from latentlab.models.spec import GeneratorSpec

DATA = Path(os.environ.get("LATENTLAB_DATA", Path(__file__).resolve().parents[3] / "shared" / "data"))
Z_DIM, WIDTH, BATCH = 64, 8, 64


@dataclass(frozen=True)
class Truth:
    """What a generator was trained with."""

    activation: str = "ReLU"
    prior: str = "normal"
    eps: float = 1e-5
    second: tuple[int, int] = (2, 1)
    output: str = "tanh"
    crop: int | None = None


def act(truth: Truth) -> nn.Module:
    return nn.ReLU() if truth.activation == "ReLU" else nn.LeakyReLU(0.2)


def generator(truth: Truth) -> nn.Sequential:
    """Build 28x28 by kernels 3, 4, 3, 4, whose second layer can move in two ways, or csinva's, whose last one can."""
    w, eps = WIDTH, truth.eps
    if truth.crop is None:
        steps = [(3, 2, 0), (4, *truth.second), (3, 2, 0), (4, 2, 0)]
        widths = [Z_DIM, 4 * w, 2 * w, w, 1]
    else:
        steps = [(4, 1, 0), (4, 2, 1), (4, 2, 1), (4, 2, 1), (1, 1, truth.crop)]
        widths = [Z_DIM, 4 * w, 2 * w, w, w, 1]
    layers: list[nn.Module] = []
    for index, (kernel, stride, padding) in enumerate(steps):
        last = index == len(steps) - 1
        layers.append(nn.ConvTranspose2d(widths[index], widths[index + 1], kernel, stride, padding, bias=last))
        if not last:
            layers += [nn.BatchNorm2d(widths[index + 1], eps=eps), act(truth)]
    layers.append(nn.Tanh() if truth.output == "tanh" else nn.Sigmoid())
    return nn.Sequential(*layers)


def discriminator(side: int) -> nn.Sequential:
    w = WIDTH
    layers: list[nn.Module] = [nn.Conv2d(1, w, 4, 2, 1), nn.LeakyReLU(0.2)]
    for a, b in ((w, 2 * w), (2 * w, 4 * w)):
        layers += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    # 32 ends in 4x4, 28 in 3x3.
    return nn.Sequential(*layers, nn.Conv2d(4 * w, 1, 4, 1, 0) if side == 32 else nn.Conv2d(4 * w, 1, 4, 2, 1))


def train(truth: Truth, seed: int, steps: int, images: torch.Tensor) -> tuple[nn.Module, nn.Module]:
    """Train as the PyTorch example does, on pictures in the range of the output."""
    torch.manual_seed(seed)
    side = 32 if truth.crop == 0 else 28
    G, D = generator(truth), discriminator(side)
    for module in (*G.modules(), *D.modules()):
        if isinstance(module, nn.ConvTranspose2d | nn.Conv2d):
            nn.init.normal_(module.weight, 0.0, 0.02 if truth.eps < 0.1 else 0.1)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
    adam_g = torch.optim.Adam(G.parameters(), 2e-4, (0.5, 0.999))
    adam_d = torch.optim.Adam(D.parameters(), 2e-4, (0.5, 0.999))
    for _ in range(steps):
        real = images[torch.randint(len(images), (BATCH,))]
        real = functional.pad(real, (2, 2, 2, 2)) if side == 32 else real
        real = real * 2 - 1 if truth.output == "tanh" else real
        z = torch.rand(BATCH, Z_DIM, 1, 1) * 2 - 1 if truth.prior == "uniform" else torch.randn(BATCH, Z_DIM, 1, 1)
        fake = G(z)
        loss_d = functional.softplus(-D(real)).mean() + functional.softplus(D(fake.detach())).mean()
        adam_d.zero_grad()
        loss_d.backward()
        adam_d.step()
        loss_g = functional.softplus(-D(fake)).mean()
        adam_g.zero_grad()
        loss_g.backward()
        adam_g.step()
    return G, D


def bare(module: nn.Module) -> dict[str, torch.Tensor]:
    """Leave out `_metadata`, and number by the modules that have tensors alone: no gap tells of an activation."""
    numbers: dict[str, int] = {}
    found = {}
    for name, value in module.state_dict().items():
        path, _, last = name.rpartition(".")
        found[f"layer{numbers.setdefault(path, len(numbers))}.{last}"] = value
    return found


def second_of(spec: GeneratorSpec) -> tuple[int, int]:
    moves = [(layer.stride, layer.padding) for layer in spec.network.layers if isinstance(layer, ConvTranspose)]
    return moves[1]


def judged(truth: Truth, spec: GeneratorSpec) -> dict[str, bool]:
    """Say which answers are right."""
    eps = {layer.eps for layer in spec.network.layers if isinstance(layer, BatchNorm)}
    return {
        "activation": hidden_of(spec) == truth.activation,
        "prior": spec.prior == truth.prior,
        "eps": eps == {truth.eps},
        "first padding": second_of(spec) == truth.second,
    }


def ends(truth: Truth, opened: OpenedGuesses, first: int) -> dict[str, bool]:
    """Say whether output and size are right in one of the first so many guesses."""
    side = 32 if truth.crop == 0 else 28
    specs = [guess.generator.card.generator for guess in opened.guesses[:first]]
    return {
        "output": any(output_of(spec) == truth.output and spec.width == specs[0].width for spec in specs),
        "size": any(spec.width == side for spec in specs),
    }


def hidden_truths() -> Iterator[Truth]:
    for activation, prior, eps, second in product(
        ("ReLU", "LeakyReLU 0.2"), ("normal", "uniform"), (1e-5, 0.8), ((2, 1), (1, 0))
    ):
        yield Truth(activation, prior, eps, second)


def end_truths() -> Iterator[Truth]:
    for output, crop in product(("tanh", "sigmoid"), (0, 2)):
        yield Truth(output=output, crop=crop)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=300)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        seeds = range(options.first_seed, options.first_seed + options.seeds)
        measure(options.steps, seeds, options.keep or Path(folder))


def measure(steps: int, seeds: range, folder: Path) -> None:
    pictures = read_images(DATA / "mnist" / "train-images-idx3-ubyte.gz")[:8192]
    images = torch.from_numpy(pictures.astype(np.float32) / 255).permute(0, 3, 1, 2)
    right: Counter[str] = Counter()
    total: Counter[str] = Counter()
    started = time.perf_counter()

    def count(found: dict[str, bool], suffix: str = "") -> str:
        for name, is_right in found.items():
            right[name + suffix] += is_right
            total[name + suffix] += 1
        return ", ".join(name for name, is_right in found.items() if not is_right)

    for truth, seed in product((*hidden_truths(), *end_truths()), seeds):
        path = folder / f"{'-'.join(map(str, vars(truth).values()))}-{seed}.pth".replace(" ", "")
        if not path.exists():
            G, D = train(truth, seed, steps, images)
            torch.save({"G": bare(G), "D": bare(D)}, path)
        held = torch.load(path, weights_only=True)
        alone = path.with_suffix(".alone.pth")
        torch.save(held["G"], alone)
        if truth.crop is None:
            opened = open_foreign(alone)
            wrong = count(judged(truth, opened.best.card.generator))
        else:
            with_critic, without = open_foreign(path), open_foreign(alone)
            wrong = count(ends(truth, with_critic, 1), ", D in the file")
            count(ends(truth, without, 1), ", G alone")
            count(ends(truth, without, 3), ", G alone, among three")
            opened = with_critic
        scores = " ".join(f"{guess.score:.1f}:{guess.words or 'first'}" for guess in opened.guesses[:3])
        print(
            f"{path.stem:60} wrong: {wrong or 'nothing':24} misfit {opened.guesses[0].misfit:.4f}  {scores}", flush=True
        )
    print(
        f"\n{steps} steps of batch {BATCH} each, seeds {seeds.start} to {seeds.stop - 1}, "
        f"{time.perf_counter() - started:.0f} s"
    )
    for name, number in total.items():
        print(f"{name:36} right {right[name]:3} of {number} ({right[name] / number:.0%})")


if __name__ == "__main__":
    sys.exit(main())
