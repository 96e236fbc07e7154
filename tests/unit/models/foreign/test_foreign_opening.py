"""What a file is told to be if it is no generator, statistics made anew, and the layers that other projects use."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from author_layouts import ROWS, Row, calibrated, example_discriminator, pytorch_example
from hostile_files import tiny
from one_class import with_class
from torch import nn

from latentlab.cli import dispatch
from latentlab.errors import Cancelled, ModelFileError, ValueRangeError
from latentlab.latent.priors import sample
from latentlab.models import networks, onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, load_generator
from latentlab.models.foreign.batch_norm import with_statistics
from latentlab.models.foreign.by_hand import chosen, with_hidden
from latentlab.models.foreign.choices import Choice
from latentlab.models.foreign.onnx_file import inspect_onnx
from latentlab.models.foreign.opening import open_foreign
from latentlab.models.layers import (
    Activation,
    BatchNorm,
    Conv,
    Crop,
    JoinClass,
    JoinKind,
    Layer,
    Linear,
    Rescale,
    Reshape,
    Upsample,
)
from latentlab.models.numpy_forward import step, to_channels_first
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.models.tangent_graph import TANGENTS, export_changes
from latentlab.pixels import Pixels, to_pixels

# Calling it off


def test_recognising_a_generator_can_be_called_off_at_every_step(tmp_path: Path) -> None:
    row = ROWS["4 Natsu6767"]
    wrapped = row.wrap(calibrated(row, 0, passes=2), example_discriminator(row.channels, row.size))
    torch.save(wrapped, tmp_path / "x.pth")
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    open_foreign(tmp_path / "x.pth", watch=count)
    assert steps > 200
    for last in (1, 20, steps // 2, steps - 1):
        left = iter(range(last))

        def end(left: Iterator[int] = left) -> None:
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            open_foreign(tmp_path / "x.pth", watch=end)


# What is no generator


def _style() -> dict[str, torch.Tensor]:
    return {"mapping.fc0.weight": torch.ones(8, 8), "synthesis.b4.conv1.weight": torch.ones(8, 8, 3, 3)}


NO_GENERATORS = {
    "is a discriminator": lambda: example_discriminator(3, 64).state_dict(),
    "is a discriminator: it": lambda: {"netD": example_discriminator(3, 32).state_dict()},
    "a classifier of 10 classes": lambda: nn.Sequential(nn.Conv2d(3, 8, 3), nn.Linear(72, 10)).state_dict(),
    "an optimiser only": lambda: torch.optim.Adam(tiny().parameters()).state_dict(),
    "holds no network": lambda: {"losses": [1.0, 2.0], "fixed_noise": torch.randn(4, 100, 1, 1)},
    "is a StyleGAN": _style,
    "a transformer": lambda: {"layers.0.self_attn.q_proj.weight": torch.ones(4, 4), "norm.weight": torch.ones(4)},
    "normalise each picture by itself": lambda: nn.Sequential(
        nn.ConvTranspose2d(100, 8, 4), nn.InstanceNorm2d(8, affine=True), nn.ConvTranspose2d(8, 3, 4, 2, 1)
    ),
    "or learned activations": lambda: nn.Sequential(
        nn.ConvTranspose2d(100, 8, 4), nn.PReLU(8), nn.ConvTranspose2d(8, 3, 4, 2, 1)
    ).state_dict(),
    "sound or volumes": lambda: nn.Sequential(nn.Conv1d(2, 3, 4), nn.Conv1d(3, 4, 4)).state_dict(),
    "no chain": lambda: {"a.weight": torch.ones(4, 5, 4, 4), "b.weight": torch.ones(9, 7, 4, 4)},
}


@pytest.mark.parametrize("words", NO_GENERATORS)
def test_what_is_no_generator_is_named(words: str, tmp_path: Path) -> None:
    torch.save(NO_GENERATORS[words](), tmp_path / "x.pth")
    with pytest.raises(ModelFileError) as refused:
        open_foreign(tmp_path / "x.pth")
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


# BatchNorm statistics


def test_recalibrated_statistics_are_those_of_training(tmp_path: Path) -> None:
    module = calibrated(Row(lambda: pytorch_example(width=4, depth=3), 32), seed=5, passes=80)
    torch.save(module.state_dict(), tmp_path / "x.pt")
    right = open_foreign(tmp_path / "x.pt").best
    broken = {name: np.ones_like(array) if "running" in name else array for name, array in right.weights.items()}
    generator = Generator(right.card, broken)
    assert with_statistics(generator, "running") is generator
    for kind, tolerance in (("recalibrate", 0.12), ("batch", 0.35)):
        made = with_statistics(generator, kind)  # type: ignore[arg-type]
        assert made.content_hash != generator.content_hash
        for name, array in made.weights.items():
            if name.endswith("running_var"):
                np.testing.assert_allclose(array, right.weights[name], rtol=tolerance)
    z = sample("normal", 6, 100, 0)
    expected = _rendered(right, z).astype(int)
    assert np.abs(_rendered(with_statistics(generator, "recalibrate"), z) - expected).mean() < 5
    assert np.abs(_rendered(generator, z) - expected).mean() > 15


def without_statistics(module: nn.Module) -> dict[str, torch.Tensor]:
    return {name: value for name, value in module.state_dict().items() if value.ndim and "running" not in name}


def test_statistics_that_a_file_lacks_are_estimated_and_that_is_said(tmp_path: Path) -> None:
    module = calibrated(Row(lambda: pytorch_example(width=4, depth=3), 32), seed=5, passes=80)
    torch.save(without_statistics(module), tmp_path / "x.pth")
    found = open_foreign(tmp_path / "x.pth")
    assert not found.is_certain
    (remark,) = found.remarks
    assert "holds no statistics for its BatchNorm: they were estimated anew" in remark
    assert found.best.card.notes.endswith("BatchNorm's statistics were estimated anew.")
    z = sample("normal", 6, 100, 0)
    with torch.no_grad():
        expected = to_pixels(module(torch.from_numpy(z)[:, :, None, None]).numpy()).astype(int)
    assert np.abs(_rendered(found.best, z) - expected).mean() < 5
    leaky = with_hidden(found.guesses[0].spec, Activation("leaky_relu", 0.2))
    for choice in (Choice(leaky), Choice(leaky, "batch")):
        by_hand = chosen(found, choice)
        assert _rendered(by_hand, z).std() > 20
        assert by_hand.card.notes.count("BatchNorm") == 2


def test_statistics_from_before_training_are_pointed_out(tmp_path: Path) -> None:
    torch.save(pytorch_example(width=4, depth=3).state_dict(), tmp_path / "x.pth")
    assert any("from before any training" in remark for remark in open_foreign(tmp_path / "x.pth").remarks)


def test_a_generator_without_batch_norm_is_left_as_it_is() -> None:
    generator = _generator(Linear(6, 48), Reshape(3, 4, 4), Activation("tanh"))
    assert with_statistics(generator, "recalibrate") is generator


# Layers


def _generator(*layers: Layer) -> Generator:
    network = NetworkSpec((6,), layers)
    random = np.random.RandomState(0)
    weights = {
        name: (random.uniform(0.5, 1.5, shape) if "running_var" in name else random.standard_normal(shape)).astype("f4")
        for name, shape in network.tensors().items()
    }
    return Generator(ModelCard("test", GeneratorSpec("normal", network)), weights)


def _rendered(generator: Generator, z: np.ndarray, y: np.ndarray | None = None) -> Pixels:
    session = onnxruntime.InferenceSession(onnx_graph.export(generator), providers=["CPUExecutionProvider"])
    fed = {onnx_graph.INPUT: z} | ({} if y is None else {onnx_graph.CLASS_INPUT: y})
    (pixels,) = session.run([onnx_graph.OUTPUT], fed)
    return pixels


def _join(how: JoinKind) -> tuple[Layer, ...]:
    width = 6 if how == "multiply" else 5
    return (JoinClass(3, width, how=how), Linear(6 if how == "multiply" else 11, 48), Reshape(3, 4, 4))


LAYERS: dict[str, tuple[Layer, ...]] = {
    "nearest": (Linear(6, 32), Reshape(2, 4, 4), BatchNorm(2), Upsample(2), Conv(2, 3, 3, 1, 1)),
    "bilinear": (Linear(6, 32), Reshape(2, 4, 4), Upsample(3, "bilinear"), Conv(2, 3, 3, 1, 1)),
    "crop": (Linear(6, 128), Reshape(2, 8, 8), Activation("relu"), Crop(7, 6), Conv(2, 1, 3, 1, 1)),
    "rescale": (Linear(6, 48), Reshape(3, 4, 4), Activation("sigmoid"), Rescale(2.0, -1.0)),
    "append": _join("append"),
    "prepend": _join("prepend"),
    "multiply": _join("multiply"),
    "maps": (Linear(6, 32), Reshape(2, 4, 4), JoinClass(3, 4, 4, 4), Conv(6, 3, 3, 1, 1)),
}


@pytest.mark.parametrize("name", LAYERS)
def test_numpy_torch_and_onnx_agree_on_a_layer(name: str) -> None:
    generator = _generator(*LAYERS[name], *(() if name == "rescale" else (Activation("tanh"),)))
    spec = generator.card.generator
    assert GeneratorSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    z = sample("normal", 5, 6, 0)
    y = np.arange(5) % 3 if spec.classes else None
    values = to_channels_first(z)
    for index, layer in enumerate(spec.network.layers):
        values = step(layer, {each: generator.weights[f"{index}.{each}"] for each in layer.tensors()}, values, y)
    by_numpy = to_channels_first(values)
    network = networks.load(networks.build(spec.network), generator.weights)
    with torch.inference_mode():
        by_torch = network(torch.from_numpy(z), *([] if y is None else [torch.from_numpy(y)])).numpy()
    np.testing.assert_allclose(by_numpy, by_torch, atol=1e-5)
    assert to_pixels(by_torch).std() > 20
    assert np.abs(_rendered(generator, z, y).astype(int) - to_pixels(by_torch)).max() <= 1
    if spec.classes:
        fixed = with_class(generator, 1)
        expected = _rendered(generator, z, np.ones(5, np.int64)).astype(int)
        assert np.abs(_rendered(fixed, z) - expected).max() <= 1
        assert fixed.card.generator.classes == 1


@pytest.mark.parametrize("name", ["nearest", "bilinear", "crop", "rescale"])
def test_tangents_go_through_a_layer(name: str) -> None:
    _assert_tangents(_generator(*LAYERS[name], *(() if name == "rescale" else (Activation("tanh"),))))


@pytest.mark.parametrize("name", ["append", "prepend", "multiply", "maps"])
def test_tangents_go_past_a_class(name: str) -> None:
    _assert_tangents(with_class(_generator(*LAYERS[name], Activation("tanh")), 2))


def _assert_tangents(generator: Generator) -> None:
    """Compare the exported derivative with a central difference of torch's in float64."""
    spec = generator.card.generator
    session = onnxruntime.InferenceSession(export_changes(generator), providers=["CPUExecutionProvider"])
    z, tangents = sample("normal", 1, 6, 0), sample("normal", 4, 6, 1)
    (changes,) = session.run(None, {onnx_graph.INPUT: z, TANGENTS: tangents})
    network = networks.load(networks.build(spec.network), generator.weights).double()
    y = [torch.zeros(1, dtype=torch.int64)] if spec.classes else []
    for tangent, change in zip(tangents, changes, strict=True):
        at, along = torch.from_numpy(z).double(), 1e-5 * torch.from_numpy(tangent).double()
        with torch.no_grad():
            expected = (network(at + along, *y) - network(at - along, *y))[0].numpy() / 2e-5
        assert np.abs(expected).max() > 0.05
        np.testing.assert_allclose(change, expected, atol=1e-4)


def test_a_class_that_is_not_there_is_refused() -> None:
    generator = _generator(*_join("append"), Activation("tanh"))
    with pytest.raises(ValueRangeError, match="3 classes, counted from 0"):
        with_class(generator, 3)
    with pytest.raises(ValueRangeError, match="no classes"):
        with_class(_generator(Linear(6, 48), Reshape(3, 4, 4)), 0)


@pytest.mark.parametrize("entry", [{"mode": "cubic"}, {"factor": 0}, {"how": "add"}, {"scale": "x"}])
def test_layers_that_do_not_exist_are_refused(entry: dict[str, object]) -> None:
    data = _generator(*LAYERS["bilinear"]).card.generator.network.to_json()
    for layer in data["layers"]:
        if layer["op"] == "upsample":
            layer |= entry if "mode" in entry or "factor" in entry else {"op": "join_class", "classes": 2} | entry
    with pytest.raises(ValueError, match=r"unknown|whole number|incomplete|argument"):
        NetworkSpec.from_json(data)


# convert


def test_a_checkpoint_goes_to_safetensors_and_onnx_and_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    row = ROWS["10 JojiJoseph"]
    module = calibrated(row, seed=0)
    torch.save({"module." + name: value for name, value in module.state_dict().items()}, "netG.pth")
    assert dispatch(["convert", "netG.pth", "netG.safetensors", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["width"], told["z_dim"], told["guesses"][0]) == (64, 128, "the most likely")
    assert dispatch(["convert", "netG.safetensors", "netG.onnx"]) == 0
    z = row.sample(4)
    with torch.no_grad():
        expected = to_pixels(row.forward(module, z).numpy()).astype(int)
    opened = load_generator(Path("netG.safetensors"))
    assert np.abs(_rendered(opened, z.numpy()) - expected).max() <= 1
    found = inspect_onnx(Path("netG.onnx"))
    session = onnxruntime.InferenceSession("netG.onnx", providers=["CPUExecutionProvider"])
    (output,) = session.run([found.output], found.feed(z.numpy()))
    assert np.abs(found.pixels(output, found.guess_range(output)).astype(int) - expected).max() <= 1


def test_what_cannot_be_converted_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    torch.save(tiny().state_dict(), "netG.pth")
    Path("x.onnx").write_bytes(b"")
    for arguments, code, words in (
        (["netG.pth", "x.gif"], 2, "neither .safetensors nor .onnx"),
        (["none.pth", "x.safetensors"], 1, "no such file"),
        (["x.onnx", "x.safetensors"], 1, "is damaged or no ONNX model"),
        (["netG.pth", "x.safetensors", "--guess", "99"], 1, "99 is not one of 1 to"),
        (["netG.pth", "none/x.safetensors"], 1, "does not exist"),
    ):
        assert dispatch(["convert", *arguments]) == code
        told = capsys.readouterr().err
        assert words in told
        assert told.count("\n") == 1
