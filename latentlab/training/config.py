"""What a training run is told: one frozen dataclass for the window, the command line and the run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any, Literal

from latentlab.errors import ValueRangeError
from latentlab.latent.priors import PRIORS, Prior
from latentlab.models import dcgan

Precision = Literal["float32", "bfloat16"]
PRECISIONS: tuple[Precision, ...] = ("float32", "bfloat16")

MAX_KIMG = 999_000.0
"""Files are named after their kimg in six digits."""

_TYPES: dict[str, tuple[tuple[type, ...], str]] = {
    "str": ((str,), "a text"),
    "Prior": ((str,), "a text"),
    "Precision": ((str,), "a text"),
    "int": ((int,), "a whole number"),
    "float": ((int, float), "a number"),
}


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; the defaults are those of Radford et al. 2015 but for the EMA, which the paper lacks.

    Attributes:
        data: Name of a known data set, or a folder or zip of images.
        kimg: Thousands of real images to show.
        size: Side of the pictures in pixels, a power of two from 16 to 256; 0 takes the data set's own.
        channels: 1 or 3; 0 takes the data set's own.
        width: Feature maps of the generator's last hidden layer ("ngf").
        critic_width: Feature maps of the discriminator's first layer ("ndf"); 0 takes `width`.
        z_dim: Width of z.
        prior: Distribution of z.
        kernel: Side of the kernels, 4 or 5.
        batch: Images a step; 0 chooses one by a short trial, so that a phase of a step takes at most half a second.
        lr: Learning rate of Adam for both networks.
        lr_end: Share of the learning rate left at the end; it falls linearly over the second half. 1 keeps it.
        r1: Weight of the R1 gradient penalty on real images; 0 leaves it out, as the paper does.
        beta1: First momentum of Adam.
        beta2: Second momentum of Adam.
        ema_kimg: Half-life of the averaged generator, in kimg.
        tick_kimg: Distance of ticks (sheet, model, resume state); 0 takes a fiftieth of `kimg`, at least 1.
        precision: Of forward passes; bfloat16 is up to 1.9 times as fast where the processor has it.
        seed: Of initialisation, z and the order of the images.
    """

    data: str = "mnist"
    kimg: float = 1000.0
    size: int = 0
    channels: int = 0
    width: int = 32
    critic_width: int = 0
    z_dim: int = 100
    prior: Prior = "normal"
    kernel: int = 4
    batch: int = 0
    lr: float = 2e-4
    lr_end: float = 1.0
    r1: float = 0.0
    beta1: float = 0.5
    beta2: float = 0.999
    ema_kimg: float = 10.0
    tick_kimg: float = 0.0
    precision: Precision = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no run can have.

        Raises:
            ValueRangeError: Naming the first bad field.
        """
        for field in fields(self):
            _check_type(field.name, getattr(self, field.name), str(field.type))
        if not self.data:
            raise ValueRangeError("data", "is empty", "Name a data set, or a folder or zip of images.")
        _check("kimg", self.kimg, 0.001, MAX_KIMG)
        _check("width", self.width, 1, 1024)
        _check("critic_width", self.critic_width, 0, 1024)
        _check("z_dim", self.z_dim, 1, 4096)
        _check("batch", self.batch, 0, 65536)
        _check("lr", self.lr, 1e-8, 1.0)
        _check("lr_end", self.lr_end, 0.0, 1.0)
        _check("r1", self.r1, 0.0, 1e6)
        _check("beta1", self.beta1, 0.0, 0.9999)
        _check("beta2", self.beta2, 0.0, 0.999999)
        _check("ema_kimg", self.ema_kimg, 0.0, 1e6)
        _check("tick_kimg", self.tick_kimg, 0.0, 1e6)
        _check("seed", self.seed, 0, 2**32 - 1)
        if self.batch == 1:
            raise ValueRangeError("batch", "1 image gives BatchNorm nothing to average", "Use 2 or more.")
        if self.size and self.size not in dcgan.SIZES:
            raise ValueRangeError("size", f"{self.size} is not one of {', '.join(map(str, dcgan.SIZES))}")
        if self.channels not in (0, 1, 3):
            raise ValueRangeError("channels", f"{self.channels} is neither 1 (grey) nor 3 (colour)")
        if self.kernel not in (4, 5):
            raise ValueRangeError("kernel", f"{self.kernel} is neither 4 nor 5")
        if self.precision not in PRECISIONS:
            raise ValueRangeError("precision", f"{self.precision!r} is not one of {', '.join(PRECISIONS)}")
        if self.prior not in PRIORS:
            raise ValueRangeError("prior", f"{self.prior!r} is not one of {', '.join(PRIORS)}")

    @property
    def tick_images(self) -> int:
        """Return the number of images between ticks."""
        kimg = self.tick_kimg or max(1.0, self.kimg / 50.0)
        return max(1, round(kimg * 1000))

    @property
    def total_images(self) -> int:
        """Return the number of images the run shows."""
        return round(self.kimg * 1000)

    def resolved(self, **values: Any) -> TrainConfig:
        """Return a copy with what was left to choose filled in."""
        return replace(self, **values)

    def to_json(self) -> str:
        """Write the configuration as indented JSON."""
        return json.dumps(asdict(self), indent=2)

    @classmethod
    def from_mapping(cls, values: Mapping[str, Any]) -> TrainConfig:
        """Read what `to_json` wrote; fields of other versions are ignored.

        Raises:
            ValueRangeError: If a value is out of range or of the wrong type.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _check_type(name: str, value: object, annotation: str) -> None:
    kinds, wanted = _TYPES[annotation]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise ValueRangeError(name, f"{value!r} is not {wanted}")


def _check(name: str, value: float, least: float, most: float) -> None:
    if not least <= value <= most:
        raise ValueRangeError(name, f"{value} is outside {least:g} to {most:g}")
