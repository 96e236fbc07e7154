"""Losses: values by hand, derivatives by the formula, no overflow."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from latentlab.training.config import TrainConfig
from latentlab.training.losses import (
    OBJECTIVES,
    bce_fake,
    bce_generator,
    bce_real,
    began_balance,
    began_convergence,
    began_error,
    between,
    class_loss,
    class_score,
    clip_weights,
    gradient_penalty,
    hinge_fake,
    hinge_generator,
    hinge_real,
    lsgan_fake,
    lsgan_generator,
    lsgan_real,
    objective_of,
    r1_penalty,
    score_of,
    wgan_fake,
    wgan_generator,
    wgan_real,
)
from latentlab.training.settings import LOSSES

LOGITS = (-3.0, -0.5, 0.0, 2.0)


def D(logit: float) -> float:
    return 1.0 / (1.0 + math.exp(-logit))


def mean(values: list[float]) -> float:
    return sum(values) / len(values)


def logits() -> Tensor:
    return torch.tensor(LOGITS, dtype=torch.float64, requires_grad=True)


def test_bce_real() -> None:
    x = logits()
    loss = bce_real(x)
    assert loss.item() == pytest.approx(mean([-math.log(D(v)) for v in LOGITS]), rel=1e-12)
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([(D(v) - 1.0) / len(LOGITS) for v in LOGITS], rel=1e-12)


def test_bce_fake() -> None:
    x = logits()
    loss = bce_fake(x)
    assert loss.item() == pytest.approx(mean([-math.log(1.0 - D(v)) for v in LOGITS]), rel=1e-12)
    loss.backward()
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([D(v) / len(LOGITS) for v in LOGITS], rel=1e-12)


def test_bce_generator_does_not_saturate() -> None:
    x = logits()
    loss = bce_generator(x)
    assert loss.item() == pytest.approx(mean([-math.log(D(v)) for v in LOGITS]), rel=1e-12)
    loss.backward()
    assert x.grad is not None
    gradient = [value * len(LOGITS) for value in x.grad.tolist()]
    assert gradient == pytest.approx([D(v) - 1.0 for v in LOGITS], rel=1e-12)
    assert abs(gradient[0]) > 0.9, "a sample that D is sure of must teach G most"


BY_HAND = [
    # loss, its value at one score, its derivative there
    (lsgan_real, lambda v: 0.5 * (v - 1.0) ** 2, lambda v: v - 1.0),
    (lsgan_fake, lambda v: 0.5 * v**2, lambda v: v),
    (lsgan_generator, lambda v: 0.5 * (v - 1.0) ** 2, lambda v: v - 1.0),
    (wgan_real, lambda v: -v, lambda v: -1.0),
    (wgan_fake, lambda v: v, lambda v: 1.0),
    (wgan_generator, lambda v: -v, lambda v: -1.0),
    (hinge_real, lambda v: max(0.0, 1.0 - v), lambda v: -1.0 if v < 1.0 else 0.0),
    (hinge_fake, lambda v: max(0.0, 1.0 + v), lambda v: 1.0 if v > -1.0 else 0.0),
    (hinge_generator, lambda v: -v, lambda v: -1.0),
]


@pytest.mark.parametrize(("loss", "value", "slope"), BY_HAND, ids=[loss.__name__ for loss, _, _ in BY_HAND])
def test_by_hand(
    loss: Callable[[Tensor], Tensor], value: Callable[[float], float], slope: Callable[[float], float]
) -> None:
    x = logits()
    result = loss(x)
    assert result.item() == pytest.approx(mean([value(v) for v in LOGITS]), rel=1e-12)
    result.backward()
    assert x.grad is not None
    assert x.grad.tolist() == pytest.approx([slope(v) / len(LOGITS) for v in LOGITS], rel=1e-12)


@pytest.mark.parametrize("smooth", [0.1, 0.3])
def test_smoothed_labels_are_a_cross_entropy_with_another_target(smooth: float) -> None:
    criterion, x = torch.nn.BCEWithLogitsLoss(), logits()
    real, fake = torch.full_like(x, 1.0 - smooth), torch.full_like(x, smooth)
    assert bce_real(x, smooth).item() == pytest.approx(criterion(x, real).item(), rel=1e-12)
    assert bce_fake(x, smooth).item() == pytest.approx(criterion(x, fake).item(), rel=1e-12)
    assert torch.autograd.gradcheck(lambda values: bce_real(values, smooth), (x,))
    best = torch.tensor([math.log((1.0 - smooth) / smooth)], dtype=torch.float64, requires_grad=True)
    bce_real(best, smooth).backward()
    assert best.grad is not None
    assert best.grad.item() == pytest.approx(0.0, abs=1e-12), "D is to be as sure as the target says, and no surer"


def test_smoothing_is_of_bce_and_of_the_side_that_is_named() -> None:
    k, x = torch.zeros(()), logits()
    one_sided = objective_of(TrainConfig(smooth_real=0.1), k)
    assert one_sided.real(x).item() == bce_real(x, 0.1).item()
    assert one_sided.fake(x).item() == bce_fake(x).item()
    assert objective_of(TrainConfig(smooth_fake=0.2), k).fake(x).item() == bce_fake(x, 0.2).item()
    assert objective_of(TrainConfig(loss="lsgan", smooth_real=0.1), k) == OBJECTIVES["lsgan"]


def test_every_loss_is_in_the_table() -> None:
    assert tuple(OBJECTIVES) == LOSSES


SMOOTH_EVERYWHERE = [
    *(bce_real, bce_fake, bce_generator),
    *(lsgan_real, lsgan_fake, lsgan_generator),
    *(wgan_real, wgan_fake, wgan_generator),
    *(hinge_real, hinge_fake, hinge_generator),
]


@pytest.mark.parametrize("loss", SMOOTH_EVERYWHERE)
def test_gradients_by_differences(loss: object) -> None:
    assert torch.autograd.gradcheck(loss, (logits(),))


@pytest.mark.parametrize(("loss", "sign"), [(bce_real, -1.0), (bce_fake, 1.0), (bce_generator, -1.0)])
def test_logits_far_out_stay_finite(loss: object, sign: float) -> None:
    wrong = torch.tensor([sign * 1e4], requires_grad=True)
    value = loss(wrong)  # type: ignore[operator]
    assert value.item() == pytest.approx(1e4)
    value.backward()
    assert wrong.grad is not None
    assert wrong.grad.tolist() == [sign]


def test_equals_the_loss_of_the_pytorch_example() -> None:
    x = logits().detach()
    criterion = torch.nn.BCELoss()
    ones, zeros = torch.ones_like(x), torch.zeros_like(x)
    assert float(bce_real(x)) == pytest.approx(float(criterion(x.sigmoid(), ones)), rel=1e-12)
    assert float(bce_fake(x)) == pytest.approx(float(criterion(x.sigmoid(), zeros)), rel=1e-12)
    assert float(bce_generator(x)) == pytest.approx(float(criterion(x.sigmoid(), ones)), rel=1e-12)


def test_r1_of_a_linear_critic_is_half_the_squared_norm_of_its_weights() -> None:
    weight = torch.arange(1.0, 13.0, dtype=torch.float64).reshape(1, 3, 2, 2).requires_grad_()
    real = torch.randn((5, 3, 2, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(0)).requires_grad_()
    penalty = r1_penalty((real * weight).sum(dim=(1, 2, 3)), real)
    assert penalty.item() == pytest.approx(0.5 * float(weight.detach().square().sum()))
    penalty.backward()
    assert weight.grad is not None
    assert torch.allclose(weight.grad, weight.detach())


def pictures(seed: int, count: int = 5) -> Tensor:
    return torch.randn((count, 3, 2, 2), dtype=torch.float64, generator=torch.Generator().manual_seed(seed))


def test_the_gradient_penalty_of_a_linear_critic_is_that_of_its_weights() -> None:
    """f(x) = <w, x> has the gradient w everywhere: (|w| - 1)^2, whose derivative is 2 (|w| - 1) w / |w|."""
    weight = (torch.arange(1.0, 13.0, dtype=torch.float64) / 10.0).reshape(1, 3, 2, 2).requires_grad_()
    images = between(pictures(0), pictures(1), torch.linspace(0.0, 1.0, 5, dtype=torch.float64))
    penalty = gradient_penalty((images * weight).sum(dim=(1, 2, 3)), images)
    norm = float(weight.detach().square().sum().sqrt())
    assert penalty.item() == pytest.approx((norm - 1.0) ** 2, rel=1e-12)
    penalty.backward()
    assert weight.grad is not None
    torch.testing.assert_close(weight.grad, 2.0 * (norm - 1.0) * weight.detach() / norm, rtol=1e-12, atol=1e-12)


def test_the_gradient_penalty_looks_at_each_picture() -> None:
    """f(x) = |x|^2 / 2 has the gradient x: the penalty is the mean of (|x| - 1)^2, not that of the mean."""
    images = between(pictures(0), pictures(1), torch.full((5,), 0.5, dtype=torch.float64))
    penalty = gradient_penalty(0.5 * images.square().sum(dim=(1, 2, 3)), images)
    expected = [(float(image.norm()) - 1.0) ** 2 for image in images.detach()]
    assert penalty.item() == pytest.approx(mean(expected), rel=1e-12)


def test_between_is_a_straight_line_from_generated_to_real() -> None:
    real, fake = pictures(0), pictures(1).requires_grad_()
    share = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
    images = between(real, fake, share)
    assert images.is_leaf
    assert images.requires_grad
    for image, one, other, part in zip(images, real, fake, share, strict=True):
        torch.testing.assert_close(image, part * one + (1 - part) * other)
    assert torch.equal(images[0], fake[0])
    assert torch.equal(images[4], real[4])


def test_weights_are_clipped_in_place() -> None:
    weight = torch.nn.Parameter(torch.tensor([-5.0, -0.01, 0.0, 0.02]))
    clip_weights([weight], 0.01)
    assert weight.tolist() == pytest.approx([-0.01, -0.01, 0.0, 0.01])


def test_the_score_of_classes_by_hand() -> None:
    logits = torch.tensor([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]], dtype=torch.float64, requires_grad=True)
    scores = class_score(logits)
    by_hand = math.log((math.exp(1.0) + math.exp(-2.0) + math.exp(0.5)) / 3.0)
    assert scores.tolist() == pytest.approx([by_hand, 0.0], rel=1e-12)
    odds = math.exp(by_hand) * 3.0
    assert torch.sigmoid(scores[0]).item() == pytest.approx(odds / (odds + 3.0), rel=1e-12), "Z / (Z + K)"
    assert torch.autograd.gradcheck(class_score, logits)
    assert score_of(TrainConfig(class_weight=1.0))(logits, logits).tolist() == scores.tolist()


def test_the_loss_on_classes_by_hand() -> None:
    logits = torch.tensor([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]], dtype=torch.float64)
    right = math.exp(0.5) / (math.exp(1.0) + math.exp(-2.0) + math.exp(0.5))
    loss = class_loss(logits, torch.tensor([2, 1]))
    assert loss.item() == pytest.approx(mean([-math.log(right), math.log(3.0)]), rel=1e-12)


def test_began_by_hand() -> None:
    drawn = torch.tensor([[[[0.0, 1.0], [1.0, 0.0]]], [[[0.5, 0.5], [0.5, 0.5]]]], dtype=torch.float64)
    shown = torch.tensor([[[[0.0, 0.0], [1.0, 1.0]]], [[[0.5, 0.5], [0.5, -1.0]]]], dtype=torch.float64)
    errors = began_error(drawn, shown)
    assert errors.tolist() == [0.5, 0.5625]
    k, real, fake = (torch.tensor(value, dtype=torch.float64) for value in (0.4, 0.6, 0.1))
    assert began_balance(k, real, fake, 0.5, 0.01).item() == pytest.approx(0.4 + 0.01 * (0.3 - 0.1), rel=1e-12)
    assert began_balance(torch.zeros_like(k), fake, real, 0.5, 0.01).item() == 0.0, "k stays within 0 to 1"
    assert began_balance(torch.ones_like(k), real, fake, 0.5, 0.01).item() == 1.0
    assert began_convergence(real, fake, 0.5).item() == pytest.approx(0.6 + 0.2, rel=1e-12)
    objective = objective_of(TrainConfig(loss="began"), k)
    assert objective.real(errors).item() == objective.generator(errors).item() == 0.53125
    assert objective.fake(errors).item() == pytest.approx(-0.4 * 0.53125, rel=1e-12)
    k.fill_(1.0)
    assert objective.fake(errors).item() == -0.53125, "k is the loop's"
    assert score_of(TrainConfig(loss="began"))(drawn, shown).tolist() == [0.5, 0.5625]
