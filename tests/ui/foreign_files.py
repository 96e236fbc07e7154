"""Files of other projects, as small as they come, for the window to open; each is made once a run."""

from __future__ import annotations

import functools
import io
import sys
from dataclasses import replace
from pathlib import Path

import torch

sys.path.append(str(Path(__file__).parents[1] / "unit" / "models" / "foreign"))

from author_layouts import ROWS, Row, calibrated, example_discriminator, pytorch_example
from torch import nn

SMALL = Row(lambda: pytorch_example(z=8, width=2, depth=2), 16, z_dim=8, passes=10)
CONDITIONAL = replace(ROWS["27 class appended"], passes=20)


def module(row: Row, seed: int = 0) -> nn.Module:
    """Return the author's own generator, which draws what the window should show."""
    return calibrated(row, seed)


def small_generator(folder: Path, name: str = "netG", seed: int = 0) -> Path:
    """Save a state_dict in the layout of the PyTorch example: 16x16 RGB pictures, z 8 wide.

    Its shapes and statistics do not settle how it is to be read.
    """
    return _written(folder / f"{name}.pth", _small(seed))


def conditional_generator(folder: Path, name: str = "classes") -> Path:
    """Save a generator of ten classes: 28x28 grey pictures, z 100 wide."""
    return _written(folder / f"{name}.pth", _conditional())


def discriminator(folder: Path, name: str = "netD") -> Path:
    """Save what is no generator."""
    return _written(folder / f"{name}.pth", _saved(example_discriminator(3, 32)))


@functools.cache
def _small(seed: int) -> bytes:
    return _saved(module(SMALL, seed))


@functools.cache
def _conditional() -> bytes:
    return _saved(module(CONDITIONAL, 1))


def _saved(made: nn.Module) -> bytes:
    buffer = io.BytesIO()
    torch.save(made.state_dict(), buffer)
    return buffer.getvalue()


def _written(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path
