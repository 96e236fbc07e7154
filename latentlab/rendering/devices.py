"""What can draw: the CPU through ONNX Runtime, a GPU through torch."""

from __future__ import annotations

from typing import Literal, get_args

from latentlab.errors import ValueRangeError
from latentlab.models.checkpoint import Generator
from latentlab.rendering.backend import Backend

Device = Literal["cpu", "cuda", "mps"]
DEVICES: tuple[Device, ...] = get_args(Device)
TITLES = {"cpu": "CPU", "cuda": "GPU (CUDA)", "mps": "GPU (Apple Metal)"}


def available() -> tuple[Device, ...]:
    """Name the devices of this machine; imports torch."""
    import torch

    found: list[Device] = ["cpu"]
    if torch.cuda.is_available():
        found.append("cuda")
    if torch.backends.mps.is_available():
        found.append("mps")
    return tuple(found)


def make_backend(generator: Generator, device: Device) -> Backend:
    """Make a generator ready on a device.

    Raises:
        ModelFileError: If the runtime refuses the generator.
        ValueRangeError: If this machine has no such device, or it draws no ``.onnx`` file.
    """
    if device == "cpu":
        from latentlab.rendering.onnx_backend import OnnxBackend

        return OnnxBackend(generator)
    generator.check_open(f"drawing on the {TITLES[device]}")
    if device not in available():
        raise ValueRangeError(TITLES[device], "this machine has none that torch can use", "Draw on the CPU.")
    from latentlab.rendering.torch_backend import TorchBackend

    return TorchBackend(generator, device)
