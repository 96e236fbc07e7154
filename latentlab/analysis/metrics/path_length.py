"""The latent path length: how unevenly pictures change on the way from one latent to another.

References:
    Karras, Laine & Aila 2019, "A Style-Based Generator Architecture for GANs", arXiv:1812.04948, section 4.1,
    equation 2. There the distance is that of a VGG network and epsilon 1e-4; here it is that of the feature space in
    use, and epsilon is as large as pictures of 8 bits need.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from latentlab.analysis.metrics.estimate import Estimate, mean_of
from latentlab.analysis.metrics.latents import Draw, Latents
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import lerp, slerp
from latentlab.pixels import Pixels

EPSILON = 0.01
"""On the bundled digits the length is 10.5 for any step from 0.002 to 0.01; longer ones cut corners, 8.2 at 0.05."""

_TRIM = 1.0
_BATCH = 64


def path_length(
    draw: Draw,
    features_of: Callable[[Pixels], FloatArray],
    latents: Latents,
    unit: float,
    paths: int,
    progress: Progress = unwatched,
) -> Estimate:
    """Average |F(G(z_t)) - F(G(z_t+e))|^2 / e^2 over random places t of random paths, the outermost 1 % left out.

    Paths are slerps where z is normal, straight where it is uniform.

    Args:
        draw: The generator.
        features_of: The feature space, from pixels to shape (n, d).
        latents: Where the ends of the paths are drawn from; both ends of a path are of one class.
        unit: What squared distances are counted in: that of two random real pictures, above 0.
        paths: How many, at least 100.
        progress: Told the fraction done.

    Returns:
        The mean: a path that goes from picture to picture at an even pace has about 1, as feature spaces are flat; what
        stands still and then jumps has more. With its standard error over the paths.

    Raises:
        ValueError: If there are too few paths or no unit.
        Cancelled: If `progress` raises it.
    """
    if paths < 100 or not unit > 0.0:
        raise ValueError(f"{paths} paths in units of {unit} cannot be measured")
    between = slerp if latents.prior == "normal" else lerp
    ends, _ = latents.take(2 * paths)
    _, classes = latents.take(paths)
    places = np.random.RandomState(latents.seed).uniform(0.0, 1.0 - EPSILON, paths)
    lengths = np.empty(paths)
    for rows in batches(paths, _BATCH, progress):
        steps = [between(ends[2 * i], ends[2 * i + 1], (places[i], places[i] + EPSILON)) for i in range(paths)[rows]]
        labels = None if classes is None else classes[rows].repeat(2)
        features = features_of(draw(np.concatenate(steps), labels)).astype(np.float64)
        moves = features[1::2] - features[::2]
        lengths[rows] = np.einsum("ij,ij->i", moves, moves) / (EPSILON**2 * unit)
    low, high = np.percentile(lengths, (_TRIM, 100.0 - _TRIM))
    return mean_of(lengths[(lengths >= low) & (lengths <= high)], paths)
