"""Pictures as arrays: conversion of ranges, sheets, enlargement. No Qt, no torch."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Photo = npt.NDArray[np.float32]


def to_pixels(photo: Photo) -> Pixels:
    """Convert network output to displayable pixels.

    Args:
        photo: Photo range, shape (N, C, H, W), float32 in [-1, 1]; values outside are clipped.

    Returns:
        Shape (N, H, W, C), uint8; -1 maps to 0, 1 to 255, rounded half to even.
    """
    scaled = np.rint((np.clip(photo, -1.0, 1.0) + 1.0) * 127.5)
    return np.ascontiguousarray(scaled.astype(np.uint8).transpose(0, 2, 3, 1))


def to_photo(pixels: Pixels) -> Photo:
    """Convert pixels to what networks are fed.

    Args:
        pixels: Shape (N, H, W, C), uint8.

    Returns:
        Photo range, shape (N, C, H, W), float32 in [-1, 1].
    """
    return np.ascontiguousarray(pixels.transpose(0, 3, 1, 2)).astype(np.float32) / np.float32(127.5) - np.float32(1.0)


def sheet(pixels: Pixels, columns: int | None = None, gap_px: int = 0, background: int = 255) -> Pixels:
    """Lay pictures out in rows.

    Args:
        pixels: Shape (N, H, W, C), uint8, N >= 1.
        columns: Pictures in a row; the smallest square that holds all by default.
        gap_px: Distance between neighbours, in pixels.
        background: Grey level of gaps and of empty places, 0 to 255.

    Returns:
        One picture, shape (H_sheet, W_sheet, C), uint8.

    Raises:
        ValueError: If there is no picture.
    """
    count, height, width, channels = pixels.shape
    if count == 0:
        raise ValueError("a sheet needs at least one picture")
    columns = min(count, columns or math.ceil(math.sqrt(count)))
    rows = math.ceil(count / columns)
    out = np.full(
        (rows * (height + gap_px) - gap_px, columns * (width + gap_px) - gap_px, channels), background, np.uint8
    )
    for index, picture in enumerate(pixels):
        row, column = divmod(index, columns)
        top, left = row * (height + gap_px), column * (width + gap_px)
        out[top : top + height, left : left + width] = picture
    return out


def enlarge(pixels: Pixels, factor: int) -> Pixels:
    """Enlarge pictures by a whole factor, nearest neighbour.

    Args:
        pixels: Shape (..., H, W, C), uint8.
        factor: At least 1.

    Returns:
        Shape (..., factor * H, factor * W, C), uint8.
    """
    return pixels.repeat(factor, axis=-3).repeat(factor, axis=-2)
