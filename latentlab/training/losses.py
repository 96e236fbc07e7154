"""Objectives, one equation a function, on the scores that D gives to pictures.

A score is a logit, a critic's value, or, under BEGAN, the error with which D draws a picture again.

References:
    Goodfellow et al. 2014, "Generative Adversarial Nets", arXiv:1406.2661.
    Salimans et al. 2016, "Improved Techniques for Training GANs", arXiv:1606.03498: label smoothing, the class term.
    Mao et al. 2017, "Least Squares Generative Adversarial Networks", arXiv:1611.04076.
    Arjovsky, Chintala & Bottou 2017, "Wasserstein GAN", arXiv:1701.07875.
    Gulrajani et al. 2017, "Improved Training of Wasserstein GANs", arXiv:1704.00028.
    Lim & Ye 2017, "Geometric GAN", arXiv:1705.02894.
    Berthelot, Schumm & Metz 2017, "BEGAN", arXiv:1703.10717.
    Mescheder, Geiger & Nowozin 2018, "Which Training Methods for GANs do actually Converge?", arXiv:1801.04406.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, relu, softplus

from latentlab.training.config import TrainConfig
from latentlab.training.settings import Loss


def bce_real(logits: Tensor, smooth: float = 0.0) -> Tensor:
    """Compute D's loss on real images, -log D(x) averaged (equation 1), D = sigmoid of the logits; shape (N,).

    With smoothing, the cross entropy with the target 1 - smooth (Salimans et al. 2016, section 3.4).
    """
    loss = softplus(-logits).mean()
    return loss + smooth * logits.mean() if smooth else loss


def bce_fake(logits: Tensor, smooth: float = 0.0) -> Tensor:
    """Compute D's loss on generated images, -log(1 - D(G(z))) averaged (equation 1); shape (N,).

    With smoothing, the cross entropy with the target `smooth`.
    """
    loss = softplus(logits).mean()
    return loss - smooth * logits.mean() if smooth else loss


def bce_generator(logits: Tensor) -> Tensor:
    """Compute G's non-saturating loss, -log D(G(z)) averaged (section 3); shape (N,)."""
    return softplus(-logits).mean()


def lsgan_real(scores: Tensor) -> Tensor:
    """Compute half the squared distance of D(x) from 1, averaged (Mao et al. 2017, equation 9); shape (N,)."""
    return 0.5 * (scores - 1.0).square().mean()


def lsgan_fake(scores: Tensor) -> Tensor:
    """Compute half the squared distance of D(G(z)) from 0, averaged (equation 9); shape (N,)."""
    return 0.5 * scores.square().mean()


def lsgan_generator(scores: Tensor) -> Tensor:
    """Compute half the squared distance of D(G(z)) from 1, averaged (equation 9); shape (N,)."""
    return 0.5 * (scores - 1.0).square().mean()


def wgan_real(scores: Tensor) -> Tensor:
    """Compute the critic's loss on real images, -f(x) averaged (Arjovsky et al. 2017, algorithm 1); shape (N,)."""
    return -scores.mean()


def wgan_fake(scores: Tensor) -> Tensor:
    """Compute the critic's loss on generated images, f(G(z)) averaged (algorithm 1); shape (N,)."""
    return scores.mean()


def wgan_generator(scores: Tensor) -> Tensor:
    """Compute G's loss, -f(G(z)) averaged (algorithm 1); shape (N,)."""
    return -scores.mean()


def hinge_real(scores: Tensor) -> Tensor:
    """Compute D's loss on real images, max(0, 1 - D(x)) averaged (Lim & Ye 2017, section 4); shape (N,)."""
    return relu(1.0 - scores).mean()


def hinge_fake(scores: Tensor) -> Tensor:
    """Compute D's loss on generated images, max(0, 1 + D(G(z))) averaged (section 4); shape (N,)."""
    return relu(1.0 + scores).mean()


def hinge_generator(scores: Tensor) -> Tensor:
    """Compute G's loss, -D(G(z)) averaged (section 4); shape (N,)."""
    return -scores.mean()


def began_error(drawn: Tensor, pictures: Tensor) -> Tensor:
    """Compute L(v), how far pictures are from what D draws of them (Berthelot et al. 2017, equation 1, eta = 2).

    The squared distance, since with the plain one G comes to draw a single digit.

    Args:
        drawn: D's output, shape (N, C, H, W).
        pictures: What it was shown, of the same shape.

    Returns:
        Shape (N,).
    """
    return (drawn - pictures).square().mean(dim=(1, 2, 3))


def began_balance(k: Tensor, error_real: Tensor, error_fake: Tensor, gamma: float, rate: float) -> Tensor:
    """Compute k_{t+1} = k_t + rate (gamma L(x) - L(G(z))), kept within 0 to 1 (section 3.4, third equation).

    The rate is the paper's lambda_k.
    """
    return (k + rate * (gamma * error_real - error_fake)).clamp(0.0, 1.0)


def began_convergence(error_real: Tensor, error_fake: Tensor, gamma: float) -> Tensor:
    """Compute M = L(x) + |gamma L(x) - L(G(z))|, which falls as both networks get better (section 3.4.1)."""
    return error_real + (gamma * error_real - error_fake).abs()


def class_score(logits: Tensor) -> Tensor:
    """Compute the logit of D(x) = Z(x) / (Z(x) + K), Z the sum over K classes of exp of theirs: as real as any class.

    As in Salimans et al. 2016, section 5, the logit of *made* held at a constant: here at that of K classes of which
    nothing is known, so that D begins undecided.

    Args:
        logits: Of the classes, shape (N, K).

    Returns:
        Shape (N,).
    """
    return logits.logsumexp(1) - math.log(logits.shape[1])


def class_loss(logits: Tensor, y: Tensor) -> Tensor:
    """Compute D's loss on the classes of real pictures, -log p(y | x, real) averaged (section 5, L_supervised).

    Args:
        logits: Of the classes, shape (N, K).
        y: The classes, shape (N,), int64.
    """
    return cross_entropy(logits, y)


def r1_penalty(scores: Tensor, real: Tensor) -> Tensor:
    """Compute half the squared gradient norm of D on real images, averaged (Mescheder et al. 2018, equation 9).

    Args:
        scores: D's output, shape (N,), with a graph back to `real`.
        real: Shape (N, C, H, W), float32, requires a gradient.

    Returns:
        A scalar that can be differentiated again.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), real, create_graph=True)
    return 0.5 * gradient.square().sum(dim=(1, 2, 3)).mean()


def between(real: Tensor, fake: Tensor, share: Tensor) -> Tensor:
    """Draw the straight line from generated images to real ones (Gulrajani et al. 2017, algorithm 1).

    Args:
        real: Shape (N, C, H, W).
        fake: Of the same shape.
        share: That of the real image, in [0, 1], shape (N,).

    Returns:
        Shape (N, C, H, W), a leaf that requires a gradient.
    """
    share = share[:, None, None, None]
    return (share * real + (1.0 - share) * fake).detach().requires_grad_()


def gradient_penalty(scores: Tensor, images: Tensor) -> Tensor:
    """Compute the squared distance of the critic's gradient norm from 1, averaged (equation 3).

    Args:
        scores: The critic's output, shape (N,), with a graph back to `images`.
        images: Those of `between`.

    Returns:
        A scalar that can be differentiated again.
    """
    (gradient,) = torch.autograd.grad(scores.sum(), images, create_graph=True)
    norms = gradient.square().sum(dim=(1, 2, 3)).sqrt()
    return (norms - 1.0).square().mean()


@torch.no_grad()
def clip_weights(parameters: Iterable[nn.Parameter], bound: float) -> None:
    """Keep the critic's weights within [-bound, bound] (Arjovsky et al. 2017, algorithm 1)."""
    for parameter in parameters:
        parameter.clamp_(-bound, bound)


@dataclass(frozen=True)
class Objective:
    """What D and G minimise, each over scores of shape (N,).

    Attributes:
        real: D's loss on real images.
        fake: D's loss on generated images.
        generator: G's loss.
        opinion: What is reported as D(x): the probability where the scores are logits, else the scores.
    """

    real: Callable[[Tensor], Tensor]
    fake: Callable[[Tensor], Tensor]
    generator: Callable[[Tensor], Tensor]
    opinion: Callable[[Tensor], Tensor] = Tensor.detach


OBJECTIVES: dict[Loss, Objective] = {
    "bce": Objective(bce_real, bce_fake, bce_generator, torch.sigmoid),
    "lsgan": Objective(lsgan_real, lsgan_fake, lsgan_generator),
    "wgan": Objective(wgan_real, wgan_fake, wgan_generator),
    "wgan-gp": Objective(wgan_real, wgan_fake, wgan_generator),
    "hinge": Objective(hinge_real, hinge_fake, hinge_generator),
    # L(x) - k L(G(z)) for D, L(G(z)) for G (Berthelot et al. 2017, section 3.4); k is that of `objective_of`.
    "began": Objective(Tensor.mean, Tensor.mean, Tensor.mean),
}


def objective_of(config: TrainConfig, k: Tensor) -> Objective:
    """Return the objective of a run.

    Args:
        config: Says the loss, and how labels are smoothed.
        k: BEGAN's k_t, a scalar that the loop changes in place.
    """
    objective = OBJECTIVES[config.loss]
    if config.loss == "bce":
        real, fake = partial(bce_real, smooth=config.smooth_real), partial(bce_fake, smooth=config.smooth_fake)
        return replace(objective, real=real, fake=fake)
    if config.loss == "began":
        return replace(objective, fake=lambda errors: -k * errors.mean())
    return objective


def score_of(config: TrainConfig) -> Callable[[Tensor, Tensor], Tensor]:
    """Return what turns D's output, and the pictures (N, C, H, W) that it was shown, into scores, shape (N,)."""
    if config.loss == "began":
        return began_error
    if config.class_weight:
        return lambda output, _pictures: class_score(output)
    return lambda output, _pictures: output[:, 0]
