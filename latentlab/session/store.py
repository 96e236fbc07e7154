"""Sessions as files: ``.latentlab``, versioned JSON with the latents inside; the model is named by hash and path."""

from __future__ import annotations

import base64
import json
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import numpy.typing as npt

from latentlab.errors import LatentlabError
from latentlab.latent.interpolation import MODES, Mode
from latentlab.latent.priors import PRIORS, Prior
from latentlab.paths import replacing
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.state import MAX_FRAMES, MIN_FRAMES, End, SessionState, Strip, Term

SUFFIX = ".latentlab"
FORMAT = 1
_MAX_BYTES = 2**28


class SessionFileError(LatentlabError):
    """A session file cannot be read."""


@dataclass(frozen=True)
class StoredSession:
    """What a session file holds.

    Attributes:
        state: The document.
        model_path: Where the model was, resolved against the session's folder; it may have moved since.
        model_hash: Of the model it was made with.
    """

    state: SessionState
    model_path: Path
    model_hash: str


def save_session(path: Path, state: SessionState, model_path: Path, model_hash: str) -> None:
    """Write a session file in one step.

    Args:
        path: The target.
        state: The document.
        model_path: The open model; written relative to the session's folder where possible.
        model_hash: Its content hash.

    Raises:
        OutputError: If the file cannot be written.
    """
    try:
        relative = os.path.relpath(model_path.resolve(), path.resolve().parent)
    except ValueError:  # another drive on Windows
        relative = str(model_path.resolve())
    strip = state.strip
    data = {
        "format": FORMAT,
        "model": {"path": Path(relative).as_posix(), "hash": model_hash},
        "z_dim": state.z_dim,
        "prior": state.prior,
        "picture": _point_out(state.picture),
        "before": _point_out(state.before),
        "strip": {
            "a": _point_out(strip.a),
            "b": _point_out(strip.b),
            "held": strip.held,
            "mode": strip.mode,
            "frames": strip.frames,
        },
        "terms": [[_card_out(card) for card in term.cards] for term in state.terms],
        "arithmetic_renormalised": state.arithmetic_renormalised,
        "shelf": [_card_out(card) for card in state.shelf],
    }
    with replacing(path) as temporary:
        temporary.write_text(json.dumps(data), encoding="utf-8")


def load_session(path: Path) -> StoredSession:
    """Read a session file.

    Raises:
        SessionFileError: If it is missing, damaged, or of a format that this version does not know.
    """
    try:
        if path.stat().st_size > _MAX_BYTES:
            raise SessionFileError(path, "is too large for a session")
        data = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise SessionFileError(path, "no such file") from None
    except OSError as error:
        raise SessionFileError(path, f"cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise SessionFileError(path, f"is damaged or no session: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise SessionFileError(path, "is of a format that this version does not know")
    try:
        model = data["model"]
        return StoredSession(_state_in(data), path.resolve().parent / str(model["path"]), str(model["hash"]))
    except (KeyError, IndexError, TypeError, ValueError, AttributeError, zlib.error) as error:
        raise SessionFileError(path, f"is damaged: {error}") from error


def _state_in(data: Mapping[str, Any]) -> SessionState:
    z_dim, prior = int(data["z_dim"]), _prior_in(data["prior"])
    strip = data["strip"]
    if strip["held"] not in ("a", "b", None) or strip["mode"] not in MODES:
        raise ValueError("the strip is of an unknown kind")
    points = [_point_in(data[name]) for name in ("picture", "before")] + [_point_in(strip[name]) for name in ("a", "b")]
    if any(len(point.base) != z_dim for point in points):
        raise ValueError(f"a latent is not {z_dim} wide")
    first, second, third = data["terms"]
    return SessionState(
        z_dim=z_dim,
        prior=prior,
        picture=points[0],
        before=points[1],
        strip=Strip(
            points[2],
            points[3],
            cast(End | None, strip["held"]),
            cast(Mode, strip["mode"]),
            min(MAX_FRAMES, max(MIN_FRAMES, int(strip["frames"]))),
        ),
        terms=(
            Term(1, tuple(map(_card_in, first))),
            Term(-1, tuple(map(_card_in, second))),
            Term(1, tuple(map(_card_in, third))),
        ),
        arithmetic_renormalised=bool(data["arithmetic_renormalised"]),
        shelf=tuple(map(_card_in, data["shelf"])),
    )


def _point_out(point: Point) -> dict[str, Any]:
    return {
        "base": _array_out(point.base),
        "seed": point.seed,
        "origin": point.origin,
        "strengths": dict(point.strengths),
        "truncation": point.truncation,
        "renormalised": point.renormalised,
    }


def _point_in(data: Mapping[str, Any]) -> Point:
    return Point(
        base=_latent_in(data["base"]),
        seed=None if data["seed"] is None else int(data["seed"]),
        origin=str(data["origin"]),
        strengths={str(name): float(value) for name, value in data["strengths"].items()},
        truncation=float(data["truncation"]),
        renormalised=bool(data["renormalised"]),
    )


def _card_out(card: Card) -> dict[str, Any]:
    return {
        "name": card.name,
        "point": _point_out(card.point),
        "z": _array_out(card.z),
        "pixels": _array_out(card.pixels),
        "prior": card.prior,
        "model_hash": card.model_hash,
        "model_name": card.model_name,
    }


def _card_in(data: Mapping[str, Any]) -> Card:
    pixels = _array_in(data["pixels"], np.uint8)
    if pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
        raise ValueError(f"a card's picture has the shape {pixels.shape}")
    return Card(
        name=str(data["name"]),
        point=_point_in(data["point"]),
        z=_latent_in(data["z"]),
        pixels=pixels,
        prior=_prior_in(data["prior"]),
        model_hash=str(data["model_hash"]),
        model_name=str(data["model_name"]),
    )


def _array_out(array: npt.NDArray[Any]) -> dict[str, Any]:
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 6)).decode("ascii")
    return {"shape": list(array.shape), "data": packed}


def _array_in(data: Mapping[str, Any], dtype: type[np.generic]) -> npt.NDArray[Any]:
    shape = tuple(int(side) for side in data["shape"])
    expected = int(np.prod(shape)) * np.dtype(dtype).itemsize
    if not 0 < expected <= _MAX_BYTES:
        raise ValueError(f"an array of shape {shape}")
    unpacked = zlib.decompressobj().decompress(base64.b64decode(data["data"]), expected)
    return np.frombuffer(unpacked, dtype).reshape(shape)


def _latent_in(data: Mapping[str, Any]) -> npt.NDArray[np.float32]:
    latent = _array_in(data, np.float32)
    if latent.ndim != 1 or not np.isfinite(latent).all():
        raise ValueError("a latent is not a finite vector")
    return latent


def _prior_in(name: Any) -> Prior:
    if name not in PRIORS:
        raise ValueError(f"unknown prior {name!r}")
    return cast(Prior, name)
