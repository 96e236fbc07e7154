"""An oracle for sources that look into the network: a DCGAN whose first layer has known right singular vectors.

The BatchNorm after the first layer has gains of both signs and variances over four decades, which the first layer's
weights make up for, so that nobody who leaves it out finds the vectors. The layers after it keep lengths and angles:
their kernels are orthogonal matrices in the four middle places, BatchNorm lifts every value above the ReLU's bend, and
the last layer is small enough for tanh to be straight. So what the first layer does, the picture does.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from latentlab.latent.priors import Prior
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import BatchNorm

Matrix = npt.NDArray[np.float64]

Z_DIM = 12
RATIO = 0.8
_ABOVE_THE_BEND = 10.0
_PICTURE_SCALE = 2e-3


def planted_dcgan(prior: Prior = "normal") -> tuple[Generator, Matrix]:
    """Return the generator, of 16x16 grey pictures, and its axes: rows, shape (12, 12), strongest first."""
    random = np.random.RandomState(1)
    spec = dcgan.generator(16, 1, width=4, z_dim=Z_DIM, prior=prior)
    weights: dict[str, Matrix] = {name: np.zeros(shape) for name, shape in spec.network.tensors().items()}
    scales = {}
    for index, layer in enumerate(spec.network.layers):
        if isinstance(layer, BatchNorm):
            gain = random.uniform(0.5, 2.0, layer.features) * random.choice([-1.0, 1.0], layer.features)
            variance = 10.0 ** random.uniform(-2.0, 2.0, layer.features)
            mean = random.standard_normal(layer.features)
            scale = gain / np.sqrt(variance + layer.eps)
            lift = _ABOVE_THE_BEND * 4.0 ** len(scales)
            values = {"weight": gain, "running_var": variance, "running_mean": mean, "bias": lift + mean * scale}
            weights |= {f"{index}.{name}": value for name, value in values.items()}
            scales[index] = scale
    axes = _orthonormal(random, Z_DIM, Z_DIM)
    left = _orthonormal(random, Z_DIM, weights["1.weight"][0].size)
    response = left.T @ np.diag(RATIO ** np.arange(Z_DIM)) @ axes
    weights["1.weight"] = (response / scales[2].repeat(16)[:, None]).T.reshape(weights["1.weight"].shape)
    for index, scale in ((4, scales[5]), (7, np.full(1, 1.0 / _PICTURE_SCALE))):
        inputs, outputs = weights[f"{index}.weight"].shape[:2]
        kernel = _orthonormal(random, inputs, 4 * outputs).reshape(inputs, outputs, 2, 2)
        weights[f"{index}.weight"][:, :, 1:3, 1:3] = kernel / scale[None, :, None, None]
    single = {name: value.astype(np.float32) for name, value in weights.items()}
    return Generator(ModelCard("planted", spec), single), axes


def _orthonormal(random: np.random.RandomState, rows: int, columns: int) -> Matrix:
    return np.asarray(np.linalg.qr(random.standard_normal((columns, rows)))[0].T)
