"""What pictures of one model look like, as numbers in which a few answers go a long way. No labels, no training.

There are two views of a picture. Its *look*: descriptors (where edges run in which direction, and coarse colours), as
principal components over samples of the model, with *diffusion coordinates*, which tell samples apart that no chain of
similar samples connects: the clusters that a model draws show in them before anyone has named one. And its *measures*:
a few quantities of the picture as a whole, in which brighter, redder or thicker is one step, not many small ones.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.analysis.quantities import QUANTITIES, quantities_of
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels

Views = tuple[FloatArray, ...]

LEAST_PICTURES = 64
GRAPH_PICTURES = 2000
"""More pictures make the neighbour graph no better, but slower by their square."""

_BATCH = 256
_WORKING_SIDE_PX = 32
_ANGLES = 8
_GRIDS = (7, 4, 2)
_FLAT = 1e-3
_COLOUR_GRID = 12
_COLOUR_SHARE = 0.4
_COMPONENTS = 80
_NEIGHBOURS = 12
_DIFFUSION = 40
_SPARE = 10
_ROUNDS = 30
_DAMPING = 0.03
_CONSTANT = 1e-6
_TINY = 1e-12


def descriptors(pixels: Pixels, progress: Progress = unwatched) -> FloatArray:
    """Describe each picture by itself.

    Oriented gradients in overlapping cells of three sizes, each cell relative to its own and the picture's mean
    strength, as square roots; beside them the picture itself at 12x12.

    Args:
        pixels: Shape (N, H, W, C), uint8, C = 1 or 3, of any size from 2x2.
        progress: Told the fraction done.

    Returns:
        Shape (N, 552 + 144 C), float32, finite.

    Raises:
        Cancelled: If `progress` raises it.

    References:
        Dalal & Triggs 2005, "Histograms of Oriented Gradients for Human Detection", CVPR.
        Arandjelović & Zisserman 2012, "Three Things Everyone Should Know to Improve Object Retrieval", CVPR: the
        square root of a histogram.
    """
    width = _ANGLES * sum(side * side for side in _GRIDS) + _COLOUR_GRID**2 * pixels.shape[3]
    rows = np.empty((len(pixels), width), np.float32)
    for batch in batches(len(pixels), _BATCH, progress):
        photo = pixels[batch].astype(np.float32) / np.float32(255.0)
        colours = _pooled(photo.transpose(0, 3, 1, 2), _COLOUR_GRID)
        rows[batch] = np.concatenate([_edges(photo.mean(axis=3)), colours.reshape(len(photo), -1)], axis=1)
    return rows


@dataclass(frozen=True, eq=False)
class PictureSpace:
    """Coordinates for the pictures of one model, made from its samples; call it with pictures.

    Attributes:
        mean, scale: Centre and weight of each descriptor, shape (F,), float32.
        components: Half-whitened principal components as columns, shape (F, P), float32.
        anchors: Principal coordinates of the samples in the neighbour graph, shape (A, P), float32.
        reach: Distance of each to its furthest neighbour, shape (A,), float32.
        diffusion: Their diffusion coordinates, shape (A, M), float32.
        middle, spread: Mean and deviation of each measure, shape (Q,), float32; a constant one deviates infinitely.

    References:
        Coifman & Lafon 2006, "Diffusion Maps", Applied and Computational Harmonic Analysis 21.
        Zhu, Ghahramani & Lafferty 2003, "Semi-Supervised Learning Using Gaussian Fields and Harmonic Functions", ICML:
        why few labels suffice on the graph of many unlabelled samples.
    """

    mean: FloatArray
    scale: FloatArray
    components: FloatArray
    anchors: FloatArray
    reach: FloatArray
    diffusion: FloatArray
    middle: FloatArray
    spread: FloatArray

    @classmethod
    def of(cls, pixels: Pixels, progress: Progress = unwatched) -> PictureSpace:
        """Learn the space from samples of a model.

        Args:
            pixels: Shape (N, H, W, C), uint8, N at least 64; 2,000 to 4,000 are good.
            progress: Told the fraction done.

        Raises:
            ValueError: If there are fewer than 64 pictures.
            Cancelled: If `progress` raises it.
        """
        if len(pixels) < LEAST_PICTURES:
            raise ValueError(f"{len(pixels)} pictures say too little of a model; it takes {LEAST_PICTURES}")
        described = descriptors(pixels, part(progress, 0.0, 0.3))
        mean, scale = described.mean(axis=0), _scale(described)
        components = _principal((described - mean) * scale)
        anchors = ((described[:GRAPH_PICTURES] - mean) * scale) @ components
        reach, diffusion = _diffuse(anchors, part(progress, 0.3, 0.8))
        measures = _measures(pixels, part(progress, 0.8, 1.0))
        deviation = measures.std(axis=0)
        spread = np.asarray(np.where(deviation > _CONSTANT, deviation, np.inf), np.float32)
        return cls(mean, scale, components, anchors, reach, diffusion, measures.mean(axis=0), spread)

    def __call__(self, pixels: Pixels, progress: Progress = unwatched) -> Views:
        """Place pictures in the space.

        Args:
            pixels: Shape (N, H, W, C), uint8, of the size and channels that it was made from.
            progress: Told the fraction done.

        Returns:
            The look, shape (N, P + M), and the measures, shape (N, Q), float32. On the samples that the space was made
            from, each has a mean squared norm of about 1; of the look, half is that of the principal coordinates.

        Raises:
            Cancelled: If `progress` raises it.
        """
        described = descriptors(pixels, part(progress, 0.0, 0.5))
        near = np.asarray(((described - self.mean) * self.scale) @ self.components, np.float32)
        far = np.empty((len(pixels), self.diffusion.shape[1]), np.float32)
        for batch in batches(len(pixels), _BATCH, part(progress, 0.5, 0.7)):
            far[batch] = self._diffused(near[batch])
        look = np.concatenate([near, far], axis=1) * np.sqrt(0.5)
        varying = max(1, int(np.isfinite(self.spread).sum()))
        measures = (_measures(pixels, part(progress, 0.7, 1.0)) - self.middle) / self.spread / np.sqrt(varying)
        return np.asarray(look, np.float32), np.asarray(measures, np.float32)

    def _diffused(self, near: FloatArray) -> FloatArray:
        """Average the diffusion coordinates of the nearest anchors (Nyström's extension)."""
        squared = squared_distances(near, self.anchors)
        count = min(_NEIGHBOURS, len(self.anchors))
        nearest = np.argpartition(squared, count - 1, axis=1)[:, :count]
        distances = np.take_along_axis(squared, nearest, axis=1)
        own_reach = np.sqrt(distances.max(axis=1, keepdims=True))
        exponents = distances / (own_reach * self.reach[nearest] + _TINY)
        weights = np.exp(exponents.min(axis=1, keepdims=True) - exponents)
        weights /= weights.sum(axis=1, keepdims=True)
        return np.asarray(np.einsum("nk,nkm->nm", weights, self.diffusion[nearest]), np.float32)


def squared_distances(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return the squared distance of every row of `a` to every row of `b`, shape (len(a), len(b)), float32."""
    squared = (a * a).sum(axis=1)[:, None] + (b * b).sum(axis=1) - 2.0 * (a @ b.T)
    return np.asarray(np.maximum(squared, 0.0), np.float32)


def _edges(grey: FloatArray) -> FloatArray:
    """Histogram the gradients of pictures in [0, 1], shape (N, H, W), to (N, 552)."""
    if max(grey.shape[1:]) > _WORKING_SIDE_PX:
        grey = _pooled(grey[:, None], _WORKING_SIDE_PX)[:, 0]
    framed = np.pad(grey, ((0, 0), (1, 1), (1, 1)), mode="edge")
    across, down = framed[:, 1:-1, 2:] - framed[:, 1:-1, :-2], framed[:, 2:, 1:-1] - framed[:, :-2, 1:-1]
    strength = np.sqrt(across * across + down * down) + np.float32(1e-6)
    along = np.empty((len(grey), _ANGLES, *grey.shape[1:]), np.float32)
    for index, angle in enumerate(np.arange(_ANGLES) * (2.0 * np.pi / _ANGLES)):
        projection = np.maximum(across * np.float32(np.cos(angle)) + down * np.float32(np.sin(angle)), 0.0)
        along[:, index] = projection * projection / strength
    return np.concatenate(list(_cells(along)), axis=1)


def _cells(along: FloatArray) -> Iterator[FloatArray]:
    for side in _GRIDS:
        cells = _pooled(along, side)
        energy = (cells * cells).sum(axis=1, keepdims=True)
        typical = np.sqrt(energy + energy.mean(axis=(2, 3), keepdims=True)) + np.float32(_FLAT)
        yield np.sqrt(cells / typical).reshape(len(cells), -1) / np.float32(side)


def _pooled(maps: FloatArray, side: int) -> FloatArray:
    """Average maps (N, K, H, W) in side x side overlapping, triangular windows."""
    rows, columns = _windows(maps.shape[2], side), _windows(maps.shape[3], side)
    return np.asarray(rows @ (maps @ columns.T), np.float32)


def _windows(length: int, side: int) -> FloatArray:
    width = max(length / side, 1.0)
    centres = (np.arange(side) + 0.5) * length / side - 0.5
    weights = np.maximum(1.0 - np.abs(np.arange(length) - centres[:, None]) / width, 0.0)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True), np.float32)


def _measures(pixels: Pixels, progress: Progress) -> FloatArray:
    """Measure every quantity that pictures of such channels have, shape (N, Q); large pictures in small."""
    names = quantities_of(pixels.shape[3])
    rows = np.empty((len(pixels), len(names)), np.float32)
    for batch in batches(len(pixels), _BATCH, progress):
        some = pixels[batch]
        if max(some.shape[1:3]) > _WORKING_SIDE_PX:
            small = _pooled(some.astype(np.float32).transpose(0, 3, 1, 2), _WORKING_SIDE_PX)
            some = np.rint(small).astype(np.uint8).transpose(0, 2, 3, 1)
        rows[batch] = np.stack([QUANTITIES[name].measure(some) for name in names], axis=1)
    return rows


def _scale(described: FloatArray) -> FloatArray:
    """Weigh edges and colours so that their whole variances are 1 and `_COLOUR_SHARE` squared."""
    edges = _ANGLES * sum(side * side for side in _GRIDS)
    variances = described.var(axis=0)
    scale = np.empty(described.shape[1], np.float32)
    scale[:edges] = 1.0 / np.sqrt(max(float(variances[:edges].sum()), _CONSTANT))
    scale[edges:] = _COLOUR_SHARE / np.sqrt(max(float(variances[edges:].sum()), _CONSTANT))
    return scale


def _principal(centred: FloatArray) -> FloatArray:
    """Return the principal components, each shrunk by the fourth root of its variance, for a mean squared norm of 1."""
    values, vectors = np.linalg.eigh(centred.T.astype(np.float64) @ centred / len(centred))
    values, vectors = values[::-1][:_COMPONENTS], vectors[:, ::-1][:, :_COMPONENTS]
    kept = values > _CONSTANT
    half_white = vectors[:, kept] * values[kept] ** -0.25
    return np.asarray(half_white / np.sqrt(np.sqrt(values[kept]).sum() + _TINY), np.float32)


def _diffuse(anchors: FloatArray, progress: Progress) -> tuple[FloatArray, FloatArray]:
    """Find the smoothest functions on the neighbour graph.

    Returns:
        The reach of each anchor, shape (A,), and its diffusion coordinates, shape (A, M), of mean squared norm 1.
    """
    count = len(anchors)
    squared = squared_distances(anchors, anchors)
    nearest = np.argpartition(squared, _NEIGHBOURS, axis=1)[:, : _NEIGHBOURS + 1]
    distances = np.take_along_axis(squared, nearest, axis=1)
    # Local scales, as in Zelnik-Manor & Perona 2004, "Self-Tuning Spectral Clustering", NIPS.
    reach = np.sqrt(distances.max(axis=1))
    links = np.zeros((count, count), np.float32)
    weights = np.exp(-distances / (reach[:, None] * reach[nearest] + _TINY))
    np.put_along_axis(links, nearest, weights, axis=1)
    links = np.maximum(links, links.T)
    np.fill_diagonal(links, 0.0)
    degrees = np.maximum(links.sum(axis=1), _TINY)
    normalised = links / np.sqrt(degrees[:, None] * degrees)
    # Subspace iteration on (I + S) / 2, whose largest eigenvalues are those of S.
    lazy = (normalised + np.eye(count, dtype=np.float32)) / np.float32(2.0)
    wanted = min(_DIFFUSION, count // 2)
    basis = np.random.RandomState(0).standard_normal((count, wanted + _SPARE)).astype(np.float32)
    for _ in batches(_ROUNDS, 1, progress):
        basis = np.linalg.qr(lazy @ (lazy @ (lazy @ (lazy @ basis))))[0]
    values, turned = np.linalg.eigh(basis.T @ normalised @ basis)
    values, vectors = values[::-1][:wanted], (basis @ turned)[:, ::-1][:, :wanted]
    coordinates = vectors / np.sqrt(degrees)[:, None] / np.sqrt(np.maximum(1.0 - values, 0.0) + _DAMPING)
    norm = np.sqrt((coordinates * coordinates).sum(axis=1).mean())
    return np.asarray(reach, np.float32), np.asarray(coordinates / norm, np.float32)
