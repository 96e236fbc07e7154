"""Forward passes in half the bits where the machine is faster so.

References:
    Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740; bfloat16 has float32's exponent and needs
    no loss scaling.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn

from latentlab.training.settings import Precision


def in_precision(network: nn.Module, precision: Precision, device: torch.device) -> Callable[..., Tensor]:
    """Return a network's forward pass in a precision; weights, gradients and outputs stay float32."""
    if precision == "float32":
        return network

    def forward(*inputs: Tensor) -> Tensor:
        with torch.autocast(device.type, torch.bfloat16):
            output: Tensor = network(*inputs)
        return output.float()

    return forward
