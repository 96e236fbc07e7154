"""Closed-form factorisation: planted singular vectors, and the network's own response as oracle."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
import torch

from latentlab.analysis.sefa import closed_form
from latentlab.errors import ValueRangeError
from latentlab.latent.priors import Prior
from latentlab.models import dcgan
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Activation, BatchNorm, Conv, ConvTranspose, Layer, Linear, Reshape
from latentlab.models.networks import build, load
from latentlab.models.spec import GeneratorSpec, NetworkSpec

Matrix = npt.NDArray[np.float64]

Z_DIM = 24
PLANTED = 8


def random_weights(network: NetworkSpec, seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Draw every tensor; BatchNorm gets gains of both signs and variances over four decades."""
    random = np.random.RandomState(seed)
    weights = {name: random.standard_normal(shape).astype(np.float32) for name, shape in network.tensors().items()}
    for name in weights:
        if name.endswith("running_var"):
            weights[name] = (10.0 ** random.uniform(-2.0, 2.0, weights[name].shape)).astype(np.float32)
    return weights


def model(spec: GeneratorSpec, weights: dict[str, npt.NDArray[np.float32]]) -> Generator:
    return Generator(ModelCard("planted", spec), weights, path=Path("planted.safetensors"))


def planted(prior: Prior = "normal") -> tuple[Generator, Matrix]:
    """Make a DCGAN whose first layer and BatchNorm together have known right singular vectors, strongest first."""
    spec = dcgan.generator(32, 1, width=8, z_dim=Z_DIM, prior=prior)
    weights = random_weights(spec.network)
    random = np.random.RandomState(1)
    left = np.linalg.qr(random.standard_normal((weights["1.weight"][0].size, Z_DIM)))[0]
    right = np.linalg.qr(random.standard_normal((Z_DIM, Z_DIM)))[0].T
    response = left @ np.diag(0.8 ** np.arange(Z_DIM)) @ right
    eps = next(layer.eps for layer in spec.network.layers if isinstance(layer, BatchNorm))
    scale = weights["2.weight"].astype(np.float64) / np.sqrt(weights["2.running_var"].astype(np.float64) + eps)
    weight = (response / scale.repeat(16)[:, None]).T
    weights["1.weight"] = weight.reshape(weights["1.weight"].shape).astype(np.float32)
    return model(spec, weights), right[:PLANTED]


def cosines(found: npt.ArrayLike, expected: Matrix) -> Matrix:
    products: Matrix = np.asarray(found, np.float64) * expected
    return np.asarray(np.abs(products.sum(axis=1)))


def test_finds_planted_vectors_in_order() -> None:
    generator, expected = planted()
    found = closed_form(generator, PLANTED)
    assert cosines([each.vector for each in found], expected).min() >= 0.99
    assert [each.name for each in found] == [f"Factor {number}" for number in range(1, PLANTED + 1)]
    assert {each.source for each in found} == {"sefa"}


def test_without_batch_norm_the_example_would_fail() -> None:
    generator, expected = planted()
    raw = generator.weights["1.weight"].reshape(Z_DIM, -1).T.astype(np.float64)
    naive = np.linalg.svd(raw, full_matrices=False)[2][:PLANTED]
    assert cosines(naive, expected).max() < 0.99
    assert cosines(naive, expected).min() < 0.5


def test_detail_gives_singular_value_and_share() -> None:
    generator, _ = planted()
    energy = 0.8 ** (2 * np.arange(Z_DIM))
    first, second = closed_form(generator, 2)
    assert first.detail == f"singular value 1, {energy[0] / energy.sum():.1%} of the first layer's energy"
    assert second.detail == f"singular value 0.8, {energy[1] / energy.sum():.1%} of the first layer's energy"


@pytest.mark.parametrize(("prior", "sigma"), [("normal", 1.0), ("uniform", 3.0**-0.5)])
def test_sigma_is_that_of_the_prior(prior: Prior, sigma: float) -> None:
    assert closed_form(planted(prior)[0], 1)[0].sigma == pytest.approx(sigma)


def test_vectors_are_orthonormal_with_a_fixed_sign() -> None:
    generator, _ = planted()
    vectors = np.stack([each.vector for each in closed_form(generator, Z_DIM)])
    np.testing.assert_allclose(vectors @ vectors.T, np.eye(Z_DIM), atol=1e-5)
    assert (vectors[np.arange(Z_DIM), np.abs(vectors).argmax(axis=1)] > 0.0).all()
    negated = dict(generator.weights) | {"1.weight": -generator.weights["1.weight"]}
    again = closed_form(model(generator.card.generator, negated), Z_DIM)
    np.testing.assert_allclose(np.stack([each.vector for each in again]), vectors, atol=1e-6)


def picture_from(shape: tuple[int, ...]) -> tuple[Layer, ...]:
    """End a network whose maps have this shape with a picture."""
    return (Activation("relu"), ConvTranspose(shape[0], 1, 4, 2, 1), Activation("tanh"))


FIRST_LAYERS: dict[str, tuple[Layer, ...]] = {
    "transposed": (Reshape(Z_DIM), ConvTranspose(Z_DIM, 6, 4, 1, 0, bias=True), BatchNorm(6)),
    "transposed, cropped": (Reshape(Z_DIM), ConvTranspose(Z_DIM, 6, 5, 2, 1, 1), BatchNorm(6)),
    "transposed, widened": (Reshape(Z_DIM), ConvTranspose(Z_DIM, 6, 3, 2, 0, 1), BatchNorm(6)),
    "transposed, no norm": (Reshape(Z_DIM), ConvTranspose(Z_DIM, 6, 4, 1, 0)),
    "linear, norm of maps": (Linear(Z_DIM, 96), Reshape(6, 4, 4), BatchNorm(6)),
    "linear, norm of values": (Linear(Z_DIM, 96), BatchNorm(96), Reshape(6, 4, 4)),
    "convolution": (Reshape(Z_DIM), Conv(Z_DIM, 40, 1, 1, 0), BatchNorm(40)),
    "convolution, padded": (Reshape(Z_DIM), Conv(Z_DIM, 6, 3, 1, 3), BatchNorm(6)),
    "convolution, padded and strided": (Reshape(Z_DIM), Conv(Z_DIM, 30, 4, 2, 3), BatchNorm(30)),
}


@pytest.mark.parametrize("layers", FIRST_LAYERS.values(), ids=FIRST_LAYERS.keys())
def test_agrees_with_the_response_of_the_network(layers: tuple[Layer, ...]) -> None:
    start = NetworkSpec((Z_DIM,), layers)
    spec = GeneratorSpec("normal", NetworkSpec((Z_DIM,), layers + picture_from(start.output_shape)))
    weights = random_weights(spec.network)
    network = load(build(start), {name: weights[name] for name in start.tensors()}).double()
    with torch.inference_mode():
        response = network(torch.eye(Z_DIM, dtype=torch.float64)) - network(torch.zeros(1, Z_DIM, dtype=torch.float64))
    expected = np.linalg.svd(response.reshape(Z_DIM, -1).T.numpy(), full_matrices=False)[2][:PLANTED]
    found = closed_form(model(spec, weights), PLANTED)
    assert cosines([each.vector for each in found], expected).min() >= 0.9999


@pytest.mark.parametrize(
    ("layers", "why"),
    [
        ((Reshape(6, 2, 2), ConvTranspose(6, 4, 4, 2, 1)), "z enters it as maps of 2x2"),
        ((Activation("relu"), Linear(Z_DIM, 64), Reshape(4, 4, 4)), "does not enter a fully connected"),
        ((BatchNorm(Z_DIM), Linear(Z_DIM, 64), Reshape(4, 4, 4)), "does not enter a fully connected"),
    ],
)
def test_refuses_a_first_layer_that_is_no_matrix(layers: tuple[Layer, ...], why: str) -> None:
    spec = GeneratorSpec("normal", NetworkSpec((Z_DIM,), (*layers, *picture_from((4,)))))
    with pytest.raises(ValueRangeError, match=why) as caught:
        closed_form(model(spec, random_weights(spec.network)), 1)
    assert str(caught.value).startswith("planted.safetensors: ")
    assert "\n" not in str(caught.value)


def test_refuses_a_layer_without_weights() -> None:
    generator, _ = planted()
    dead = dict(generator.weights) | {"1.weight": np.zeros_like(generator.weights["1.weight"])}
    with pytest.raises(ValueRangeError, match="all zero"):
        closed_form(model(generator.card.generator, dead), 1)


@pytest.mark.parametrize("count", [0, -1, Z_DIM + 1])
def test_refuses_more_factors_than_there_are(count: int) -> None:
    with pytest.raises(ValueRangeError, match=f"has 1 to {Z_DIM} factors"):
        closed_form(planted()[0], count)
