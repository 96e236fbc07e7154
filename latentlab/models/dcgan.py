"""The DCGAN as specs: the generator and the discriminator of the paper, at any power-of-two size, and two relatives.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 3 and figure 1. Kernels are 4x4 as in the PyTorch
    example, or 5x5 as in the paper's code.
    Odena, Dumoulin & Olah 2016, "Deconvolution and Checkerboard Artifacts", doi:10.23915/distill.00003: ``upsample``.
    Goodfellow et al. 2014, arXiv:1406.2661: ``dense``, its fully connected ancestor.
    Mirza & Osindero 2014, arXiv:1411.1784: networks that are told the class.
    Berthelot, Schumm & Metz 2017, arXiv:1703.10717, figure 1: the discriminator that draws.
"""

from __future__ import annotations

from typing import Literal

from latentlab.latent.priors import Prior
from latentlab.models.layers import (
    Activation,
    BatchNorm,
    Conv,
    ConvTranspose,
    JoinClass,
    Layer,
    LayerNorm,
    Linear,
    Reshape,
    Upsample,
)
from latentlab.models.spec import GeneratorSpec, NetworkSpec

SIZES = (16, 32, 64, 128, 256)
Kernel = Literal[4, 5]
KERNELS: tuple[Kernel, ...] = (4, 5)
Architecture = Literal["dcgan", "upsample", "dense"]
ARCHITECTURES: tuple[Architecture, ...] = ("dcgan", "upsample", "dense")
CriticNorm = Literal["batch", "layer", "none"]
CRITIC_NORMS: tuple[CriticNorm, ...] = ("batch", "layer", "none")
DENSE_LAYERS = 3


def generator(
    size: int,
    channels: int,
    width: int = 64,
    z_dim: int = 100,
    prior: Prior = "normal",
    kernel: Kernel = 4,
    architecture: Architecture = "dcgan",
    classes: int = 0,
) -> GeneratorSpec:
    """Describe the generator: z to 4x4 maps, then doubling with halving channels, BatchNorm and ReLU; tanh at the end.

    Args:
        size: Side of a picture in pixels, a power of two from 16 to 256.
        channels: 1 or 3.
        width: Feature maps of the last hidden layer ("ngf"); the first has size / 8 times as many. Of ``dense``, an
            eighth of the units of its first layer, doubled twice.
        z_dim: Width of z.
        prior: Distribution of z.
        kernel: Side of the kernels, 4 or 5; ``upsample`` takes 3 for 4, since its sides must stay.
        architecture: How a side is doubled: by a fractionally strided convolution (``dcgan``), or by enlarging before a
            convolution (``upsample``); ``dense`` has no maps at all.
        classes: How many there are to be told apart; 0 makes a generator that takes z alone.

    Raises:
        ValueError: If the size is not one of `SIZES`, the kernel not one of `KERNELS`, or a width below 1.
    """
    _check(size, width, kernel)
    if z_dim < 1:
        raise ValueError(f"z_dim {z_dim} is below 1")
    entering = z_dim + classes
    layers: list[Layer] = [JoinClass(classes, classes)] if classes else []
    if architecture == "dense":
        units = 8 * width
        for _ in range(DENSE_LAYERS):
            layers += [Linear(entering, units, bias=False), BatchNorm(units), Activation("relu")]
            entering, units = units, units * 2
        layers += [Linear(entering, channels * size**2), Activation("tanh"), Reshape(channels, size, size)]
        return GeneratorSpec(prior, NetworkSpec((z_dim,), tuple(layers)))
    maps, side = width * size // 8, 4
    layers += [Reshape(entering), ConvTranspose(entering, maps, 4, 1, 0), BatchNorm(maps), Activation("relu")]
    while side * 2 < size:
        layers += [*_doubling(maps, maps // 2, kernel, architecture), BatchNorm(maps // 2), Activation("relu")]
        maps, side = maps // 2, side * 2
    layers += [*_doubling(maps, channels, kernel, architecture), Activation("tanh")]
    return GeneratorSpec(prior, NetworkSpec((z_dim,), tuple(layers)))


def discriminator(
    size: int,
    channels: int,
    width: int = 64,
    kernel: Kernel = 4,
    architecture: Architecture = "dcgan",
    norm: CriticNorm = "batch",
    classes: int = 0,
    logits: int = 1,
) -> NetworkSpec:
    """Describe the discriminator: the generator's mirror, LeakyReLU 0.2, its input layer not normalised, one logit.

    Args:
        size: Side of a picture in pixels, a power of two from 16 to 256.
        channels: 1 or 3.
        width: Feature maps of the first layer ("ndf"), doubled at every halving of the side.
        kernel: Side of the kernels, 4 or 5.
        architecture: ``dense`` has no maps; the others share one discriminator.
        norm: What normalises the hidden layers; ``dense`` has none.
        classes: How many there are; the class joins the picture as one more channel. 0 leaves it out.
        logits: How many it gives: one for real, or one for each class that a picture could have.

    Raises:
        ValueError: If the size is not one of `SIZES`, the kernel not one of `KERNELS`, or the width below 1.
    """
    _check(size, width, kernel)
    layers: list[Layer] = [JoinClass(classes, 1, size, size)] if classes else []
    entering = channels + (1 if classes else 0)
    if architecture == "dense":
        entering, units = entering * size**2, 32 * width
        layers.append(Reshape(entering, 0, 0))
        for _ in range(DENSE_LAYERS):
            layers += [Linear(entering, units), Activation("leaky_relu", 0.2)]
            entering, units = units, units // 2
        layers.append(Linear(entering, logits))
        return NetworkSpec((channels, size, size), tuple(layers))
    padding = 1 if kernel == 4 else 2
    layers += [Conv(entering, width, kernel, 2, padding), Activation("leaky_relu", 0.2)]
    maps, side = width, size // 2
    while side > 4:
        layers += [Conv(maps, maps * 2, kernel, 2, padding, bias=norm == "none"), *_normalised(norm, maps * 2)]
        layers.append(Activation("leaky_relu", 0.2))
        maps, side = maps * 2, side // 2
    layers += [Conv(maps, logits, 4, 1, 0), Reshape(logits, 0, 0)]
    return NetworkSpec((channels, size, size), tuple(layers))


def autoencoder(
    size: int,
    channels: int,
    width: int,
    code: int,
    kernel: Kernel = 4,
    norm: CriticNorm = "batch",
    classes: int = 0,
) -> NetworkSpec:
    """Describe BEGAN's discriminator, which draws what it is shown: halving to 16x16 maps, a narrow code, doubling.

    Shallower than the paper's: what halves down to 4x4 maps draws whatever it is shown too well to guide G.

    Args:
        size: Side of a picture in pixels, a power of two from 16 to 256.
        channels: 1 or 3.
        width: A quarter of the feature maps.
        code: Width of the code, as a rule z's.
        kernel: Side of the kernels, 4 or 5.
        norm: What follows the hidden layers but the first; the paper has none.
        classes: As `discriminator`.

    Raises:
        ValueError: If the size is not one of `SIZES`, the kernel not one of `KERNELS`, or a width below 1.
    """
    _check(size, width, kernel)
    padding = 1 if kernel == 4 else 2
    bias, maps, side = norm == "none", 4 * width, size // 2
    layers: list[Layer] = [JoinClass(classes, 1, size, size)] if classes else []
    layers += [Conv(channels + (1 if classes else 0), maps, kernel, 2, padding), Activation("leaky_relu", 0.2)]
    while side > 16:
        layers += [Conv(maps, maps, kernel, 2, padding, bias), *_normalised(norm, maps)]
        layers.append(Activation("leaky_relu", 0.2))
        side //= 2
    flat = maps * side**2
    layers += [Reshape(flat, 0, 0), Linear(flat, code, bias), *_normalised(norm, code), Activation("relu")]
    layers += [Linear(code, flat, bias), *_normalised(norm, flat), Activation("relu"), Reshape(maps, side, side)]
    while side * 2 < size:
        layers += [*_doubling(maps, maps, kernel, "dcgan", bias), *_normalised(norm, maps), Activation("relu")]
        side *= 2
    layers += [*_doubling(maps, channels, kernel, "dcgan", bias=True), Activation("tanh")]
    return NetworkSpec((channels, size, size), tuple(layers))


def _doubling(
    entering: int, leaving: int, kernel: Kernel, architecture: Architecture, bias: bool = False
) -> list[Layer]:
    if architecture == "upsample":
        odd = 3 if kernel == 4 else 5
        return [Upsample(2), Conv(entering, leaving, odd, 1, odd // 2, bias)]
    padding, output_padding = (1, 0) if kernel == 4 else (2, 1)
    return [ConvTranspose(entering, leaving, kernel, 2, padding, output_padding, bias)]


def _normalised(norm: CriticNorm, maps: int) -> list[Layer]:
    return [BatchNorm(maps)] if norm == "batch" else [LayerNorm(maps)] if norm == "layer" else []


def _check(size: int, width: int, kernel: Kernel) -> None:
    if size not in SIZES:
        raise ValueError(f"size {size} is not one of {', '.join(map(str, SIZES))}")
    if kernel not in KERNELS:
        raise ValueError(f"kernel {kernel} is not one of {', '.join(map(str, KERNELS))}")
    if width < 1:
        raise ValueError(f"width {width} is below 1")
