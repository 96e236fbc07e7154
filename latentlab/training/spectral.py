"""Spectral normalisation: each layer of D divided by its largest singular value, which bounds D's slope.

References:
    Miyato et al. 2018, "Spectral Normalization for Generative Adversarial Networks", arXiv:1802.05957, algorithm 1.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor, nn
from torch.nn.functional import normalize
from torch.nn.utils.parametrize import register_parametrization

from latentlab.models.spec import NetworkSpec

START_ITERATIONS = 15


class SpectralNorm(nn.Module):
    """Divides a weight by its largest singular value, which follows the weight by one power iteration a forward pass.

    Attributes:
        u: The left singular vector, shape (out,).
    """

    u: Tensor

    def __init__(self, weight: Tensor, stream: torch.Generator) -> None:
        super().__init__()
        self.register_buffer("u", normalize(torch.randn(len(weight), generator=stream), dim=0))
        for _ in range(START_ITERATIONS):
            self._follow(weight.flatten(1))

    def forward(self, weight: Tensor) -> Tensor:
        """Return the weight divided by sigma = u W v; the gradient goes through sigma, not through u and v."""
        rows = weight.flatten(1)
        with torch.autocast(weight.device.type, enabled=False):
            if self.training:
                self._follow(rows)
            # A copy: the next forward pass must not change what this one's derivative needs.
            u = self.u.clone()
            with torch.no_grad():
                v = normalize(rows.T @ u, dim=0)
            return weight / torch.dot(u, rows @ v)

    @torch.no_grad()
    def _follow(self, rows: Tensor) -> None:
        self.u.copy_(normalize(rows @ normalize(rows.T @ self.u, dim=0), dim=0))


def normalise(network: nn.Sequential, stream: torch.Generator) -> None:
    """Put the weights of all linear layers and convolutions of D under spectral normalisation."""
    for module in network:
        if isinstance(module, nn.Linear | nn.Conv2d):
            register_parametrization(module, "weight", SpectralNorm(module.weight.detach(), stream))


@torch.no_grad()
def folded_weights(network: nn.Sequential, spec: NetworkSpec) -> dict[str, npt.NDArray[np.float32]]:
    """Copy the weights as they act, the normalisation folded into them, under the names of the spec."""
    training = network.training
    network.eval()
    weights = {}
    for name in spec.tensors():
        index, attribute = name.split(".")
        value: Tensor = getattr(network[int(index)], attribute)
        weights[name] = value.to("cpu", torch.float32, copy=True).contiguous().numpy()
    network.train(training)
    return weights
