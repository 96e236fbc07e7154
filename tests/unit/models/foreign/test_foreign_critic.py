"""The discriminator in the file: its statistics are of real and generated pictures, and tell what was shown to it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from author_layouts import chain, up
from torch import nn

from latentlab.models.foreign.critic import REAL_SHARE, distance
from latentlab.models.foreign.differences import output_of
from latentlab.models.foreign.opening import OpenedGuesses, open_foreign


def statistics(mean: list[float], variance: list[float]) -> dict[str, np.ndarray]:
    return {"running_mean": np.array(mean, np.float32), "running_var": np.array(variance, np.float32)}


def seen(mean: float, variance: float) -> np.ndarray:
    """Return two channels of many values with one mean and variance."""
    values = np.random.RandomState(0).standard_normal((2, 4000)).astype(np.float32)
    values = (values - values.mean(1, keepdims=True)) / values.std(1, keepdims=True)
    return (values * np.sqrt(variance) + mean).astype(np.float32)


def mixed(real: float, generated: float) -> float:
    return REAL_SHARE * real + (1 - REAL_SHARE) * generated


@pytest.mark.parametrize(("mean", "variance"), [(0.0, 1.0), (0.5, 1.0), (0.0, 3.0), (-2.0, 0.25)])
def test_the_distance_is_that_between_real_and_generated(mean: float, variance: float) -> None:
    """Half the symmetrised divergence of N(mean, variance) and N(0, 1)."""
    stored = statistics([mixed(mean, 0.0)] * 2, [mixed(variance, 1.0)] * 2)
    expected = 0.25 * (variance + mean**2 + (1 + mean**2) / variance - 2)
    assert distance(seen(0.0, 1.0), stored) == pytest.approx(min(expected, 4.0), abs=2e-3)


def test_what_no_mixture_gives_costs_most() -> None:
    # Generated pictures alone would have given a larger variance than was stored.
    assert distance(seen(0.0, 1.0), statistics([0.0, 0.0], [0.5, 1.0])) == pytest.approx(2.0, abs=1e-2)
    with np.errstate(all="ignore"):
        assert distance(np.full((2, 9), np.inf, np.float32), statistics([0.0, 0.0], [1.0, 1.0])) == 4.0


def trained_pair(output: nn.Module, crop: int) -> tuple[nn.Module, nn.Module, int]:
    """Make csinva's layout and a discriminator that has seen real and generated pictures by turns."""
    torch.manual_seed(0)
    body = chain([6, 8, 8, 8, 8], [(4, 1, 0), (4, 2, 1), (4, 2, 1), (4, 2, 1)])[:-1]
    G = nn.Sequential(*body, nn.BatchNorm2d(8), nn.ReLU(), up(8, 1, 1, 1, crop), output)
    side = 32 - 2 * crop
    last = nn.Conv2d(12, 1, 4, 1, 0) if side == 32 else nn.Conv2d(12, 1, 4, 2, 1)
    D = nn.Sequential(
        nn.Conv2d(1, 6, 4, 2, 1),
        nn.LeakyReLU(0.2),
        nn.Conv2d(6, 8, 4, 2, 1),
        nn.BatchNorm2d(8),
        nn.LeakyReLU(0.2),
        nn.Conv2d(8, 12, 4, 2, 1),
        nn.BatchNorm2d(12),
        nn.LeakyReLU(0.2),
        last,
    )
    for part in (*G.modules(), *D.modules()):
        if isinstance(part, nn.Conv2d | nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, 0.3)
    with torch.no_grad():
        for _ in range(40):
            fake = G(torch.randn(16, 6, 1, 1))
            # Alike, but not the same: brighter, and with noise.
            D(fake * 0.9 + 0.05 + 0.1 * torch.randn_like(fake))
            D(fake)
            D(fake)
    return G, D, side


def plainly(module: nn.Module) -> dict[str, torch.Tensor]:
    """Name the modules that have tensors one after the other, so that no gap tells of an activation."""
    numbers: dict[str, int] = {}
    return {
        f"m{numbers.setdefault(name.rpartition('.')[0], len(numbers))}.{name.rpartition('.')[2]}": value.clone()
        for name, value in module.state_dict().items()
    }


def opened(path: Path, held: object) -> OpenedGuesses:
    torch.save(held, path)
    return open_foreign(path)


@pytest.mark.parametrize(("output", "crop"), [("tanh", 0), ("sigmoid", 2)])
def test_the_output_and_the_crop_are_right_first_where_it_is_in_the_file(
    output: str, crop: int, tmp_path: Path
) -> None:
    G, D, side = trained_pair(nn.Tanh() if output == "tanh" else nn.Sigmoid(), crop)
    best = opened(tmp_path / "x.pth", {"netG": plainly(G), "netD": plainly(D)}).guesses[0].spec
    assert (output_of(best), best.width) == (output, side)
    alone = [guess.spec for guess in opened(tmp_path / "y.pth", plainly(G)).guesses[:3]]
    assert output in {output_of(spec) for spec in alone}
    assert side in {spec.width for spec in alone}


def test_one_that_has_seen_nothing_has_nothing_to_say(tmp_path: Path) -> None:
    G, D, _ = trained_pair(nn.Sigmoid(), 2)
    for part in D.modules():
        if isinstance(part, nn.BatchNorm2d):
            part.reset_running_stats()
    found = opened(tmp_path / "x.pth", {"netG": plainly(G), "netD": plainly(D)})
    alone = opened(tmp_path / "y.pth", plainly(G))
    assert [output_of(guess.spec) for guess in found.guesses[:2]] == [
        output_of(guess.spec) for guess in alone.guesses[:2]
    ]
