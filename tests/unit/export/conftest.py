"""What the tests of exports share."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture(params=[1, 3], ids=["grey", "rgb"])
def channels(request: pytest.FixtureRequest) -> int:
    return int(request.param)


@pytest.fixture
def old_file(tmp_path: Path) -> Callable[[str], Path]:
    """Create a file that an export would replace."""

    def create(name: str) -> Path:
        path = tmp_path / name
        path.write_bytes(b"what stood here before")
        return path

    return create
