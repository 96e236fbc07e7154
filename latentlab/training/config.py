"""What a training run is told: one frozen dataclass for the window, the command line and the run folder."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from latentlab.errors import ValueRangeError
from latentlab.latent.priors import Prior
from latentlab.models.dcgan import Architecture
from latentlab.training.settings import AUGMENTATIONS, SETTINGS, CriticNorm, Loss, Precision, Setting, Value

N_CRITIC = {"wgan": 5, "wgan-gp": 5}
"""Updates of D for one of G where a loss's paper takes more than one."""

_KINDS: dict[type, tuple[tuple[type, ...], str]] = {
    str: ((str,), "a text"),
    int: ((int,), "a whole number"),
    float: ((int, float), "a number"),
    bool: ((bool,), "true or false"),
}


@dataclass(frozen=True)
class TrainConfig:
    """The settings of a run; `settings.SETTINGS` says of each what it does and what the paper takes.

    The defaults are those of Radford et al. 2015 but for width, kernel, prior and the EMA, which the paper lacks.
    """

    data: str = "mnist"
    kimg: float = 1000.0
    size: int = 0
    channels: int = 0
    crop: str = ""
    label: str = ""
    conditional: bool = False
    flips: bool = False
    architecture: Architecture = "dcgan"
    width: int = 32
    critic_width: int = 0
    z_dim: int = 100
    prior: Prior = "normal"
    kernel: int = 4
    critic_norm: CriticNorm = "auto"
    code_dim: int = 0
    loss: Loss = "bce"
    class_weight: float = 0.0
    smooth_real: float = 0.0
    smooth_fake: float = 0.0
    clip: float = 0.01
    gp: float = 10.0
    gamma: float = 1.0
    k_rate: float = 0.003
    r1: float = 0.0
    n_critic: int = 0
    augment: str = ""
    instance_noise: float = 0.0
    batch: int = 0
    accumulate: int = 1
    lr: float = 2e-4
    lr_critic: float = 0.0
    lr_end: float = 1.0
    beta1: float = 0.5
    beta2: float = 0.999
    ema_kimg: float = 10.0
    tick_kimg: float = 0.0
    evaluate_kimg: float = 0.0
    tensorboard: bool = False
    precision: Precision = "float32"
    threads: int = 0
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse values that no run can have.

        Raises:
            ValueRangeError: Naming the first bad field.
        """
        for field in fields(self):
            _check(field.name, getattr(self, field.name), type(field.default), SETTINGS[field.name])
        if not self.data:
            raise ValueRangeError("data", "is empty", "Name a data set, or a folder or zip of images.")
        if self.batch == 1:
            raise ValueRangeError("batch", "1 image gives BatchNorm nothing to average", "Use 2 or more.")
        if self.batch and (self.batch % self.accumulate or self.batch // self.accumulate < 2):
            raise ValueRangeError(
                "accumulate", f"a batch of {self.batch} has no {self.accumulate} equal parts of 2 images or more"
            )
        for name in self.augmentations:
            if name not in AUGMENTATIONS:
                raise ValueRangeError("augment", f"{name!r} is not one of {', '.join(AUGMENTATIONS)}")
        if self.loss == "wgan-gp" and self.critic_norm == "batch":
            raise ValueRangeError(
                "critic_norm", "batch does not go with wgan-gp, whose penalty is one of single pictures", "Use none."
            )

        if self.class_weight and (self.conditional or self.loss == "began"):
            other = "conditional, whose D is told the class" if self.conditional else "began, whose D gives no logits"
            raise ValueRangeError("class_weight", f"does not go with {other}", "Leave one of them out.")

    @property
    def needs_labels(self) -> bool:
        """Return whether the pictures' classes are trained with."""
        return self.conditional or self.class_weight > 0.0

    @property
    def augmentations(self) -> tuple[str, ...]:
        """Return the names in `augment`."""
        return tuple(name.strip() for name in self.augment.split(",")) if self.augment else ()

    @property
    def critic_steps(self) -> int:
        """Return the updates of D for one of G."""
        return self.n_critic or N_CRITIC.get(self.loss, 1)

    @property
    def step_images(self) -> int:
        """Return the real images that are shown for one update of G."""
        return self.batch * self.critic_steps

    @property
    def normalisation(self) -> CriticNorm:
        """Return what normalises D, with ``auto`` decided."""
        if self.critic_norm != "auto":
            return self.critic_norm
        return "none" if self.loss == "wgan-gp" else "batch"

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
        """Read what `to_json` wrote; fields of other versions are ignored, those that are missing have their default.

        Raises:
            ValueRangeError: If a value is out of range or of the wrong type.
        """
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in values.items() if name in known})


def _check(name: str, value: Value, kind: type, setting: Setting) -> None:
    kinds, wanted = _KINDS[kind]
    if not isinstance(value, kinds) or (isinstance(value, bool) and kind is not bool):
        raise ValueRangeError(name, f"{value!r} is not {wanted}")
    if setting.choices:
        if value not in setting.choices:
            known = ", ".join(str(choice) for choice in setting.choices if choice != 0)
            raise ValueRangeError(name, f"{value!r} is not one of {known}")
    elif isinstance(value, int | float) and kind is not bool and not setting.least <= value <= setting.most:
        raise ValueRangeError(name, f"{value} is outside {setting.least:g} to {setting.most:g}")
