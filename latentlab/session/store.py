"""Sessions as files: ``.latentlab``, versioned JSON with the latents inside; the model is named by hash and path."""

from __future__ import annotations

import base64
import json
import math
import os
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from latentlab.errors import LatentlabError
from latentlab.latent.directions import Direction
from latentlab.latent.interpolation import MODES
from latentlab.latent.priors import MAX_SEED, PRIORS
from latentlab.paths import replacing
from latentlab.session.card import Card
from latentlab.session.point import Point
from latentlab.session.sliders import SliderLayout
from latentlab.session.state import MAX_FRAMES, MIN_FRAMES, End, SessionState, Strip, Term

SUFFIX = ".latentlab"
FORMAT = 1
_MAX_BYTES = 2**28
_ENDS: tuple[End, ...] = ("a", "b")
_Word = TypeVar("_Word", bound=str)


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
        "directions": [_direction_out(direction) for direction in state.directions],
        "sliders": {
            "locked": sorted(state.sliders.locked),
            "favourites": sorted(state.sliders.favourites),
            "hidden": sorted(state.sliders.hidden),
            "order": list(state.sliders.order),
        },
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
    except (ValueError, RecursionError) as error:
        raise SessionFileError(path, f"is damaged or no session: {error}") from error
    if not isinstance(data, dict) or data.get("format") != FORMAT:
        raise SessionFileError(path, "is of a format that this version does not know")
    try:
        model = _get(data, "model", dict)
        folder = path.resolve().parent
        return StoredSession(_Reader().state(data), folder / _get(model, "path", str), _get(model, "hash", str))
    except (ValueError, OverflowError, zlib.error) as error:
        raise SessionFileError(path, f"is damaged: {error}") from error


class _Reader:
    """Turns JSON into a document, trusting nothing; what all arrays unpack to is limited together."""

    def __init__(self) -> None:
        self._bytes_left = _MAX_BYTES

    def state(self, data: Mapping[str, Any]) -> SessionState:
        z_dim = _get(data, "z_dim", int)
        strip = self._strip(_get(data, "strip", dict))
        picture, before = (self._point(_get(data, name, dict)) for name in ("picture", "before"))
        if any(len(point.base) != z_dim for point in (picture, before, strip.a, strip.b)):
            raise ValueError(f"a latent is not {z_dim} wide")
        terms = _get(data, "terms", list)
        if len(terms) != 3:
            raise ValueError(f"it has {len(terms)} terms, expected 3")
        first, second, third = (self._cards(cards) for cards in terms)
        return SessionState(
            z_dim=z_dim,
            prior=_one_of(PRIORS, _get(data, "prior", str)),
            picture=picture,
            before=before,
            strip=strip,
            terms=(Term(1, first), Term(-1, second), Term(1, third)),
            arithmetic_renormalised=_get(data, "arithmetic_renormalised", bool),
            shelf=self._cards(_get(data, "shelf", list)),
            directions=self._directions(data.get("directions", []), z_dim),
            sliders=_sliders(data.get("sliders", {})),
        )

    def _directions(self, data: Any, z_dim: int) -> tuple[Direction, ...]:
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise ValueError("what should be directions is something else")
        found = tuple(map(self._direction, data))
        names = {direction.name.casefold() for direction in found}
        if any(direction.vector.shape != (z_dim,) for direction in found) or len(names) < len(found):
            raise ValueError(f"a direction is not {z_dim} wide, or two have the same name")
        return found

    def _direction(self, data: Mapping[str, Any]) -> Direction:
        accuracy = _get(data, "accuracy", float, int, type(None))
        return Direction(
            name=_get(data, "name", str),
            source=_get(data, "source", str),
            vector=self._array(_get(data, "vector", dict), np.float32),
            sigma=_get(data, "sigma", float, int),
            detail=_get(data, "detail", str),
            layer=_get(data, "layer", str),
            accuracy=None if accuracy is None else float(accuracy),
            model=_get(data, "model", str),
            created=_get(data, "created", str),
        )

    def _strip(self, data: Mapping[str, Any]) -> Strip:
        held = _get(data, "held", str, type(None))
        return Strip(
            a=self._point(_get(data, "a", dict)),
            b=self._point(_get(data, "b", dict)),
            held=None if held is None else _one_of(_ENDS, held),
            mode=_one_of(MODES, _get(data, "mode", str)),
            frames=min(MAX_FRAMES, max(MIN_FRAMES, _get(data, "frames", int))),
        )

    def _point(self, data: Mapping[str, Any]) -> Point:
        strengths = _get(data, "strengths", dict)
        seed = _get(data, "seed", int, type(None))
        if seed is not None and not 0 <= seed <= MAX_SEED:
            raise ValueError(f"a seed is outside 0 to {MAX_SEED}")
        return Point(
            base=self._array(_get(data, "base", dict), np.float32),
            seed=seed,
            origin=_get(data, "origin", str),
            strengths={name: _get(strengths, name, float, int) for name in strengths},
            truncation=_get(data, "truncation", float, int),
            renormalised=_get(data, "renormalised", bool),
            label=_get(data, "label", int, type(None)) if "label" in data else None,
        )

    def _cards(self, data: Any) -> tuple[Card, ...]:
        if not isinstance(data, list) or not all(isinstance(each, dict) for each in data):
            raise ValueError("what should be cards is something else")
        return tuple(map(self._card, data))

    def _card(self, data: Mapping[str, Any]) -> Card:
        pixels = self._array(_get(data, "pixels", dict), np.uint8)
        if pixels.ndim != 3 or pixels.shape[2] not in (1, 3):
            raise ValueError(f"a card's picture has the shape {pixels.shape}")
        point = self._point(_get(data, "point", dict))
        z = self._array(_get(data, "z", dict), np.float32)
        if z.shape != point.base.shape or not np.isfinite(z).all():
            raise ValueError("a card's latent does not fit its steps, or is not finite")
        return Card(
            name=_get(data, "name", str),
            point=point,
            z=z,
            pixels=pixels,
            prior=_one_of(PRIORS, _get(data, "prior", str)),
            model_hash=_get(data, "model_hash", str),
            model_name=_get(data, "model_name", str),
        )

    def _array(self, data: Mapping[str, Any], dtype: type[np.generic]) -> npt.NDArray[Any]:
        shape = _get(data, "shape", list)
        if not 1 <= len(shape) <= 3 or not all(type(side) is int and side >= 1 for side in shape):
            raise ValueError("an array has an impossible shape")
        size = math.prod(shape) * np.dtype(dtype).itemsize
        self._bytes_left -= size
        if self._bytes_left < 0:
            raise ValueError(f"its arrays are larger than {_MAX_BYTES} bytes")
        packed = base64.b64decode(_get(data, "data", str), validate=True)
        unpacked = zlib.decompressobj().decompress(packed, size + 1)
        if len(unpacked) != size:
            raise ValueError("an array is not as large as its shape says")
        return np.frombuffer(unpacked, dtype).reshape(shape)


def _get(record: Mapping[str, Any], name: str, *kinds: type) -> Any:
    # A bool is an int to isinstance, so the type itself is compared.
    if type(record.get(name, ...)) not in kinds:
        raise ValueError(f"its {name:.40} is missing or of the wrong kind")
    return record[name]


def _one_of(known: tuple[_Word, ...], word: str) -> _Word:
    for each in known:
        if each == word:
            return each
    raise ValueError(f"unknown {word!r:.40}; known are {', '.join(known)}")


def _sliders(data: Any) -> SliderLayout:
    if not isinstance(data, dict):
        raise ValueError("what should be the layout of the sliders is something else")
    names = {}
    for key in ("locked", "favourites", "hidden", "order"):
        names[key] = data.get(key, [])
        if not isinstance(names[key], list) or not all(isinstance(name, str) for name in names[key]):
            raise ValueError(f"its {key} are no names")
    return SliderLayout(
        frozenset(names["locked"]), frozenset(names["favourites"]), frozenset(names["hidden"]), tuple(names["order"])
    )


def _direction_out(direction: Direction) -> dict[str, Any]:
    return {
        "name": direction.name,
        "source": direction.source,
        "vector": _array_out(direction.vector),
        "sigma": direction.sigma,
        "detail": direction.detail,
        "layer": direction.layer,
        "accuracy": direction.accuracy,
        "model": direction.model,
        "created": direction.created,
    }


def _point_out(point: Point) -> dict[str, Any]:
    return {
        "base": _array_out(point.base),
        "seed": point.seed,
        "origin": point.origin,
        "strengths": dict(point.strengths),
        "truncation": point.truncation,
        "renormalised": point.renormalised,
        "label": point.label,
    }


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


def _array_out(array: npt.NDArray[Any]) -> dict[str, Any]:
    packed = base64.b64encode(zlib.compress(np.ascontiguousarray(array).tobytes(), 6)).decode("ascii")
    return {"shape": list(array.shape), "data": packed}
