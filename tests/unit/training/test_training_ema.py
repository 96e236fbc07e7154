"""The averaged generator: half-life, update, BatchNorm statistics."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tiny_run import CONFIG, new_state
from torch import nn

from latentlab.training.ema import RAMP_UP, ema_decay, reestimate_statistics, update_ema

LATE = 10**9  # images shown: the ramp is over


@given(batch=st.integers(1, 512), half_life_kimg=st.floats(0.01, 1000.0))
def test_a_weight_has_halved_after_the_half_life(batch: int, half_life_kimg: float) -> None:
    steps = half_life_kimg * 1000.0 / batch
    assert ema_decay(batch, half_life_kimg, LATE) ** steps == pytest.approx(0.5, rel=1e-6)


def test_no_half_life_is_no_average() -> None:
    assert ema_decay(64, 0.0, LATE) == 0.0


def test_the_first_step_forgets_the_start() -> None:
    assert ema_decay(64, 10.0, 0) == 0.0


def test_the_half_life_grows_with_the_images_shown() -> None:
    assert ema_decay(64, 10.0, 10_000) == pytest.approx(0.5 ** (64 / (10_000 * RAMP_UP)))
    decays = [ema_decay(64, 10.0, images) for images in range(0, 300_000, 64)]
    assert decays == sorted(decays)
    assert decays[-1] == ema_decay(64, 10.0, LATE)


def linear(weight: float) -> nn.Linear:
    layer = nn.Linear(1, 1).double()
    with torch.no_grad():
        layer.weight.fill_(weight)
        layer.bias.fill_(-weight)
    return layer


def test_update_moves_towards_the_network() -> None:
    average, network = linear(1.0), linear(3.0)
    update_ema(average, network, 0.75)
    assert average.weight.item() == 0.75 * 1.0 + 0.25 * 3.0
    assert average.bias.item() == -(0.75 * 1.0 + 0.25 * 3.0)
    assert network.weight.item() == 3.0


@pytest.mark.parametrize(("decay", "expected"), [(0.0, 3.0), (1.0, 1.0)])
def test_update_at_its_ends_is_exact(decay: float, expected: float) -> None:
    average = linear(1.0)
    update_ema(average, linear(3.0), decay)
    assert average.weight.item() == expected


def test_update_leaves_buffers_alone() -> None:
    average, network = nn.BatchNorm1d(2), nn.BatchNorm1d(2)
    network(torch.randn(8, 2, generator=torch.Generator().manual_seed(0)))
    assert network.running_mean is not None
    assert network.running_mean.abs().max() > 0
    update_ema(average, network, 0.0)
    assert average.running_mean is not None
    assert average.running_mean.tolist() == [0.0, 0.0]


def statistics_by_hand(network: nn.Sequential, batches: list[torch.Tensor]) -> dict[str, torch.Tensor]:
    """Average mean and unbiased variance of each batch at each BatchNorm, which normalises by the batch itself."""
    sums: dict[str, torch.Tensor] = {}
    for z in batches:
        values = z.double()
        for index, module in enumerate(network):
            if isinstance(module, nn.BatchNorm2d):
                mean = values.mean((0, 2, 3))
                biased = ((values - mean[:, None, None]) ** 2).mean((0, 2, 3))
                count = values.numel() / values.shape[1]
                for name, value in (("running_mean", mean), ("running_var", biased * count / (count - 1))):
                    key = f"{index}.{name}"
                    sums[key] = sums.get(key, 0.0) + value / len(batches)
                values = (values - mean[:, None, None]) / (biased[:, None, None] + module.eps).sqrt()
                values = values * module.weight.double()[:, None, None] + module.bias.double()[:, None, None]
            else:
                values = copy.deepcopy(module).double()(values)
    return sums


def test_statistics_are_plain_averages_of_the_batches() -> None:
    state = new_state()
    network = state.G_ema
    weights = {name: value.clone() for name, value in network.named_parameters()}
    batches = [z for (z,) in state.statistics_inputs()[:5]]
    with torch.no_grad():
        expected = statistics_by_hand(network, batches)
        network(batches[0] * 100.0)  # statistics of before must not matter
    reestimate_statistics(network, ((z,) for z in batches))
    actual = {name: value for name, value in network.named_buffers() if "running" in name}
    assert actual.keys() == expected.keys()
    assert len(actual) == 4
    for name, value in actual.items():
        torch.testing.assert_close(value.double(), expected[name], rtol=1e-5, atol=1e-7)
    for name, value in network.named_parameters():
        assert torch.equal(value, weights[name])
        assert value.grad is None


def test_statistics_leave_eval_mode_and_the_usual_momentum() -> None:
    state = new_state()
    reestimate_statistics(state.G_ema, state.statistics_inputs()[:2])
    assert not any(module.training for module in state.G_ema.modules())
    norms = [module for module in state.G_ema if isinstance(module, nn.BatchNorm2d)]
    assert [norm.momentum for norm in norms] == [0.1] * len(norms)
    z = state.draw_z(8)
    assert torch.equal(state.G_ema(z)[:1], state.G_ema(z[:1])), "a picture must not depend on its batch-mates"


def test_statistics_are_a_function_of_the_weights_alone() -> None:
    state = new_state()
    reestimate_statistics(state.G_ema, state.statistics_inputs())
    first = {name: value.clone() for name, value in state.G_ema.state_dict().items()}
    state.draw_z(CONFIG.batch)
    reestimate_statistics(state.G_ema, state.statistics_inputs())
    assert all(torch.equal(value, first[name]) for name, value in state.G_ema.state_dict().items())
