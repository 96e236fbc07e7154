"""Weights that an ``.onnx`` file keeps in a file beside it, as torch.onnx writes them, brought into the model.

Whoever made the file also wrote down which file that is, and where in it each tensor lies. So only a plain file in the
same folder is read, never more than the tensors need, and no more than a model may hold in all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from stat import S_ISREG

from onnx import AttributeProto, GraphProto, ModelProto, NodeProto, TensorProto

from latentlab.errors import ModelFileError

MAX_BYTES = 2**31 - 1
MAX_NODES = 50_000
MAX_NESTING = 6
_SIZES: dict[int, int] = {
    TensorProto.FLOAT: 4,
    TensorProto.DOUBLE: 8,
    TensorProto.FLOAT16: 2,
    TensorProto.BFLOAT16: 2,
    TensorProto.INT64: 8,
    TensorProto.INT32: 4,
    TensorProto.INT16: 2,
    TensorProto.INT8: 1,
    TensorProto.UINT64: 8,
    TensorProto.UINT32: 4,
    TensorProto.UINT16: 2,
    TensorProto.UINT8: 1,
    TensorProto.BOOL: 1,
}


def tensors_of(model: ModelProto) -> list[TensorProto]:
    """List every tensor in a model, wherever it stands.

    Raises:
        ValueError: If the graph is larger or deeper than any generator's.
    """
    nodes = [node for function in model.functions for node in function.node]
    return [*_tensors_in_graph(model.graph, 0), *_tensors_in_nodes(nodes, 0)]


def bring_in(path: Path, raw: bytes, tensors: Iterable[TensorProto]) -> str:
    """Read the tensors that lie outside a file into their places.

    Args:
        path: The file.
        raw: What is in it.
        tensors: Its tensors; those kept elsewhere are changed.

    Returns:
        16 hexadecimal digits over all that was read; those of the file alone where nothing lies outside.

    Raises:
        ModelFileError: If a file is missing, damaged, too large or elsewhere.
    """
    digest = hashlib.blake2b(raw, digest_size=8)
    left = MAX_BYTES - len(raw)
    for tensor in tensors:
        if tensor.data_location != TensorProto.EXTERNAL and not tensor.external_data:
            continue
        said = {entry.key: entry.value for entry in tensor.external_data}
        try:
            beside = _file_beside(path, said.get("location", ""))
            count = _bytes_of(tensor, said)
            left -= count
            if left < 0:
                raise ValueError(f"has more than {MAX_BYTES / 1e9:.1f} GB of weights")
            content = _read(beside, _whole(said.get("offset", "0")), count)
        except FileNotFoundError:
            raise ModelFileError(
                path,
                f"keeps its weights in {said['location'][:80]}, which is not there",
                "Put that file into the same folder, or export with external_data=False.",
            ) from None
        except OSError as error:
            raise ModelFileError(beside, f"cannot be read: {error.strerror or error}") from error
        except ValueError as error:
            raise ModelFileError(path, str(error), "Export it with external_data=False.") from error
        digest.update(content)
        tensor.raw_data = content
        tensor.ClearField("external_data")
        tensor.ClearField("data_location")
    return digest.hexdigest()


def _tensors_in_graph(graph: GraphProto, depth: int) -> Iterator[TensorProto]:
    if depth > MAX_NESTING:
        raise ValueError("its graph is larger than any generator's")
    yield from graph.initializer
    for sparse in graph.sparse_initializer:
        yield sparse.values
        yield sparse.indices
    yield from _tensors_in_nodes(graph.node, depth)


def _tensors_in_nodes(nodes: Sequence[NodeProto], depth: int) -> Iterator[TensorProto]:
    if len(nodes) > MAX_NODES:
        raise ValueError("its graph is larger than any generator's")
    for attribute in chain.from_iterable(node.attribute for node in nodes):
        yield from _tensors_in_attribute(attribute, depth)


def _tensors_in_attribute(attribute: AttributeProto, depth: int) -> Iterator[TensorProto]:
    if attribute.HasField("t"):
        yield attribute.t
    yield from attribute.tensors
    for inner in (*((attribute.g,) if attribute.HasField("g") else ()), *attribute.graphs):
        yield from _tensors_in_graph(inner, depth + 1)


def _file_beside(path: Path, location: str) -> Path:
    if not location or location in (".", "..") or any(mark in location for mark in "/\\:\0"):
        raise ValueError("keeps its weights outside its folder, where nothing is opened")
    return path.parent / location


def _bytes_of(tensor: TensorProto, said: dict[str, str]) -> int:
    size = _SIZES.get(tensor.data_type)
    if size is None or min(tensor.dims, default=0) < 0:
        raise ValueError("keeps weights of an unknown kind in another file")
    count: int = math.prod(tensor.dims) * size
    if "length" in said and _whole(said["length"]) != count:
        raise ValueError(f"is damaged: {tensor.name[:60]} is of another size than its numbers")
    return count


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) < 20):
        raise ValueError("is damaged: it does not say where its weights lie")
    return int(text)


def _read(beside: Path, offset: int, count: int) -> bytes:
    if not S_ISREG(beside.stat().st_mode):
        raise ValueError(f"keeps its weights in {beside.name[:80]}, which is no plain file")
    with beside.open("rb") as file:
        end = file.seek(0, 2)
        if offset + count > end:
            raise ValueError(f"is damaged: {beside.name[:80]} ends too early")
        file.seek(offset)
        return file.read(count)
