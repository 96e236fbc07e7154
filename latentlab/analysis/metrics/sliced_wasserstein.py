"""The sliced Wasserstein distance between the local structure of two sets of pictures, scale by scale.

References:
    Karras et al. 2018, "Progressive Growing of GANs", arXiv:1710.10196, section 5: 7x7 patches of a Laplacian pyramid,
    each colour normalised over a set; 128 random directions a block here, 512 there.
    Burt & Adelson 1983, "The Laplacian Pyramid as a Compact Image Code", equations 1 to 3.
    Rabin et al. 2011, "Wasserstein Barycenter and its Application to Texture Mixing": slices.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from latentlab.analysis.metrics.estimate import Estimate, mean_of
from latentlab.analysis.progress import Progress, batches, part, unwatched
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels, to_photo

PATCH_PX = 7
SMALLEST_PX = 16
BLOCKS = 4
LARGEST_BLOCK = 1024
_PATCHES = 32
_DIRECTIONS = 128
_PICTURES_AT_ONCE = 64
_DIRECTIONS_AT_ONCE = 32
_KERNEL = np.array([1.0, 4.0, 6.0, 4.0, 1.0], np.float32) / np.float32(16.0)


def levels_of(side_px: int) -> tuple[int, ...]:
    """Name the sides of the pyramid's levels, from the whole picture down to 16 pixels; one where that is all."""
    sides = [side_px]
    while sides[-1] % 2 == 0 and sides[-1] // 2 >= SMALLEST_PX:
        sides.append(sides[-1] // 2)
    return tuple(sides)


def sliced_wasserstein(real: Pixels, fake: Pixels, seed: int = 0, progress: Progress = unwatched) -> Estimate:
    """Measure 1,000 times the distance, averaged over all levels of the pyramid and over disjoint blocks of pictures.

    Args:
        real: Shape (N, H, W, C), uint8, H = W at least 7, in random order, N at least 2 * `BLOCKS`.
        fake: Shape (M, H, W, C), uint8, likewise.
        seed: Of patches and directions.
        progress: Told the fraction done.

    Returns:
        The mean of `BLOCKS` blocks of at most `LARGEST_BLOCK` pictures of each kind, and its standard error. It is
        above 0 for two sets of real pictures too, the more so the smaller they are.

    Raises:
        ValueError: If the pictures differ in shape, are not square, too small or too few.
        Cancelled: If `progress` raises it.
    """
    if real.shape[1:] != fake.shape[1:] or real.shape[1] != real.shape[2] or real.shape[1] < PATCH_PX:
        raise ValueError(f"pictures of shape {real.shape} and {fake.shape} cannot be compared")
    size = min(len(real), len(fake), BLOCKS * LARGEST_BLOCK) // BLOCKS
    if size < 2:
        raise ValueError(f"{min(len(real), len(fake))} pictures are too few; it takes {2 * BLOCKS}")
    values = np.empty(BLOCKS)
    for block in range(BLOCKS):
        rows = slice(block * size, (block + 1) * size)
        told = part(progress, block / BLOCKS, (block + 1) / BLOCKS)
        values[block] = _of_block(real[rows], fake[rows], np.random.RandomState([seed, block]), told)
    return mean_of(values, BLOCKS * size)


def slices_distance(a: FloatArray, b: FloatArray, directions: FloatArray, progress: Progress = unwatched) -> float:
    """Average the Wasserstein-1 distance of projections of two sets of points.

    Args:
        a: Points, shape (n, d), float32.
        b: As many others.
        directions: Unit vectors as columns, shape (d, k), float32.
        progress: Told the fraction done.

    Raises:
        Cancelled: If `progress` raises it.

    References:
        Rabin et al. 2011, equation 8, with absolute for squared differences as in Karras et al. 2018.
    """
    total = 0.0
    for columns in batches(directions.shape[1], _DIRECTIONS_AT_ONCE, progress):
        some = directions[:, columns]
        # Sorting along rows is several times as fast as along columns.
        one, other = (np.sort(np.ascontiguousarray((points @ some).T), axis=1) for points in (a, b))
        total += float(np.abs(one - other).mean(axis=1, dtype=np.float64).sum())
    return total / int(directions.shape[1])


def laplacian_pyramid(photos: FloatArray, levels: int) -> Iterator[FloatArray]:
    """Split pictures, shape (N, C, H, W), into bands of detail, the finest first, and what remains.

    References:
        Burt & Adelson 1983, equations 1 to 3, with mirrored borders.
    """
    for _ in range(levels - 1):
        smaller = _blurred(photos)[:, :, ::2, ::2]
        spread = np.zeros_like(photos)
        spread[:, :, ::2, ::2] = 4.0 * smaller
        yield photos - _blurred(spread)
        photos = smaller
    yield photos


def _of_block(real: Pixels, fake: Pixels, random: np.random.RandomState, progress: Progress) -> float:
    sides = levels_of(real.shape[1])
    width = real.shape[3] * PATCH_PX**2
    directions = random.standard_normal((width, _DIRECTIONS)).astype(np.float32)
    directions /= np.linalg.norm(directions, axis=0)
    places = [random.randint(0, side - PATCH_PX + 1, (2, len(real), _PATCHES)) for side in sides]
    sets = [
        _patches(pixels, sides, places, part(progress, 0.2 * index, 0.2 * index + 0.2))
        for index, pixels in enumerate((real, fake))
    ]
    total = 0.0
    for level in range(len(sides)):
        told = part(progress, 0.4 + 0.6 * level / len(sides), 0.4 + 0.6 * (level + 1) / len(sides))
        one, other = (_normalised(patches[level], real.shape[3]) for patches in sets)
        total += slices_distance(one, other, directions, told)
    return 1000.0 * total / len(sides)


def _patches(
    pixels: Pixels,
    sides: tuple[int, ...],
    places: list[np.ndarray[tuple[int, ...], np.dtype[np.int64]]],
    told: Progress,
) -> list[FloatArray]:
    """Cut `_PATCHES` patches out of every level of every picture: for each level shape (N * patches, C * 49)."""
    width = pixels.shape[3] * PATCH_PX**2
    found = [np.empty((len(pixels), _PATCHES, width), np.float32) for _ in sides]
    for rows in batches(len(pixels), _PICTURES_AT_ONCE, told):
        for level, maps in enumerate(laplacian_pyramid(to_photo(pixels[rows]), len(sides))):
            windows = np.lib.stride_tricks.sliding_window_view(maps, (PATCH_PX, PATCH_PX), axis=(2, 3))
            tops, lefts = places[level][:, rows]
            cut = windows[np.arange(len(maps))[:, None], :, tops, lefts]
            found[level][rows] = cut.reshape(len(maps), _PATCHES, width)
    return [each.reshape(-1, width) for each in found]


def _normalised(patches: FloatArray, channels: int) -> FloatArray:
    """Bring each channel of a set of patches to mean 0 and deviation 1; a constant one to 0."""
    by_channel = patches.reshape(len(patches), channels, -1)
    middle = by_channel.mean(axis=(0, 2), keepdims=True, dtype=np.float64)
    deviation = by_channel.std(axis=(0, 2), keepdims=True, dtype=np.float64)
    scale = np.divide(1.0, deviation, out=np.zeros_like(deviation), where=deviation > 0.0)
    return np.asarray(((by_channel - middle) * scale).reshape(len(patches), -1), np.float32)


def _blurred(maps: FloatArray) -> FloatArray:
    height, width = maps.shape[2:]
    framed = np.pad(maps, ((0, 0), (0, 0), (2, 2), (2, 2)), mode="reflect")
    across = sum(weight * framed[..., shift : shift + width] for shift, weight in enumerate(_KERNEL))
    return np.asarray(sum(weight * across[:, :, shift : shift + height] for shift, weight in enumerate(_KERNEL)))
