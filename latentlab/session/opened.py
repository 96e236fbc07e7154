"""An opened model: the generator, its directions, and pictures; what ``latentlab.open_model`` returns."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

import numpy as np

from latentlab import log
from latentlab.analysis.sefa import closed_form
from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction, axis_directions, by_name, offset
from latentlab.latent.priors import MAX_SEED, Prior, sample
from latentlab.models.checkpoint import Generator, find_model, load_generator
from latentlab.pixels import Pixels
from latentlab.rendering.backend import Backend
from latentlab.rendering.devices import Device, make_backend

FACTORS = 24
_log = log.get(__name__)


class OpenedModel:
    """A trained generator, ready to draw.

    Attributes:
        generator: Architecture, weights and model card.
    """

    def __init__(self, generator: Generator) -> None:
        self.generator = generator
        self._backends: dict[Device, Backend] = {}
        self._building = threading.Lock()

    @classmethod
    def from_file(cls, path: str | Path) -> OpenedModel:
        """Open a model file, or the newest model of a run folder.

        Raises:
            ModelFileError: If it is missing, damaged or no model.
        """
        return cls(load_generator(find_model(Path(path).expanduser())))

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

    def render(self, z: FloatArray) -> Pixels:
        """Render latents on the CPU, on the calling thread.

        Args:
            z: Shape (N, z_dim), float32.

        Returns:
            Shape (N, H, W, C), uint8.

        Raises:
            ValueRangeError: If z is not of that shape.
        """
        return self.backend().render(self.checked(z))

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
            ValueRangeError: If this machine has no such device.
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
