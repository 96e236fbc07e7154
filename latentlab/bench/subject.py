"""The model that is measured: one named, or the DCGAN of the paper's size with random weights; and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, load_generator, save_model
from latentlab.models.layers import Conv, ConvTranspose, Linear
from latentlab.models.spec import GeneratorSpec

WIDTH, SIZE = 64, 64


@dataclass(frozen=True)
class Subject:
    """What is measured.

    Attributes:
        path: Its file, which every process opens for itself.
        name: What it is called.
        spec: Its architecture.
    """

    path: Path
    name: str
    spec: GeneratorSpec

    @classmethod
    def from_file(cls, path: Path) -> Subject:
        """Take a model file.

        Raises:
            ModelFileError: If it is missing, damaged or no model.
        """
        card = load_generator(path).card
        return cls(path, card.name, card.generator)

    @classmethod
    def random(cls, folder: Path) -> Subject:
        """Write a model of width 64 at 64x64 RGB into a folder and take that."""
        made = random_generator(SIZE, 3, WIDTH)
        path = folder / "random.safetensors"
        save_model(path, made.card, made.weights)
        return cls(path, made.card.name, made.card.generator)

    def to_json(self) -> dict[str, Any]:
        """Describe it in JSON types."""
        spec = self.spec
        return {
            "name": self.name,
            "width": spec.width,
            "height": spec.height,
            "channels": spec.channels,
            "z_dim": spec.z_dim,
            "multiply_adds": multiply_adds(spec),
        }


def random_generator(size: int, channels: int, width: int, z_dim: int = 100) -> Generator:
    """Make a generator with random weights and statistics, which costs what a trained one does."""
    spec = dcgan.generator(size, channels, width, z_dim)
    random = np.random.default_rng(0)
    weights: dict[str, FloatArray] = {}
    for name, shape in spec.network.tensors().items():
        values = random.standard_normal(shape) * (0.1 if name.endswith("weight") and len(shape) > 1 else 0.3)
        if name.endswith("running_var") or (name.endswith("weight") and len(shape) == 1):
            values = np.abs(values) + 0.5
        weights[name] = values.astype(np.float32)
    return Generator(ModelCard(f"random {size}x{size}, width {width}", spec), weights)


def multiply_adds(spec: GeneratorSpec) -> int:
    """Count the multiply-adds of one picture, in convolutions and matrix products.

    A transposed convolution spends its kernel on every value that enters, a convolution on every value that leaves;
    what falls off the border is counted as if it were computed.
    """
    total, shape = 0, spec.network.input_shape
    for layer, out in zip(spec.network.layers, spec.network.shapes(), strict=True):
        match layer:
            case Linear():
                total += layer.in_features * layer.out_features
            case ConvTranspose():
                total += layer.in_channels * layer.out_channels * layer.kernel**2 * shape[1] * shape[2]
            case Conv():
                total += layer.in_channels * layer.out_channels * layer.kernel**2 * out[1] * out[2]
        shape = out
    return total


def floor_ms(spec: GeneratorSpec, batch: int, peak_gflops: float) -> float:
    """Return the time in which a machine's matrix product could do the multiply-adds of a batch, in milliseconds."""
    return 2.0 * multiply_adds(spec) * batch / (peak_gflops * 1e6)
