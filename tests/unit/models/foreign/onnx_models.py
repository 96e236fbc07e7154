"""ONNX generators of several makes, and files that are none."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import torch
from hostile_files import tiny
from onnx import ModelProto, TensorProto, helper, numpy_helper
from torch import nn

from latentlab.models import onnx_graph
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator
from latentlab.models.dcgan import generator


def by_torch(module: nn.Module, *inputs: torch.Tensor, names: tuple[str, ...] = ("z",)) -> bytes:
    """Export with torch.onnx's own exporter, for any number of latents."""
    buffer = io.BytesIO()
    with warnings.catch_warnings():
        # It announces its own successor, which needs a package of its own.
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.onnx.export(
            module.eval(),
            inputs,
            buffer,
            input_names=list(names),
            output_names=["image"],
            dynamic_axes={name: {0: "N"} for name in (*names, "image")},
            dynamo=False,
        )
    return buffer.getvalue()


def graph_of(
    nodes: list[Any],
    inputs: list[tuple[str, int, list[Any]]],
    output: tuple[str, int, list[Any]] | None,
    tables: dict[str, np.ndarray[Any, Any]],
    domain: str = "",
    opset: int = 17,
) -> bytes:
    made = helper.make_graph(
        nodes,
        "g",
        [helper.make_tensor_value_info(*each) for each in inputs],
        [helper.make_tensor_value_info(*output)] if output else [],
        [numpy_helper.from_array(array, name) for name, array in tables.items()],
    )
    opsets = [helper.make_opsetid("", opset)] + ([helper.make_opsetid(domain, 1)] if domain else [])
    return bytes(helper.make_model(made, opset_imports=opsets, ir_version=8).SerializeToString())


def own() -> bytes:
    """Export with latentlab."""
    spec = generator(16, 3, 2, 4)
    weights = {name: np.full(shape, 0.1, np.float32) for name, shape in spec.network.tensors().items()}
    return onnx_graph.export(Generator(ModelCard("x", spec), weights))


def mapped(shape: list[Any], kind: int = TensorProto.FLOAT, z: list[Any] | None = None, last: str = "Tanh") -> bytes:
    """Make a graph from z (N, 4) by one matrix to an output of a shape; of another type by a cast."""
    sides = [side for side in shape[1:] if isinstance(side, int)]
    width = int(np.prod(sides))
    table = np.random.RandomState(0).randn(4, width).astype(np.float32) * np.float32(0.4)
    nodes = [
        helper.make_node("Reshape", ["z", "flat"], ["a"]),
        helper.make_node("MatMul", ["a", "w"], ["b"]),
        helper.make_node(last, ["b"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["d"]),
        helper.make_node("Cast", ["d"], ["image"], to=kind),
    ]
    tables = {"w": table, "flat": np.array([-1, 4]), "shape": np.array([-1, *sides])}
    return graph_of(nodes, [("z", TensorProto.FLOAT, z or ["N", 4])], ("image", kind, shape), tables)


def external(location: str = "../../../etc/passwd", **places: object) -> bytes:
    """Make a graph whose matrix, 3072 bytes, lies in another file."""
    model = ModelProto.FromString(mapped(["N", 3, 8, 8]))
    tensor = model.graph.initializer[0]
    assert len(tensor.raw_data) == 3072
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **places}.items():
        tensor.external_data.add(key=key, value=str(value))
    return bytes(model.SerializeToString())


def damaged_models() -> dict[str, bytes]:
    """Make good files for mutation."""
    return {"own.onnx": own(), "torch.onnx": by_torch(tiny(), torch.randn(1, 6, 1, 1))}


def lying_models() -> dict[str, bytes]:
    """Make files that must be refused."""
    deep: Any = helper.make_node("Identity", ["z"], ["image"])
    for _ in range(20):
        inner = helper.make_graph([deep], "g", [], [helper.make_tensor_value_info("image", TensorProto.FLOAT, None)])
        deep = helper.make_node("If", ["z"], ["image"], then_branch=inner, else_branch=inner) if _ < 8 else deep
    three = [("z", TensorProto.FLOAT, ["N", 4]), ("y", TensorProto.FLOAT, ["N", 4]), ("x", TensorProto.FLOAT, ["N", 4])]
    identity = [helper.make_node("Identity", ["z"], ["image"])]
    return {
        "external.onnx": external(),
        "vector.onnx": mapped(["N", 10]),
        "sound.onnx": mapped(["N", 2, 8, 8]),
        "large.onnx": graph_of(
            identity, [("z", TensorProto.FLOAT, ["N", 4])], ("image", TensorProto.FLOAT, ["N", 3, 9000, 9000]), {}
        ),
        "pictures in.onnx": mapped(["N", 3, 8, 8], z=["N", 3, 64, 64]),
        "free z.onnx": mapped(["N", 3, 8, 8], z=["N", "k"]),
        "whole numbers.onnx": mapped(["N", 3, 8, 8], TensorProto.INT64),
        "three inputs.onnx": graph_of(identity, three, ("image", TensorProto.FLOAT, ["N", 3, 8, 8]), {}),
        "no output.onnx": graph_of(identity, three[:1], None, {}),
        "nested.onnx": graph_of([deep], three[:1], ("image", TensorProto.FLOAT, ["N", 3, 8, 8]), {}),
        "other operators.onnx": graph_of(
            identity, three[:1], ("image", TensorProto.FLOAT, ["N", 3, 8, 8]), {}, domain="evil.domain"
        ),
        "future.onnx": graph_of(identity, three[:1], ("image", TensorProto.FLOAT, ["N", 3, 8, 8]), {}, opset=900),
        "empty.onnx": b"",
        "text.onnx": b"this is no model",
        "zeros.onnx": b"\0" * 1000,
    }
