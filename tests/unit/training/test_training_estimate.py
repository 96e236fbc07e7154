"""What a run will cost: counted against what it holds, timed by a clock that is told."""

from __future__ import annotations

from dataclasses import replace
from itertools import count

import pytest
import torch
from tiny_run import CONFIG, CPU, new_state, stopped

from latentlab.training.config import TrainConfig
from latentlab.training.estimate import TRIAL_STEPS, images_per_s, memory_bytes
from latentlab.training.state import TrainState

MB = 2**20
WIDE = replace(CONFIG, size=16, width=32, batch=32)


def held_bytes(state: TrainState) -> int:
    """Count the floats of networks, gradients and optimisers after a step."""
    parameters = [*state.G.parameters(), *state.D.parameters()]
    averages = [
        value
        for optimizer in (state.optimizer_G, state.optimizer_D)
        for entry in optimizer.state.values()
        for name, value in entry.items()
        if name != "step"
    ]
    gradients = [each.grad for each in parameters if each.grad is not None]
    tensors = [*parameters, *gradients, *averages, *state.G_ema.parameters()]
    return sum(4 * each.numel() for each in tensors)


def saved_bytes(state: TrainState, batch: int) -> int:
    """Count what autograd keeps for phase G, each storage once; weights are not of it."""
    known = {each.untyped_storage().data_ptr() for each in (*state.G.parameters(), *state.D.parameters())}
    kept: dict[int, int] = {}

    def keep(values: torch.Tensor) -> torch.Tensor:
        storage = values.untyped_storage()
        if storage.data_ptr() not in known:
            kept[storage.data_ptr()] = storage.nbytes()
        return values

    with torch.autograd.graph.saved_tensors_hooks(keep, lambda values: values):
        state.D.requires_grad_(False)(state.G(state.draw_z(batch))).sum()
    return sum(kept.values())


@pytest.mark.parametrize("changes", [{}, {"architecture": "upsample"}, {"critic_norm": "layer"}, {"kernel": 5}])
def test_memory_is_what_a_step_holds(changes: dict[str, object]) -> None:
    config = TrainConfig.from_mapping({**vars(WIDE), **changes})
    state = TrainState(config, new_state().batches.pixels, CPU)
    assert not stopped(state, 2, replace(config, kimg=0.032))
    held = held_bytes(state)
    saved = saved_bytes(state, config.batch)
    estimated = memory_bytes(config)
    assert 0.7 < estimated / (held + saved) < 1.5


def test_memory_counts_pictures_parts_and_precision() -> None:
    least = memory_bytes(WIDE)
    assert memory_bytes(WIDE, images=1000) == least + 1000 * 16 * 16
    halves = memory_bytes(replace(WIDE, accumulate=2))
    twice = memory_bytes(replace(WIDE, batch=64))
    assert least - halves == (twice - least) // 2
    assert memory_bytes(replace(WIDE, precision="bfloat16")) == halves
    assert memory_bytes(replace(WIDE, conditional=True), classes=10) > least


@pytest.mark.parametrize("changes", [{}, {"loss": "wgan-gp", "n_critic": 2}, {"conditional": True}])
def test_speed_is_that_of_the_steps_after_the_first(changes: dict[str, object]) -> None:
    config = TrainConfig.from_mapping({**vars(CONFIG), **changes})
    readings = count()
    times = {0: 0.0, 1: 100.0, 2: 100.0, 3: 104.0}
    speed = images_per_s(config, CPU, lambda: times[next(readings)], classes=3)
    assert speed == TRIAL_STEPS * config.batch * config.critic_steps / 4.0
