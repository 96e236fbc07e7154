"""The DCGAN as specs: the generator and the discriminator of the paper, at any power-of-two size.

References:
    Radford, Metz & Chintala 2015, arXiv:1511.06434, section 3 and figure 1. Kernels are 4x4 as in the PyTorch
    example, or 5x5 as in the paper's code.
"""

from __future__ import annotations

from typing import Literal

from latentlab.latent.priors import Prior
from latentlab.models.spec import Activation, BatchNorm, Conv, ConvTranspose, GeneratorSpec, Layer, NetworkSpec, Reshape

SIZES = (16, 32, 64, 128, 256)
Kernel = Literal[4, 5]
KERNELS: tuple[Kernel, ...] = (4, 5)


def generator(
    size: int, channels: int, width: int = 64, z_dim: int = 100, prior: Prior = "normal", kernel: Kernel = 4
) -> GeneratorSpec:
    """Describe the generator: z to 4x4 maps, then doubling with halving channels, BatchNorm and ReLU; tanh at the end.

    Args:
        size: Side of a picture in pixels, a power of two from 16 to 256.
        channels: 1 or 3.
        width: Feature maps of the last hidden layer ("ngf"); the first has size / 8 times as many.
        z_dim: Width of z.
        prior: Distribution of z.
        kernel: Side of the kernels, 4 or 5.

    Raises:
        ValueError: If the size is not one of `SIZES`, the kernel not one of `KERNELS`, or a width below 1.
    """
    _check(size, width, kernel)
    if z_dim < 1:
        raise ValueError(f"z_dim {z_dim} is below 1")
    maps = width * size // 8
    layers: list[Layer] = [
        Reshape(z_dim),
        ConvTranspose(z_dim, maps, 4, 1, 0),
        BatchNorm(maps),
        Activation("relu"),
    ]
    padding, output_padding = (1, 0) if kernel == 4 else (2, 1)
    side = 4
    while side * 2 < size:
        layers += [
            ConvTranspose(maps, maps // 2, kernel, 2, padding, output_padding),
            BatchNorm(maps // 2),
            Activation("relu"),
        ]
        maps, side = maps // 2, side * 2
    layers += [ConvTranspose(maps, channels, kernel, 2, padding, output_padding), Activation("tanh")]
    return GeneratorSpec(prior, NetworkSpec((z_dim,), tuple(layers)))


def discriminator(size: int, channels: int, width: int = 64, kernel: Kernel = 4) -> NetworkSpec:
    """Describe the discriminator: the generator's mirror, LeakyReLU 0.2, no BatchNorm on its input layer, one logit.

    Args:
        size: Side of a picture in pixels, a power of two from 16 to 256.
        channels: 1 or 3.
        width: Feature maps of the first layer ("ndf"), doubled at every halving of the side.
        kernel: Side of the kernels, 4 or 5.

    Raises:
        ValueError: If the size is not one of `SIZES`, the kernel not one of `KERNELS`, or the width below 1.
    """
    _check(size, width, kernel)
    padding = 1 if kernel == 4 else 2
    layers: list[Layer] = [Conv(channels, width, kernel, 2, padding), Activation("leaky_relu", 0.2)]
    maps, side = width, size // 2
    while side > 4:
        layers += [Conv(maps, maps * 2, kernel, 2, padding), BatchNorm(maps * 2), Activation("leaky_relu", 0.2)]
        maps, side = maps * 2, side // 2
    layers += [Conv(maps, 1, 4, 1, 0), Reshape(1, 0, 0)]
    return NetworkSpec((channels, size, size), tuple(layers))


def _check(size: int, width: int, kernel: Kernel) -> None:
    if size not in SIZES:
        raise ValueError(f"size {size} is not one of {', '.join(map(str, SIZES))}")
    if kernel not in KERNELS:
        raise ValueError(f"kernel {kernel} is not one of {', '.join(map(str, KERNELS))}")
    if width < 1:
        raise ValueError(f"width {width} is below 1")
