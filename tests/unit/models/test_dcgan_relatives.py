"""The relatives of the DCGAN: up-sampling, dense, told the class, otherwise normalised, and a D that draws."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from one_class import with_class

from latentlab.models import dcgan, networks, numpy_forward
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import BatchNorm, Conv, ConvTranspose, JoinClass, LayerNorm, Reshape, Upsample
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.rendering.onnx_backend import OnnxBackend

SIDES = [(16, 4), (32, 5)]


def random_weights(spec: NetworkSpec, seed: int = 0) -> dict[str, np.ndarray]:
    numbers = np.random.RandomState(seed)
    return {
        name: (
            numbers.uniform(0.5, 1.5, shape) if "running_var" in name else numbers.standard_normal(shape) * 0.3
        ).astype(np.float32)
        for name, shape in spec.tensors().items()
    }


@pytest.mark.parametrize(("size", "kernel"), SIDES)
@pytest.mark.parametrize("architecture", dcgan.ARCHITECTURES)
@pytest.mark.parametrize("classes", [0, 3])
def test_every_generator_draws_pictures_in_photo_range(
    size: int, kernel: dcgan.Kernel, architecture: dcgan.Architecture, classes: int
) -> None:
    spec = dcgan.generator(size, 3, 4, 6, kernel=kernel, architecture=architecture, classes=classes)
    assert (spec.classes, spec.z_dim) == (classes, 6)
    network = networks.load(networks.build(spec.network), random_weights(spec.network))
    inputs = (torch.randn(2, 6), torch.tensor([0, 2])) if classes else (torch.randn(2, 6),)
    with torch.inference_mode():
        drawn = network(*inputs)
    assert drawn.shape == (2, 3, size, size)
    assert float(drawn.abs().max()) <= 1.0
    assert GeneratorSpec.from_json(spec.to_json()) == spec


@pytest.mark.parametrize(("size", "kernel"), SIDES)
@pytest.mark.parametrize("architecture", dcgan.ARCHITECTURES)
@pytest.mark.parametrize("norm", dcgan.CRITIC_NORMS)
@pytest.mark.parametrize("classes", [0, 3])
def test_every_discriminator_gives_one_score(
    size: int, kernel: dcgan.Kernel, architecture: dcgan.Architecture, norm: dcgan.CriticNorm, classes: int
) -> None:
    spec = dcgan.discriminator(size, 1, 4, kernel, architecture, norm, classes)
    network = networks.load(networks.build(spec), random_weights(spec))
    inputs = (torch.randn(2, 1, size, size), torch.tensor([0, 2])) if classes else (torch.randn(2, 1, size, size),)
    with torch.inference_mode():
        assert network(*inputs).shape == (2, 1)
    assert NetworkSpec.from_json(spec.to_json()) == spec
    if architecture != "dense":
        hidden = [layer for layer in spec.layers if isinstance(layer, BatchNorm | LayerNorm)]
        assert len(hidden) == (0 if norm == "none" else int(np.log2(size)) - 3)
        assert all(layer.bias == (norm == "none") for layer in spec.layers[3:-2] if isinstance(layer, Conv))


@pytest.mark.parametrize(("size", "kernel"), SIDES)
@pytest.mark.parametrize("classes", [0, 3])
@pytest.mark.parametrize("norm", dcgan.CRITIC_NORMS)
def test_the_autoencoder_draws_what_has_the_shape_of_what_it_is_shown(
    size: int, kernel: dcgan.Kernel, classes: int, norm: dcgan.CriticNorm
) -> None:
    spec = dcgan.autoencoder(size, 3, 4, 6, kernel, norm, classes)
    network = networks.load(networks.build(spec), random_weights(spec))
    inputs = (torch.randn(2, 3, size, size), torch.tensor([0, 2])) if classes else (torch.randn(2, 3, size, size),)
    with torch.inference_mode():
        assert network(*inputs).shape == (2, 3, size, size)
    hidden = [layer for layer in spec.layers if isinstance(layer, BatchNorm | LayerNorm)]
    assert len(hidden) == (0 if norm == "none" else 2 + 2 * max(0, int(np.log2(size)) - 5))
    assert spec.output_shape == spec.input_shape == (3, size, size)
    assert min(np.prod(shape) for shape in spec.shapes()) == 6, "there is a code in its middle"


@pytest.mark.parametrize("kernel", dcgan.KERNELS)
def test_upsampling_replaces_every_stride(kernel: dcgan.Kernel) -> None:
    layers = dcgan.generator(32, 1, 4, 6, kernel=kernel, architecture="upsample").network.layers
    assert sum(isinstance(layer, Upsample) for layer in layers) == 3
    assert [layer.kernel for layer in layers if isinstance(layer, Conv)] == [3 if kernel == 4 else 5] * 3
    assert [layer.stride for layer in layers if isinstance(layer, ConvTranspose)] == [1]


def test_a_plain_dcgan_is_what_it_was() -> None:
    assert dcgan.generator(32, 1) == dcgan.generator(32, 1, architecture="dcgan", classes=0)
    assert dcgan.generator(32, 1).network.layers[:2] == (Reshape(100), ConvTranspose(100, 256, 4, 1, 0))
    assert dcgan.discriminator(32, 1).layers[0] == Conv(1, 64, 4, 2, 1)


def test_the_class_joins_z_and_the_picture() -> None:
    assert dcgan.generator(16, 1, 4, 6, classes=3).network.layers[:2] == (JoinClass(3, 3), Reshape(9))
    assert dcgan.discriminator(16, 1, 4, classes=3).layers[:2] == (JoinClass(3, 1, 16, 16), Conv(2, 4, 4, 2, 1))


@pytest.mark.parametrize("architecture", dcgan.ARCHITECTURES)
def test_a_class_that_was_fixed_draws_what_the_network_draws_of_it(architecture: dcgan.Architecture) -> None:
    spec = dcgan.generator(16, 1, 4, 6, architecture=architecture, classes=3)
    generator = Generator(ModelCard("digits", spec), random_weights(spec.network))
    network = networks.load(networks.build(spec.network), generator.weights)
    z = np.random.RandomState(1).standard_normal((5, 6)).astype(np.float32)
    for y in range(3):
        with torch.inference_mode():
            photo = network(torch.from_numpy(z), torch.full((5,), y)).numpy()
        expected = np.rint((photo.transpose(0, 2, 3, 1) + 1.0) * 127.5)
        drawn = OnnxBackend(with_class(generator, y)).render(z, threads=1).astype(int)
        assert np.abs(drawn - expected).max() <= 1


@pytest.mark.parametrize("shape", [(6, 5, 7), (6,)])
def test_layer_norm_by_hand(shape: tuple[int, ...]) -> None:
    """All values of a picture have mean 0 and variance 1, then each feature its own scale and shift."""
    layer, numbers = LayerNorm(6), np.random.RandomState(0)
    values = (numbers.standard_normal((4, *shape)) * 3.0 + 2.0).astype(np.float32)
    weights = {
        "weight": numbers.standard_normal(6).astype(np.float32),
        "bias": numbers.standard_normal(6).astype(np.float32),
    }
    axes = tuple(range(1, values.ndim))
    wide = (1, 6, *(1,) * (values.ndim - 2))
    normal = (values - values.mean(axis=axes, keepdims=True)) / values.std(axis=axes, keepdims=True)
    expected = normal * weights["weight"].reshape(wide) + weights["bias"].reshape(wide)
    stepped = numpy_forward.step(layer, weights, numpy_forward.to_channels_first(values))
    np.testing.assert_allclose(numpy_forward.to_channels_first(stepped), expected, rtol=1e-4, atol=1e-5)
    network = networks.build(NetworkSpec(shape, (layer,)))
    networks.load(network, {f"0.{name}": value for name, value in weights.items()})
    with torch.inference_mode():
        np.testing.assert_allclose(network(torch.from_numpy(values)).numpy(), expected, rtol=1e-4, atol=1e-5)


def test_layer_norm_is_for_discriminators() -> None:
    layers = (Reshape(6), ConvTranspose(6, 1, 16, 1, 0), LayerNorm(1))
    with pytest.raises(ValueError, match="layer_norm belongs into a discriminator"):
        GeneratorSpec("normal", NetworkSpec((6,), layers))


def test_layer_norm_checks_what_it_is_given() -> None:
    with pytest.raises(ValueError, match="cannot follow"):
        NetworkSpec((5, 4, 4), (LayerNorm(6),))
    with pytest.raises(ValueError, match="negative"):
        LayerNorm(6, -1.0)
