"""How files of other projects were ranked, kept by what is in them, so that the next opening measures nothing."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from latentlab import log, paths
from latentlab.errors import LatentlabError
from latentlab.models.foreign.opening import Guess
from latentlab.models.foreign.readings import MAX_READINGS, Ranked
from latentlab.models.layers import finite_number
from latentlab.models.spec import GeneratorSpec

_VERSION = 2
"""Raised whenever the same file is ranked otherwise."""
_MAX_BYTES = 2**22
_log = log.get(__name__)


def ranked_before(file_hash: str) -> tuple[Ranked, ...]:
    """Return how a file was ranked, best first; empty if it was not, or what was kept is damaged."""
    path = _entry(file_hash)
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise ValueError("it is too large")
        match json.loads(path.read_text(encoding="utf-8")):
            case list(entries) if len(entries) <= MAX_READINGS:
                return tuple(map(_ranked, entries))
        raise ValueError("it is no ranking")
    except FileNotFoundError:
        return ()
    except (OSError, ValueError, RecursionError) as error:
        _log.info("%s is not taken from the cache: %s", file_hash, error)
        return ()


def keep_ranking(file_hash: str, guesses: Sequence[Guess]) -> None:
    """Keep how a file was ranked; a cache that cannot be written is no obstacle."""
    entries = [{"spec": guess.spec.to_json(), "score": guess.score, "misfit": guess.misfit} for guess in guesses]
    path = _entry(file_hash)
    try:
        paths.make_folder(path.parent)
        with paths.replacing(path) as temporary:
            temporary.write_text(json.dumps(entries), encoding="utf-8")
    except LatentlabError as error:
        _log.info("%s is not kept: %s", file_hash, error)


def _entry(file_hash: str) -> Path:
    return paths.cache_dir() / "readings" / f"{_VERSION}-{file_hash}.json"


def _ranked(entry: object) -> Ranked:
    match entry:
        case {"spec": dict(spec), "score": score, "misfit": misfit}:
            return Ranked(GeneratorSpec.from_json(spec), finite_number(score), finite_number(misfit))
    raise ValueError("it is no ranking")
