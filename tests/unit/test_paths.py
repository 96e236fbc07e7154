"""Where files are, and writing one without ever leaving half of it."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest

from latentlab import paths
from latentlab.errors import LatentlabError, OutputError
from latentlab.paths import make_folder, replacing

posix = pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def write_half(target: Path, error: BaseException) -> None:
    with replacing(target) as temporary:
        temporary.write_text("half")
        raise error


def test_what_is_written_replaces_the_target_at_the_end(tmp_path: Path) -> None:
    target = tmp_path / "walk.gif"
    target.write_text("old")
    with replacing(target) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".gif"
        assert temporary != target
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert names(tmp_path) == ["walk.gif"]


def test_a_new_file_appears_at_the_end_only(tmp_path: Path) -> None:
    target = tmp_path / "new.png"
    with replacing(target) as temporary:
        temporary.write_bytes(b"x")
        assert not target.exists()
    assert target.read_bytes() == b"x"


@pytest.mark.parametrize("error", [ValueError("broken"), KeyboardInterrupt(), GeneratorExit(), RuntimeError()])
@pytest.mark.parametrize("existed", [True, False])
def test_a_failure_leaves_the_old_file_and_no_temporary(tmp_path: Path, error: BaseException, existed: bool) -> None:
    target = tmp_path / "model.safetensors"
    if existed:
        target.write_text("old")
    with pytest.raises(type(error)):
        write_half(target, error)
    assert names(tmp_path) == (["model.safetensors"] if existed else [])
    assert not existed or target.read_text() == "old"


def test_a_full_disk_is_an_output_error(tmp_path: Path) -> None:
    target = tmp_path / "model.safetensors"
    target.write_text("old")
    with pytest.raises(OutputError) as caught:
        write_half(target, OSError(28, "No space left on device"))
    assert str(caught.value) == f"{target}: cannot be written: No space left on device"
    assert target.read_text() == "old"
    assert names(tmp_path) == ["model.safetensors"]


def test_a_temporary_that_went_missing_is_an_output_error(tmp_path: Path) -> None:
    target = tmp_path / "model.safetensors"
    target.write_text("old")
    with pytest.raises(OutputError), replacing(target) as temporary:
        temporary.unlink()
    assert target.read_text() == "old"


def test_a_writer_may_replace_the_temporary_itself(tmp_path: Path) -> None:
    target = tmp_path / "model.safetensors"
    with replacing(target) as temporary:
        beside = tmp_path / "beside"
        beside.write_text("whole")
        beside.replace(temporary)
    assert target.read_text() == "whole"
    assert names(tmp_path) == ["model.safetensors"]


NEW_FILES = """
import os
from pathlib import Path
from latentlab.paths import replacing

with replacing(Path("ours")) as temporary:
    temporary.write_text("x")
Path("plain").write_text("x")
print(os.umask(0))
"""


@posix
@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_a_written_file_has_the_permissions_of_any_new_file(tmp_path: Path, umask: int) -> None:
    command = [sys.executable, "-c", NEW_FILES]
    ended = subprocess.run(command, cwd=tmp_path, umask=umask, capture_output=True, text=True, timeout=60, check=True)
    assert int(ended.stdout) == umask
    ours, plain = (stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("ours", "plain"))
    assert ours == plain == 0o666 & ~umask


@posix
@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_a_replaced_file_keeps_its_permissions(tmp_path: Path, mode: int) -> None:
    target = tmp_path / "model.safetensors"
    target.write_text("old")
    target.chmod(mode)
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"
    assert stat.S_IMODE(target.stat().st_mode) == mode


@pytest.mark.parametrize("name", ["a\0b.png", "x" * 300 + ".png", "x" * 300 + "/a.png"])
def test_what_no_file_can_be_called_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match="cannot be written"), replacing(tmp_path / name):
        pytest.fail("the block must not run")
    assert names(tmp_path) == []


def test_a_folder_is_no_target(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match=r"is a folder\. Name a file\."), replacing(tmp_path):
        pytest.fail("the block must not run")
    assert names(tmp_path) == []


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    target = tmp_path / "missing" / "a.png"
    with pytest.raises(OutputError) as caught, replacing(target):
        pytest.fail("the block must not run")
    assert str(target) in str(caught.value)
    assert f"the folder {target.parent} does not exist" in str(caught.value)
    assert names(tmp_path) == []


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("old")
    with pytest.raises(OutputError, match="cannot be written"), replacing(tmp_path / "file" / "a.png"):
        pytest.fail("the block must not run")
    with pytest.raises(OutputError, match="cannot be written"):
        make_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="cannot be written"):
        make_folder(tmp_path / "file" / "below")
    assert (tmp_path / "file").read_text() == "old"


@pytest.mark.parametrize("length", [200, 255])
def test_a_name_as_long_as_the_file_system_allows_is_a_name(tmp_path: Path, length: int) -> None:
    target = tmp_path / ("x" * (length - 4) + ".png")
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
    assert target.read_text() == "new"


def test_a_relative_target_is_written_where_one_stands(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with replacing(Path("a.png")) as temporary:
        temporary.write_text("x")
    assert names(tmp_path) == ["a.png"]


def test_folders_are_made_with_their_parents(tmp_path: Path) -> None:
    folder = tmp_path / "a" / "b"
    assert make_folder(folder) == folder
    assert folder.is_dir()
    assert make_folder(folder) == folder


# Where files are


def test_bundled_files_are_found_in_the_checkout_and_before_it_in_the_wheel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "latentlab"
    beside = tmp_path / "checkpoints" / "digits.safetensors"
    within = package / "_bundled" / "checkpoints" / "digits.safetensors"
    for path in (beside, within):
        path.parent.mkdir(parents=True)
        path.touch()
    monkeypatch.setattr(paths, "_PACKAGE", package)
    assert paths.bundled("checkpoints", "digits.safetensors") == within
    within.unlink()
    assert paths.bundled("checkpoints", "digits.safetensors") == beside
    beside.unlink()
    with pytest.raises(LatentlabError, match=r"checkpoints/digits\.safetensors: is missing"):
        paths.bundled("checkpoints", "digits.safetensors")


def test_the_package_is_where_bundled_files_are_looked_for() -> None:
    assert (paths._PACKAGE / "paths.py").is_file()


def test_the_folder_of_data_sets_can_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LATENTLAB_DATA", str(tmp_path))
    assert paths.data_dir() == tmp_path
    monkeypatch.setenv("LATENTLAB_DATA", "~/sets")
    assert paths.data_dir() == Path.home() / "sets"
    monkeypatch.setenv("LATENTLAB_DATA", "")
    assert paths.data_dir().name == "data"
    assert "latentlab" in paths.data_dir().parts


def test_naming_a_folder_does_not_make_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME", "LOCALAPPDATA"):
        monkeypatch.setenv(name, str(tmp_path / name))
    monkeypatch.delenv("LATENTLAB_DATA", raising=False)
    folders = (paths.data_dir, paths.runs_dir, paths.directions_dir, paths.cache_dir, paths.config_dir, paths.log_file)
    found = {folder() for folder in folders}
    assert len(found) == 6
    assert all("latentlab" in path.parts for path in found)
    assert names(tmp_path) == []
