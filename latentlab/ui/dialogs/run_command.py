"""The command line that does what *Train > New run…* says."""

from __future__ import annotations

import os
import shlex
from dataclasses import asdict
from pathlib import Path

from latentlab.training.config import TrainConfig
from latentlab.training.presets import PRESETS, PresetName


def command_of(config: TrainConfig, folder: Path, preset: PresetName) -> str:
    """Return the command line that trains the same model: the preset, and what goes before it."""
    words = ["latentlab", "train", "--data", config.data]
    words += [] if preset == "custom" else ["--preset", preset]
    base = asdict(PRESETS[preset].config(data=config.data))
    for name, value in asdict(config).items():
        if value == base[name]:
            continue
        words.append(f"--{name.replace('_', '-')}")
        if not isinstance(value, bool):
            words.append(f"{value:.10g}" if isinstance(value, float) else str(value))
    return shlex.join([*words, "--out", os.fspath(folder)])
