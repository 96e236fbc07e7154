"""Losses: values by hand, derivatives by the formula, no overflow."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

from latentlab.training.losses import bce_fake, bce_generator, bce_real, r1_penalty

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


@pytest.mark.parametrize("loss", [bce_real, bce_fake, bce_generator])
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
