"""What the tests of training share."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tiny_run import CONFIG, write_folder

from latentlab.training.config import TrainConfig


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Bits are equal for equal numbers of threads only."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of 21 grey PNGs of 16x16."""
    return write_folder(tmp_path_factory.mktemp("data") / "squares")


@pytest.fixture
def config(images: Path) -> TrainConfig:
    """Return the tiny run on `images`: 6 steps of 8, ticks at 16, 32 and 48 images."""
    return replace(CONFIG, data=str(images))
