"""The training loop, top to bottom.

References:
    Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 3; real and generated images pass D in batches of their
    own, as in the PyTorch example.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.ema import ema_decay, update_ema
from latentlab.training.losses import bce_fake, bce_generator, bce_real, r1_penalty
from latentlab.training.precision import in_precision
from latentlab.training.schedule import learning_rate, set_learning_rate
from latentlab.training.state import TrainState

StepReport = dict[str, Tensor]

R1_EVERY = 8
"""Steps from one R1 penalty to the next, each weighted as many times (Karras et al. 2020, arXiv:1912.04958)."""


def train(
    state: TrainState,
    config: TrainConfig,
    control: Control,
    on_step: Callable[[StepReport], None],
    on_tick: Callable[[], None],
) -> None:
    """Train until `config.total_images` real images were shown, resuming wherever `state` stands.

    Args:
        state: Is changed in place.
        config: Resolved.
        control: Looked at between the phases of a step.
        on_step: Called after each step with detached scalars, named as in the PyTorch example; those of D are missing
            for a step that was resumed half way.
        on_tick: Called when another `config.tick_images` were shown, and at the end.

    Raises:
        Cancelled: If a stop was asked for; `state` can be saved as it is and resumed.
    """
    G = in_precision(state.G.train(), config.precision, state.device)
    D = in_precision(state.D.train(), config.precision, state.device)
    while state.images < config.total_images:
        lr = learning_rate(config.lr, config.lr_end, state.images, config.total_images)
        set_learning_rate(state.optimizer_D, lr)
        set_learning_rate(state.optimizer_G, lr)
        if state.pending_z is None:
            # Phase D: maximise log D(x) + log(1 - D(G(z))).
            real = state.next_real()  # (N, C, H, W)
            z = state.draw_z(len(real))  # (N, z_dim)
            fake = G(z)
            state.optimizer_D.zero_grad()
            penalised = config.r1 > 0.0 and state.images // config.batch % R1_EVERY == 0
            logits_real = D(real.requires_grad_(penalised))[:, 0]
            loss_real = bce_real(logits_real)
            if penalised:
                penalty = config.r1 * R1_EVERY * r1_penalty(logits_real, real)
                (loss_real + penalty).backward()  # type: ignore[no-untyped-call]
            else:
                loss_real.backward()  # type: ignore[no-untyped-call]
            logits_fake = D(fake.detach())[:, 0]
            loss_fake = bce_fake(logits_fake)
            loss_fake.backward()  # type: ignore[no-untyped-call]
            state.optimizer_D.step()
            state.pending_z = z
            report: StepReport = {
                "Loss_D": (loss_real + loss_fake).detach(),
                "D_x": logits_real.detach().sigmoid().mean(),
                "D_G_z1": logits_fake.detach().sigmoid().mean(),
            }
            control.checkpoint()
        else:
            report = {}
            fake = G(state.pending_z)

        # Phase G: maximise log D(G(z)). D's weights need no gradient here.
        state.D.requires_grad_(False)
        logits = D(fake)[:, 0]
        loss_generator = bce_generator(logits)
        state.optimizer_G.zero_grad()
        loss_generator.backward()  # type: ignore[no-untyped-call]
        state.D.requires_grad_(True)
        state.optimizer_G.step()
        update_ema(state.G_ema, state.G, ema_decay(len(logits), config.ema_kimg, state.images))

        before, state.images = state.images, state.images + len(logits)
        state.pending_z = None
        on_step(report | {"Loss_G": loss_generator.detach(), "D_G_z2": logits.detach().sigmoid().mean()})
        finished = state.images >= config.total_images
        if finished or state.images // config.tick_images > before // config.tick_images:
            on_tick()
        if not finished:
            control.checkpoint()


def phase_seconds(state: TrainState, clock: Callable[[], float]) -> float:
    """Time one phase D of a throw-away state, after one to warm up; for choosing the batch."""
    for _ in range(2):
        start = clock()
        real, z = state.next_real(), state.draw_z(state.batches.batch)
        loss = bce_real(state.D(real)[:, 0]) + bce_fake(state.D(state.G(z).detach())[:, 0])
        loss.backward()  # type: ignore[no-untyped-call]
        state.optimizer_D.step()
        if state.device.type == "cuda":
            torch.cuda.synchronize()
        seconds = clock() - start
    return seconds
