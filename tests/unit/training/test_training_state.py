"""The state of a run: initialisation, random streams, saving."""

from __future__ import annotations

import copy
import io
import random
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from tiny_run import (
    CONFIG,
    CPU,
    assert_same_state,
    new_state,
    pictures,
    saved_and_loaded,
    stopped,
    train_on,
)
from torch import nn

from latentlab.errors import DataError, TrainingError
from latentlab.models.layers import Conv, ConvTranspose, Linear
from latentlab.models.spec import NetworkSpec
from latentlab.training.state import INIT_SIGMA, TrainState, _initialised

WIDE = replace(CONFIG, width=64)


@pytest.mark.parametrize("network", ["G", "D"])
def test_weights_start_as_in_the_paper(network: str) -> None:
    modules = list(getattr(new_state(WIDE), network))
    convolutions = [module for module in modules if isinstance(module, nn.Conv2d | nn.ConvTranspose2d)]
    weights = torch.cat([module.weight.detach().flatten() for module in convolutions])
    count = len(weights)
    assert count > 50_000
    assert abs(float(weights.mean())) < 5 * INIT_SIGMA / count**0.5
    assert float(weights.std()) == pytest.approx(INIT_SIGMA, rel=5 / (2 * count) ** 0.5)
    norms = [module for module in modules if isinstance(module, nn.BatchNorm2d)]
    scales = torch.cat([norm.weight.detach() for norm in norms])
    assert float(scales.mean()) == pytest.approx(1.0, abs=0.01)
    assert float(scales.std()) == pytest.approx(INIT_SIGMA, rel=0.3)
    for norm in norms:
        assert norm.running_mean is not None
        assert norm.running_var is not None
        assert not norm.bias.any()
        assert not norm.running_mean.any()
        assert (norm.running_var == 1.0).all()


@pytest.mark.parametrize(
    "changes", [{"loss": "began", "critic_norm": "none"}, {"critic_norm": "none"}, {"architecture": "dense"}]
)
def test_what_nothing_normalises_neither_fades_nor_grows_from_layer_to_layer(changes: dict[str, Any]) -> None:
    config = replace(CONFIG, size=64, width=16, z_dim=64, **changes)
    values = torch.randn((8, 1, 64, 64), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        for module in TrainState(config, pictures(), CPU).D:
            values = module(values)
            assert 0.3 < float(values.std()) < 3.0, f"after {module}"


@pytest.mark.parametrize(
    "layer", [ConvTranspose(64, 32, 4, 2, 1, bias=False), Conv(64, 32, 4, 2, 1, bias=False), Linear(64, 32, bias=False)]
)
def test_a_layer_that_nothing_normalises_keeps_the_second_moment_behind_a_rectifier(layer: Any) -> None:
    """He et al. 2015, equation 10: of rectified inputs of mean square 1/2 the outputs have the variance 1."""
    shape = (64, 16, 16) if not isinstance(layer, Linear) else (64,)
    stream = torch.Generator().manual_seed(0)
    network = _initialised(NetworkSpec(shape, (layer,)), stream)
    values = torch.randn((16 if len(shape) == 3 else 4096, *shape), generator=stream).relu()
    with torch.inference_mode():
        drawn = network(values)
    inner = drawn[..., 1:-1, 1:-1] if len(shape) == 3 else drawn
    assert float(inner.square().mean()) == pytest.approx(1.0, rel=0.1)


def test_the_average_starts_as_a_copy() -> None:
    state = new_state()
    assert all(torch.equal(a, b) for a, b in zip(state.G_ema.parameters(), state.G.parameters(), strict=True))
    assert not any(a is b for a, b in zip(state.G_ema.parameters(), state.G.parameters(), strict=True))
    assert not any(parameter.requires_grad for parameter in state.G_ema.parameters())


def test_the_seed_decides() -> None:
    assert_same_state(new_state(), new_state())
    one, other = new_state(), new_state(replace(CONFIG, seed=4))
    assert not torch.equal(one.draw_z(8), other.draw_z(8))
    assert not torch.equal(one.G[1].weight, other.G[1].weight)
    assert not torch.equal(one.D[0].weight, other.D[0].weight)
    assert one.batches.next_indices().tolist() != other.batches.next_indices().tolist()
    assert torch.equal(one.fixed[0], other.fixed[0]), "sheets of all runs show the same z"


def test_global_random_streams_are_left_alone() -> None:
    torch.manual_seed(5)
    np.random.seed(5)
    random.seed(5)
    before = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
    train_on(new_state())
    after = torch.get_rng_state(), str(np.random.get_state()), random.getstate()
    assert torch.equal(before[0], after[0])
    assert before[1:] == after[1:]


def test_global_random_streams_do_not_matter() -> None:
    torch.manual_seed(1)
    one = train_on(new_state())
    torch.manual_seed(2)
    assert_same_state(train_on(new_state()), one)


@pytest.mark.parametrize("look", [5, 6])
def test_a_saved_state_is_loaded_as_weights_only(look: int) -> None:
    state = new_state()
    assert stopped(state, look)
    assert (state.pending_z is None) == (look == 6)
    file = io.BytesIO()
    torch.save(state.to_dict(), file)
    file.seek(0)
    torch.load(file, weights_only=True)
    assert_same_state(saved_and_loaded(state), state)


@pytest.mark.parametrize(("prior", "least", "most"), [("normal", -6.0, 6.0), ("uniform", -1.0, 1.0)])
def test_z_follows_the_prior(prior: str, least: float, most: float) -> None:
    z = new_state(replace(CONFIG, prior=prior)).draw_z(20_000)  # type: ignore[arg-type]
    assert z.shape == (20_000, CONFIG.z_dim)
    assert least <= float(z.min()) < float(z.max()) <= most
    assert abs(float(z.mean())) < 0.02
    assert float(z.std()) == pytest.approx(1.0 if prior == "normal" else 3**-0.5, rel=0.02)


@pytest.mark.parametrize("channels", [1, 3])
def test_real_images_arrive_in_photo_range(channels: int) -> None:
    config = replace(CONFIG, channels=channels)
    state, twin = new_state(config), new_state(config)
    real, y = state.next_real()
    assert y is None
    assert real.shape == (8, channels, 16, 16)
    assert real.dtype == torch.float32
    pixels = twin.batches.next().transpose(0, 3, 1, 2)
    np.testing.assert_array_equal(np.rint((real.numpy() + 1.0) * 127.5).astype(np.uint8), pixels)
    assert float(real.min()) == -1.0
    assert float(real.max()) <= 1.0


def test_a_state_of_other_networks_is_refused() -> None:
    with pytest.raises(TrainingError, match="belongs to other networks"):
        new_state().restore(new_state(WIDE).to_dict())


def test_an_incomplete_state_is_refused() -> None:
    saved = new_state().to_dict()
    del saved["stream"]
    with pytest.raises(TrainingError, match="incomplete"):
        new_state().restore(saved)


def test_a_state_of_another_kind_of_device_goes_on_with_a_stream_of_its_own() -> None:
    state = new_state()
    assert stopped(state, 3)
    saved = state.to_dict() | {"device": "cuda", "stream": torch.zeros(16, dtype=torch.uint8)}
    for name in ("optimizer_G", "optimizer_D"):
        saved[name]["param_groups"] = [group | {"fused": False} for group in saved[name]["param_groups"]]
    moved, again = new_state(), new_state()
    assert not moved.restore(copy.deepcopy(saved))
    assert not again.restore(copy.deepcopy(saved))
    assert new_state().restore(state.to_dict())
    assert all(group["fused"] for group in moved.optimizer_D.param_groups)
    for one, other in zip(moved.G.parameters(), state.G.parameters(), strict=True):
        assert torch.equal(one, other)
    drawn = moved.draw_z(8)
    assert torch.equal(drawn, again.draw_z(8)), "what it is does not depend on chance"
    assert not torch.equal(drawn, new_state().draw_z(8))
    train_on(moved)


def test_a_state_of_other_data_is_refused() -> None:
    with pytest.raises(DataError, match="holds 22 pictures, the run to be resumed was trained on 21"):
        TrainState(CONFIG, pictures(22), CPU).restore(new_state().to_dict())


def test_rates_of_adam_are_those_of_the_configuration() -> None:
    """A user may lower them in config.json before a resume."""
    config = replace(CONFIG, lr=1e-5, lr_end=1.0, beta1=0.3, kimg=0.06)
    state = new_state(config)
    state.restore(train_on(new_state()).to_dict())
    train_on(state, config)
    for optimizer in (state.optimizer_G, state.optimizer_D):
        assert [group["lr"] for group in optimizer.param_groups] == [1e-5]
        assert [group["betas"] for group in optimizer.param_groups] == [(0.3, 0.999)]


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
@pytest.mark.parametrize("network", ["G", "D"])
def test_weights_that_are_not_finite_are_noticed(network: str, value: float) -> None:
    state = new_state()
    assert state.is_finite()
    with torch.no_grad():
        next(getattr(state, network).parameters())[0, 0, 1, 1] = value
    assert not state.is_finite()


@pytest.mark.parametrize("missing", [{"batch": 0}, {"size": 0}, {"channels": 0}])
def test_an_unresolved_configuration_is_a_mistake(missing: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="not resolved"):
        TrainState(CONFIG.resolved(**missing), pictures(), CPU)
