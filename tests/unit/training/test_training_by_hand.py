"""The steps of the loop against the same steps written out: plain modules, plain formulas, plain Adam."""

from __future__ import annotations

import copy
from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_run import CONFIG, ignore, new_state
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.loop import StepReport, train
from latentlab.training.state import TrainState

PLAIN = replace(CONFIG, lr_end=1.0)
CASES: dict[str, tuple[int, dict[str, Any]]] = {
    "algorithm 1": (2, {}),
    "R1 at the first and the ninth update": (9, {"r1": 0.7}),
    "augmented": (2, {"augment": "colour,translation,cutout", "instance_noise": 0.3}),
    "wgan-gp": (2, {"loss": "wgan-gp", "gp": 3.0, "n_critic": 2, "critic_norm": "none"}),
    "two updates of D a step": (3, {"n_critic": 2}),
    "averaged": (12, {"n_critic": 2, "ema_kimg": 0.02}),
}
R1_AT, R1_TIMES = (0, 8), 8
RAMP = 0.05


def slopes(scores: Tensor, images: Tensor) -> Tensor:
    """Return the squared length of the gradient at each image, shape (N,)."""
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    return (gradient**2).flatten(1).sum(dim=1)


def length(network: nn.Module) -> float:
    return float(sum((each.grad**2).sum() for each in network.parameters() if each.grad is not None) ** 0.5)


def by_hand(config: TrainConfig, twin: TrainState, steps: int) -> tuple[list[dict[str, float]], nn.Module]:
    """Take steps; return what each reports, and G_ema."""
    G, D, average = twin.G.train(), twin.D.train(), copy.deepcopy(twin.G)
    adam_g, adam_d = (torch.optim.Adam(each.parameters(), config.lr, (config.beta1, config.beta2)) for each in (G, D))
    ones, zeros = torch.ones(config.batch), torch.zeros(config.batch)
    is_wasserstein, updates, reports = config.loss == "wgan-gp", 0, []
    for _ in range(steps):
        for _ in range(config.critic_steps):
            (real, _), z = twin.next_real(), twin.draw_z(config.batch)
            as_seen, as_seen_too = twin.next_view(), twin.next_view()
            seen, drawn = as_seen.of(real).detach().requires_grad_(), as_seen_too.of(G(z)).detach()
            on_real, on_fake = D(seen)[:, 0], D(drawn)[:, 0]
            report = {"D_x": on_real.mean(), "D_G_z1": on_fake.mean()}
            if is_wasserstein:
                loss = on_fake.mean() - on_real.mean()
                share = twin.next_shares()[:, None, None, None]
                middle = (share * seen + (1.0 - share) * drawn).detach().requires_grad_()
                regular = config.gp * ((slopes(D(middle)[:, 0], middle).sqrt() - 1.0) ** 2).mean()
            else:
                report = {"D_x": torch.sigmoid(on_real).mean(), "D_G_z1": torch.sigmoid(on_fake).mean()}
                loss = bce(on_real, ones) + bce(on_fake, zeros)
                due = config.r1 if updates in R1_AT else 0.0
                regular = due * R1_TIMES * 0.5 * slopes(on_real, seen).mean() if due else torch.zeros(())
            adam_d.zero_grad()
            (loss + regular).backward()
            report |= {"Loss_D": loss, "grad_D": torch.tensor(length(D))}
            adam_d.step()
            updates += 1
        on_fake = D(twin.next_view().of(G(z)))[:, 0]
        loss = -on_fake.mean() if is_wasserstein else bce(on_fake, ones)
        adam_g.zero_grad()
        loss.backward()
        taken_for_real = on_fake if is_wasserstein else torch.sigmoid(on_fake)
        report |= {"Loss_G": loss, "grad_G": torch.tensor(length(G)), "D_G_z2": taken_for_real.mean()}
        adam_g.step()
        half_life = min(1000.0 * config.ema_kimg, RAMP * twin.images)
        kept = 0.5 ** (config.batch * config.critic_steps / half_life) if half_life else 0.0
        for old, new in zip(average.parameters(), G.parameters(), strict=True):
            old.data = kept * old.data + (1.0 - kept) * new.data
        twin.images += config.batch * config.critic_steps
        reports.append({name: float(value.detach()) for name, value in report.items()})
    return reports, average


@pytest.mark.parametrize("case", CASES)
def test_steps_are_those_written_out(case: str) -> None:
    steps, changes = CASES[case]
    config = replace(PLAIN, **changes)
    config = replace(config, kimg=steps * config.step_images / 1000.0)
    state, twin = new_state(config), new_state(config)
    reports: list[StepReport] = []
    train(state, config, Control(), reports.append, ignore)
    expected, average = by_hand(config, twin, steps)
    assert len(reports) == steps
    for report, wanted in zip(reports, expected, strict=True):
        assert {name: float(value) for name, value in report.items()} == pytest.approx(wanted, rel=2e-3, abs=1e-4)
    for network, other in ((state.G, twin.G), (state.D, twin.D), (state.G_ema, average)):
        for actual, weights in zip(network.parameters(), other.parameters(), strict=True):
            torch.testing.assert_close(actual, weights, rtol=1e-2, atol=2e-4)
