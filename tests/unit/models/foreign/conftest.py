"""What the tests of foreign files share."""

from __future__ import annotations

from pathlib import Path

import pytest

from latentlab import paths


@pytest.fixture(autouse=True)
def own_config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep what the user has chosen for their files, and the cache of what these were found to be, out of it."""
    folder, cache = tmp_path / "config", tmp_path / "cache"
    monkeypatch.setattr(paths, "config_dir", lambda: folder)
    monkeypatch.setattr(paths, "cache_dir", lambda: cache)
    return folder
