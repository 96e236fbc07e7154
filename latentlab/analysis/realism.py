"""What a model's own discriminator says of pictures. No torch."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.data.resize import fit, to_channels
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.models.numpy_forward import step, to_channels_first
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import Weights
from latentlab.pixels import Pixels, to_photo

_BATCH = 8


def discriminator_scores(
    network: NetworkSpec,
    weights: Weights,
    pixels: Pixels,
    y: IntArray | None = None,
    progress: Progress = unwatched,
) -> npt.NDArray[np.float64]:
    """Score pictures with a discriminator in eval mode, as far as 8-bit pictures let it see.

    Args:
        network: From photo range (C, H, W) to one number, to a logit for each of K classes, or to a picture.
        weights: Its tensors, by ``<layer>.<name>``.
        pixels: Shape (N, H, W, C), uint8; padded or resized to what the network takes.
        y: The classes of the pictures, shape (N,), int64, for a network that is told them.
        progress: Told the fraction done.

    Returns:
        Shape (N,), float64: its raw output, the logit of D(x) for the losses that have one; of K logits that of Z / (Z
        + K), Z the sum of their exp (Salimans et al. 2016, arXiv:1606.03498, section 5); of a picture the mean squared
        difference from what it was shown, negated (Berthelot et al. 2017, arXiv:1703.10717, section 3.1). Higher is
        more like the training data to it; comparable within one model only.

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
        photo = to_photo(fitted[batch])
        values, told = to_channels_first(photo), None if y is None else y[batch]
        for index, layer in enumerate(network.layers):
            prefix = f"{index}."
            own = {name.removeprefix(prefix): each for name, each in weights.items() if name.startswith(prefix)}
            values = step(layer, own, values, told)
        scores[batch] = _score(values, photo)
    return scores


def _score(output: FloatArray, photo: FloatArray) -> FloatArray:
    """Turn the output of a batch, channels first, into a number for each picture, shape (N,)."""
    if output.ndim == 4:  # (C, N, H, W), of a network that draws what it is shown
        return np.asarray(-np.square(to_channels_first(output) - photo).mean(axis=(1, 2, 3)))
    most = output.max(axis=0)  # output: (1, N) or (K, N)
    return np.asarray(most + np.log(np.exp(output - most).mean(axis=0)))
