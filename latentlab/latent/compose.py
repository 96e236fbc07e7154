"""From a base latent and what a hand set to the latent that is rendered; one place for window, commands and Python."""

from __future__ import annotations

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.latent.priors import Prior, renormalise


def compose(
    base: FloatArray, offset: FloatArray, truncation: float = 1.0, renormalised: bool = False, prior: Prior = "normal"
) -> FloatArray:
    """Truncate a base latent, add the edits, and bring the sum back to the shell where asked.

    Args:
        base: Shape (N, z_dim), float32.
        offset: Sum of the edits, shape (z_dim,) or (N, z_dim), float32.
        truncation: psi, multiplies the base; 1 leaves it, 0 gives the zero latent.
        renormalised: Whether the result is scaled to the norm the prior gives.
        prior: The distribution z was trained on.

    Returns:
        Shape (N, z_dim), float32: psi * base + offset.
    """
    z = np.float32(truncation) * base + offset
    return renormalise(z, prior) if renormalised else z.astype(np.float32, copy=False)
