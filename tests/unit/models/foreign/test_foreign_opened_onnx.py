"""ONNX files of any make, opened as models: drawn as they draw, whatever they do not say of themselves."""

from __future__ import annotations

import functools
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hostile_files import tiny
from one_class import with_class
from onnx import ModelProto, TensorProto, helper
from onnx_models import by_torch, graph_of, mapped, own
from torch import nn

import latentlab
from latentlab.analysis.local import local_directions
from latentlab.analysis.pca import principal_directions
from latentlab.analysis.sefa import closed_form
from latentlab.errors import Cancelled, ModelFileError, ValueRangeError
from latentlab.models import onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, save_model
from latentlab.models.foreign.choices import Choice, hash_of, remember
from latentlab.models.layers import Activation, JoinClass, Linear, Reshape
from latentlab.models.spec import GeneratorSpec, NetworkSpec
from latentlab.pixels import Pixels, to_pixels
from latentlab.rendering import onnx_trial
from latentlab.rendering.devices import make_backend
from latentlab.rendering.onnx_backend import OnnxBackend
from latentlab.rendering.onnx_file import MAX_MEMORY_BYTES
from latentlab.session.opened import OpenedModel


@functools.cache
def small() -> nn.Module:
    """Return a generator of z (N, 6, 1, 1) to 32x32 grey pictures."""
    return tiny().eval()


def opened(path: Path, raw: bytes) -> OpenedModel:
    path.write_bytes(raw)
    return latentlab.open_model(path)


def assert_alike(pixels: Pixels, expected: np.ndarray[Any, Any]) -> None:
    assert expected.std() > 20
    assert np.abs(pixels.astype(int) - expected).max() <= 1


def fixed(count: int) -> bytes:
    """Export with torch for a fixed number of latents, as who does not ask for more gets it."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(small(), (torch.randn(count, 6, 1, 1),), buffer, dynamo=False)
    return buffer.getvalue()


def drawn_by_torch(z: np.ndarray[Any, Any]) -> Pixels:
    with torch.no_grad():
        return to_pixels(small()(torch.from_numpy(z)[:, :, None, None]).numpy())


@pytest.mark.parametrize("batch", [0, 1, 4])
def test_an_export_of_torch_opens_and_draws_any_number(batch: int, tmp_path: Path) -> None:
    raw = by_torch(small(), torch.randn(1, 6, 1, 1)) if batch == 0 else fixed(batch)
    model = opened(tmp_path / "netG.onnx", raw)
    assert (model.name, model.z_dim, model.prior, model.classes) == ("netG", 6, "normal", 0)
    for count in (1, 3, 9):
        z = model.sample(count, seed=count)
        assert_alike(model.render(z), drawn_by_torch(z))
    spec = model.generator.card.generator
    assert (spec.channels, spec.height, spec.width) == (1, 32, 32)


class ByClass(nn.Module):
    """Draws one of ten classes, with what the small one does not have: an embedding, a reshaping, up-sampling."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.embedding = nn.Embedding(10, 6)
        self.linear = nn.Linear(12, 8 * 16)
        self.maps = nn.Sequential(
            nn.BatchNorm2d(8),
            nn.Upsample(scale_factor=2),
            nn.Conv2d(8, 4, 3, 1, 1),
            nn.LeakyReLU(0.2),
            nn.Upsample(scale_factor=2, mode="bilinear"),
            nn.Conv2d(4, 3, 3, 1, 1),
            nn.Tanh(),
        )
        nn.init.normal_(self.maps[-2].weight)

    def forward(self, z: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
        values = self.linear(torch.cat([z, self.embedding(y)], 1))
        return self.maps(values.view(len(z), 8, 4, 4))  # type: ignore[no-any-return]


def by_newer(path: Path, module: nn.Module, *inputs: torch.Tensor, **settings: Any) -> None:
    """Export as torch does unless told otherwise: by its newer exporter, the weights in a file beside."""
    with warnings.catch_warnings():
        # Of torch itself, from within.
        warnings.simplefilter("ignore")
        torch.onnx.export(module.eval(), inputs, path, verbose=False, **settings)


ANY = {0: torch.export.Dim("N", min=1, max=4096)}
NEWER: dict[str, dict[str, Any]] = {
    "as it comes": {},
    "in one file": {"external_data": False},
    "any number": {"dynamic_shapes": (ANY,)},
    "dynamic axes": {"dynamic_axes": {"z": {0: "N"}}, "input_names": ["z"]},
    "not optimised": {"optimize": False},
}


@pytest.mark.parametrize("settings", NEWER.values(), ids=NEWER)
def test_an_export_of_the_newer_exporter_opens(settings: dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "netG.onnx"
    by_newer(path, small(), torch.randn(2, 6, 1, 1), **settings)
    assert (tmp_path / "netG.onnx.data").exists() == settings.get("external_data", True)
    model = latentlab.open_model(path)
    assert (model.name, model.z_dim, model.classes) == ("netG", 6, 0)
    z = model.sample(3)
    assert_alike(model.render(z), drawn_by_torch(z))


@pytest.mark.parametrize("settings", [{}, {"dynamic_shapes": (ANY, ANY)}], ids=["fixed", "any number"])
def test_an_export_with_classes_of_the_newer_exporter_opens(settings: dict[str, Any], tmp_path: Path) -> None:
    G = ByClass()
    by_newer(tmp_path / "netG.onnx", G, torch.randn(2, 6), torch.tensor([1, 2]), **settings)
    model = latentlab.open_model(tmp_path / "netG.onnx")
    assert (model.z_dim, model.classes) == (6, 10)
    z, y = model.sample(3), np.array([9, 0, 4])
    with torch.no_grad():
        expected = to_pixels(G(torch.from_numpy(z), torch.from_numpy(y)).numpy())
    assert_alike(model.render(z, y), expected)


def test_one_that_was_written_for_one_latent_but_says_any_is_found_out(tmp_path: Path) -> None:
    random = np.random.RandomState(0)
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["a"]),
        helper.make_node("Tanh", ["a"], ["b"]),
        helper.make_node("Reshape", ["b", "shape"], ["image"]),
    ]
    tables = {"w": random.randn(4, 64).astype(np.float32) * np.float32(0.4), "shape": np.array([1, 1, 8, 8])}
    raw = graph_of(nodes, [("z", TensorProto.FLOAT, ["N", 4])], ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), tables)
    model = opened(tmp_path / "x.onnx", raw)
    assert model.generator.onnx is not None
    assert model.generator.onnx.batch == 1
    z = model.sample(5)
    assert_alike(model.render(z), 127.5 * (np.tanh(z @ tables["w"]) + 1).reshape(5, 8, 8, 1))


@pytest.mark.parametrize("shape", [["N", 3, 8, 6], ["N", 8, 6, 3], None])
@pytest.mark.parametrize("last", ["Tanh", "Sigmoid"])
def test_the_layout_and_the_range_are_seen(shape: list[Any] | None, last: str, tmp_path: Path) -> None:
    """Without a shape in the file, the first pictures tell."""
    raw = mapped(shape or ["N", 8, 6, 3], last=last)
    if shape is None:
        free = graph_of(
            [helper.make_node("Identity", ["x"], ["y"])],
            [("x", TensorProto.FLOAT, ["N", 4])],
            ("y", TensorProto.FLOAT, None),  # type: ignore[arg-type]
            {},
        )
        changed = ModelProto.FromString(raw)
        changed.graph.output[0].type.CopyFrom(ModelProto.FromString(free).graph.output[0].type)
        raw = changed.SerializeToString()
    model = opened(tmp_path / "x.onnx", raw)
    z = model.sample(4)
    table = np.random.RandomState(0).randn(4, 144).astype(np.float32) * np.float32(0.4)
    values = z @ table
    levels = 127.5 * (np.tanh(values) + 1) if last == "Tanh" else 255 / (1 + np.exp(-values))
    channels_last = shape is None or shape[-1] == 3
    expected = levels.reshape(4, 8, 6, 3) if channels_last else levels.reshape(4, 3, 8, 6).transpose(0, 2, 3, 1)
    assert_alike(model.render(z), expected)


def conditional_graph(form: str, known: bool) -> tuple[bytes, np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Make tanh(z w + row of y in a table of 7); `known` keeps the table where it can be seen."""
    random = np.random.RandomState(3)
    w, table = (random.randn(*shape).astype(np.float32) * np.float32(0.6) for shape in ((4, 64), (7, 64)))
    nodes = [helper.make_node("MatMul", ["z", "w"], ["a"])]
    if form == "one_hot":
        nodes.append(helper.make_node("MatMul", ["label", "table"], ["row"]))
    elif known:
        nodes.append(helper.make_node("Gather", ["table", "label"], ["row"], axis=0))
    else:
        nodes.append(helper.make_node("Identity", ["table"], ["hidden"]))
        nodes.append(helper.make_node("Gather", ["hidden", "label"], ["row"], axis=0))
    nodes += [
        helper.make_node("Add", ["a", "row"], ["b"]),
        helper.make_node("Tanh", ["b"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["image"]),
    ]
    label = ("label", TensorProto.FLOAT, ["N", 7]) if form == "one_hot" else ("label", TensorProto.INT64, ["N"])
    tables = {"w": w, "table": table, "shape": np.array([-1, 1, 8, 8])}
    inputs: list[Any] = [("z", TensorProto.FLOAT, ["N", 4]), label]
    return graph_of(nodes, inputs, ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), tables), w, table


@pytest.mark.parametrize(("form", "known"), [("one_hot", True), ("index", True), ("index", False)])
def test_a_class_is_taken_and_the_classes_are_counted(form: str, known: bool, tmp_path: Path) -> None:
    raw, w, table = conditional_graph(form, known)
    model = opened(tmp_path / "x.onnx", raw)
    assert (model.classes, model.class_names) == (7, ("0", "1", "2", "3", "4", "5", "6"))
    z = model.sample(3)

    def expected(y: list[int]) -> np.ndarray[Any, Any]:
        return 127.5 * (np.tanh(z @ w + table[y]) + 1).reshape(3, 8, 8, 1)

    assert_alike(model.render(z, [6, 0, 3]), expected([6, 0, 3]))
    assert_alike(model.render(z, 5), expected([5] * 3))
    assert_alike(model.render(z), expected([0] * 3))
    with pytest.raises(ValueRangeError, match="class 7: x has 7 classes, counted from 0"):
        model.render(z, 7)


def test_what_needs_layers_is_refused_in_one_line_and_all_else_works(tmp_path: Path) -> None:
    model = opened(tmp_path / "x.onnx", mapped(["N", 3, 8, 8]))
    generator, z = model.generator, model.sample(1)
    assert "neither its layers nor their gradients" in model.closed
    assert model.devices == ("cpu",)
    assert {each.source for each in model.directions} == {"axis"}
    assert not np.array_equal(model.render(z), model.render(model.edit(z, {"z 1": 2.0})))
    for refused in (
        lambda: closed_form(generator, 2),
        lambda: principal_directions(generator, 1, 2, 1000),
        lambda: local_directions(generator, z[0], 2),
        lambda: onnx_graph.export(generator),
        lambda: make_backend(generator, "cuda"),
        lambda: with_class(generator, 0),
    ):
        with pytest.raises(ValueRangeError, match=r"is not available: an \.onnx file shows neither") as caught:
            refused()
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="its layers are not known"):
        save_model(tmp_path / "x.safetensors", generator.card, generator.weights)
    with pytest.raises(ValueError, match="unknown layer 'opaque'"):
        GeneratorSpec.from_json(generator.card.generator.to_json())


def test_what_the_runtime_cannot_draw_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    nodes = [helper.make_node("Reshape", ["z", "shape"], ["image"])]
    inputs: list[Any] = [("z", TensorProto.FLOAT, ["N", 4])]
    # Fails at run time alone: 4 numbers are no picture of 64.
    raw = graph_of(nodes, inputs, ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), {"shape": np.array([-1, 1, 8, 8])})
    with pytest.raises(ModelFileError, match="the runtime cannot draw it") as refused:
        opened(tmp_path / "x.onnx", raw)
    assert "\n" not in str(refused.value)
    assert capfd.readouterr().err == ""


def bomb(numbers: int) -> bytes:
    """Ask for so many numbers on the way from z to a picture."""
    nodes = [
        helper.make_node("ConstantOfShape", ["many"], ["ones"]),
        helper.make_node("ReduceSum", ["ones"], ["sum"], keepdims=0),
        helper.make_node("MatMul", ["z", "w"], ["a"]),
        helper.make_node("Add", ["a", "sum"], ["b"]),
        helper.make_node("Reshape", ["b", "shape"], ["image"]),
    ]
    tables = {"many": np.array([numbers]), "w": np.ones((4, 64), np.float32), "shape": np.array([-1, 1, 8, 8])}
    return graph_of(nodes, [("z", TensorProto.FLOAT, ["N", 4])], ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), tables)


def test_a_file_that_asks_for_all_memory_is_refused(tmp_path: Path) -> None:
    assert opened(tmp_path / "small.onnx", bomb(10)).render(np.ones((1, 4), np.float32)).shape == (1, 8, 8, 1)
    with pytest.raises(ModelFileError, match="the runtime cannot draw it") as refused:
        opened(tmp_path / "x.onnx", bomb(MAX_MEMORY_BYTES // 4 + 1))
    assert "\n" not in str(refused.value)


def without_end() -> bytes:
    """Ask for 2**62 steps on the way from z to a picture."""
    body = helper.make_graph(
        [helper.make_node("Identity", ["going"], ["on"]), helper.make_node("Tanh", ["x"], ["y"])],
        "body",
        [
            helper.make_tensor_value_info("step", TensorProto.INT64, []),
            helper.make_tensor_value_info("going", TensorProto.BOOL, []),
            helper.make_tensor_value_info("x", TensorProto.FLOAT, ["N", 64]),
        ],
        [
            helper.make_tensor_value_info("on", TensorProto.BOOL, []),
            helper.make_tensor_value_info("y", TensorProto.FLOAT, ["N", 64]),
        ],
    )
    nodes = [
        helper.make_node("MatMul", ["z", "w"], ["a"]),
        helper.make_node("Loop", ["steps", "go", "a"], ["b"], body=body),
        helper.make_node("Reshape", ["b", "shape"], ["image"]),
    ]
    tables = {
        "w": np.ones((4, 64), np.float32),
        "steps": np.array(2**62),
        "go": np.array(True),
        "shape": np.array([-1, 1, 8, 8]),
    }
    inputs: list[Any] = [("z", TensorProto.FLOAT, ["N", 4])]
    return graph_of(nodes, inputs, ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), tables)


def test_a_file_that_does_not_end_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnx_trial, "LIMIT_S", 0.05)
    with pytest.raises(ModelFileError, match=r"took longer than 0\.05 s for a picture"):
        opened(tmp_path / "x.onnx", without_end())


def test_a_file_that_does_not_end_can_be_called_off(tmp_path: Path) -> None:
    (tmp_path / "x.onnx").write_bytes(without_end())
    left = iter(range(2))

    def end() -> None:
        if next(left, None) is None:
            raise Cancelled

    with pytest.raises(Cancelled):
        OpenedModel.from_file(tmp_path / "x.onnx", watch=end)


def test_a_name_that_is_no_text_is_refused_without_a_word_elsewhere(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    raw = mapped(["N", 3, 8, 8])
    assert raw.count(b"Tanh") == 1
    with pytest.raises(ModelFileError) as refused:
        opened(tmp_path / "x.onnx", raw.replace(b"Tanh", b"T\xff\xfeh"))
    assert "\n" not in str(refused.value)
    assert capfd.readouterr() == ("", "")


def test_prior_and_range_can_be_chosen_and_are_remembered(tmp_path: Path) -> None:
    path = tmp_path / "x.onnx"
    model = opened(path, mapped(["N", 3, 8, 8], last="Identity"))
    remember(hash_of(path), Choice(prior="uniform", range="0..1"))
    chosen = latentlab.open_model(path)
    assert chosen.reading is not None
    assert chosen.reading.file_hash == hash_of(path)
    assert (chosen.prior, model.prior) == ("uniform", "normal")
    assert chosen.generator.content_hash != model.generator.content_hash
    z = chosen.sample(3)
    assert np.abs(z).max() <= 1.0
    table = np.random.RandomState(0).randn(4, 192).astype(np.float32) * np.float32(0.4)
    expected = np.clip(255 * (z @ table), 0, 255).reshape(3, 3, 8, 8).transpose(0, 2, 3, 1)
    assert_alike(chosen.render(z), expected)


def test_an_export_of_our_own_knows_its_prior_its_name_and_its_classes(tmp_path: Path) -> None:
    network = NetworkSpec((4,), (JoinClass(3, 3), Linear(7, 64), Activation("tanh"), Reshape(1, 8, 8)))
    random = np.random.RandomState(0)
    weights = {name: random.randn(*shape).astype(np.float32) for name, shape in network.tensors().items()}
    card = ModelCard("Ünïcode", GeneratorSpec("uniform", network), class_names=("a", "b", "c"))
    generator = Generator(card, weights)
    model = opened(tmp_path / "x.onnx", onnx_graph.export(generator))
    assert (model.name, model.prior, model.class_names) == ("Ünïcode", "uniform", ("a", "b", "c"))
    z, y = model.sample(4), np.array([2, 0, 1, 2])
    assert_alike(model.render(z, y), OnnxBackend(generator).render(z, y).astype(int))
    save_model(tmp_path / "x.safetensors", card, weights)
    assert latentlab.open_model(tmp_path / "x.safetensors").class_names == ("a", "b", "c")


def test_metadata_that_lies_is_left_alone(tmp_path: Path) -> None:
    for text in ("[" * 5000, '{"name": 3}', '{"name": "x", "prior": "cauchy", "class_names": [3]}'):
        changed = ModelProto.FromString(own())
        changed.metadata_props[0].value = text
        assert opened(tmp_path / "x.onnx", changed.SerializeToString()).prior == "normal"
