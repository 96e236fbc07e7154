"""How much samples differ from each other.

References:
    Zhu et al. 2017, "Toward Multimodal Image-to-Image Translation", arXiv:1711.11586, section 4: diversity as the mean
    distance in a feature space between random pairs. (MS-SSIM, which Odena et al. 2017 use instead, arXiv:1610.09585,
    needs pictures of 176 pixels and more.)
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.analysis.metrics.estimate import Estimate, mean_of
from latentlab.latent.arrays import FloatArray


def pair_distances(features: FloatArray) -> npt.NDArray[np.float64]:
    """Return the Euclidean distances of disjoint pairs: the first of each half, the second, and so on.

    Args:
        features: Shape (N, d), float32, N >= 2, in random order.

    Returns:
        Shape (N // 2,), float64; independent of each other.
    """
    half = len(features) // 2
    differences = features[:half].astype(np.float64) - features[half : 2 * half]
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", differences, differences)))


def mean_pairwise_distance(features: FloatArray) -> Estimate:
    """Average the distance between random pairs, with its standard error.

    Args:
        features: Shape (N, d), float32, N >= 2, in random order.

    Raises:
        ValueError: If there is no pair.
    """
    if len(features) < 2:
        raise ValueError("a pair takes two pictures")
    return mean_of(pair_distances(features), len(features))
