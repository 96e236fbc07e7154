"""ONNX generators of any make: looked at, fed and turned into pixels; what is none is refused in one line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
import torch
from author_layouts import ROWS, calibrated
from hostile_files import tiny
from onnx import ModelProto, TensorProto, helper
from onnx_models import by_torch, external, graph_of, lying_models, mapped, own

from latentlab.errors import ModelFileError, ValueRangeError
from latentlab.models.foreign import onnx_weights
from latentlab.models.foreign.onnx_file import inspect_onnx
from latentlab.models.foreign.onnx_generator import OnnxGenerator
from latentlab.pixels import Pixels, to_pixels


def looked_at(path: Path, raw: bytes) -> OnnxGenerator:
    path.write_bytes(raw)
    return inspect_onnx(path)


def drawn(found: OnnxGenerator, z: np.ndarray, y: np.ndarray | None = None) -> Pixels:
    session = onnxruntime.InferenceSession(str(found.path), providers=["CPUExecutionProvider"])
    (output,) = session.run([found.output], found.feed(z, y))
    return found.pixels(output, found.guess_range(output))


def test_an_export_of_torch_opens_and_draws_alike(tmp_path: Path) -> None:
    G = tiny().eval()
    found = looked_at(tmp_path / "x.onnx", by_torch(G, torch.randn(1, 6, 1, 1)))
    assert (found.z_dim, found.z_sides, found.layout, found.ends_in, found.batch) == (6, (1, 1), "NCHW", "Tanh", 0)
    z = torch.randn(5, 6)
    with torch.no_grad():
        expected = to_pixels(G(z[:, :, None, None]).numpy())
    assert expected.std() > 20
    assert np.abs(drawn(found, z.numpy()).astype(int) - expected).max() <= 1


def test_a_conditional_export_of_torch_takes_its_class(tmp_path: Path) -> None:
    row = ROWS["27 embedding multiplied"]
    G = calibrated(row, 0, passes=4)
    raw = by_torch(G, torch.randn(2, 100), torch.tensor([1, 2]), names=("z", "label"))
    found = looked_at(tmp_path / "x.onnx", raw)
    assert (found.z_dim, found.y_name, found.y_form, found.classes) == (100, "label", "index", 10)
    z, y = torch.randn(3, 100), torch.tensor([0, 9, 4])
    with torch.no_grad():
        expected = to_pixels(G(z, y).numpy())
    assert np.abs(drawn(found, z.numpy(), y.numpy()).astype(int) - expected).max() <= 1
    with pytest.raises(ValueRangeError, match="needs one with each z"):
        found.feed(z.numpy())
    with pytest.raises(ValueRangeError, match="10 classes, counted from 0"):
        found.feed(z.numpy(), np.array([10, 0, 0]))


def test_a_class_spelled_as_zeros_and_a_one_is_fed_so(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("Concat", ["label", "noise"], ["a"], axis=1),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
        helper.make_node("Sigmoid", ["b"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["image"]),
    ]
    inputs = [("label", TensorProto.FLOAT, ["N", 10]), ("noise", TensorProto.FLOAT, ["N", 6])]
    tables = {"w": np.random.RandomState(0).randn(16, 64).astype(np.float32), "shape": np.array([-1, 1, 8, 8])}
    raw = graph_of(nodes, inputs, ("image", TensorProto.FLOAT, ["N", 1, 8, 8]), tables)
    found = looked_at(tmp_path / "x.onnx", raw)
    assert (found.z_name, found.z_dim, found.y_name, found.y_form, found.classes) == (
        "noise",
        6,
        "label",
        "one_hot",
        10,
    )
    z, y = np.random.RandomState(1).randn(2, 6).astype(np.float32), np.array([3, 7])
    rows = np.concatenate([np.eye(10)[y], z], 1) @ tables["w"]
    expected = np.rint(255 / (1 + np.exp(-rows))).reshape(2, 8, 8, 1)
    assert np.abs(drawn(found, z, y) - expected).max() <= 1


@pytest.mark.parametrize(
    ("shape", "layout", "size"),
    [
        (["N", 3, 8, 6], "NCHW", (3, 8, 6)),
        (["N", 8, 6, 3], "NHWC", (3, 8, 6)),
        (["N", 1, 8, 8], "NCHW", (1, 8, 8)),
        (["N", 4, 8, 8], "NCHW", (3, 8, 8)),
        (["N", 8, 8], "NCHW", (1, 8, 8)),
    ],
)
@pytest.mark.parametrize(
    ("last", "range_"), [("Tanh", "-1..1"), ("Sigmoid", "0..1"), ("Relu", "0..1"), ("Identity", "-1..1")]
)
def test_layouts_and_ranges_are_told_apart(
    shape: list[int | str], layout: str, size: tuple[int, int, int], last: str, range_: str, tmp_path: Path
) -> None:
    found = looked_at(tmp_path / "x.onnx", mapped(shape, last=last))
    assert (found.layout, (found.channels, found.height, found.width)) == (layout, size)
    z = np.random.RandomState(0).randn(20, 4).astype(np.float32)
    session = onnxruntime.InferenceSession(str(found.path), providers=["CPUExecutionProvider"])
    (output,) = session.run(None, found.feed(z))
    assert found.guess_range(output) == range_
    pixels = found.pixels(output, found.guess_range(output))
    assert pixels.shape == (20, size[1], size[2], size[0])
    assert pixels.dtype == np.uint8
    assert pixels.std() > 20


def test_pixels_come_through_as_they_are(tmp_path: Path) -> None:
    found = looked_at(tmp_path / "x.onnx", own())
    assert (found.is_pixels, found.layout, found.z_sides) == (True, "NHWC", ())
    levels = np.arange(2 * 16 * 16 * 3, dtype=np.uint8).reshape(2, 16, 16, 3)
    np.testing.assert_array_equal(found.pixels(levels, "-1..1"), levels)


def test_levels_from_0_to_255_are_seen_and_half_precision_is_fed(tmp_path: Path) -> None:
    found = looked_at(tmp_path / "x.onnx", mapped(["N", 3, 8, 8], last="Identity"))
    assert found.guess_range(np.array([[0.0, 200.0]])) == "0..255"
    np.testing.assert_array_equal(
        found.pixels(np.array([0.4, 300.0, -5.0, np.nan]).reshape(1, 1, 2, 2), "0..255").ravel(), [0, 255, 0, 0]
    )
    raw = graph_of(
        [helper.make_node("Reshape", ["z", "s"], ["image"])],
        [("z", TensorProto.FLOAT16, [1, 64])],
        ("image", TensorProto.FLOAT16, [1, 1, 8, 8]),
        {"s": np.array([1, 1, 8, 8])},
    )
    found = looked_at(tmp_path / "half.onnx", raw)
    assert (found.z_type, found.batch) == (np.float16, 1)
    assert found.feed(np.zeros((1, 64), np.float32))["z"].dtype == np.float16


EXPECTED = {
    "external.onnx": "keeps its weights outside its folder, where nothing is opened",
    "vector.onnx": "puts out arrays of 2 dimensions",
    "sound.onnx": "puts out 2 channels",
    "large.onnx": "9000x9000 are too large",
    "pictures in.onnx": "takes ?x3x64x64, not a vector z",
    "free z.onnx": "does not say how many numbers z has",
    "whole numbers.onnx": "no picture",
    "three inputs.onnx": "has 3 inputs",
    "other operators.onnx": "evil.domain",
    "future.onnx": "opset 900",
    "text.onnx": "no ONNX model",
}


def test_what_is_no_generator_is_refused_in_one_line(tmp_path: Path) -> None:
    for name, raw in lying_models().items():
        with pytest.raises(ModelFileError) as refused:
            pytest.fail(f"{name}: {looked_at(tmp_path / name, raw)}")
        assert EXPECTED.get(name, "") in str(refused.value), name
        assert "\n" not in str(refused.value)
    with pytest.raises(ModelFileError, match="no such file"):
        inspect_onnx(tmp_path / "none.onnx")


BESIDE = {
    "missing": (external("none.bin"), "keeps its weights in none.bin, which is not there. Put that file"),
    "a folder": (external("folder"), "keeps its weights in folder, which is no plain file"),
    "up": (external(".."), "outside its folder"),
    "a path": (external("folder/x.bin"), "outside its folder"),
    "nowhere": (external(""), "outside its folder"),
    "short": (external("w.bin", offset=4000), "w.bin ends too early"),
    "wrong length": (external("w.bin", length=4000), "of another size than its numbers"),
    "no number": (external("w.bin", offset="-1"), "does not say where its weights lie"),
    "far": (external("w.bin", offset="9" * 30), "does not say where its weights lie"),
}


@pytest.mark.parametrize(("raw", "reason"), BESIDE.values(), ids=BESIDE)
def test_weights_that_are_not_beside_are_refused_in_one_line(raw: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(5000))
    (tmp_path / "folder").mkdir()
    with pytest.raises(ModelFileError, match=reason) as refused:
        looked_at(tmp_path / "x.onnx", raw)
    assert "\n" not in str(refused.value)


def test_weights_beside_are_what_they_are_within(tmp_path: Path) -> None:
    whole = looked_at(tmp_path / "whole.onnx", mapped(["N", 3, 8, 8]))
    weights = ModelProto.FromString(whole.raw).graph.initializer[0].raw_data
    (tmp_path / "w.bin").write_bytes(b"ahead" + weights)
    parted = looked_at(tmp_path / "parted.onnx", external("w.bin", offset=5, length=3072))
    assert ModelProto.FromString(parted.raw) == ModelProto.FromString(whole.raw)
    (tmp_path / "w.bin").write_bytes(b"ahead" + weights[::-1])
    assert looked_at(tmp_path / "parted.onnx", external("w.bin", offset=5)).content_hash != parted.content_hash


def test_a_file_that_reads_the_same_bytes_without_end_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.bin").write_bytes(bytes(3072))
    model = ModelProto.FromString(external("w.bin"))
    for _ in range(99):
        model.graph.initializer.add().CopyFrom(model.graph.initializer[0])
    monkeypatch.setattr(onnx_weights, "MAX_BYTES", 200_000)
    with pytest.raises(ModelFileError, match="of weights"):
        looked_at(tmp_path / "x.onnx", model.SerializeToString())
