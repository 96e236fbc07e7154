"""What the tests of data sets share: a cache of their own."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab.data import cache


@pytest.fixture(autouse=True)
def cache_folder(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the test a cache of its own, which does not exist yet."""
    folder = tmp_path_factory.mktemp("cache") / "data"
    monkeypatch.setattr(cache, "folder", lambda: folder)
    return folder
