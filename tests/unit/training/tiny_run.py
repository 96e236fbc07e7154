"""A DCGAN small enough to train in a blink, and ways to look at all of its state."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from latentlab.data.dataset import Labels
from latentlab.errors import Cancelled
from latentlab.export.sheet import write_sheet
from latentlab.pixels import Pixels
from latentlab.training.config import TrainConfig
from latentlab.training.control import ByHand, Control
from latentlab.training.evaluation import MakeEvaluate
from latentlab.training.events import Event, Finished
from latentlab.training.keeping import SheetWriter
from latentlab.training.loop import train
from latentlab.training.replicas import ALONE, Replicas
from latentlab.training.run import run_training
from latentlab.training.state import TrainState

CPU = torch.device("cpu")
STEPS = 6
IMAGES = 21  # not a multiple of the batch: batches straddle epochs
# The last batch overshoots: 6 steps of 8 are 48 images where 45 are wanted.
CONFIG = TrainConfig(
    kimg=0.045,
    size=16,
    channels=1,
    width=4,
    z_dim=5,
    batch=8,
    lr=2e-3,
    lr_end=0.5,
    ema_kimg=0.02,
    tick_kimg=0.016,
    threads=1,
    seed=3,
)


def pictures(count: int = IMAGES, channels: int = 1) -> Pixels:
    """Draw bright squares of random place and shade on black; shape (count, 16, 16, channels)."""
    random = np.random.RandomState(1)
    pixels = np.zeros((count, 16, 16, channels), np.uint8)
    for picture in pixels:
        top, left = random.randint(0, 10, 2)
        picture[top : top + 6, left : left + 6] = random.randint(128, 256)
    return pixels


def write_folder(folder: Path) -> Path:
    folder.mkdir()
    for number, picture in enumerate(pictures()):
        Image.fromarray(picture[:, :, 0]).save(folder / f"{number:02d}.png")
    return folder


def labels(count: int = IMAGES) -> Labels:
    """Draw one of three classes for each picture; all occur."""
    return np.arange(count) % 3


def new_state(config: TrainConfig = CONFIG, replicas: Replicas = ALONE) -> TrainState:
    return TrainState(config, pictures(channels=config.channels), CPU, labels(), replicas)


def saved_and_loaded(state: TrainState, config: TrainConfig = CONFIG) -> TrainState:
    """Send a state through a file and into a new object, as a resume does."""
    file = io.BytesIO()
    torch.save(state.to_dict(), file)
    file.seek(0)
    resumed = new_state(config)
    resumed.restore(torch.load(file, weights_only=True))
    return resumed


def ignore(*_: object) -> None:
    pass


def train_on(state: TrainState, config: TrainConfig = CONFIG, control: Control | None = None) -> TrainState:
    train(state, config, control or Control(), ignore, ignore)
    return state


def flat(values: object, name: str = "") -> dict[str, Any]:
    """Lay nested dictionaries and lists out as one dictionary of names to tensors, numbers and None."""
    if isinstance(values, Mapping):
        parts: dict[str, Any] = {}
        for key, value in values.items():
            parts |= flat(value, f"{name}.{key}")
        return parts
    if isinstance(values, list | tuple):
        return flat(dict(enumerate(values)), name)
    return {name: values}


def assert_same_state(actual: TrainState, expected: TrainState) -> None:
    """Compare everything that is saved, bit for bit: weights, statistics, optimisers, streams, counters."""
    one, other = flat(actual.to_dict()), flat(expected.to_dict())
    assert one.keys() == other.keys()
    for name, value in one.items():
        if isinstance(value, torch.Tensor):
            assert torch.equal(value, other[name]), f"{name} differs"
        else:
            assert value == other[name], f"{name} differs"


class StopAt(Control):
    """Raises at the n-th look of the loop, counted from 1."""

    def __init__(self, look: int) -> None:
        super().__init__()
        self.looks_left = look

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        self.looks_left -= 1
        if self.looks_left == 0:
            self.stop()
        return super().checkpoint(by_hand)


class Looks(Control):
    """Counts how often the loop looks."""

    looks = 0

    def checkpoint(self, by_hand: ByHand | None = None) -> bool:
        self.looks += 1
        return False


def run(
    folder: Path,
    config: TrainConfig,
    *,
    resume: bool = False,
    control: Control | None = None,
    emit: Callable[[Event], None] = ignore,
    sheet: SheetWriter = write_sheet,
    make_evaluate: MakeEvaluate | None = None,
) -> Finished:
    """Call `run_training` on the CPU."""
    return run_training(
        config,
        folder,
        resume={"kimg": config.kimg} if resume else None,
        device="cpu",
        control=control or Control(),
        emit=emit,
        write_sheet=sheet,
        make_evaluate=make_evaluate,
        command="latentlab train",
    )


def stopped(state: TrainState, look: int, config: TrainConfig = CONFIG) -> bool:
    """Train until the n-th look; return whether it was stopped there and not at the end."""
    try:
        train_on(state, config, StopAt(look))
    except Cancelled:
        return True
    return False
