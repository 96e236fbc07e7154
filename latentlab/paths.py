"""Where files are: bundled ones, the user's, and how to write one without ever leaving half of it."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import platformdirs

from latentlab.errors import LatentlabError, OutputError

APP_NAME = "latentlab"
_PACKAGE = Path(__file__).resolve().parent


def bundled(*parts: str) -> Path:
    """Find a file or folder that ships with the application.

    Looks in ``latentlab/_bundled`` beside the package (wheel), then in the root of the checkout
    (source tree, editable install), nowhere else.

    Args:
        parts: Path below the root, for example ``"checkpoints", "faces.safetensors"``.

    Raises:
        LatentlabError: If neither place has it.
    """
    for root in (_PACKAGE / "_bundled", _PACKAGE.parent):
        candidate = root.joinpath(*parts)
        if candidate.exists():
            return candidate
    raise LatentlabError("/".join(parts), "is missing from this installation", "Install latentlab again.")


def data_dir() -> Path:
    """Name the folder of data sets: ``$LATENTLAB_DATA``, else one below the platform's data folder."""
    named = os.environ.get("LATENTLAB_DATA")
    return Path(named).expanduser() if named else Path(platformdirs.user_data_dir(APP_NAME, False)) / "data"


def runs_dir() -> Path:
    """Name the folder that new training runs are offered in."""
    return Path(platformdirs.user_data_dir(APP_NAME, False)) / "runs"


def directions_dir() -> Path:
    """Name the folder of the directions that the user found and kept."""
    return Path(platformdirs.user_data_dir(APP_NAME, False)) / "directions"


def cache_dir() -> Path:
    """Name the folder of results that can be computed again."""
    return Path(platformdirs.user_cache_dir(APP_NAME, False))


def config_dir() -> Path:
    """Name the folder of settings and of the autosaved session."""
    return Path(platformdirs.user_config_dir(APP_NAME, False))


def log_file() -> Path:
    """Name the file that the log is written to."""
    return Path(platformdirs.user_log_dir(APP_NAME, False)) / "latentlab.log"


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Write a file beside its target and rename it on success.

    Yields a temporary path in the same folder, with the target's suffix. When the block ends without an
    exception the temporary file replaces the target in one step (fsync, rename) and takes over its permissions;
    otherwise it is removed and the target is as it was.

    Raises:
        OutputError: If the folder is missing or not writable, the target is a folder or no path, or the disk is full.
    """
    try:
        mode = _mode(target)
        if stat.S_ISDIR(mode):
            raise OutputError(target, "is a folder", "Name a file.")
        handle, name = tempfile.mkstemp(prefix=f".{APP_NAME}-", suffix=target.suffix, dir=target.parent)
    except ValueError as error:
        raise OutputError(target, f"cannot be written: {error}") from error
    except OSError as error:
        raise _cannot_write(target, error) from error
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.chmod(mode & 0o777)
        os.replace(temporary, target)
    except OSError as error:
        raise _cannot_write(target, error) from error
    finally:
        temporary.unlink(missing_ok=True)


def make_folder(folder: Path) -> Path:
    """Create a folder and its parents where missing, and return it.

    Raises:
        OutputError: If it cannot be created or is a file.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _cannot_write(folder, error) from error
    return folder


def _cannot_write(target: Path, error: OSError) -> OutputError:
    if isinstance(error, FileNotFoundError) and not target.parent.exists():
        return OutputError(target, f"cannot be written: the folder {target.parent} does not exist", "Create it first.")
    return OutputError(target, f"cannot be written: {error.strerror or error}")


def _mode(target: Path) -> int:
    try:
        return target.stat().st_mode
    except FileNotFoundError:
        return 0o666 & ~_UMASK


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


# The mask can only be read by setting it, for every thread at once: read it while there is one.
_UMASK = _umask()
