"""Files of tensors, ``.safetensors``: opened with one clear line for whatever else they are, read against a spec."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, safe_open

from latentlab.errors import ModelFileError
from latentlab.latent.arrays import FloatArray
from latentlab.models.layers import Shape
from latentlab.models.spec import NetworkSpec

Weights = Mapping[str, npt.NDArray[np.float32]]

SUFFIX = ".safetensors"
CLASSIFIER_KEY = "latentlab-classifier"
"""Under which an attribute network keeps its card in the header."""

HOW_TO_MAKE_ONE = "A latentlab model is a .safetensors file written by training or by latentlab convert."
_MAGIC = {
    b"\x89PNG": "a PNG image",
    b"\xff\xd8\xff": "a JPEG image",
    b"GIF8": "a GIF image",
    b"PK\x03\x04": "a zip archive or a PyTorch checkpoint",
    b"\x80\x02": "a pickle or an old PyTorch checkpoint",
    b"%PDF": "a PDF document",
}


def opened(path: Path) -> safe_open:
    """Open a file of tensors, to be used in a `with`.

    Raises:
        ModelFileError: If it is missing, cannot be read, or is something else, which is named.
    """
    try:
        with path.open("rb") as file:
            start = file.read(8)
        return safe_open(path, framework="numpy")
    except (FileNotFoundError, ValueError):
        raise ModelFileError(path, "no such file") from None
    except OSError as error:
        raise cannot_read(path, error) from error
    except SafetensorError as error:
        for magic, meaning in _MAGIC.items():
            if start.startswith(magic):
                raise ModelFileError(path, f"is {meaning}, not a model", HOW_TO_MAKE_ONE) from error
        raise ModelFileError(path, f"is damaged or no model file ({error})", HOW_TO_MAKE_ONE) from error


def is_classifier(path: Path) -> bool:
    """Tell whether a file says that it is an attribute network; False for any that cannot be read."""
    try:
        with opened(path) as file:
            return CLASSIFIER_KEY in (file.metadata() or {})
    except ModelFileError:
        return False


def read_network(path: Path, file: safe_open, prefix: str, spec: NetworkSpec) -> Weights:
    """Read the tensors of a network, ``<prefix>.<layer>.<name>``, as float32.

    Raises:
        ModelFileError: If one is missing, of another shape or type, or holds values that no training gives.
    """
    weights = {name: read_tensor(path, file, f"{prefix}.{name}", shape) for name, shape in spec.tensors().items()}
    for name, array in weights.items():
        if name.endswith(".running_var") and (array < 0.0).any():
            raise ModelFileError(path, f"the tensor {prefix}.{name} holds negative variances")
    return weights


def read_tensor(path: Path, file: safe_open, name: str, shape: Shape | None) -> FloatArray:
    """Read one tensor as float32; a shape of None takes any.

    Raises:
        ModelFileError: As `read_network`.
    """
    try:
        array: npt.NDArray[Any] = file.get_tensor(name)  # type: ignore[no-untyped-call]
    except (SafetensorError, TypeError, AttributeError) as error:
        raise ModelFileError(path, f"the tensor {name} is missing or unreadable") from error
    if array.dtype not in (np.float32, np.float16):
        raise ModelFileError(path, f"the tensor {name} is {array.dtype}, expected float32 or float16")
    if shape is not None and array.shape != shape:
        raise ModelFileError(path, f"the tensor {name} has the shape {array.shape}, its header says {shape}")
    if not np.isfinite(array).all():
        raise ModelFileError(path, f"the tensor {name} holds values that are not finite", "The training has diverged.")
    return np.asarray(array, np.float32)


def check_network(weights: Weights, spec: NetworkSpec) -> None:
    """Compare weights with a spec.

    Raises:
        ValueError: If names or shapes differ.
    """
    actual, expected = {name: value.shape for name, value in weights.items()}, spec.tensors()
    if actual != expected:
        name = min(name for name in actual.keys() | expected.keys() if actual.get(name) != expected.get(name))
        raise ValueError(f"{name} has the shape {actual.get(name)}, the card says {expected.get(name)}")


def cannot_read(path: Path, error: OSError) -> ModelFileError:
    """Word what the system says of a file."""
    return ModelFileError(path, f"cannot be read: {error.strerror or error}")
