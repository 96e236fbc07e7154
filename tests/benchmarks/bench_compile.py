"""Time a training step with `torch.compile` of both networks against one without it, on the CPU.

    python tests/benchmarks/bench_compile.py [--turns 4] [--steps 12] [--width 32] [--size 32]

The step is that of bce, all the rest as `latentlab.training` has it: channels last, a fused Adam, D's gradients left
out of G's turn. Wants a C++ compiler. The first turn compiles and does not count.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import torch
from torch import nn
from torch.nn.functional import softplus

from latentlab.models import dcgan, networks

BATCH, Z_DIM, LR = 64, 100, 2e-4

Step = Callable[[], None]


def step_of(size: int, width: int, *, compiled: bool) -> Step:
    """Return one update of D and one of G."""
    specs = dcgan.generator(size, 1, width, Z_DIM).network, dcgan.discriminator(size, 1, width)
    G, D = (networks.build(spec).to(memory_format=torch.channels_last) for spec in specs)  # type: ignore[call-overload]
    draw, judge = (torch.compile(each) for each in (G, D)) if compiled else (G, D)
    adam_g, adam_d = (torch.optim.Adam(each.parameters(), LR, fused=True) for each in (G, D))

    def step() -> None:
        adam_d.zero_grad()
        real = torch.randn(BATCH, 1, size, size).contiguous(memory_format=torch.channels_last)
        softplus(-judge(real)).mean().backward()
        fake = draw(torch.randn(BATCH, Z_DIM))
        softplus(judge(fake.detach())).mean().backward()
        adam_d.step()
        freeze(D, True)
        adam_g.zero_grad()
        softplus(-judge(fake)).mean().backward()
        freeze(D, False)
        adam_g.step()

    return step


def freeze(network: nn.Module, frozen: bool) -> None:
    network.requires_grad_(not frozen)


def images_per_s(step: Step, steps: int) -> float:
    start = time.perf_counter()
    for _ in range(steps):
        step()
    return BATCH * steps / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--turns", type=int, default=4)
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--size", type=int, default=32)
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    steps = [step_of(arguments.size, arguments.width, compiled=compiled) for compiled in (False, True)]
    for name, step in zip(("plain", "compiled"), steps, strict=True):
        start = time.perf_counter()
        images_per_s(step, 3)
        print(f"{name}: first three steps {time.perf_counter() - start:.1f} s", flush=True)
    print("images/s    plain  compiled  ratio")
    for turn in range(arguments.turns):
        plain, compiled = (images_per_s(step, arguments.steps) for step in steps)
        print(f"turn {turn + 1}   {plain:8.0f}  {compiled:8.0f}  {compiled / plain:5.2f}", flush=True)


if __name__ == "__main__":
    main()
