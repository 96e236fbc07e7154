"""Directions in closed form: what the generator's first layer responds to most, from its weights alone.

The first layer is affine, y = A z + b, so a step along n changes y by A n, wherever one stands. The unit vectors that
change y most are the right singular vectors of A. BatchNorm rescales every channel of y; its scale is folded into A,
or the answer would be dominated by channels whose size the network cancels at once.

Which axes are identifiable: the right singular vectors of the first layer with that scale, wherever the singular values
are distinct, each up to its sign; what the layers after it make of a change of y is not looked at.

References:
    Shen & Zhou 2021, "Closed-Form Factorization of Latent Semantics in GANs", arXiv:2007.06600: the directions are
    the eigenvectors of A^T A with the largest eigenvalues.
    Ioffe & Szegedy 2015, "Batch Normalization", arXiv:1502.03167, algorithm 2: its scale at inference.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from latentlab.analysis.provenance import signed, today
from latentlab.errors import ValueRangeError
from latentlab.latent.directions import Direction
from latentlab.latent.priors import component_sigma
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import BatchNorm, Conv, ConvTranspose, JoinClass, Linear, Reshape
from latentlab.models.spec import NetworkSpec
from latentlab.models.weight_file import Weights

Matrix = npt.NDArray[np.float64]


def closed_form(generator: Generator, count: int) -> tuple[Direction, ...]:
    """Factorise the first weight layer of a generator.

    Args:
        generator: Any whose first weight layer sees z as a whole: fully connected, or a convolution of 1x1 maps.
        count: How many directions, 1 to z_dim.

    Returns:
        ``Factor 1``, ``Factor 2``, ... in descending singular value, orthogonal to each other; the component of largest
        magnitude is positive.

    Raises:
        ValueRangeError: If the first layer cannot be factorised, or has fewer than `count` factors.

    References:
        Shen & Zhou 2021, arXiv:2007.06600.
    """
    generator.check_open("a factorisation of its first layer")
    name = generator.path or generator.card.name
    try:
        matrix = _first_layer(generator.card.generator.network, generator.weights)
    except ValueError as error:
        raise ValueRangeError(
            name, f"its first layer cannot be factorised: {error}", "Find directions by another method."
        ) from error
    available = min(matrix.shape)
    if not 1 <= count <= available:
        raise ValueRangeError(f"{count} directions", f"{name} has 1 to {available} factors")
    # The eigenvectors of the small Gram matrix are the right singular vectors, at a fiftieth of an SVD's time.
    energies, columns = np.linalg.eigh(matrix.T @ matrix)
    energies, vectors = np.clip(energies[::-1], 0.0, None), columns.T[::-1]
    values, shares = np.sqrt(energies), energies / energies.sum()
    sigma = component_sigma(generator.card.generator.prior)
    return tuple(
        Direction(
            name=f"Factor {index + 1}",
            source="sefa",
            vector=signed(vectors[index]),
            sigma=sigma,
            detail=f"singular value {values[index]:.4g}, {shares[index]:.1%} of the first layer's energy",
            model=generator.content_hash,
            created=today(),
        )
        for index in range(count)
    )


def _first_layer(network: NetworkSpec, weights: Weights) -> Matrix:
    """Return the first weight layer with the BatchNorm that follows it as a matrix, shape (C * H * W, z_dim).

    What a class beside z adds is a constant, so its columns are left out.

    Raises:
        ValueError: If it is no linear map of z, or all its weights are zero.
    """
    index, of_z = _skip_reshapes(network, 0), slice(None)
    joined = network.layers[index] if index < len(network.layers) else None
    if isinstance(joined, JoinClass) and joined.how != "multiply" and not joined.height:
        of_z = slice(0, -joined.channels) if joined.how == "append" else slice(joined.channels, None)
        index = _skip_reshapes(network, index + 1)
    shape = network.shapes()[index - 1] if index else network.input_shape
    if math.prod(shape[1:]) != 1:
        raise ValueError(f"z enters it as maps of {shape[-1]}x{shape[-2]}, not as one vector")
    layer = network.layers[index] if index < len(network.layers) else None
    match layer:
        case Linear():
            matrix = weights[f"{index}.weight"].astype(np.float64)
        case ConvTranspose():
            matrix = _conv_transpose_matrix(layer, weights[f"{index}.weight"])
        case Conv():
            matrix = _conv_matrix(layer, weights[f"{index}.weight"])
        case _:
            raise ValueError("z does not enter a fully connected or convolutional layer")
    matrix = (matrix * _channel_scale(network, weights, index + 1, len(matrix))[:, None])[:, of_z]
    if not matrix.any():
        raise ValueError("its weights are all zero")
    return matrix


def _conv_transpose_matrix(layer: ConvTranspose, weight: npt.NDArray[np.float32]) -> Matrix:
    """Lay out a transposed convolution of a 1x1 map, which writes its kernel less what padding cuts off."""
    side = layer.kernel - 2 * layer.padding + layer.output_padding
    seen = np.zeros((layer.in_channels, layer.out_channels, side, side))
    kept = weight[:, :, layer.padding : layer.padding + side, layer.padding : layer.padding + side]
    seen[:, :, : kept.shape[2], : kept.shape[3]] = kept
    return seen.reshape(layer.in_channels, -1).T


def _conv_matrix(layer: Conv, weight: npt.NDArray[np.float32]) -> Matrix:
    """Lay out a convolution of a 1x1 map: each place of the output meets it through one element of the kernel."""
    side = (1 + 2 * layer.padding - layer.kernel) // layer.stride + 1
    seen = np.zeros((layer.out_channels, side, side, layer.in_channels))
    for row, column in np.ndindex(side, side):
        top, left = layer.padding - row * layer.stride, layer.padding - column * layer.stride
        if 0 <= top < layer.kernel and 0 <= left < layer.kernel:
            seen[:, row, column] = weight[:, :, top, left]
    return seen.reshape(-1, layer.in_channels)


def _channel_scale(network: NetworkSpec, weights: Weights, index: int, rows: int) -> Matrix:
    """Return what the BatchNorm at `index` multiplies each of the first layer's outputs by; ones where there is none.

    A Reshape between the two moves no value, only what counts as a channel.
    """
    index = _skip_reshapes(network, index)
    layer = network.layers[index] if index < len(network.layers) else None
    if not isinstance(layer, BatchNorm):
        return np.ones(rows)
    gamma, variance = (weights[f"{index}.{name}"].astype(np.float64) for name in ("weight", "running_var"))
    scale: Matrix = (gamma / np.sqrt(variance + layer.eps)).repeat(rows // layer.features)
    return scale


def _skip_reshapes(network: NetworkSpec, index: int) -> int:
    while index < len(network.layers) and isinstance(network.layers[index], Reshape):
        index += 1
    return index
