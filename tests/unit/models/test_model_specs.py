"""The DCGAN as specs, and specs as JSON: what fits is kept, what does not is refused with ValueError alone."""

from __future__ import annotations

import itertools
import json
import math
from dataclasses import fields
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from latentlab.latent.priors import PRIORS
from latentlab.models import dcgan
from latentlab.models.card import DataSource, DirectionNote, ModelCard
from latentlab.models.layers import Activation, BatchNorm, Conv, ConvTranspose, Linear, Reshape
from latentlab.models.spec import MAX_LAYER_ELEMENTS, MAX_SIDE_PX, GeneratorSpec, NetworkSpec

MIRROR = [(size, channels, kernel) for size in dcgan.SIZES for channels in (1, 3) for kernel in (4, 5)]


def parameters(spec: NetworkSpec) -> int:
    return sum(math.prod(shape) for name, shape in spec.tensors().items() if "running" not in name)


@pytest.mark.parametrize(("size", "channels", "kernel"), MIRROR)
def test_generators_end_in_pictures_of_their_size(size: int, channels: int, kernel: dcgan.Kernel) -> None:
    spec = dcgan.generator(size, channels, 8, 24, "uniform", kernel)
    assert spec.network.output_shape == (channels, size, size)
    assert (spec.z_dim, spec.channels, spec.height, spec.width, spec.prior) == (24, channels, size, size, "uniform")
    maps = [layer.out_channels for layer in spec.network.layers if isinstance(layer, ConvTranspose)]
    assert maps[-2:] == [8, channels]
    assert all(one == 2 * two for one, two in itertools.pairwise(maps[:-1]))


@pytest.mark.parametrize(("size", "channels", "kernel"), MIRROR)
def test_discriminators_end_in_one_logit(size: int, channels: int, kernel: dcgan.Kernel) -> None:
    spec = dcgan.discriminator(size, channels, 8, kernel)
    assert spec.input_shape == (channels, size, size)
    assert spec.output_shape == (1,)
    assert not isinstance(spec.layers[1], BatchNorm)
    sides = [shape[1] for shape in spec.shapes() if len(shape) == 3]
    assert 4 in sides


def test_the_example_of_pytorch_has_its_number_of_parameters() -> None:
    # https://pytorch.org/tutorials/beginner/dcgan_faces_tutorial.html: nz 100, ngf 64, ndf 64, 3 channels.
    assert parameters(dcgan.generator(64, 3).network) == 3_576_704
    assert parameters(dcgan.discriminator(64, 3)) == 2_765_568


@pytest.mark.parametrize(("size", "channels", "kernel"), MIRROR)
def test_parameters_are_counted_by_hand(size: int, channels: int, kernel: dcgan.Kernel) -> None:
    width, z_dim = 8, 24
    top = width * size // 8
    expected = z_dim * top * 16 + 2 * top
    while top > width:
        expected += top * (top // 2) * kernel**2 + 2 * (top // 2)
        top //= 2
    expected += width * channels * kernel**2
    assert parameters(dcgan.generator(size, channels, width, z_dim, kernel=kernel).network) == expected


@pytest.mark.parametrize("size", [0, 8, 28, 48, 65, 512])
def test_other_sizes_are_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"size {size} is not one of 16, 32"):
        dcgan.generator(size, 3)
    with pytest.raises(ValueError, match=f"size {size} is not one of 16, 32"):
        dcgan.discriminator(size, 3)


def test_two_colour_channels_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 1 or 3"):
        dcgan.generator(32, 2)


def test_other_kernels_are_refused() -> None:
    with pytest.raises(ValueError, match="kernel"):
        dcgan.generator(16, 1, kernel=3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="kernel"):
        dcgan.discriminator(16, 1, kernel=3)  # type: ignore[arg-type]


@pytest.mark.parametrize("width", [0, -1])
def test_networks_without_width_are_refused(width: int) -> None:
    with pytest.raises(ValueError, match="width"):
        dcgan.generator(16, 1, width)
    with pytest.raises(ValueError, match="width"):
        dcgan.discriminator(16, 1, width)
    with pytest.raises(ValueError, match="z_dim"):
        dcgan.generator(16, 1, z_dim=width)


# Specs and cards as JSON


@pytest.mark.parametrize(("size", "channels", "kernel"), MIRROR)
@pytest.mark.parametrize("prior", PRIORS)
def test_specs_survive_json(size: int, channels: int, kernel: dcgan.Kernel, prior: Any) -> None:
    spec = dcgan.generator(size, channels, 8, 24, prior, kernel)
    assert GeneratorSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    critic = dcgan.discriminator(size, channels, 8, kernel)
    assert NetworkSpec.from_json(json.loads(json.dumps(critic.to_json()))) == critic


def full_card() -> ModelCard:
    return ModelCard(
        "digits – 숫자",
        dcgan.generator(16, 1, 2, 4, "uniform"),
        dcgan.discriminator(16, 1, 2),
        DataSource("mnist", 60_000, "CC BY-SA 3.0", "https://example.org"),
        {"loss": "bce", "lr": 2e-4, "betas": [0.5, 0.999]},
        123.5,
        {"coverage": 0.81},
        "latentlab train --data mnist",
        "a\nb",
        (DirectionNote("Slant", "measured", 0.58, "r = 0.9"), DirectionNote("PC 1", "pca", 0.5)),
    )


def test_cards_survive_json() -> None:
    card = full_card()
    assert ModelCard.from_json(card.to_json()) == card
    least = ModelCard("x", dcgan.generator(16, 3, 2, 4))
    assert ModelCard.from_json(least.to_json()) == least


def test_keys_of_newer_versions_are_ignored() -> None:
    card = full_card()
    data = json.loads(card.to_json())
    data["colour"] = "blue"
    data["data"]["mirror"] = 1
    data["directions"][0]["p_value"] = 0.01
    assert ModelCard.from_json(json.dumps(data)) == card


@pytest.mark.parametrize("format_", [0, 2, None, "1", [1]])
def test_other_formats_are_refused(format_: object) -> None:
    data = json.loads(full_card().to_json()) | {"format": format_}
    with pytest.raises(ValueError, match="format"):
        ModelCard.from_json(json.dumps(data))


# What does not fit

PICTURE = (Reshape(4), ConvTranspose(4, 3, 4, 1, 0))


@pytest.mark.parametrize(
    ("input_shape", "layers", "says"),
    [
        ((4,), (Linear(5, 2),), "cannot follow"),
        ((4,), (Reshape(3),), "cannot follow"),
        ((4,), (Reshape(2, 2, 2),), "cannot follow"),
        ((4,), (ConvTranspose(4, 3, 4, 1, 0),), "cannot follow"),
        ((4,), (Reshape(4), ConvTranspose(5, 3, 4, 1, 0)), "cannot follow"),
        ((4,), (Reshape(4), ConvTranspose(4, 3, 2, 1, 1)), "cannot follow"),
        ((3, 8, 8), (Conv(1, 1, 4, 2, 1),), "cannot follow"),
        ((3, 8, 8), (Conv(3, 1, 9, 1, 0),), "cannot follow"),
        ((4,), (BatchNorm(5),), "cannot follow"),
        ((3, 8, 8), (BatchNorm(8),), "cannot follow"),
        ((1,), (Linear(1, MAX_LAYER_ELEMENTS + 1),), "too large"),
        ((1,), (Reshape(1), ConvTranspose(1, 1, 2**24, 1, 0)), "too large"),
    ],
)
def test_layers_that_do_not_fit_are_refused(input_shape: tuple[int, ...], layers: tuple[Any, ...], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        NetworkSpec(input_shape, layers)


@pytest.mark.parametrize(
    ("prior", "network", "says"),
    [
        ("laplace", NetworkSpec((4,), PICTURE), "unknown prior"),
        ("normal", NetworkSpec((3, 8, 8), (Activation("tanh"),)), "not a vector"),
        ("normal", NetworkSpec((4,), (Linear(4, 3),)), "not a picture"),
        ("normal", NetworkSpec((4,), (Reshape(4),)), "4 channels, expected 1 or 3"),
        ("normal", NetworkSpec((1,), (Reshape(1), ConvTranspose(1, 1, MAX_SIDE_PX + 1, 1, 0))), "too large"),
    ],
)
def test_networks_that_are_no_generators_are_refused(prior: Any, network: NetworkSpec, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        GeneratorSpec(prior, network)


def changed(path: tuple[str | int, ...], value: object) -> dict[str, Any]:
    """Return a small generator as JSON with one place changed."""
    network = NetworkSpec(
        (4,),
        (
            Linear(4, 8),
            BatchNorm(8),
            Activation("leaky_relu"),
            Reshape(2, 2, 2),
            ConvTranspose(2, 3, 4, 2, 1),
            Conv(3, 1, 3, 1, 1, True),
            Activation("tanh"),
        ),
    )
    data: Any = json.loads(json.dumps(GeneratorSpec("normal", network).to_json()))
    if not path:
        return value  # type: ignore[return-value]
    place = data
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = value
    return data  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ((), None),
        (("layers",), None),
        (("layers",), "abc"),
        (("layers",), [None]),
        (("layers",), [[]]),
        (("layers",), {"0": 1}),
        (("input_shape",), 4),
        (("input_shape",), [0]),
        (("input_shape",), [-4]),
        (("input_shape",), [4.0]),
        (("input_shape",), [True]),
        (("input_shape",), ["4"]),
        (("input_shape",), [2**24 + 1]),
        (("prior",), None),
        (("prior",), ["normal"]),
        (("layers", 0, "op"), "lstm"),
        (("layers", 0, "op"), None),
        (("layers", 0, "op"), []),
        (("layers", 0, "in_features"), None),
        (("layers", 0, "in_features"), 4.0),
        (("layers", 0, "in_features"), 10**400),
        (("layers", 0, "surplus"), 1),
        (("layers", 1, "eps"), "small"),
        (("layers", 2, "kind"), "gelu"),
        (("layers", 2, "kind"), {}),
        (("layers", 2, "slope"), []),
        (("layers", 4, "stride"), 0),
        (("layers", 4, "padding"), -1),
        (("layers", 4, "kernel"), True),
        (("layers",), []),
        (("input_shape",), []),
        ((), []),
        ((), "text"),
        (("layers", 0, "bias"), None),
        (("layers", 0, "bias"), "no"),
        (("layers", 0, "bias"), 2),
        (("layers", 1, "eps"), None),
        (("layers", 1, "eps"), True),
        (("layers", 1, "eps"), math.nan),
        (("layers", 1, "eps"), -1.0),
        (("layers", 1, "eps"), 10**400),
        (("layers", 2, "slope"), None),
        (("layers", 2, "slope"), math.inf),
        (("layers", 2, "slope"), 10**400),
        (("layers", 4, "output_padding"), 2),
    ],
)
def test_malformed_specs_are_refused(path: tuple[str | int, ...], value: object) -> None:
    data = changed(path, value)
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - any text will do, any other type will not
        GeneratorSpec.from_json(data)
    assert "\n" not in str(caught.value)


def test_a_network_without_input_is_refused() -> None:
    with pytest.raises(ValueError, match=r"BatchNorm|input"):
        NetworkSpec.from_json({"input_shape": [], "layers": [{"op": "batch_norm", "features": 1}]})


def card_with(**changes: object) -> str:
    return json.dumps(json.loads(full_card().to_json()) | changes)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "null",
        "[]",
        "1",
        '"text"',
        "{}",
        '{"format": 1}',
        '{"format": 1, "name": "x"}',
        card_with(generator=None),
        card_with(generator=[]),
        card_with(generator="x"),
        card_with(discriminator="x"),
        card_with(discriminator=[1]),
        card_with(data=[1]),
        card_with(training=5),
        card_with(kimg="many"),
        card_with(kimg=None),
        card_with(metrics=[]),
        card_with(metrics={"a": "b"}),
        card_with(metrics={"a": None}),
        card_with(directions=[{}]),
        card_with(directions=[[]]),
        card_with(directions=5),
        "9" * 5000,
        pytest.param("[" * 100_000, id="deep"),
        pytest.param(card_with(kimg=10**400), id="huge-kimg"),
        pytest.param(card_with(metrics={"a": 10**400}), id="huge-metric"),
        pytest.param(card_with(directions=[{"name": 5, "source": "pca", "sigma": 1.0}]), id="direction-name"),
        pytest.param(card_with(directions=[{"name": "PC 1", "source": "pca", "sigma": "wide"}]), id="direction-sigma"),
        pytest.param(
            card_with(directions=[{"name": "PC 1", "source": "pca", "sigma": math.nan}]), id="direction-sigma-nan"
        ),
        pytest.param(card_with(data={"images": "many"}), id="data-images"),
        pytest.param(card_with(data={"images": True}), id="data-images-bool"),
        pytest.param(card_with(data={"licence": None}), id="data-licence"),
        pytest.param(
            card_with(generator=json.loads(full_card().to_json())["generator"] | {"layers": []}), id="no-layers"
        ),
    ],
)
def test_malformed_cards_are_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - any text will do, any other type will not
        ModelCard.from_json(text)


def test_nesting_of_any_depth_is_read_or_refused() -> None:
    whole = card_with(generator=changed(("layers", 1, "eps"), "DEEP"))
    for depth in range(700, 1100):
        with pytest.raises(ValueError):  # noqa: PT011 - any text will do, any other type will not
            ModelCard.from_json(whole.replace('"DEEP"', "[" * depth + "]" * depth))


# The same by chance: one or two places of a valid card replaced by anything, removed or doubled

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 70)
    | st.sampled_from([2**24, 2**31, 2**63, -(2**63), 1e300, math.inf, math.nan, 0.5])
    | st.sampled_from(["", "tanh", "conv", "normal", "x\ny"])
)
anything = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner)
)


def places(data: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    children = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for key, value in children:
        found += places(value, (*path, key))
    return found


@st.composite
def mutated_cards(draw: st.DrawFn) -> str:
    data = json.loads(full_card().to_json())
    for _ in range(draw(st.integers(1, 2))):
        *way, last = draw(st.sampled_from(places(data)))
        place = data
        for step in way:
            place = place[step]
        match draw(st.sampled_from(["replace", "remove", "double"])):
            case "replace":
                place[last] = draw(anything)
            case "remove":
                del place[last]
            case "double":
                if isinstance(place, list):
                    place.insert(last, place[last])
    return json.dumps(data)


def well_typed(network: NetworkSpec) -> bool:
    kinds: dict[Any, tuple[type, ...]] = {
        "int": (int,),
        "bool": (bool,),
        "float": (int, float),
        "ActivationKind": (str,),
    }
    return all(
        type(getattr(layer, field.name)) in kinds[field.type]
        and (field.type != "float" or math.isfinite(getattr(layer, field.name)))
        for layer in network.layers
        for field in fields(layer)
    )


@example(text=card_with(generator=changed(("layers", 0, "bias"), "no")))
@example(text=card_with(generator=changed(("layers",), [])))
@given(text=mutated_cards())
@settings(deadline=None, derandomize=True, max_examples=300, report_multiple_bugs=False)
def test_a_mutated_card_is_read_or_refused_with_value_error(text: str) -> None:
    try:
        card = ModelCard.from_json(text)
    except ValueError:
        return
    assert ModelCard.from_json(card.to_json()).generator == card.generator
    assert well_typed(card.generator.network)
    assert card.discriminator is None or well_typed(card.discriminator)
    assert all(side >= 1 for shape in card.generator.network.shapes() for side in shape)
