"""Every option of the objective and the networks: it acts, and a resume from any phase is bit-equal."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from tiny_run import CONFIG, CPU, assert_same_state, ignore, new_state, pictures, saved_and_loaded, stopped, train_on
from torch.nn.functional import cross_entropy, softplus

from latentlab.models.layers import BatchNorm, LayerNorm, Linear, Upsample
from latentlab.training.config import TrainConfig
from latentlab.training.control import Control
from latentlab.training.loop import StepReport, train
from latentlab.training.losses import class_score
from latentlab.training.state import TrainState

OPTIONS: dict[str, dict[str, Any]] = {
    "lsgan": {"loss": "lsgan"},
    "wgan": {"loss": "wgan", "beta1": 0.0, "n_critic": 2},
    "wgan-gp": {"loss": "wgan-gp", "n_critic": 2},
    "wgan-gp with layer normalisation": {"loss": "wgan-gp", "n_critic": 1, "critic_norm": "layer"},
    "hinge, spectral": {"loss": "hinge", "critic_norm": "spectral"},
    "began": {"loss": "began"},
    "began, a narrow code": {"loss": "began", "code_dim": 3, "k_rate": 0.1},
    "smooth": {"smooth_real": 0.1, "smooth_fake": 0.05},
    "r1": {"r1": 1.0},
    "augment": {"augment": "colour,translation,cutout"},
    "flips": {"flips": True},
    "instance noise": {"instance_noise": 0.3},
    "n_critic": {"n_critic": 2},
    "two time scales": {"lr_critic": 4e-3},
    "without averaging": {"ema_kimg": 0.0},
    "accumulate": {"accumulate": 2},
    "upsample": {"architecture": "upsample"},
    "dense": {"architecture": "dense"},
    "conditional": {"conditional": True},
    "conditional began": {"conditional": True, "loss": "began"},
    "class term": {"class_weight": 1.0, "r1": 0.1},
    "class term, wgan-gp": {"class_weight": 0.5, "loss": "wgan-gp", "n_critic": 2},
    "everything": {
        "loss": "hinge",
        "critic_norm": "spectral",
        "r1": 0.1,
        "augment": "colour,translation,cutout",
        "flips": True,
        "instance_noise": 0.1,
        "n_critic": 2,
        "lr_critic": 1e-3,
        "accumulate": 2,
        "conditional": True,
        "kernel": 5,
        "prior": "uniform",
    },
}


def config_of(option: str) -> TrainConfig:
    changes = OPTIONS[option]
    steps = replace(CONFIG, **changes).critic_steps
    return replace(CONFIG, kimg=0.016 * steps, **changes)  # two updates of G


@pytest.fixture(scope="module")
def plain() -> TrainState:
    torch.set_num_threads(1)
    return train_on(new_state(), replace(CONFIG, kimg=0.016))


@pytest.mark.parametrize("option", OPTIONS)
def test_it_acts_reports_and_is_resumed_bit_for_bit(option: str, plain: TrainState) -> None:
    config, reports = config_of(option), list[StepReport]()
    expected = new_state(config)
    train(expected, config, Control(), reports.append, ignore)
    assert expected.is_finite()
    assert len(reports) == 2
    for report in reports:
        assert set(report) == {"Loss_D", "Loss_G", "D_x", "D_G_z1", "D_G_z2", "grad_D", "grad_G"}
        assert all(bool(value.isfinite()) and not value.requires_grad for value in report.values())
        assert report["grad_D"] > 0.0
        assert report["grad_G"] > 0.0
    if expected.spec == plain.spec:
        assert not torch.equal(expected.G_ema[1].weight, plain.G_ema[1].weight)
    state, stops = new_state(config), 0
    while stopped(state, 1, config):
        stops += 1
        state = saved_and_loaded(state, config)
    assert stops == 2 * (config.critic_steps + 1) - 1, "it stops after every update"
    assert_same_state(state, expected)


def test_a_lost_draw_of_a_view_is_noticed() -> None:
    config = config_of("augment")
    expected = train_on(new_state(config), config)
    state = new_state(config)
    assert stopped(state, 1, config)
    state.next_view()
    with pytest.raises(AssertionError, match="differs"):
        assert_same_state(train_on(state, config), expected)


def reports_of(config: TrainConfig) -> list[StepReport]:
    reports: list[StepReport] = []
    train(new_state(config), config, Control(), reports.append, ignore)
    return reports


def test_clipping_keeps_every_weight_of_the_critic_small() -> None:
    config = replace(config_of("wgan"), clip=0.003)
    state = train_on(new_state(config), config)
    assert max(float(each.detach().abs().max()) for each in state.D.parameters()) == pytest.approx(0.003)
    assert max(float(each.detach().abs().max()) for each in state.G.parameters()) > 0.003


def test_each_update_of_d_is_one_more_batch_of_real_images() -> None:
    config = config_of("wgan-gp")
    state = train_on(new_state(config), config)
    assert state.images == 2 * 2 * CONFIG.batch
    assert state.batches.epoch == 2  # 4 batches of 8 of 21 pictures


def test_two_time_scales() -> None:
    config = replace(config_of("two time scales"), lr_end=1.0)
    state = train_on(new_state(config), config)
    assert state.optimizer_D.param_groups[0]["lr"] == pytest.approx(4e-3)
    assert state.optimizer_G.param_groups[0]["lr"] == pytest.approx(2e-3)


def test_both_rates_fall_together() -> None:
    config = replace(config_of("two time scales"), lr_end=0.0, kimg=0.032)
    state = train_on(new_state(config), config)
    rates = [optimizer.param_groups[0]["lr"] for optimizer in (state.optimizer_D, state.optimizer_G)]
    assert rates[0] == pytest.approx(2 * rates[1])
    assert rates[1] < 2e-3


def test_flips_mirror_about_half_of_the_real_pictures() -> None:
    config = replace(CONFIG, flips=True, batch=200)
    state, plain = new_state(config), new_state(replace(config, flips=False))
    (shown, _), (straight, _) = state.next_real(), plain.next_real()
    mirrored = [bool(torch.equal(one, other.flip(2))) for one, other in zip(shown, straight, strict=True)]
    same = [bool(torch.equal(one, other)) for one, other in zip(shown, straight, strict=True)]
    assert all(a or b for a, b in zip(mirrored, same, strict=True))
    assert 60 < sum(mirrored) < 140


def test_instance_noise_falls_to_nothing() -> None:
    config = config_of("instance noise")
    state, sigmas = new_state(config), []
    for state.images in (0, config.total_images // 2, config.total_images):
        noise = state.next_view().noise
        sigmas.append(0.0 if noise is None else float(noise.std()))
    assert sigmas == pytest.approx([0.3, 0.15, 0.0], rel=0.1)


def test_the_balance_of_began_moves_and_is_kept() -> None:
    config = replace(config_of("began"), gamma=1.0)
    state = train_on(new_state(config), config)
    assert float(state.k) != 0.0
    assert torch.equal(saved_and_loaded(state, config).k, state.k)


@pytest.mark.parametrize(
    ("norm", "layers"), [("batch", {BatchNorm}), ("layer", {LayerNorm}), ("none", set()), ("spectral", set())]
)
def test_the_critic_is_normalised_as_asked(norm: str, layers: set[type]) -> None:
    config = TrainConfig.from_mapping(vars(CONFIG) | {"critic_norm": norm})
    found = {type(layer) for layer in new_state(config).critic_spec.layers} & {BatchNorm, LayerNorm}
    assert found == layers


def test_architectures() -> None:
    upsample = new_state(replace(CONFIG, architecture="upsample"))
    assert sum(isinstance(layer, Upsample) for layer in upsample.spec.network.layers) == 2
    dense = new_state(replace(CONFIG, architecture="dense"))
    for spec in (dense.spec.network, dense.critic_spec):
        assert any(isinstance(layer, Linear) for layer in spec.layers)
        assert not any(type(layer).__name__.startswith("Conv") for layer in spec.layers)


# Classes


def test_networks_are_told_the_class() -> None:
    config = config_of("conditional")
    state = new_state(config)
    assert state.spec.classes == 3
    real, y = state.next_real()
    assert y is not None
    squares = pictures()
    for image, label in zip(real, y, strict=True):
        number = next(
            n for n, each in enumerate(squares) if torch.equal(torch.from_numpy(each[:, :, 0]) / 127.5 - 1.0, image[0])
        )
        assert int(label) == number % 3, "a class belongs to its picture"
    z = state.draw_z(1)
    one, other = (state.G_ema.eval()(z, torch.tensor([label])) for label in (0, 1))
    assert not torch.equal(one, other)
    one, other = (state.D.eval()(real[:1], torch.tensor([label])) for label in (0, 1))
    assert not torch.equal(one, other)


def test_a_class_starts_as_its_row_of_the_identity() -> None:
    table = new_state(config_of("conditional")).G[0].table
    assert torch.equal(table, torch.eye(3))


def test_the_sheet_goes_through_all_classes() -> None:
    z, y = new_state(config_of("conditional")).fixed
    assert len(z) == len(y) == 64
    assert y[:7].tolist() == [0, 1, 2, 0, 1, 2, 0]


@pytest.mark.parametrize("option", ["conditional", "class term"])
def test_classes_without_labels_are_a_mistake(option: str) -> None:
    with pytest.raises(ValueError, match="not resolved"):
        TrainState(config_of(option), pictures(), CPU)


def test_with_a_class_term_d_tells_the_class_and_g_is_told_none() -> None:
    config = replace(config_of("class term"), kimg=0.8, r1=0.0, class_weight=3.0)
    state = train_on(new_state(config), config)
    assert state.spec.classes == 0
    assert len(state.fixed) == 1
    right, seen = 0, 0
    with torch.no_grad():
        for _ in range(5):
            real, y = state.next_real()
            assert y is not None
            logits = state.D(real)
            assert logits.shape == (CONFIG.batch, 3)
            right, seen = right + int((logits.argmax(1) == y).sum()), seen + len(y)
    assert right >= 0.9 * seen, "of 21 pictures that it was shown 38 times"


def test_the_class_term_adds_its_gradient_to_that_of_real_pictures() -> None:
    """Redo D's first update with plain modules."""
    config = replace(config_of("class term"), r1=0.0, class_weight=0.7)
    state, twin = new_state(config), new_state(config)
    assert stopped(state, 1, config)
    G, D = twin.G.train(), twin.D.train()
    (real, y), z = twin.next_real(), twin.draw_z(config.batch)
    assert y is not None
    logits = D(real)
    (softplus(-class_score(logits)).mean() + 0.7 * cross_entropy(logits, y)).backward()
    softplus(class_score(D(G(z).detach()))).mean().backward()
    twin.optimizer_D.step()
    for ours, plainly in zip(state.D.parameters(), twin.D.parameters(), strict=True):
        torch.testing.assert_close(ours, plainly)


# Parts of a batch


def test_parts_take_the_step_of_the_whole_batch_where_nothing_looks_at_a_batch() -> None:
    """Without BatchNorm and with the statistics of a part in G alone, D's first update is the same to rounding."""
    whole = replace(CONFIG, critic_norm="none", batch=8)
    reports = [reports_of(replace(whole, kimg=0.008, accumulate=parts))[0] for parts in (1, 2, 4)]
    for report in reports[1:]:
        torch.testing.assert_close(report["D_x"], reports[0]["D_x"], rtol=1e-5, atol=1e-6)


def test_parts_add_up_to_the_mean_gradient() -> None:
    """Redo D's first update with plain modules, half a batch at a time."""
    config = replace(CONFIG, kimg=0.008, accumulate=2)
    state, twin = new_state(config), new_state(config)
    assert stopped(state, 1, config)
    G, D = twin.G.train(), twin.D.train()
    adam = torch.optim.Adam(D.parameters(), config.lr, (config.beta1, config.beta2))
    (real, _), z = twin.next_real(), twin.draw_z(8)
    criterion, ones, zeros = torch.nn.BCEWithLogitsLoss(), torch.ones(4), torch.zeros(4)
    for rows in (slice(0, 4), slice(4, 8)):
        loss = criterion(D(real[rows])[:, 0], ones) + criterion(D(G(z[rows]).detach())[:, 0], zeros)
        (0.5 * loss).backward()
    adam.step()
    for actual, wanted in zip(state.D.parameters(), D.parameters(), strict=True):
        torch.testing.assert_close(actual, wanted, rtol=1e-4, atol=1e-5)


def test_the_penalty_of_wgan_gp_bounds_the_slope_of_the_critic() -> None:
    """With a heavy penalty, D's gradient between real and generated pictures goes towards 1 from a tenth of it."""
    config = replace(CONFIG, loss="wgan-gp", critic_norm="layer", n_critic=1, gp=100.0, kimg=0.4, lr=2e-3, lr_end=1.0)
    state = new_state(config)
    slopes = [slope_of(state)]
    train_on(state, config)
    slopes.append(slope_of(state))
    assert slopes[0] < 0.5
    assert 0.7 < slopes[1] < 1.4


def slope_of(state: TrainState) -> float:
    real = (torch.from_numpy(pictures()).permute(0, 3, 1, 2).float() / 127.5 - 1.0).requires_grad_()
    (gradient,) = torch.autograd.grad(state.D(real).sum(), real)
    return float(gradient.flatten(1).norm(dim=1).mean())
