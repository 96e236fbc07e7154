"""What a model's own discriminator says of pictures. No torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.data.resize import fit, to_channels
from latentlab.models.numpy_forward import step, to_channels_first
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import Weights
from latentlab.pixels import Pixels, to_photo

_BATCH = 8


def discriminator_scores(
    network: NetworkSpec, weights: Weights, pixels: Pixels, progress: Progress = unwatched
) -> npt.NDArray[np.float64]:
    """Score pictures with a discriminator in eval mode, as far as 8-bit pictures let it see.

    Args:
        network: From photo range (C, H, W) to one number, or to a logit for each of K classes.
        weights: Its tensors, by ``<layer>.<name>``.
        pixels: Shape (N, H, W, C), uint8; padded or resized to what the network takes.
        progress: Told the fraction done.

    Returns:
        Shape (N,), float64: its raw output, the logit of D(x) for the losses that have one; of K logits that of Z / (Z
        + K), Z the sum of their exp (Salimans et al. 2016, arXiv:1606.03498, section 5). Higher is more like the
        training data to it; comparable within one model only.

    Raises:
        Cancelled: If `progress` raises it.

    References:
        Azadi, Olsson, Darrell, Goodfellow & Odena 2019, "Discriminator Rejection Sampling", arXiv:1810.06758: why a
        discriminator can rank the samples of its generator, and where it misleads.
    """
    channels, side, _ = network.input_shape
    fitted = fit(to_channels(pixels, channels), side)
    scores = np.empty(len(pixels))
    for batch in batches(len(pixels), _BATCH, progress):
        values = to_channels_first(to_photo(fitted[batch]))
        for index, layer in enumerate(network.layers):
            prefix = f"{index}."
            own = {name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}
            values = step(layer, own, values)
        most = values.max(axis=0)  # values: (1, N) or (K, N)
        scores[batch] = most + np.log(np.exp(values - most).mean(axis=0))
    return scores
