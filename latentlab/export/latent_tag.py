"""What a picture remembers of where it came from, as text that survives in a file.

The text is versioned JSON; latents stand in it as base64 of little-endian float32, so that they come back bit for bit.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

import numpy as np

from latentlab.latent.arrays import FloatArray, frozen
from latentlab.latent.priors import MAX_SEED, PRIORS, Prior

VERSION = 1
MAX_Z_DIM = 2**16
MAX_EDITS = 4096


@dataclass(frozen=True, eq=False)
class LatentTag:
    """The latent of a picture, and the steps that led to it.

    Attributes:
        z: What was rendered, shape (z_dim,), float32, finite, read-only.
        base: What z was before truncation and edits, shape (z_dim,), float32, finite, read-only.
        prior: The distribution z was trained on.
        model_hash: Of the generator.
        model_name: For people.
        seed: Where `base` was drawn from; None if it was not.
        label: The class it was rendered as; None if the model has none.
        edits: Name of a direction to strength in sigmas; read-only.
        truncation: psi, multiplies `base`.
        renormalised: Whether the sum was brought back to the norm the prior gives.

    Raises:
        ValueError: If a value is not of this kind.
    """

    z: FloatArray
    base: FloatArray
    prior: Prior
    model_hash: str
    model_name: str
    seed: int | None = None
    label: int | None = None
    edits: Mapping[str, float] = field(default_factory=dict)
    truncation: float = 1.0
    renormalised: bool = False

    def __post_init__(self) -> None:
        for name in ("z", "base"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        edits = {name: float(strength) for name, strength in self.edits.items()}
        object.__setattr__(self, "edits", MappingProxyType(edits))
        object.__setattr__(self, "truncation", float(self.truncation))
        if self.z.ndim != 1 or not 1 <= len(self.z) <= MAX_Z_DIM:
            raise ValueError(f"its z has the shape {self.z.shape}, expected 1 to {MAX_Z_DIM} numbers")
        if self.base.shape != self.z.shape:
            raise ValueError(f"its z has {len(self.z)} numbers, but its base has the shape {self.base.shape}")
        if not (np.isfinite(self.z).all() and np.isfinite(self.base).all()):
            raise ValueError("its z holds numbers that are not finite")
        if self.prior not in PRIORS:
            raise ValueError("its prior is unknown")
        if self.seed is not None and not 0 <= self.seed <= MAX_SEED:
            raise ValueError(f"its seed is outside 0 to {MAX_SEED}")
        if self.label is not None and self.label < 0:
            raise ValueError("its class is negative")
        if len(self.edits) > MAX_EDITS:
            raise ValueError(f"it has more than {MAX_EDITS} edits")
        if not all(math.isfinite(number) for number in (self.truncation, *self.edits.values())):
            raise ValueError("its truncation or an edit is not finite")

    def describe(self) -> str:
        """Return one line for people, for example ``digits, seed 42, Slant +1.2``."""
        parts = [self.model_name or "unnamed model"]
        if self.seed is not None:
            parts.append(f"seed {self.seed}")
        if self.label is not None:
            parts.append(f"class {self.label}")
        if self.truncation != 1.0:
            parts.append(f"truncation {self.truncation:g}")
        parts += [f"{name} {strength:+g}" for name, strength in self.edits.items()]
        return ", ".join(parts)


def to_text(tag: LatentTag) -> str:
    """Write a tag as one line of JSON in ASCII."""
    record = {
        "version": VERSION,
        "z": _pack(tag.z),
        "base": _pack(tag.base),
        "prior": tag.prior,
        "model_hash": tag.model_hash,
        "model_name": tag.model_name,
        "seed": tag.seed,
        "label": tag.label,
        "edits": dict(tag.edits),
        "truncation": tag.truncation,
        "renormalised": tag.renormalised,
    }
    return json.dumps(record, allow_nan=False)


def from_text(text: str) -> LatentTag:
    """Read what `to_text` wrote; fields it does not know are ignored.

    Raises:
        ValueError: If the text is damaged, of a newer version, or holds a value that no tag can have.
    """
    try:
        record = json.loads(text)
    except RecursionError as error:
        raise ValueError("its text is nested too deeply") from error
    if not isinstance(record, dict):
        raise ValueError("its text is not a JSON object")
    version = _get(record, "version", int)
    if not 1 <= version <= VERSION:
        raise ValueError("it was written by a newer latentlab")
    edits = _get(record, "edits", dict)
    return LatentTag(
        z=_unpack(_get(record, "z", str)),
        base=_unpack(_get(record, "base", str)),
        prior=_get(record, "prior", str),
        model_hash=_get(record, "model_hash", str),
        model_name=_get(record, "model_name", str),
        seed=_get(record, "seed", int, type(None)),
        label=_get(record, "label", int, type(None)),
        edits={name: _get(edits, name, float) for name in edits},
        truncation=_get(record, "truncation", float),
        renormalised=_get(record, "renormalised", bool),
    )


def _get(record: dict[str, Any], name: str, *kinds: type) -> Any:
    # A bool is an int to isinstance, so the type itself is compared.
    if type(record.get(name, ...)) not in kinds:
        raise ValueError(f"its {name:.40} is missing or of the wrong kind")
    return record[name]


def _pack(z: FloatArray) -> str:
    return base64.b64encode(z.astype("<f4").tobytes()).decode("ascii")


def _unpack(text: str) -> FloatArray:
    return np.frombuffer(base64.b64decode(text, validate=True), "<f4").astype(np.float32)
