"""Ready settings of a run: what `TrainConfig` says, but for some fields."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from latentlab.training.config import TrainConfig
from latentlab.training.settings import SETTINGS, Value

PresetName = Literal["paper", "quick", "best", "custom"]


@dataclass(frozen=True)
class Preset:
    """Settings that belong together.

    Attributes:
        title: What a form calls it.
        what: What it is for, one line.
        values: Fields of `TrainConfig`; all others keep their defaults.
    """

    title: str
    what: str
    values: Mapping[str, Value]

    def config(self, **given: Any) -> TrainConfig:
        """Return a configuration; what is given goes before the preset.

        Raises:
            ValueRangeError: If a value is out of range.
        """
        return TrainConfig.from_mapping({**self.values, **given})


PRESETS: dict[PresetName, Preset] = {
    "paper": Preset(
        "Paper",
        "Radford, Metz & Chintala 2015 to the letter, as they trained faces; wants a GPU.",
        # Its pictures are of 64x64, digits of 28x28: whatever the data set's own are.
        {name: setting.paper for name, setting in SETTINGS.items() if setting.paper is not None}
        | {"size": 0, "channels": 0},
    ),
    "quick": Preset(
        "Quick",
        "Recognisable digits or clothes on two CPU cores within minutes.",
        {"kimg": 200.0, "width": 16, "batch": 32, "lr": 1e-3, "lr_end": 0.1, "ema_kimg": 5.0, "evaluate_kimg": 40.0},
    ),
    "best": Preset(
        "Best",
        "Averaging, R1, augmentation and a falling learning rate; for hours rather than minutes. Data with classes "
        "gain much by a class term besides.",
        {
            "kimg": 3000.0,
            "width": 64,
            "batch": 32,
            "lr": 1e-3,
            "r1": 0.5,
            "augment": "colour,translation,cutout",
            "lr_end": 0.0,
            "ema_kimg": 10.0,
            "evaluate_kimg": 100.0,
        },
    ),
    "custom": Preset("Custom", "The paper's settings, narrower and with averaging: for a CPU.", {}),
}
