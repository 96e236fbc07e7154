"""How the user wants files of other projects to be read, remembered by what is in them, wherever they lie."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar

from latentlab import log, paths
from latentlab.errors import ModelFileError
from latentlab.latent.priors import PRIORS, Prior
from latentlab.models.foreign.batch_norm import STATISTICS, Statistics
from latentlab.models.foreign.onnx_generator import RANGES, Range
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.spec import GeneratorSpec

FORMAT = 1
MAX_FILES = 500
_MAX_BYTES = 2**24
_PART_BYTES = 2**22
_Word = TypeVar("_Word", bound=str)
_log = log.get(__name__)


@dataclass(frozen=True)
class Choice:
    """How a file is to be read.

    Attributes:
        spec: Its architecture and prior: a guess's, or such a one changed by hand; None for the best guess, and for an
            ``.onnx`` file.
        statistics: BatchNorm's.
        prior: Of the z of an ``.onnx`` file; empty for what the file says, else normal.
        range: Of the output of an ``.onnx`` file; empty for what was found.
    """

    spec: GeneratorSpec | None = None
    statistics: Statistics = "running"
    prior: Prior | Literal[""] = ""
    range: Range | Literal[""] = ""


def hash_of(path: Path, watch: Watch = unwatched) -> str:
    """Return 16 hexadecimal digits over the bytes of a file.

    Args:
        path: The file.
        watch: Called between the parts that are read.

    Raises:
        ModelFileError: If it cannot be read.
    """
    try:
        digest = hashlib.blake2b(digest_size=8)
        with path.open("rb", buffering=0) as file:
            while part := file.read(_PART_BYTES):
                digest.update(part)
                watch()
        return digest.hexdigest()
    except OSError as error:
        raise ModelFileError(path, f"cannot be read: {error.strerror or error}") from error


def remembered(file_hash: str) -> Choice | None:
    """Return how a file is to be read; None where nothing was chosen, or what was is damaged."""
    entry = _read().get(file_hash)
    try:
        return None if entry is None else _from_json(entry)
    except (ValueError, AttributeError) as error:
        _log.warning("the reading of %s is damaged: %s", file_hash, error)
        return None


def remember(file_hash: str, choice: Choice | None) -> None:
    """Keep how a file is to be read, or with None forget it; beyond `MAX_FILES` the oldest are forgotten.

    Raises:
        OutputError: If it cannot be written.
    """
    entries = _read()
    entries.pop(file_hash, None)
    if choice is not None:
        entries[file_hash] = _to_json(choice)
    kept = dict(list(entries.items())[-MAX_FILES:])
    target = _file()
    paths.make_folder(target.parent)
    with paths.replacing(target) as temporary:
        temporary.write_text(json.dumps({"format": FORMAT, "files": kept}), encoding="utf-8")


def _file() -> Path:
    return paths.config_dir() / "readings.json"


def _read() -> dict[str, Any]:
    try:
        if _file().stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        match json.loads(_file().read_text(encoding="utf-8")):
            case {"format": format_, "files": dict(files)} if format_ == FORMAT:
                return files
        raise ValueError("it is of a format that this version does not know")
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, RecursionError) as error:
        _log.warning("%s cannot be read: %s", _file(), error)
        return {}


def _to_json(choice: Choice) -> dict[str, Any]:
    return {
        "spec": None if choice.spec is None else choice.spec.to_json(),
        "statistics": choice.statistics,
        "prior": choice.prior,
        "range": choice.range,
    }


def _from_json(data: Mapping[str, Any]) -> Choice:
    spec, prior, range_ = data.get("spec"), data.get("prior", ""), data.get("range", "")
    return Choice(
        None if spec is None else GeneratorSpec.from_json(spec),
        _one_of(STATISTICS, data.get("statistics", "running")),
        _one_of(PRIORS, prior) if prior else "",
        _one_of(RANGES, range_) if range_ else "",
    )


def _one_of(known: tuple[_Word, ...], word: object) -> _Word:
    for each in known:
        if each == word:
            return each
    raise ValueError(f"unknown {word!r:.40}")
