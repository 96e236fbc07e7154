"""Directions of the moment: what can change most in the picture at this very point.

Which axes are identifiable: the right singular vectors of the Jacobian of the picture at z, ordered by singular value,
each up to its sign and where its singular value is distinct. They are those of the first layer (`sefa`) only where the
layers after it keep angles at this point; in general they change from point to point, and are orthogonal to each other.

References:
    Ramesh, Choi & LeCun 2018, "A Spectral Regularizer for Unsupervised Disentanglement", arXiv:1812.01161: the leading
        right singular vectors of a generator's Jacobian as the directions of change at a point.
    Zhu et al. 2021, "Low-Rank Subspaces in GANs", arXiv:2106.04488, section 3.1: editing along them.
"""

from __future__ import annotations

import numpy as np

from latentlab.analysis.network import PictureChanges
from latentlab.analysis.progress import Progress, batches, unwatched
from latentlab.analysis.provenance import signed, today
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.latent.priors import component_sigma
from latentlab.models.checkpoint import Generator

SOURCE = "local"
_BATCH = 50
_GREY_LEVELS = 127.5


def local_directions(
    generator: Generator,
    z: FloatArray,
    count: int,
    progress: Progress = unwatched,
    changes: PictureChanges | None = None,
) -> tuple[Direction, ...]:
    """Find the directions along which the picture changes most at a point.

    Args:
        generator: The generator.
        z: The point, shape (z_dim,), float32.
        count: How many directions, 1 to z_dim.
        progress: Told how far it is; may cancel.
        changes: Of the same generator, and of the class to look at where it knows several; kept by a caller who asks
            often, as making it costs a tenth of a second.

    Returns:
        ``Local 1``, ``Local 2``, ... in descending singular value, orthogonal to each other; the component of largest
        magnitude is positive. The detail gives the change of the picture, root mean square, per sigma.

    Raises:
        ValueRangeError: If `count` is out of range, or nothing changes here because the network is saturated.
        ModelFileError: If the runtime refuses the generator's graph.
        Cancelled: If `progress` raises it.
    """
    spec = generator.card.generator
    if not 1 <= count <= spec.z_dim:
        raise ValueRangeError(f"{count} directions", f"{generator.card.name} has 1 to {spec.z_dim} local ones")
    changes = changes or PictureChanges(generator)
    axes = np.eye(spec.z_dim, dtype=np.float32)
    jacobian = np.concatenate([changes(z, axes[rows]) for rows in batches(spec.z_dim, _BATCH, progress)])
    # The eigenvectors of the small Gram matrix are the right singular vectors, at a fraction of an SVD's time.
    energies, columns = np.linalg.eigh((jacobian @ jacobian.T).astype(np.float64))
    energies, vectors = np.clip(energies[::-1], 0.0, None), columns.T[::-1]
    if not energies[0] > 0.0:
        raise ValueRangeError(generator.card.name, "nothing can change at this point", "Take another one.")
    sigma = component_sigma(spec.prior)
    levels = np.sqrt(energies / jacobian.shape[1]) * sigma * _GREY_LEVELS
    shares = energies / energies.sum()
    return tuple(
        Direction(
            name=f"Local {index + 1}",
            source=SOURCE,
            vector=signed(vectors[index]),
            sigma=sigma,
            detail=f"{levels[index]:.3g} grey levels per sigma at this point, {shares[index]:.1%} of all change",
            model=generator.content_hash,
            created=today(),
        )
        for index in range(count)
    )
