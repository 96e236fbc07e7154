"""Spectral normalisation: the largest singular value is 1, and files hold the weights as they act."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from tiny_run import CONFIG, new_state, pictures, train_on
from torch import nn

from latentlab.models import networks
from latentlab.training.spectral import SpectralNorm, folded_weights
from latentlab.training.state import TrainState

SPECTRAL = replace(CONFIG, critic_norm="spectral")


def largest(weight: torch.Tensor) -> float:
    return float(torch.linalg.svdvals(weight.detach().flatten(1).double())[0])


def test_it_divides_by_the_largest_singular_value() -> None:
    stream = torch.Generator().manual_seed(0)
    weight = torch.randn((6, 4, 3, 3), generator=stream)
    norm = SpectralNorm(weight, stream)
    for _ in range(50):
        norm(weight)
    torch.testing.assert_close(norm(weight), weight / largest(weight), rtol=1e-5, atol=1e-6)


def test_its_derivative_goes_through_sigma() -> None:
    """Of <a, W / sigma> with u and v held: a / sigma - <a, W> / sigma^2 u v^T (Miyato et al. 2018, equation 12)."""
    stream = torch.Generator().manual_seed(0)
    weight = torch.randn((5, 7), generator=stream, dtype=torch.float64, requires_grad=True)
    a = torch.randn((5, 7), generator=stream, dtype=torch.float64)
    norm = SpectralNorm(weight.detach().float(), stream).double().eval()
    (norm(weight) * a).sum().backward()
    u = norm.u
    v = nn.functional.normalize(weight.detach().T @ u, dim=0)
    sigma = u @ weight.detach() @ v
    expected = a / sigma - (a * weight.detach()).sum() / sigma**2 * torch.outer(u, v)
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, expected)


def test_in_eval_mode_it_stays_as_it_is() -> None:
    state = new_state(SPECTRAL)
    before = {name: value.clone() for name, value in state.D.eval().named_buffers()}
    pictures = torch.zeros((2, 1, 16, 16))
    state.D(pictures)
    assert all(torch.equal(value, before[name]) for name, value in state.D.named_buffers())
    state.D.train()(pictures)
    assert any(not torch.equal(value, before[name]) for name, value in state.D.named_buffers())


def test_saved_weights_act_as_the_network_does() -> None:
    state = train_on(new_state(SPECTRAL))
    weights = folded_weights(state.D, state.critic_spec)
    assert weights.keys() == state.critic_spec.tensors().keys()
    plain = networks.load(networks.build(state.critic_spec), weights)
    pictures = torch.randn((4, 1, 16, 16), generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        torch.testing.assert_close(plain(pictures), state.D.eval()(pictures), rtol=1e-5, atol=1e-6)
    for name, shape in state.critic_spec.tensors().items():
        if len(shape) == 4:
            assert 0.9 < largest(torch.from_numpy(weights[name])) < 1.1
    assert not any(
        np.shares_memory(array, each.detach().numpy()) for array in weights.values() for each in state.D.parameters()
    )


def test_without_it_weights_are_saved_as_they_are() -> None:
    state = new_state()
    weights, expected = folded_weights(state.D, state.critic_spec), networks.weights_of(state.D)
    assert weights.keys() == expected.keys()
    assert all(np.array_equal(weights[name], expected[name]) for name in expected)
    assert state.D.training


def test_it_starts_where_the_networks_are(monkeypatch: pytest.MonkeyPatch) -> None:
    """A device on which nothing is ever computed stands for a GPU: whatever were left on the CPU would not fit it."""
    made = torch.Generator
    monkeypatch.setattr(torch, "Generator", lambda device="cpu": made())
    state = TrainState(SPECTRAL, pictures(), torch.device("meta"))
    tensors = [*state.D.parameters(), *state.D.buffers()]
    assert any("parametrizations" in name for name in state.D.state_dict())
    assert all(each.is_meta for each in tensors)
