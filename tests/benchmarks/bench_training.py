"""Time the training loop against a plain PyTorch DCGAN loop: same data, batch, architecture and threads.

    python tests/benchmarks/bench_training.py [--pairs 5] [--steps 40] [--threads 1] [--precision bfloat16]

The plain loop is that of the PyTorch example (examples/dcgan): BCELoss behind a sigmoid, contiguous tensors, Adam as it
comes, `.item()` at every step, a `DataLoader` without workers. Its data are float tensors made beforehand, so it is
spared the decoding that the example pays for.

Budget (DESIGN, section 10): at least 1.2 times the images per second, median of 5 interleaved pairs.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections import deque
from collections.abc import Callable, Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from latentlab.models import dcgan, networks
from latentlab.pixels import Pixels, to_photo
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.loop import train
from latentlab.training.monitor import Monitor
from latentlab.training.settings import PRECISIONS
from latentlab.training.state import TrainState

IMAGES = 4096
WARM_UP_STEPS = 3
BUDGET = 1.2

Steps = Callable[[int], None]


def digits_like(size: int, channels: int) -> Pixels:
    """Draw what costs as much as MNIST: dark pictures with a random bright patch; (4096, size, size, channels)."""
    random = np.random.RandomState(0)
    pixels = np.zeros((IMAGES, size, size, channels), np.uint8)
    quarter = size // 4
    pixels[:, quarter:-quarter, quarter:-quarter] = random.randint(0, 256, (IMAGES, size // 2, size // 2, channels))
    return pixels


def ours(config: TrainConfig, pixels: Pixels) -> Steps:
    """Return our loop, with the monitor that a run has, as a function of the number of steps."""
    state = TrainState(config, pixels, torch.device("cpu"))

    def steps(count: int) -> None:
        total = state.images + count * config.batch
        monitor = Monitor(total, time.monotonic)
        train(
            state,
            config.resolved(kimg=total / 1000.0, tick_kimg=1e6),
            Control(),
            lambda report: monitor.add(report, state.images) and None,
            lambda: None,
        )

    return steps


def example(config: TrainConfig, pixels: Pixels) -> Steps:
    """Return the loop of the PyTorch example as a function of the number of steps."""
    spec = dcgan.generator(config.size, config.channels, config.width, config.z_dim)
    G = networks.build(spec.network)
    D = nn.Sequential(networks.build(dcgan.discriminator(config.size, config.channels, config.width)), nn.Sigmoid())
    for network in (G, D):
        network.apply(weights_init)
    criterion = nn.BCELoss()
    adam_d = torch.optim.Adam(D.parameters(), lr=config.lr, betas=(config.beta1, config.beta2))
    adam_g = torch.optim.Adam(G.parameters(), lr=config.lr, betas=(config.beta1, config.beta2))
    loader = DataLoader(
        TensorDataset(torch.from_numpy(to_photo(pixels))),
        config.batch,
        shuffle=True,
        num_workers=0,
        generator=torch.Generator().manual_seed(0),
    )
    batches = without_end(loader)
    printed: deque[str] = deque(maxlen=1)

    def steps(count: int) -> None:
        for _ in range(count):
            D.zero_grad()
            real = next(batches)
            label = torch.full((real.size(0),), 1.0)
            output = D(real).view(-1)
            loss_real = criterion(output, label)
            loss_real.backward()
            d_x = output.mean().item()
            fake = G(torch.randn(real.size(0), config.z_dim))
            label.fill_(0.0)
            output = D(fake.detach()).view(-1)
            loss_fake = criterion(output, label)
            loss_fake.backward()
            d_g_z1 = output.mean().item()
            loss_d = loss_real + loss_fake
            adam_d.step()
            G.zero_grad()
            label.fill_(1.0)
            output = D(fake).view(-1)
            loss_g = criterion(output, label)
            loss_g.backward()
            d_g_z2 = output.mean().item()
            adam_g.step()
            # The example prints these at every step; a terminal is not what is measured here.
            printed.append(f"{loss_d.item():.4f} {loss_g.item():.4f} {d_x:.4f} {d_g_z1:.4f} {d_g_z2:.4f}")

    return steps


def weights_init(module: nn.Module) -> None:
    name = type(module).__name__
    if "Conv" in name:
        nn.init.normal_(module.weight, 0.0, 0.02)
    elif "BatchNorm" in name:
        nn.init.normal_(module.weight, 1.0, 0.02)
        nn.init.zeros_(module.bias)


def without_end(loader: DataLoader[tuple[Tensor, ...]]) -> Iterator[Tensor]:
    while True:
        for (batch,) in loader:
            yield batch


def images_per_s(steps: Steps, count: int, batch: int) -> float:
    start = time.perf_counter()
    steps(count)
    return count * batch / (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pairs", type=int, default=5)
    parser.add_argument("--steps", type=int, default=40, help="steps of one measurement")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=1)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--precision", choices=PRECISIONS, default="float32", help="of our loop; the example has one")
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(0)
    config = TrainConfig(
        size=arguments.size,
        channels=arguments.channels,
        width=arguments.width,
        batch=arguments.batch,
        precision=arguments.precision,
    )
    pixels = digits_like(config.size, config.channels)
    loops = {"latentlab": ours(config, pixels), "PyTorch example": example(config, pixels)}
    for steps in loops.values():
        steps(WARM_UP_STEPS)
    speeds: dict[str, list[float]] = {name: [] for name in loops}
    for pair in range(arguments.pairs):
        for name in list(loops)[:: 1 if pair % 2 == 0 else -1]:
            speeds[name].append(images_per_s(loops[name], arguments.steps, config.batch))
    print(
        f"{config.size}x{config.size}x{config.channels}, width {config.width}, batch {config.batch}, "
        f"{config.precision}, {torch.get_num_threads()} thread(s), {arguments.pairs} pairs of "
        f"{arguments.steps} steps, images/s"
    )
    print("pair   " + "".join(f"{name:>18}" for name in loops) + f"{'ratio':>9}")
    ratios = [one / other for one, other in zip(*speeds.values(), strict=True)]
    for pair, (row, ratio) in enumerate(zip(zip(*speeds.values(), strict=True), ratios, strict=True), 1):
        print(f"{pair:<7}" + "".join(f"{value:18.0f}" for value in row) + f"{ratio:9.2f}")
    medians = [statistics.median(values) for values in speeds.values()]
    print("median " + "".join(f"{value:18.0f}" for value in medians) + f"{statistics.median(ratios):9.2f}")
    print(f"budget: {BUDGET} ({'met' if statistics.median(ratios) >= BUDGET else 'missed'})")


if __name__ == "__main__":
    main()
