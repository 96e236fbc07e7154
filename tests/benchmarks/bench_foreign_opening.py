"""How long a full-size checkpoint takes to open the first time, and how soon that can be called off.

    python tests/benchmarks/bench_foreign_opening.py [--repeats 5] [--threads 1]

A DCGAN of 64x64 RGB pictures as in PyTorch's example, width 64, with the statistics of real batches, is saved alone and
with its discriminator. Told for each: the least time of several openings, elapsed and of the processor, whether the
first reading is right, and the longest time between two chances to call it off. Other processes make the elapsed times
longer; those of the processor tell more.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--threads", type=int, default=1, help="of numpy's matrix products")
    options = parser.parse_args()
    if os.environ.get("OPENBLAS_NUM_THREADS") != str(options.threads):
        # numpy looks at this once, when it is imported.
        os.environ["OPENBLAS_NUM_THREADS"] = str(options.threads)
        os.execv(sys.executable, [sys.executable, *sys.argv])
    with tempfile.TemporaryDirectory() as folder:
        for path in written(Path(folder)):
            measure(path, options.repeats)


def written(folder: Path) -> tuple[Path, Path]:
    """Write the checkpoints: the generator alone, and both networks."""
    import torch
    from torch import nn

    torch.manual_seed(0)
    torch.set_num_threads(1)
    generator: list[nn.Module] = []
    for a, b, stride, padding in ((100, 512, 1, 0), (512, 256, 2, 1), (256, 128, 2, 1), (128, 64, 2, 1), (64, 3, 2, 1)):
        generator.append(nn.ConvTranspose2d(a, b, 4, stride, padding, bias=False))
        generator += [nn.Tanh()] if b == 3 else [nn.BatchNorm2d(b), nn.ReLU()]
    discriminator: list[nn.Module] = [nn.Conv2d(3, 64, 4, 2, 1, bias=False), nn.LeakyReLU(0.2)]
    for a, b in ((64, 128), (128, 256), (256, 512)):
        discriminator += [nn.Conv2d(a, b, 4, 2, 1, bias=False), nn.BatchNorm2d(b), nn.LeakyReLU(0.2)]
    discriminator.append(nn.Conv2d(512, 1, 4, 1, 0, bias=False))
    G, D = nn.Sequential(*generator), nn.Sequential(*discriminator)
    for module in (*G.modules(), *D.modules()):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(module.weight, 0.0, 0.02)
        elif isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.weight, 1.0, 0.02)
            module.momentum = None
    with torch.no_grad():
        for _ in range(12):
            D(G(torch.randn(64, 100, 1, 1)))
    alone, both = folder / "netG.pth", folder / "both.pth"
    torch.save(G.state_dict(), alone)
    torch.save({"generator": G.state_dict(), "discriminator": D.state_dict(), "epoch": 3}, both)
    return alone, both


def measure(path: Path, repeats: int) -> None:
    from latentlab.models.foreign.differences import hidden_of, output_of
    from latentlab.models.foreign.opening import open_foreign

    elapsed, worked, gaps = [], [], []
    for _ in range(repeats):
        chances = [time.perf_counter()]
        start = time.process_time()
        guesses = open_foreign(path, watch=lambda chances=chances: chances.append(time.perf_counter()))  # type: ignore[misc]
        chances.append(time.perf_counter())
        elapsed.append(chances[-1] - chances[0])
        worked.append(time.process_time() - start)
        gaps.append(float(np.diff(chances).max()))
    spec = guesses.guesses[0].spec
    said = (hidden_of(spec), output_of(spec), spec.prior, spec.width)
    size, verdict = path.stat().st_size / 1e6, "right" if said == ("ReLU", "tanh", "normal", 64) else f"wrong: {said}"
    print(
        f"{path.name:9} {size:5.1f} MB  elapsed {min(elapsed):.2f} s  processor {min(worked):.2f} s"
        f"  can be called off every {1e3 * min(gaps):.0f} ms  {verdict}"
    )


if __name__ == "__main__":
    main()
