"""Widely used repositories, known by the names of their modules: answers that no shape gives.

Names only tip the scales. Where a network has BatchNorm statistics, those decide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from latentlab.latent.priors import Prior
from latentlab.models.foreign.modules import Network
from latentlab.models.layers import Activation

Output = Literal["tanh", "sigmoid", "none"]


@dataclass(frozen=True)
class Eps:
    """The eps of BatchNorm layers.

    Attributes:
        value: Of all.
        spares_first: Whether the first keeps the default, as where it was written without one.
    """

    value: float
    spares_first: bool = False


@dataclass(frozen=True)
class Known:
    """A repository.

    Attributes:
        names: Patterns; each must match the name of a module.
        activation, eps, prior, output: What it uses, where that is not what everyone uses.
        sides: Of the maps behind each convolution, up-sampling or crop, where they are not the usual.
        has_norms: Whether its generator has BatchNorm.
    """

    names: tuple[str, ...]
    activation: Activation | None = None
    eps: Eps | None = None
    prior: Prior | None = None
    output: Output | None = None
    sides: tuple[int, ...] = ()
    has_norms: bool = True


REPOSITORIES: dict[str, Known] = {
    # It gives 0.8, meant as the momentum, to every BatchNorm but the first.
    "eriklindernoren/PyTorch-GAN": Known(
        (r"^l1\.0$", r"^conv_blocks\.\d+$"), Activation("leaky_relu", 0.2), Eps(0.8, True)
    ),
    "POSTECH-CVLab/PyTorch-StudioGAN": Known((r"^linear0$", r"^blocks\.\d+\.0\.bn0$"), Activation("relu"), Eps(1e-4)),
    "udacity/deep-learning-v2-pytorch": Known((r"^fc$", r"^t_conv1\.0$"), Activation("relu"), prior="uniform"),
    "caogang/wgan-gp on MNIST": Known(
        (r"^preprocess\.0$", r"^block1\.0$", r"^deconv_out$"),
        Activation("relu"),
        output="sigmoid",
        sides=(8, 7, 11, 28),
        has_norms=False,
    ),
}


def known(network: Network) -> Known | None:
    """Recognise a network's repository by its names."""
    paths = [module.path for module in network.modules]
    has_norms = any(module.kind == "norm" for module in network.modules)
    for each in REPOSITORIES.values():
        if each.has_norms == has_norms and all(any(re.search(name, path) for path in paths) for name in each.names):
            return each
    return None
