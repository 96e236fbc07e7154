"""An opened model: the generator, its directions, and pictures; what ``latentlab.open_model`` returns."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from latentlab import log
from latentlab.analysis.sefa import closed_form
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.directions import Direction, axis_directions, by_name, offset
from latentlab.latent.priors import MAX_SEED, Prior, sample
from latentlab.models.checkpoint import CLOSED, Generator
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.pixels import Pixels
from latentlab.rendering.backend import Backend
from latentlab.rendering.devices import DEVICES, Device, make_backend
from latentlab.session.opening import FileReading, open_file
from latentlab.session.point import Point

if TYPE_CHECKING:
    from latentlab.models.foreign.choices import Choice

FACTORS = 24
_log = log.get(__name__)


class OpenedModel:
    """A trained generator, ready to draw.

    Attributes:
        generator: Architecture, weights and model card; of an ``.onnx`` file the ends of the architecture alone.
        reading: How the file was read where it is of another project; None else.
    """

    def __init__(self, generator: Generator, reading: FileReading | None = None) -> None:
        self.generator = generator
        self.reading = reading
        self._backends: dict[Device, Backend] = {}
        self._building = threading.Lock()

    @classmethod
    def from_file(cls, path: str | Path, choice: Choice | None = None, watch: Watch = unwatched) -> OpenedModel:
        """Open a model file, the newest model of a run folder, a checkpoint of another project, or an ``.onnx`` file.

        Args:
            path: The file or folder.
            choice: How to read a file of another project; None for the choice remembered for it, else the best guess.
            watch: Called between the steps; it may raise `Cancelled`.

        Raises:
            ModelFileError: If it is missing, damaged, or no generator; it says what it is.
        """
        return cls(*open_file(Path(path).expanduser(), choice, watch))

    @property
    def name(self) -> str:
        """Return what the model is called."""
        return self.generator.card.name

    @property
    def title(self) -> str:
        """Return what tells it from its siblings: a snapshot of a run is named after the run and its kimg."""
        path, card = self.generator.path, self.generator.card
        if path is not None and path.name.startswith("model-"):
            return f"{path.parent.name} at {card.kimg:.0f} kimg"
        return card.name

    @property
    def z_dim(self) -> int:
        """Return the width of z."""
        return self.generator.card.generator.z_dim

    @property
    def prior(self) -> Prior:
        """Return the distribution z was trained on."""
        return self.generator.card.generator.prior

    @property
    def classes(self) -> int:
        """Return how many classes it can be asked for; 0 where z alone decides."""
        return self.generator.card.generator.classes

    @property
    def class_names(self) -> tuple[str, ...]:
        """Return what the classes are called, their numbers where they have no names; empty where there are none."""
        names = self.generator.card.class_names
        return names if len(names) == self.classes else tuple(map(str, range(self.classes)))

    @property
    def closed(self) -> str:
        """Return why its layers and gradients cannot be looked at, nor a GPU draw it; empty where they can."""
        return CLOSED if self.generator.onnx is not None else ""

    @property
    def devices(self) -> tuple[Device, ...]:
        """Name what can draw it, where the machine has it."""
        return ("cpu",) if self.closed else DEVICES

    @cached_property
    def directions(self) -> tuple[Direction, ...]:
        """Return the directions saved with the model, those of its first layer, and the raw axes, in this order.

        Of two that have the same name, whatever their case, the first is kept.
        """
        found = (*self.generator.directions, *self._factors(), *axis_directions(self.z_dim, self.prior))
        named: dict[str, Direction] = {}
        for direction in found:
            named.setdefault(direction.name.casefold(), direction)
        return tuple(named.values())

    def sample(self, count: int, seed: int = 0) -> FloatArray:
        """Draw latents; the picture of seed s is ``render(sample(1, seed=s))``.

        Returns:
            Shape (count, z_dim), float32.

        Raises:
            ValueRangeError: If count or seed is out of range.
        """
        if count < 1:
            raise ValueRangeError("count", f"{count} is less than 1")
        if not 0 <= seed <= MAX_SEED:
            raise ValueRangeError("seed", f"{seed} is outside 0 to {MAX_SEED}")
        return sample(self.prior, count, self.z_dim, seed)

    def edit(self, z: FloatArray, strengths: Mapping[str, float]) -> FloatArray:
        """Move latents along named directions.

        Args:
            z: Shape (N, z_dim), float32.
            strengths: Direction name to strength, in sigmas.

        Returns:
            Shape (N, z_dim), float32.

        Raises:
            ValueRangeError: If a name is unknown or z has the wrong width.
        """
        checked = self.checked(z)
        for name in strengths:
            self.direction(name)
        return checked + offset(self.directions, strengths, self.z_dim)

    def direction(self, name: str) -> Direction:
        """Find a direction by name.

        Raises:
            ValueRangeError: If there is none.
        """
        try:
            return by_name(self.directions, name)
        except KeyError:
            first = ", ".join(direction.name for direction in self.directions[:8])
            raise ValueRangeError(name, f"is not a direction of {self.name}", f"It has {first}, …") from None

    def render(self, z: FloatArray, y: int | npt.ArrayLike | None = None) -> Pixels:
        """Render latents on the CPU, on the calling thread.

        Args:
            z: Shape (N, z_dim), float32.
            y: The class of all, or one for each, shape (N,), whole numbers from 0; None for the first.

        Returns:
            Shape (N, H, W, C), uint8.

        Raises:
            ValueRangeError: If z or y is not of that shape, or the model has no such class.
        """
        z = self.checked(z)
        return self.backend().render(z, self.checked_classes(y, len(z)))

    def checked_classes(self, y: int | npt.ArrayLike | None, count: int) -> IntArray | None:
        """Return classes as int64, or say why this model does not have them.

        Args:
            y: As `render` takes it.
            count: Of the latents.

        Returns:
            Shape (count,); None where none is named.

        Raises:
            ValueRangeError: If they are not of that shape, or the model has no such class.
        """
        if y is None:
            return None
        array = np.asarray(y)
        if not np.issubdtype(array.dtype, np.integer):
            raise ValueRangeError("class", f"{array.dtype} is not a whole number")
        if array.shape not in ((), (count,)):
            raise ValueRangeError("class", f"has the shape {array.shape}, expected one, or ({count},)")
        there_are = f"{self.name} has {self.classes or 'no'} classes{', counted from 0' if self.classes else ''}"
        if not self.classes or array.min() < 0 or array.max() >= self.classes:
            raise ValueRangeError(f"class {array.min() if array.min() < 0 else array.max()}", there_are)
        return np.broadcast_to(array, (count,)).astype(np.int64)

    def y_of(self, points: Sequence[Point]) -> IntArray | None:
        """Return the classes to draw points as.

        Returns:
            Shape (len(points),), int64; 0 for a point without a class, and for one whose class is of another model.
            None where there are no classes.
        """
        if not self.classes:
            return None
        labels = [point.label or 0 for point in points]
        return np.array([label if label < self.classes else 0 for label in labels], np.int64)

    def checked(self, z: FloatArray) -> FloatArray:
        """Return z as float32, or say why this model cannot draw it.

        Raises:
            ValueRangeError: If it is not (N, z_dim) with N >= 1, or not finite.
        """
        try:
            with np.errstate(over="ignore"):
                array = np.asarray(z).astype(np.float32, casting="same_kind", copy=False)
        except (TypeError, ValueError):
            raise ValueRangeError("z", "is not an array of numbers") from None
        if array.ndim != 2 or len(array) == 0:
            raise ValueRangeError("z", f"has the shape {array.shape}, expected (N, {self.z_dim})")
        if array.shape[1] != self.z_dim:
            raise ValueRangeError("z", f"has width {array.shape[1]}, {self.name} takes {self.z_dim}")
        if not np.isfinite(array).all():
            raise ValueRangeError("z", "holds values that are not finite")
        return array

    def backend(self, device: Device = "cpu") -> Backend:
        """Return what draws this model on a device, built at the first call; any thread may ask and use it.

        Raises:
            ModelFileError: If the runtime refuses the generator.
            ValueRangeError: If this machine has no such device, or it draws no ``.onnx`` file.
        """
        made = self._backends.get(device)
        if made is not None:
            return made
        with self._building:
            if device not in self._backends:
                self._backends[device] = make_backend(self.generator, device)
            return self._backends[device]

    def _factors(self) -> tuple[Direction, ...]:
        try:
            return closed_form(self.generator, min(FACTORS, self.z_dim))
        except ValueRangeError as error:
            _log.info("no factors: %s", error)
            return ()
