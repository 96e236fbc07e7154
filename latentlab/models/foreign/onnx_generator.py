"""What is known of a generator in an ``.onnx`` file: how it is fed, and how what it puts out becomes pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import numpy.typing as npt

from latentlab.errors import ModelFileError, ValueRangeError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import Prior
from latentlab.models.spec import MAX_SIDE_PX
from latentlab.pixels import Pixels

Range = Literal["-1..1", "0..1", "0..255"]
Layout = Literal["NCHW", "NHWC"]
ClassForm = Literal["", "index", "one_hot"]

RANGES: tuple[Range, ...] = get_args(Range)
_CHANNELS = (1, 3, 4)
EXPORT_AGAIN = "Export it with dynamic_axes={'z': {0: 'N'}} for z alone, and the picture as the only output."


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
        raw: The file itself, as it was looked at: what the runtime is given.
        range: Of the output, once it has been run.
        name: What it calls itself; empty where it does not say, as only latentlab's own exports do.
        prior: The distribution z was trained on; None where it does not say.
        class_names: Of its classes, in order; empty where it does not say.
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
    raw: bytes = field(default=b"", repr=False)
    range: Range = "-1..1"
    name: str = ""
    prior: Prior | None = None
    class_names: tuple[str, ...] = ()

    def feed(self, z: FloatArray, y: IntArray | None = None) -> dict[str, npt.NDArray[np.generic]]:
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
        if y.size and (y.min() < 0 or (self.classes and y.max() >= self.classes)):
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
            raise ModelFileError(self.path, f"puts out arrays of {output.ndim} dimensions, not pictures", EXPORT_AGAIN)
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


def picture_sides(sides: Sequence[int]) -> tuple[Layout, int, int, int]:
    """Read the shape of an output as that of pictures.

    Args:
        sides: With the batch in front; 0 where a side is free.

    Returns:
        Layout, channels, height and width; 0 where they are free, and of four channels three.

    Raises:
        ValueError: If it is no shape of pictures.
    """
    if len(sides) == 0:
        return "NCHW", 0, 0, 0
    if len(sides) == 3:
        return _checked("NCHW", 1, sides[1], sides[2])
    if len(sides) != 4:
        raise ValueError(f"puts out arrays of {len(sides)} dimensions, not pictures")
    if sides[1] in _CHANNELS and not (sides[3] in _CHANNELS and sides[1] == sides[2]):
        return _checked("NCHW", sides[1], sides[2], sides[3])
    if sides[3] in _CHANNELS:
        return _checked("NHWC", sides[3], sides[1], sides[2])
    if sides[1] == 0:
        return _checked("NCHW", 0, sides[2], sides[3])
    raise ValueError(f"puts out {sides[1]} channels, expected 1 or 3 colour channels")


def _checked(layout: Layout, channels: int, height: int, width: int) -> tuple[Layout, int, int, int]:
    if max(height, width) > MAX_SIDE_PX:
        raise ValueError(f"its pictures of {width}x{height} are too large")
    return layout, min(channels, 3), height, width
