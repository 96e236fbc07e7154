"""Files are named for what they are for."""

from __future__ import annotations

from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "latentlab"
FORBIDDEN = {"util", "utils", "helper", "helpers", "manager", "managers", "misc", "common"}


def named_for_nothing(root: Path) -> list[str]:
    """List modules and packages below `root` with a forbidden word in their names."""
    found = [path for path in root.rglob("*") if path.suffix == ".py" or (path.is_dir() and any(path.glob("*.py")))]
    return sorted(str(path.relative_to(root)) for path in found if FORBIDDEN & set(path.stem.lower().split("_")))


def test_no_module_is_named_for_nothing() -> None:
    assert (PACKAGE / "errors.py").is_file()
    assert named_for_nothing(PACKAGE) == []


@pytest.mark.parametrize("name", ["utils.py", "image_utils.py", "deep/Helpers.py", "manager/__init__.py", "misc.py"])
def test_such_names_are_found(tmp_path: Path, name: str) -> None:
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).touch()
    (tmp_path / "commonplace.py").touch()
    assert len(named_for_nothing(tmp_path)) == 1
