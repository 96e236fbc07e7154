"""What is written as protobuf by hand reads back with the onnx package, and passes its checker."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import onnx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from onnx import helper, numpy_helper

from latentlab.models import onnx_wire
from latentlab.models.checkpoint import Generator
from latentlab.models.onnx_graph import export, export_apart, export_layer, named_layers
from latentlab.models.tangent_graph import export_changes


@given(
    st.floats(width=32, allow_nan=False),
    st.integers(-(2**63), 2**63 - 1),
    st.text(max_size=300),
    st.lists(st.integers(-(2**40), 2**40), max_size=5),
)
def test_a_node_reads_back(real: float, whole: int, text: str, several: list[int]) -> None:
    attributes = {"real": real, "whole": whole, "text": text, "several": several}
    node = onnx.NodeProto.FromString(onnx_wire.node("Op", ["a", ""], ["b"], attributes))
    assert (node.op_type, list(node.input), list(node.output)) == ("Op", ["a", ""], ["b"])
    read = {each.name: helper.get_attribute_value(each) for each in node.attribute}
    assert read == {"real": real, "whole": whole, "text": text.encode(), "several": several}


@pytest.mark.parametrize("dtype", [np.float32, np.uint8, np.int64])
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 3, 4), (200, 1)])
def test_a_tensor_reads_back(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    values = (np.random.default_rng(0).standard_normal(shape) * 100).astype(dtype)
    read = onnx.TensorProto.FromString(onnx_wire.tensor("weight", np.asarray(values)))
    assert read.name == "weight"
    back = numpy_helper.to_array(read)
    assert back.dtype == values.dtype
    assert back.shape == shape
    assert np.array_equal(back, values)


def test_a_tensor_need_not_be_contiguous() -> None:
    values = np.arange(12, dtype=np.float32).reshape(3, 4).T
    assert np.array_equal(numpy_helper.to_array(onnx.TensorProto.FromString(onnx_wire.tensor("t", values))), values)


def test_a_type_that_no_graph_needs_is_refused() -> None:
    with pytest.raises(KeyError):
        onnx_wire.tensor("t", np.zeros(2, np.float64))


def test_inputs_and_outputs_read_back() -> None:
    written = onnx.ValueInfoProto.FromString(onnx_wire.value_info("z", onnx_wire.FLOAT, ("N", 300)))
    assert written == helper.make_tensor_value_info("z", onnx.TensorProto.FLOAT, ["N", 300])


@pytest.mark.parametrize("channels", [1, 3])
def test_whole_graphs_pass_the_checker(small_generator: Callable[..., Generator], channels: int) -> None:
    generator = small_generator(channels)
    layers = named_layers(generator.card.generator.network)
    for graph in (export(generator), export_changes(generator), *(export_layer(generator, each) for each in layers)):
        model = onnx.load_from_string(graph)
        onnx.checker.check_model(model, full_check=True)
        assert model.producer_name == "latentlab"


def test_large_constants_can_be_left_to_who_opens_the_graph(small_generator: Callable[..., Generator]) -> None:
    generator = small_generator()
    model, apart = export_apart(generator)
    lacking = [each for each in onnx.load_from_string(model).graph.initializer if each.data_location]
    assert {each.name for each in lacking} == set(apart) != set()
    assert all(tuple(each.dims) == apart[each.name].shape for each in lacking)
    assert len(model) + sum(values.nbytes for values in apart.values()) < len(export(generator)) + 2000
