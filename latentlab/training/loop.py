"""The training loop, top to bottom.

References:
    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 3; real and generated images pass D in batches of their
    own, as in the PyTorch example.

What was tried and left out: `torch.compile` of both networks on the CPU, at 0.92 to 0.96 of the speed without it
(`tests/benchmarks/bench_compile.py`, two runs of four turns on a core with AVX-512).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from itertools import repeat

import torch
from torch import Tensor, nn

from latentlab.gpu import wait_for
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control, Player
from latentlab.training.ema import ema_decay, update_ema
from latentlab.training.losses import (
    Objective,
    began_balance,
    between,
    class_loss,
    clip_weights,
    gradient_penalty,
    objective_of,
    r1_penalty,
    score_of,
)
from latentlab.training.precision import in_precision
from latentlab.training.schedule import learning_rate, set_learning_rate
from latentlab.training.state import TrainState

StepReport = dict[str, Tensor]
Network = Callable[..., Tensor]
Watcher = Callable[[Player, StepReport], None]
"""Told of a single update: which network, and what it reports, as detached scalars."""

R1_EVERY = 8
"""Updates of D from one R1 penalty to the next, each weighted as many times (Karras et al. 2020, arXiv:1912.04958)."""


def train(
    state: TrainState,
    config: TrainConfig,
    control: Control,
    on_step: Callable[[StepReport], None],
    on_tick: Callable[[], None],
    on_update: Watcher = lambda player, report: None,
) -> None:
    """Train until `config.total_images` real images were shown, resuming wherever `state` stands.

    Args:
        state: Is changed in place.
        config: Resolved.
        control: Looked at between the phases of a step.
        on_step: Called after each step with detached scalars, named as in the PyTorch example; those of D are missing
            for a step that was resumed half way.
        on_tick: Called when another `config.tick_images` were shown, and at the end.
        on_update: Called after each update that someone watches: in slow motion, and of one network by hand.

    Raises:
        Cancelled: If a stop was asked for; `state` can be saved as it is and resumed.
    """
    G = in_precision(state.G.train(), config.precision, state.device)
    D = in_precision(state.D.train(), config.precision, state.device)
    objective = objective_of(config, state.k)
    by_hand = partial(update_alone, state, config, objective, G, D, on_update)
    while state.images < config.total_images:
        lr = learning_rate(config.lr, config.lr_end, state.images, config.total_images)
        set_learning_rate(state.optimizer_D, lr * (config.lr_critic or config.lr) / config.lr)
        set_learning_rate(state.optimizer_G, lr)
        report, fakes = StepReport(), list[Tensor]()
        while state.critic_steps < config.critic_steps:
            report, fakes = update_critic(state, config, objective, G, D)
            if control.slow:
                on_update("D", report)
            if control.checkpoint(by_hand):
                fakes = []  # of a generator that has changed since
        made = update_generator(state, config, objective, G, D, fakes)
        update_ema(state.G_ema, state.G, ema_decay(config.step_images, config.ema_kimg, state.images))

        before, state.images = state.images, state.images + config.step_images
        state.critic_steps, state.pending_z, state.pending_y = 0, None, None
        on_step(report | made)
        if control.slow:
            on_update("G", made)
        finished = state.images >= config.total_images
        if finished or state.images // config.tick_images > before // config.tick_images:
            on_tick()
        if not finished:
            control.checkpoint(by_hand)


def update_alone(
    state: TrainState,
    config: TrainConfig,
    objective: Objective,
    G: Network,
    D: Network,
    on_update: Watcher,
    player: Player,
) -> None:
    """Update one network once more than the schedule has it, the other held still; the images count as not shown."""
    due = state.critic_steps, state.pending_z, state.pending_y
    if player == "D":
        report, _ = update_critic(state, config, objective, G, D)
    else:
        state.pending_z = state.draw_z(config.batch)
        state.pending_y = state.next_real()[1] if config.conditional else None
        report = update_generator(state, config, objective, G, D, [])
        update_ema(state.G_ema, state.G, ema_decay(config.batch, config.ema_kimg, state.images))
    state.critic_steps, state.pending_z, state.pending_y = due
    on_update(player, report)


def update_critic(
    state: TrainState, config: TrainConfig, objective: Objective, G: Network, D: Network
) -> tuple[StepReport, list[Tensor]]:
    """Take phase D of a step: tell real images from generated ones; for bce, maximise log D(x) + log(1 - D(G(z))).

    Returns:
        The report, and the generated images for phase G where it can go on from them; else none.
    """
    real, classes = state.next_real()  # (n, C, H, W), (N,): n of the N of a batch are this process's
    latents = state.draw_z(config.batch)  # (N, z_dim)
    view_real, view_fake = state.next_view(), state.next_view()
    share = state.next_shares() if config.loss == "wgan-gp" else None
    step = state.images // config.batch + state.critic_steps
    penalised = config.r1 > 0.0 and step % R1_EVERY == 0
    is_last = state.critic_steps + 1 == config.critic_steps and config.accumulate == 1
    z, y = latents[state.own], None if classes is None else classes[state.own]
    score = score_of(config)
    reports, fakes = [], []
    state.optimizer_D.zero_grad()
    for rows in _parts(len(real), config.accumulate):
        told = (y[rows],) if config.conditional and y is not None else ()
        with torch.set_grad_enabled(is_last):
            fake = G(z[rows], *told)
        seen_real = view_real.part(rows).of(real[rows]).requires_grad_(penalised)
        output = D(seen_real, *told)
        scores_real = score(output, seen_real)
        loss_real = objective.real(scores_real)
        penalty = config.r1 * R1_EVERY * r1_penalty(scores_real, seen_real) if penalised else 0.0
        naming = config.class_weight * class_loss(output, y[rows]) if config.class_weight and y is not None else 0.0
        _backward(loss_real + penalty + naming, config)
        seen_fake = view_fake.part(rows).of(fake.detach())
        scores_fake = score(D(seen_fake, *told), seen_fake)
        loss_fake = objective.fake(scores_fake)
        _backward(loss_fake, config)
        if share is not None:
            images = between(seen_real, seen_fake, share[rows])
            _backward(config.gp * gradient_penalty(score(D(images, *told), images), images), config)
        x, g = scores_real.detach(), scores_fake.detach()
        reports.append(
            {
                "Loss_D": (loss_real + loss_fake).detach(),
                "D_x": objective.opinion(x).mean(),
                "D_G_z1": objective.opinion(g).mean(),
            }
        )
        fakes.append(fake)
    state.replicas.average_gradients(state.D)
    report = _mean(reports) | {"grad_D": _norm(state.D)}
    state.optimizer_D.step()
    if config.loss == "wgan":
        clip_weights(state.D.parameters(), config.clip)
    if config.loss == "began":
        error_real, error_fake = (state.replicas.average(report[name]) for name in ("D_x", "D_G_z1"))
        state.k.copy_(began_balance(state.k, error_real, error_fake, config.gamma, config.k_rate))
    state.critic_steps += 1
    state.pending_z, state.pending_y = latents, classes if config.conditional else None
    return report, fakes if is_last else []


def update_generator(
    state: TrainState, config: TrainConfig, objective: Objective, G: Network, D: Network, fakes: list[Tensor]
) -> StepReport:
    """Take phase G of a step: be taken for real; for bce, maximise log D(G(z)). D's weights need no gradient here."""
    assert state.pending_z is not None
    z, y = state.pending_z[state.own], None if state.pending_y is None else state.pending_y[state.own]
    view, score = state.next_view(), score_of(config)
    reports = []
    state.optimizer_G.zero_grad()
    with _held_still(state.D):
        for rows, generated in zip(_parts(len(z), config.accumulate), fakes or repeat(None), strict=False):
            told = () if y is None else (y[rows],)
            fake = G(z[rows], *told) if generated is None else generated
            shown = view.part(rows).of(fake)
            scores = score(D(shown, *told), shown)
            loss = objective.generator(scores)
            _backward(loss, config)
            reports.append({"Loss_G": loss.detach(), "D_G_z2": objective.opinion(scores.detach()).mean()})
    state.replicas.average_gradients(state.G)
    report = _mean(reports) | {"grad_G": _norm(state.G)}
    state.optimizer_G.step()
    return report


def phase_seconds(state: TrainState, config: TrainConfig, clock: Callable[[], float]) -> float:
    """Time one phase D of a throw-away state, after one to warm up; for choosing the batch."""
    objective = objective_of(config, state.k)
    for _ in range(2):
        start = clock()
        update_critic(state, config, objective, state.G, state.D)
        wait_for(state.device)
        seconds = clock() - start
    return seconds


@contextmanager
def _held_still(network: nn.Module) -> Iterator[None]:
    """Let a network's weights need no gradient, and need it again whatever happens: memory may run short meanwhile."""
    network.requires_grad_(False)
    try:
        yield
    finally:
        network.requires_grad_(True)


def _parts(count: int, parts: int) -> list[slice]:
    """Cut a batch: in one, unless memory is short."""
    size = count // parts
    return [slice(start, start + size) for start in range(0, count, size)]


def _backward(loss: Tensor, config: TrainConfig) -> None:
    """Add a part's share to the gradients of the batch."""
    (loss / config.accumulate).backward()  # type: ignore[no-untyped-call]


def _mean(reports: list[StepReport]) -> StepReport:
    return {name: torch.stack([report[name] for report in reports]).mean() for name in reports[0]}


def _norm(network: nn.Module) -> Tensor:
    """Return the length of the gradient, a scalar."""
    return nn.utils.get_total_norm([each.grad for each in network.parameters() if each.grad is not None])
