"""Specs as torch networks and as ONNX graphs, against a plain PyTorch forward pass in float64."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from latentlab.latent import priors
from latentlab.models import dcgan, networks, onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.layers import Activation, BatchNorm, Conv, ConvTranspose, Layer, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.models.weight_file import Weights
from latentlab.pixels import Pixels, to_pixels

SIZES_AND_KINDS = list(itertools.product((16, 32, 64), (1, 3), (4, 5)))


TANH = Activation("tanh")
OTHER_NETWORKS: dict[str, tuple[Layer, ...]] = {
    "linear, reshape": (
        Linear(6, 4 * 16),
        Reshape(4, 4, 4),
        Activation("relu"),
        ConvTranspose(4, 3, 4, 2, 1),
        TANH,
    ),
    "linear without bias": (Linear(6, 3 * 16, False), Reshape(3, 4, 4), TANH),
    "batch norm after linear": (
        Linear(6, 4 * 16),
        BatchNorm(4 * 16),
        Activation("relu"),
        Reshape(4, 4, 4),
        ConvTranspose(4, 1, 5, 2, 2, 1),
        TANH,
    ),
    "batch norm after reshape": (
        Linear(6, 4 * 20, False),
        Reshape(4, 4, 5),
        BatchNorm(4),
        Activation("leaky_relu", 0.3),
        ConvTranspose(4, 3, 4, 2, 1),
        TANH,
    ),
    "batch norm on z": (BatchNorm(6), Linear(6, 48), Reshape(3, 4, 4), TANH),
    "batch norm twice": (Linear(6, 48), Reshape(3, 4, 4), Conv(3, 3, 3, 1, 1), BatchNorm(3), BatchNorm(3, 0.1), TANH),
    "batch norm last": (Linear(6, 48), Reshape(3, 4, 4), BatchNorm(3)),
    "batch norm after an activation": (
        Reshape(6),
        ConvTranspose(6, 4, 4, 1, 0, 0, True),
        Activation("relu"),
        BatchNorm(4),
        ConvTranspose(4, 1, 4, 2, 1),
        TANH,
    ),
    "convolutions": (
        Reshape(6),
        ConvTranspose(6, 8, 4, 1, 0),
        BatchNorm(8),
        Activation("leaky_relu"),
        ConvTranspose(8, 8, 4, 2, 1, 0, True),
        Conv(8, 4, 3, 1, 1, True),
        BatchNorm(4, 1e-3),
        Activation("relu"),
        Conv(4, 3, 3, 1, 1),
        TANH,
    ),
    "a strided convolution": (Linear(6, 2 * 81), Reshape(2, 9, 9), Conv(2, 3, 4, 2, 1, True), TANH),
    "biases": (
        Reshape(6),
        ConvTranspose(6, 8, 4, 1, 0, 0, True),
        BatchNorm(8),
        Activation("relu"),
        ConvTranspose(8, 3, 4, 2, 1, 0, True),
        TANH,
    ),
    "no tanh": (Reshape(6), ConvTranspose(6, 4, 4, 1, 0), Activation("relu"), ConvTranspose(4, 3, 4, 2, 1, 0, True)),
    "sigmoid": (Linear(6, 48), Reshape(3, 4, 4), Activation("sigmoid")),
    "back to a vector": (
        Reshape(6),
        ConvTranspose(6, 4, 3, 1, 0),
        Reshape(36, 0, 0),
        Activation("tanh"),
        Linear(36, 75),
        Reshape(3, 5, 5),
        TANH,
    ),
    "a first layer with padding": (Reshape(6), ConvTranspose(6, 3, 6, 1, 1), TANH),
    "a first layer with stride": (Reshape(6), ConvTranspose(6, 3, 4, 2, 0, 0, True), TANH),
    "a first layer with output padding": (Reshape(6), ConvTranspose(6, 3, 4, 2, 0, 1, True), TANH),
    "a first layer on 2x1 maps": (Reshape(3, 2, 1), ConvTranspose(3, 3, 4, 2, 1), TANH),
    "the projection is the picture": (Reshape(6), ConvTranspose(6, 1, 8, 1, 0), BatchNorm(1), TANH),
}


def random_weights(spec: NetworkSpec, seed: int = 0) -> dict[str, npt.NDArray[np.float32]]:
    """Draw weights that keep the signal's size, and BatchNorm statistics far from 0 and 1."""
    random = np.random.RandomState(seed)
    inputs = (spec.input_shape, *spec.shapes())
    weights = {}
    for name, shape in spec.tensors().items():
        index, kind = name.split(".")
        layer = spec.layers[int(index)]
        if kind == "running_var":
            values = random.uniform(0.2, 3.0, shape)
        elif kind in ("running_mean", "bias"):
            values = random.uniform(-0.5, 0.5, shape)
        elif isinstance(layer, BatchNorm):
            values = random.uniform(0.5, 1.5, shape) * random.choice([-1, 1], shape)
        else:
            values = random.standard_normal(shape) * math.sqrt(2.0 / _values_summed(layer, inputs[int(index)]))
        weights[name] = np.asarray(values, np.float32)
    return weights


def _values_summed(layer: Layer, shape: tuple[int, ...]) -> int:
    """Count the values of the layer's input that meet in one of its output."""
    match layer:
        case Linear():
            return layer.in_features
        case ConvTranspose():
            return layer.in_channels * min(shape[1], math.ceil(layer.kernel / layer.stride)) ** 2
        case Conv():
            return layer.in_channels * min(shape[1], layer.kernel) ** 2
    raise AssertionError(layer)


def plain_forward(spec: NetworkSpec, weights: Weights, values: npt.NDArray[np.float32]) -> npt.NDArray[np.float64]:
    """Run a network layer by layer with torch's functions, in float64 and eval mode, without `networks`."""
    x = torch.from_numpy(values.astype(np.float64))
    for index, layer in enumerate(spec.layers):
        w = {
            name.split(".")[1]: torch.from_numpy(np.array(array, np.float64))
            for name, array in weights.items()
            if name.startswith(f"{index}.")
        }
        match layer:
            case Linear():
                x = functional.linear(x, w["weight"], w.get("bias"))
            case Reshape(height=0):
                x = x.flatten(1)
            case Reshape():
                x = x.reshape(len(x), layer.channels, layer.height, layer.width)
            case ConvTranspose():
                x = functional.conv_transpose2d(
                    x, w["weight"], w.get("bias"), layer.stride, layer.padding, layer.output_padding
                )
            case Conv():
                x = functional.conv2d(x, w["weight"], w.get("bias"), layer.stride, layer.padding)
            case BatchNorm():
                x = functional.batch_norm(
                    x, w["running_mean"], w["running_var"], w["weight"], w["bias"], training=False, eps=layer.eps
                )
            case Activation(kind="leaky_relu"):
                x = functional.leaky_relu(x, layer.slope)
            case Activation():
                x = {"relu": torch.relu, "tanh": torch.tanh, "sigmoid": torch.sigmoid}[layer.kind](x)
    return x.numpy()


def render(generator: Generator, z: npt.NDArray[np.float32]) -> Pixels:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(onnx_graph.export(generator), options, ["CPUExecutionProvider"])
    (pixels,) = session.run([onnx_graph.OUTPUT], {onnx_graph.INPUT: z})
    return pixels


def generator_of(*layers: Layer, z_dim: int = 6, seed: int = 0) -> Generator:
    spec = GeneratorSpec("normal", NetworkSpec((z_dim,), layers))
    return Generator(ModelCard("test", spec), random_weights(spec.network, seed))


def assert_renders_as_torch_does(generator: Generator, count: int = 5, contrast: float = 15.0) -> None:
    spec = generator.card.generator
    z = priors.sample("normal", count, spec.z_dim, 3)
    expected = to_pixels(plain_forward(spec.network, generator.weights, z).astype(np.float32))
    pixels = render(generator, z)
    assert pixels.shape == (count, spec.height, spec.width, spec.channels)
    assert pixels.dtype == np.uint8
    # Without contrast within a picture and between pictures, any two networks would agree.
    assert expected.std() > contrast
    assert expected.std(axis=0).mean() > contrast / 4
    difference = np.abs(pixels.astype(int) - expected.astype(int))
    assert difference.max() <= 1
    assert difference.mean() < 0.01


# torch


@pytest.mark.parametrize(("size", "channels", "kernel"), list(itertools.product(dcgan.SIZES, (1, 3), (4, 5))))
def test_tensors_are_called_as_in_the_state_dict(size: int, channels: int, kernel: dcgan.Kernel) -> None:
    width = 64 // size + 1
    for spec in (
        dcgan.generator(size, channels, width, 5, kernel=kernel).network,
        dcgan.discriminator(size, channels, width, kernel),
    ):
        network = networks.build(spec)
        state = {name: tuple(value.shape) for name, value in network.state_dict().items()}
        assert {name: shape for name, shape in state.items() if "num_batches" not in name} == spec.tensors()
        with torch.inference_mode():
            output = network.eval()(torch.zeros(2, *spec.input_shape))
        assert tuple(output.shape) == (2, *spec.output_shape)


def pytorch_example(width: int, z_dim: int) -> nn.Sequential:
    """Build the generator of https://github.com/pytorch/examples/blob/main/dcgan/main.py as it is written there."""
    return nn.Sequential(
        nn.ConvTranspose2d(z_dim, width * 8, 4, 1, 0, bias=False),
        nn.BatchNorm2d(width * 8),
        nn.ReLU(True),
        nn.ConvTranspose2d(width * 8, width * 4, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width * 4),
        nn.ReLU(True),
        nn.ConvTranspose2d(width * 4, width * 2, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width * 2),
        nn.ReLU(True),
        nn.ConvTranspose2d(width * 2, width, 4, 2, 1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(True),
        nn.ConvTranspose2d(width, 3, 4, 2, 1, bias=False),
        nn.Tanh(),
    )


def test_the_generator_is_that_of_the_pytorch_example() -> None:
    spec = dcgan.generator(64, 3, 4, 10)
    weights = random_weights(spec.network)
    example = pytorch_example(4, 10)
    state = example.state_dict()
    # The spec has a Reshape in front, so that its layers are numbered one higher.
    state |= {f"{int(n.split('.')[0]) - 1}.{n.split('.')[1]}": torch.from_numpy(a) for n, a in weights.items()}
    example.load_state_dict(state)
    z = priors.sample("normal", 4, 10, 0)
    with torch.inference_mode():
        expected = example.eval()(torch.from_numpy(z)[:, :, None, None]).numpy()
        ours = networks.load(networks.build(spec.network), weights)(torch.from_numpy(z)).numpy()
    np.testing.assert_allclose(ours, expected, atol=1e-6)
    pixels = render(Generator(ModelCard("x", spec), weights), z)
    assert np.abs(pixels.astype(int) - to_pixels(expected)).max() <= 1


@pytest.mark.parametrize(("size", "kernel"), [(16, 4), (16, 5), (32, 4)])
def test_torch_networks_compute_what_their_specs_say(size: int, kernel: dcgan.Kernel) -> None:
    random = np.random.RandomState(0)
    for spec in (dcgan.generator(size, 3, 2, 5, kernel=kernel).network, dcgan.discriminator(size, 3, 2, kernel)):
        weights = random_weights(spec)
        network = networks.load(networks.build(spec), weights)
        assert not network.training
        values = random.standard_normal((3, *spec.input_shape)).astype(np.float32)
        with torch.inference_mode():
            result = network(torch.from_numpy(values.copy())).numpy()
        np.testing.assert_allclose(result, plain_forward(spec, weights, values), atol=1e-5, rtol=1e-4)


@pytest.mark.parametrize("name", OTHER_NETWORKS)
def test_torch_networks_of_other_layers_compute_what_their_specs_say(name: str) -> None:
    generator = generator_of(*OTHER_NETWORKS[name])
    spec = generator.card.generator.network
    network = networks.load(networks.build(spec), generator.weights)
    z = priors.sample("normal", 3, 6, 0)
    with torch.inference_mode():
        result = network(torch.from_numpy(z.copy())).numpy()
    np.testing.assert_allclose(result, plain_forward(spec, generator.weights, z), atol=1e-5, rtol=1e-4)


def test_weights_go_into_a_network_and_come_out_as_copies() -> None:
    spec = dcgan.generator(16, 1, 2, 5).network
    weights = random_weights(spec)
    network = networks.load(networks.build(spec), weights)
    out = networks.weights_of(network)
    assert set(out) == set(spec.tensors())
    for name, array in out.items():
        np.testing.assert_array_equal(array, weights[name])
        array += 1.0
    for name, array in networks.weights_of(network).items():
        np.testing.assert_array_equal(array, weights[name])


@pytest.mark.parametrize("change", ["missing", "surplus", "shape"])
def test_weights_of_another_network_are_refused(change: str) -> None:
    spec = dcgan.generator(16, 1, 2, 5).network
    weights: dict[str, Any] = random_weights(spec)
    match change:
        case "missing":
            del weights["1.weight"]
        case "surplus":
            weights["0.weight"] = np.zeros(1, np.float32)
        case "shape":
            weights["2.bias"] = weights["2.bias"][:1]
    with pytest.raises(RuntimeError, match="state_dict"):
        networks.load(networks.build(spec), weights)


@pytest.mark.parametrize("first", [(Activation("relu"),), (Reshape(4), Activation("leaky_relu"), Reshape(4, 0, 0))])
def test_a_network_does_not_write_to_its_input(first: tuple[Layer, ...]) -> None:
    network = networks.build(NetworkSpec((4,), (*first, Linear(4, 4)))).eval()
    z = torch.tensor([[-1.0, 2.0, -3.0, 4.0]])
    with torch.inference_mode():
        network(z)
    assert z.tolist() == [[-1.0, 2.0, -3.0, 4.0]]


@pytest.mark.parametrize("first", ["relu", "tanh", "sigmoid"])
def test_activations_that_follow_each_other_can_be_trained(first: Any) -> None:
    network = networks.build(NetworkSpec((4,), (Linear(4, 4), Activation(first), Activation("leaky_relu"))))
    network(torch.ones(2, 4)).sum().backward()
    assert all(parameter.grad is not None for parameter in network.parameters())


def test_activations_after_other_layers_need_no_memory() -> None:
    network = networks.build(dcgan.generator(16, 1, 2, 5).network)
    assert {module.inplace for module in network if isinstance(module, nn.ReLU)} == {True}


# ONNX


@pytest.mark.parametrize(("size", "channels", "kernel"), SIZES_AND_KINDS)
def test_a_dcgan_renders_as_torch_does(size: int, channels: int, kernel: dcgan.Kernel) -> None:
    spec = dcgan.generator(size, channels, 8, 12, kernel=kernel)
    assert_renders_as_torch_does(Generator(ModelCard("x", spec), random_weights(spec.network)))


@pytest.mark.parametrize("name", OTHER_NETWORKS)
def test_other_generators_render_as_torch_does(name: str) -> None:
    assert_renders_as_torch_does(generator_of(*OTHER_NETWORKS[name]))


def test_outputs_beyond_the_range_are_clipped() -> None:
    generator = generator_of(Linear(6, 48), Reshape(3, 4, 4))
    loud = Generator(generator.card, {name: 20 * array for name, array in generator.weights.items()})
    pixels = render(loud, priors.sample("normal", 20, 6, 0))
    assert {0, 255} <= set(np.unique(pixels).tolist())
    assert_renders_as_torch_does(loud)


def test_a_slope_read_from_json_as_a_whole_number_renders() -> None:
    layers = NetworkSpec((6,), (Linear(6, 48), Activation("leaky_relu", 1.0), Reshape(3, 4, 4), TANH)).to_json()
    layers["layers"][1]["slope"] = 1  # as other writers of JSON put 1.0
    assert_renders_as_torch_does(generator_of(*NetworkSpec.from_json(layers).layers))


@st.composite
def chains(draw: st.DrawFn) -> tuple[Layer, ...]:
    """Draw a small network from z (6,) to a picture, of any layers that fit each other."""
    channels, side = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    layers: list[Layer]
    if draw(st.booleans()):
        layers = [Linear(6, channels * side * side, draw(st.booleans()))]
        if draw(st.booleans()):
            layers.append(BatchNorm(channels * side * side))
        layers.append(Reshape(channels, side, side))
    else:
        layers, channels, side = [Reshape(6)], 6, 1
    count = draw(st.integers(1, 3))
    for number in range(count):
        out = draw(st.sampled_from([1, 3])) if number == count - 1 else draw(st.integers(1, 5))
        kernel, stride, bias = draw(st.integers(1, 4)), draw(st.integers(1, 2)), draw(st.booleans())
        padding = draw(st.integers(0, min(2, kernel - 1)))
        if draw(st.booleans()):
            layer: Layer = ConvTranspose(channels, out, kernel, stride, padding, draw(st.integers(0, stride - 1)), bias)
        else:
            layer = Conv(channels, out, kernel, stride, padding, bias)
        try:
            side = layer.output_shape((channels, side, side))[1]
        except ValueError:
            layer = ConvTranspose(channels, out, 4, 2, 1, 0, bias)
            side *= 2
        layers.append(layer)
        channels = out
        for _ in range(draw(st.integers(0, 2))):
            kind = draw(st.sampled_from(["norm", "relu", "leaky_relu", "tanh"]))
            layers.append(BatchNorm(out) if kind == "norm" else Activation(kind, 0.25))  # type: ignore[arg-type]
    return tuple(layers)


@given(layers=chains(), seed=st.integers(0, 99))
@settings(deadline=None, derandomize=True, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_any_chain_of_layers_renders_as_torch_does(layers: tuple[Layer, ...], seed: int) -> None:
    generator = generator_of(*layers, seed=seed)
    z = priors.sample("normal", 3, 6, seed)
    photo = plain_forward(generator.card.generator.network, generator.weights, z)
    difference = render(generator, z).astype(int) - to_pixels(photo.astype(np.float32))
    assert np.abs(difference).max() <= 1
    assert np.abs(difference).mean() < 0.05


@pytest.mark.parametrize("kernel", [4, 5])
def test_a_picture_does_not_depend_on_its_batch_mates(kernel: dcgan.Kernel) -> None:
    spec = dcgan.generator(32, 3, 8, 12, kernel=kernel)
    generator = Generator(ModelCard("x", spec), random_weights(spec.network))
    z = priors.sample("normal", 9, 12, 0)
    together = render(generator, z)
    for index in range(len(z)):
        # Batches of other sizes add up in another order, which may move a value across the edge between two levels.
        alone = render(generator, z[index : index + 1])[0].astype(int)
        difference = np.abs(alone - together[index])
        assert difference.max() <= 1
        assert (difference > 0).mean() < 0.001
    mates = np.concatenate([z[:1], 50 * z[1:]])
    np.testing.assert_array_equal(render(generator, mates)[0], together[0])


def test_the_graph_is_valid_and_takes_any_number_of_latents() -> None:
    onnx = pytest.importorskip("onnx")
    spec = dcgan.generator(16, 3, 2, 5)
    generator = Generator(ModelCard("x", spec), random_weights(spec.network))
    model = onnx.load_model_from_string(onnx_graph.export(generator))
    onnx.checker.check_model(model, full_check=True)
    assert not {"BatchNormalization", "Identity"} & {node.op_type for node in model.graph.node}
    for count in (1, 2, 65):
        assert render(generator, priors.sample("normal", count, 5, 0)).shape == (count, 16, 16, 3)


def test_exporting_twice_gives_the_same_bytes_and_leaves_the_weights() -> None:
    generator = generator_of(*OTHER_NETWORKS["convolutions"])
    before = {name: array.copy() for name, array in generator.weights.items()}
    assert onnx_graph.export(generator) == onnx_graph.export(generator)
    for name, array in generator.weights.items():
        np.testing.assert_array_equal(array, before[name])
