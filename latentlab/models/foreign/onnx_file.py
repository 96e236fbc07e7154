"""Generators in ``.onnx`` files, of any architecture: what goes in, what comes out, and in which range.

A file is looked at before a runtime sees it: it must be whole by itself, of bounded size, without operators that no
runtime knows, and with one input for z, at most one for the class, and one output that is a picture.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import numpy.typing as npt
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from onnx import GraphProto, ModelProto, TensorProto, ValueInfoProto, defs

from latentlab.errors import ModelFileError, ValueRangeError
from latentlab.models.spec import MAX_SIDE_PX
from latentlab.pixels import Pixels

Range = Literal["-1..1", "0..1", "0..255"]
Layout = Literal["NCHW", "NHWC"]
ClassForm = Literal["", "index", "one_hot"]

SUFFIX = ".onnx"
MAX_FILE_BYTES = 2**31 - 1
MAX_NODES = 50_000
MAX_NESTING = 6
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
_EXPORT_AGAIN = "Export it with dynamic_axes={'z': {0: 'N'}} for z alone, and the picture as the only output."


@dataclass(frozen=True)
class OnnxGenerator:
    """What is known of a generator in an ``.onnx`` file.

    Attributes:
        path: The file.
        content_hash: 16 hexadecimal digits over the file.
        z_name: The input for z.
        z_dim: Width of z.
        z_sides: Trailing sides of z: () or (1, 1).
        z_type: numpy's type of z.
        batch: How many latents it takes at once; 0 for any number.
        y_name: The input for the class; empty where there is none.
        y_form: ``index`` (N,) whole numbers, ``one_hot`` (N, classes).
        y_type: numpy's type of the class.
        classes: How many there are; 0 where there is no class, or nobody says.
        output: The name of the output.
        layout: Of the output; uint8 pixels of our own export are NHWC.
        channels, height, width: Of a picture; 0 where the file does not say and a first picture must tell.
        is_pixels: Whether the output is uint8 already.
        ends_in: The operator that makes the output, for example ``Tanh``; it tells the range.
    """

    path: Path
    content_hash: str
    z_name: str
    z_dim: int
    z_sides: tuple[int, ...]
    z_type: type[np.generic]
    batch: int
    y_name: str
    y_form: ClassForm
    y_type: type[np.generic]
    classes: int
    output: str
    layout: Layout
    channels: int
    height: int
    width: int
    is_pixels: bool
    ends_in: str

    def feed(
        self, z: npt.NDArray[np.float32], y: npt.NDArray[np.int64] | None = None
    ) -> dict[str, npt.NDArray[np.generic]]:
        """Bring latents and classes into the form that the file takes.

        Args:
            z: Shape (N, z_dim), float32.
            y: Shape (N,), from 0; wanted where `y_name` is not empty.

        Raises:
            ValueRangeError: If a class is missing or there is no such class.
        """
        fed = {self.z_name: z.astype(self.z_type).reshape(len(z), self.z_dim, *self.z_sides)}
        if not self.y_name:
            return fed
        if y is None:
            raise ValueRangeError("class", f"{self.path.name} needs one with each z")
        if self.classes and (y.min() < 0 or y.max() >= self.classes):
            raise ValueRangeError("class", f"{self.path.name} has {self.classes} classes, counted from 0")
        if self.y_form == "one_hot":
            return fed | {self.y_name: np.eye(self.classes, dtype=np.float64)[y].astype(self.y_type)}
        return fed | {self.y_name: y.astype(self.y_type)}

    def guess_range(self, output: npt.NDArray[np.generic]) -> Range:
        """Tell the range of the output from the operator that makes it, else from what it gives.

        Args:
            output: Of some dozens of latents.
        """
        if self.ends_in == "Tanh":
            return "-1..1"
        if self.ends_in == "Sigmoid":
            return "0..1"
        values = output.astype(np.float64)
        if values.size and values.max() > 8.0:
            return "0..255"
        return "0..1" if values.size and values.min() >= -0.02 else "-1..1"

    def pixels(self, output: npt.NDArray[np.generic], range_: Range) -> Pixels:
        """Turn what the file puts out into pixels.

        Args:
            output: As the runtime returns it.
            range_: What `guess_range` says, or the user.

        Returns:
            Shape (N, H, W, C), uint8; a fourth channel is left out.

        Raises:
            ModelFileError: If it is no picture.
        """
        if output.ndim == 3:
            output = output[:, None] if self.layout == "NCHW" else output[..., None]
        if output.ndim != 4:
            raise ModelFileError(self.path, f"puts out arrays of {output.ndim} dimensions, not pictures", _EXPORT_AGAIN)
        last = output if self.layout == "NHWC" else output.transpose(0, 2, 3, 1)
        if last.shape[3] not in (1, 3, 4):
            raise ModelFileError(self.path, f"puts out {last.shape[3]} channels, expected 1 or 3 colour channels")
        last = last[..., :3]
        if self.is_pixels:
            return np.ascontiguousarray(last, np.uint8)
        scale, shift = {"-1..1": (127.5, 127.5), "0..1": (255.0, 0.0), "0..255": (1.0, 0.0)}[range_]
        with np.errstate(invalid="ignore", over="ignore"):
            levels = np.nan_to_num(last.astype(np.float32) * np.float32(scale) + np.float32(shift))
            return np.ascontiguousarray(np.clip(np.rint(levels), 0, 255).astype(np.uint8))


def inspect_onnx(path: Path) -> OnnxGenerator:
    """Look at an ``.onnx`` file without running it.

    Raises:
        ModelFileError: If it is missing, damaged, too large, keeps its weights in other files, or is no generator.
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
        _check_whole(graph, 0)
        known = {value.name for value in graph.initializer}
        inputs = [value for value in graph.input if value.name not in known]
        z, y = _inputs(inputs)
        described = _described(path, raw, graph, z, y)
    except ValueError as error:
        raise ModelFileError(path, str(error), _EXPORT_AGAIN) from error
    unknown = {each.domain for each in model.opset_import} - set(_DOMAINS)
    if unknown:
        raise ModelFileError(
            path, f"uses operators of {min(unknown)[:60]}, which the runtime does not have", _EXPORT_AGAIN
        )
    newest = defs.onnx_opset_version()
    versions = [each.version for each in model.opset_import if each.domain in ("", "ai.onnx")]
    if versions and max(versions) > newest:
        raise ModelFileError(path, f"is of opset {max(versions)}; {newest} is the newest known", "Update latentlab.")
    return described


def _read(path: Path) -> bytes:
    try:
        size = path.stat().st_size
        if size > MAX_FILE_BYTES:
            raise ModelFileError(path, f"is too large: {size / 1e9:.1f} GB")
        return path.read_bytes()
    except FileNotFoundError:
        raise ModelFileError(path, "no such file") from None
    except OSError as error:
        raise ModelFileError(path, f"cannot be read: {error.strerror or error}") from error


def _check_whole(graph: GraphProto, depth: int) -> None:
    """Refuse weights outside the file, and graphs within graphs without end."""
    if depth > MAX_NESTING or len(graph.node) > MAX_NODES:
        raise ValueError("its graph is larger than any generator's")
    tensors = list(graph.initializer) + [each for sparse in graph.sparse_initializer for each in (sparse.values,)]
    for node in graph.node:
        for attribute in node.attribute:
            tensors += [attribute.t, *attribute.tensors]
            for inner in (attribute.g, *attribute.graphs):
                if inner.node:
                    _check_whole(inner, depth + 1)
    for tensor in tensors:
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise ValueError("keeps its weights in another file, which is not opened: save it as one file")


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
    layout, channels, height, width = _picture(_sides(output))
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
    )


def _sides(value: ValueInfoProto) -> tuple[int, ...]:
    """Return a shape; 0 where a side is free."""
    return tuple(max(0, side.dim_value) for side in value.type.tensor_type.shape.dim)


def _picture(sides: tuple[int, ...]) -> tuple[Layout, int, int, int]:
    if len(sides) == 0:
        return "NCHW", 0, 0, 0
    if len(sides) == 3:
        return _checked("NCHW", 1, sides[1], sides[2])
    if len(sides) != 4:
        raise ValueError(f"puts out arrays of {len(sides)} dimensions, not pictures")
    if sides[1] in (1, 3, 4) and not (sides[3] in (1, 3, 4) and sides[1] == sides[2]):
        return _checked("NCHW", sides[1], sides[2], sides[3])
    if sides[3] in (1, 3, 4):
        return _checked("NHWC", sides[3], sides[1], sides[2])
    if sides[1] == 0:
        return _checked("NCHW", 0, sides[2], sides[3])
    raise ValueError(f"puts out {sides[1]} channels, expected 1 or 3 colour channels")


def _checked(layout: Layout, channels: int, height: int, width: int) -> tuple[Layout, int, int, int]:
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(f"its pictures of {width}x{height} are too large")
    return layout, min(channels, 3), height, width


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
