"""All that could draw a batch of pictures: ours, and what a user would write or install instead."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np

from latentlab.latent.arrays import FloatArray
from latentlab.session.opened import OpenedModel

Draw = Callable[[FloatArray], object]
"""From z (N, z_dim) to pixels (N, H, W, C), uint8."""


def ours(model: OpenedModel) -> Draw:
    """Draw as the window does."""
    return model.backend().render


def onnx_runtime(model: OpenedModel) -> Draw:
    """Draw our graph in ONNX Runtime as it comes: its own choice of threads, no option set."""
    import onnxruntime

    from latentlab.models import onnx_graph

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    graph = onnx_graph.export(model.generator)
    session = onnxruntime.InferenceSession(graph, options, providers=["CPUExecutionProvider"])

    def draw(z: FloatArray) -> object:
        return session.run([onnx_graph.OUTPUT], {onnx_graph.INPUT: z})[0]

    return draw


def torch_eager(model: OpenedModel) -> Draw:
    """Draw with the network as PyTorch builds it."""
    from latentlab.models import networks

    network = networks.build(model.generator.card.generator.network)
    return _torch_draw(networks.load(network, model.generator.weights))


def torch_channels_last(model: OpenedModel) -> Draw:
    """Draw with BatchNorm folded and channels last: the best that PyTorch does without a compiler."""
    import torch
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    from latentlab.models import networks

    network = networks.build(model.generator.card.generator.network)
    networks.load(network, model.generator.weights)
    folded: list[torch.nn.Module] = []
    for module in network:
        if isinstance(module, torch.nn.BatchNorm2d) and isinstance(folded[-1], torch.nn.ConvTranspose2d):
            folded[-1] = fuse_conv_bn_eval(folded[-1], module, transpose=True)
        else:
            folded.append(module)
    network = torch.nn.Sequential(*folded).eval()
    return _torch_draw(network.to(memory_format=torch.channels_last))  # type: ignore[call-overload]


def openvino(model: OpenedModel) -> Draw:
    """Draw our graph in OpenVINO, compiled for each batch size."""
    import openvino as ov

    from latentlab.models import onnx_graph

    core = ov.Core()
    graph = core.read_model(onnx_graph.export(model.generator))
    compiled: dict[int, Any] = {}

    def draw(z: FloatArray) -> object:
        if len(z) not in compiled:
            graph.reshape(list(z.shape))
            compiled[len(z)] = core.compile_model(graph, "CPU", {"PERFORMANCE_HINT": "LATENCY"})
        return np.asarray(compiled[len(z)]({onnx_graph.INPUT: z})[0])

    return draw


def _torch_draw(network: Any) -> Draw:
    import torch

    torch.set_num_threads(os.cpu_count() or 1)

    def draw(z: FloatArray) -> object:
        with torch.inference_mode():
            photo = network(torch.from_numpy(z))
            return ((photo + 1.0) * 127.5).round().to(torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()

    return draw


MAKERS: dict[str, Callable[[OpenedModel], Draw]] = {
    "latentlab": ours,
    "ONNX Runtime": onnx_runtime,
    "PyTorch eager": torch_eager,
    "PyTorch channels-last, folded": torch_channels_last,
    "OpenVINO": openvino,
}
"""Name to what makes one ready."""

NEEDS = {"OpenVINO": "openvino"}
"""Contenders whose library may be missing, and its name."""
