"""Directions from what a layer does most: principal components of its outputs, carried back to z.

Which axes are identifiable: at layer 1, whose output is affine in z, the right singular vectors of its weights scaled
by the BatchNorm that follows, those of `sefa`, wherever the singular values are distinct; at deeper layers the axes of
z along which a layer's output varies most, as long as what it does is near to linear in them. The sign means nothing.

References:
    Härkönen, Hertzmann, Lehtinen & Paris 2020, "GANSpace: Discovering Interpretable GAN Controls", arXiv:2004.02546,
        section 2.2: PCA of a layer's outputs y, coordinates x = V^T (y - mu), then U = arg min sum |U x_j - z_j|^2.
    Ross, Lim, Lin & Yang 2008, "Incremental Learning for Robust Visual Tracking", IJCV 77, section 3.1: the
        singular vectors of all batches so far from those of the batches before, the new batch, and the shift of means.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from latentlab.analysis.network import LayerOutput, layer_of
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.analysis.provenance import signed, today
from latentlab.cores import spare
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import component_sigma, sample
from latentlab.models.checkpoint import Generator

Matrix = npt.NDArray[np.float64]

SOURCE = "pca"
MIN_SAMPLES, MAX_SAMPLES = 64, 1_000_000
_BATCH = 256
_SPARE = 16


@dataclass(frozen=True, eq=False)
class Components:
    """Principal components of a stream of vectors.

    Attributes:
        axes: Orthonormal rows, strongest first, shape (k, features), float32.
        variances: Of the vectors along each axis, shape (k,), float64.
        total_variance: Over all features.
        latent_covariance: Of the latents with the vectors' coordinates on the axes, shape (z_dim, k), float64.
    """

    axes: FloatArray
    variances: Matrix
    total_variance: float
    latent_covariance: Matrix


def principal_directions(
    generator: Generator,
    layer: int,
    count: int,
    samples: int,
    seed: int = 0,
    progress: Progress = unwatched,
    label: int = 0,
) -> tuple[Direction, ...]:
    """Find what a layer's output varies with most, as directions in z.

    Args:
        generator: The generator.
        layer: Number of the layer, from 1; see `models.onnx_graph.named_layers`.
        count: How many directions, 1 to z_dim.
        samples: How many latents are looked at, `MIN_SAMPLES` to `MAX_SAMPLES`; memory does not depend on it.
        seed: Of the samples.
        progress: Told how far it is; may cancel.
        label: The class to look at, where the generator knows several.

    Returns:
        ``PC 1 of layer 2``, ... in descending variance, not in general orthogonal to each other. The detail gives the
        share of the layer's variance that the component explains.

    Raises:
        ValueRangeError: If layer, count or samples is out of range, or the layer's output has fewer components.
        ModelFileError: If the runtime refuses the generator's graph.
        Cancelled: If `progress` raises it.
    """
    spec = generator.card.generator
    if not 1 <= count <= spec.z_dim:
        raise ValueRangeError(f"{count} directions", f"{generator.card.name} has 1 to {spec.z_dim} components")
    if not MIN_SAMPLES <= samples <= MAX_SAMPLES:
        raise ValueRangeError(f"{samples} samples", f"is outside {MIN_SAMPLES} to {MAX_SAMPLES}")
    place = layer_of(generator, layer)
    output = LayerOutput(generator, place, label, spare())
    z = sample(spec.prior, samples, spec.z_dim, seed)
    stream = _Stream(2 * count + _SPARE)
    for rows in batches(samples, _BATCH, progress):
        stream.add(z[rows], output(z[rows]))
    found = stream.components(count)
    if len(found.variances) < count:
        raise ValueRangeError(
            f"{count} directions", f"the output of {place.name} varies in {len(found.variances)} ways only"
        )
    where = place.name.partition(":")[0]
    return tuple(
        Direction(
            name=f"PC {index + 1} of {where}",
            source=SOURCE,
            # x has a diagonal covariance, so that least squares from x to z is a division per component, which a unit
            # vector does not show.
            vector=signed(found.latent_covariance[:, index]),
            sigma=component_sigma(spec.prior),
            detail=f"explains {found.variances[index] / found.total_variance:.1%} of the variance of {place.name}",
            layer=place.name,
            model=generator.content_hash,
            created=today(),
        )
        for index in range(count)
    )


class _Stream:
    """Takes vectors batch by batch and keeps their leading singular vectors, means and covariance with the latents."""

    def __init__(self, rank: int) -> None:
        self._rank = rank
        self._seen = 0
        self._axes: FloatArray = np.zeros((0, 0), np.float32)
        self._values: Matrix = np.zeros(0)

    def add(self, z: FloatArray, batch: FloatArray) -> None:
        """Take latents (n, z_dim) and the vectors (n, features) that they lead to."""
        count, mean, z_mean = len(batch), batch.mean(axis=0, dtype=np.float64), z.mean(axis=0, dtype=np.float64)
        centred = batch - mean.astype(np.float32)
        cross = (z - z_mean.astype(np.float32)).T @ centred
        scatter = float(np.einsum("ij,ij->", centred, centred, dtype=np.float64))
        if self._seen == 0:
            stacked = centred
            self._mean, self._z_mean, self._cross, self._scatter = mean, z_mean, cross.astype(np.float64), scatter
        else:
            # The two batches' scatter about the common mean is each about its own, and that of the two means.
            weight = self._seen * count / (self._seen + count)
            shift, z_shift = mean - self._mean, z_mean - self._z_mean
            before = self._values[:, None].astype(np.float32) * self._axes
            stacked = np.concatenate([before, centred, np.sqrt(weight) * shift[None].astype(np.float32)])
            self._cross += cross + weight * np.outer(z_shift, shift)
            self._scatter += scatter + weight * float(shift @ shift)
            self._mean += shift * (count / (self._seen + count))
            self._z_mean += z_shift * (count / (self._seen + count))
        self._seen += count
        self._axes, self._values = _leading(stacked, self._rank)

    def components(self, count: int) -> Components:
        """Return the leading components, fewer than `count` where the vectors have no more."""
        kept = min(count, len(self._values))
        axes = self._axes[:kept]
        return Components(
            axes=axes,
            variances=self._values[:kept] ** 2 / self._seen,
            total_variance=self._scatter / self._seen,
            latent_covariance=self._cross @ axes.T.astype(np.float64) / self._seen,
        )


def _leading(rows: FloatArray, rank: int) -> tuple[FloatArray, Matrix]:
    """Return the leading right singular vectors as rows and the singular values, by way of the small Gram matrix."""
    energies, columns = np.linalg.eigh((rows @ rows.T).astype(np.float64))
    energies, columns = energies[::-1][:rank], columns[:, ::-1][:, :rank]
    # In float32 the Gram matrix carries no more than six digits of the strongest.
    real = energies > 1e-6 * max(energies[0], 0.0)
    values = np.sqrt(energies[real])
    axes = (columns[:, real] / values).T.astype(np.float32) @ rows
    return axes, values
