"""Half the bits in forward passes: weights, gradients and resume as ever."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from tiny_run import CONFIG, CPU, assert_same_state, new_state, saved_and_loaded, stopped, train_on

from latentlab.training.precision import in_precision

HALF = replace(CONFIG, precision="bfloat16")


def test_float32_is_the_network_itself() -> None:
    network = new_state().G
    assert in_precision(network, "float32", CPU) is network


def test_bfloat16_is_close_and_comes_out_as_float32() -> None:
    state = new_state()
    z = state.draw_z(8)
    exact, half = state.G(z), in_precision(state.G, "bfloat16", CPU)(z)
    seen: list[torch.dtype] = []
    state.G[1].register_forward_hook(lambda _module, _inputs, output: seen.append(output.dtype))
    in_precision(state.G, "bfloat16", CPU)(z)
    assert seen == [torch.bfloat16]
    assert half.dtype == torch.float32
    assert not torch.equal(half, exact)
    torch.testing.assert_close(half, exact, rtol=0.05, atol=0.05)
    half.sum().backward()
    assert all(
        parameter.grad is not None and parameter.grad.dtype == torch.float32 for parameter in state.G.parameters()
    )


@pytest.mark.parametrize("look", [3, 4])
def test_a_resume_is_bit_equal(look: int) -> None:
    uninterrupted = train_on(new_state(HALF), HALF)
    assert all(parameter.dtype == torch.float32 for parameter in uninterrupted.G.parameters())
    state = new_state(HALF)
    assert stopped(state, look, HALF)
    assert_same_state(train_on(saved_and_loaded(state, HALF), HALF), uninterrupted)
