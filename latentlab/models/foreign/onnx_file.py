"""Generators in ``.onnx`` files, of any architecture: what goes in and what comes out.

A file is looked at before a runtime sees it: it must be of bounded size, with its weights in it or beside it, without
operators that no runtime knows, and with one input for z, at most one for the class, and one output that is a picture.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, defs

from latentlab.errors import ModelFileError
from latentlab.latent.priors import PRIORS
from latentlab.models.card import METADATA_KEY
from latentlab.models.foreign.onnx_generator import EXPORT_AGAIN, ClassForm, OnnxGenerator, picture_sides
from latentlab.models.foreign.onnx_weights import MAX_BYTES, bring_in, tensors_of

SUFFIX = ".onnx"
MAX_Z_DIM = 2**16
MAX_CLASSES = 2**16
_DOMAINS = ("", "ai.onnx", "ai.onnx.ml", "com.microsoft")
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
_INTEGERS = (TensorProto.INT64, TensorProto.INT32)
_NUMPY: dict[int, type[np.generic]] = {
    TensorProto.FLOAT: np.float32,
    TensorProto.FLOAT16: np.float16,
    TensorProto.DOUBLE: np.float64,
    TensorProto.INT64: np.int64,
    TensorProto.INT32: np.int32,
}


def inspect_onnx(path: Path) -> OnnxGenerator:
    """Look at an ``.onnx`` file without running it.

    Raises:
        ModelFileError: If it is missing, damaged, too large, keeps its weights where they are not, or is no generator.
    """
    raw = _read(path)
    model = ModelProto()
    try:
        model.ParseFromString(raw)
    except (DecodeError, ValueError, RecursionError, MemoryError) as error:
        raise ModelFileError(path, "is damaged or no ONNX model") from error
    graph = model.graph
    if not graph.node or not graph.output:
        raise ModelFileError(path, "is damaged or no ONNX model: it has no graph")
    try:
        tensors = tensors_of(model)
        known = {value.name for value in graph.initializer}
        inputs = [value for value in graph.input if value.name not in known]
        z, y = _inputs(inputs)
        described = _with_notes(_described(path, raw, graph, z, y), model)
    except ValueError as error:
        raise ModelFileError(path, str(error), EXPORT_AGAIN) from error
    _check_operators(path, model)
    content_hash = bring_in(path, raw, tensors)
    if content_hash == described.content_hash:
        return described
    return replace(described, content_hash=content_hash, raw=model.SerializeToString())


def _check_operators(path: Path, model: ModelProto) -> None:
    """Refuse what the runtime cannot know."""
    defined = {each.domain for each in model.functions}
    unknown = {each.domain for each in model.opset_import} - {*_DOMAINS, *defined}
    if unknown:
        raise ModelFileError(
            path, f"uses operators of {min(unknown)[:60]}, which the runtime does not have", EXPORT_AGAIN
        )
    newest = defs.onnx_opset_version()
    versions = [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")]
    if versions and max(versions) > newest:
        raise ModelFileError(path, f"is of opset {max(versions)}; {newest} is the newest known", "Update latentlab.")


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ModelFileError(path, f"is too large: {size / 1e9:.1f} GB")
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(path, "no such file") from None
    except OSError as error:
        raise ModelFileError(path, f"cannot be read: {error.strerror or error}") from error


def _inputs(inputs: Sequence[ValueInfoProto]) -> tuple[ValueInfoProto, ValueInfoProto | None]:
    """Tell z from the class."""
    if not 1 <= len(inputs) <= 2:
        raise ValueError(f"has {len(inputs)} inputs, expected z and at most the class")
    floats = [value for value in inputs if value.type.tensor_type.elem_type in _FLOATS]
    others = [value for value in inputs if value.type.tensor_type.elem_type in _INTEGERS]
    if len(inputs) == 1 and len(floats) == 1:
        return floats[0], None
    if len(floats) == 1 and len(others) == 1:
        return floats[0], others[0]
    if len(floats) == 2:
        # A class spelled as a row of zeros and a one is the narrower of the two, unless the names say otherwise.
        named = [value for value in floats if any(word in value.name.lower() for word in ("label", "class", "onehot"))]
        y = named[0] if len(named) == 1 else min(floats, key=lambda value: math.prod(_sides(value)[1:]))
        return next(value for value in floats if value is not y), y
    raise ValueError("has no input of floating-point numbers for z")


def _described(path: Path, raw: bytes, graph: GraphProto, z: ValueInfoProto, y: ValueInfoProto | None) -> OnnxGenerator:
    sides = _sides(z)
    if len(sides) not in (2, 4) or sides[2:] not in ((), (1, 1)):
        shape = "x".join(str(side) if side else "?" for side in sides)
        raise ValueError(f"takes {shape or 'a number'}, not a vector z: it may be an encoder or a network of pictures")
    if not 1 <= sides[1] <= MAX_Z_DIM:
        raise ValueError("does not say how many numbers z has")
    y_sides = _sides(y) if y is not None else ()
    y_type = y.type.tensor_type.elem_type if y is not None else TensorProto.INT64
    y_form: ClassForm = "" if y is None else "one_hot" if len(y_sides) >= 2 and y_sides[1] > 1 else "index"
    if y_form == "one_hot" and (len(y_sides) != 2 or y_sides[1] > MAX_CLASSES):
        raise ValueError("takes a class in an unknown form")
    if len(graph.output) != 1:
        raise ValueError(f"has {len(graph.output)} outputs, expected one picture")
    output = graph.output[0]
    kind = output.type.tensor_type.elem_type
    if kind not in (*_FLOATS, TensorProto.UINT8):
        raise ValueError("puts out numbers that are no picture")
    layout, channels, height, width = picture_sides(_sides(output))
    return OnnxGenerator(
        path=path,
        content_hash=hashlib.blake2b(raw, digest_size=8).hexdigest(),
        z_name=z.name,
        z_dim=sides[1],
        z_sides=sides[2:],
        z_type=_NUMPY[z.type.tensor_type.elem_type],
        batch=sides[0],
        y_name=y.name if y is not None else "",
        y_form=y_form,
        y_type=_NUMPY[y_type],
        classes=y_sides[1] if y_form == "one_hot" else _classes(graph, y) if y is not None else 0,
        output=output.name,
        layout=layout,
        channels=channels,
        height=height,
        width=width,
        is_pixels=kind == TensorProto.UINT8,
        ends_in=_last_operator(graph, output.name),
        raw=raw,
    )


def _with_notes(described: OnnxGenerator, model: ModelProto) -> OnnxGenerator:
    """Add what an export of latentlab says of itself."""
    text = next((each.value for each in model.metadata_props if each.key == METADATA_KEY), "")
    try:
        notes = json.loads(text) if text else {}
    except (ValueError, RecursionError):
        notes = {}
    match notes:
        case {"name": str(name), "prior": str(word), "class_names": list(names)}:
            prior = next((each for each in PRIORS if each == word), None)
            class_names = tuple(each for each in names if isinstance(each, str))
            return replace(described, name=name, prior=prior, class_names=class_names)
    return described


def _sides(value: ValueInfoProto) -> tuple[int, ...]:
    """Return a shape; 0 where a side is free."""
    return tuple(max(0, side.dim_value) for side in value.type.tensor_type.shape.dim)


def _classes(graph: GraphProto, y: ValueInfoProto) -> int:
    """Read how many classes there are off the table that the class looks into; 0 where there is none to see."""
    tables = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        names = list(node.input)
        if node.op_type == "Gather" and names[1:] == [y.name] and names[0] in tables:
            return int(next(iter(tables[names[0]].dims), 0))
        if node.op_type == "OneHot" and names[:1] == [y.name] and len(names) > 1 and names[1] in tables:
            depth = tables[names[1]]
            found = depth.int64_data[0] if depth.int64_data else int.from_bytes(depth.raw_data[:8], "little")
            return int(found) if 0 < found <= MAX_CLASSES else 0
    return 0


def _last_operator(graph: GraphProto, name: str) -> str:
    """Name the operator that makes an output, looking through those that only move it."""
    makers = {output: node for node in graph.node for output in node.output}
    for _ in range(16):
        node = makers.get(name)
        if node is None or not node.input:
            return "" if node is None else str(node.op_type)
        if node.op_type not in ("Transpose", "Reshape", "Identity", "Cast", "Squeeze", "Unsqueeze", "Slice"):
            return str(node.op_type)
        name = node.input[0]
    return ""
