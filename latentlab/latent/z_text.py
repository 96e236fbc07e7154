"""A latent as text that can be copied and pasted: ``z:`` and base64 of its little-endian float32."""

from __future__ import annotations

import base64
import binascii

import numpy as np

from latentlab.errors import ValueRangeError
from latentlab.latent.arrays import FloatArray

PREFIX = "z:"
_HOW_IT_LOOKS = "A copied latent starts with z: and holds no blanks."


def encode(z: FloatArray) -> str:
    """Write a latent of shape (z_dim,), float32, as text that gives it back bit for bit."""
    return PREFIX + base64.b64encode(z.astype("<f4").tobytes()).decode("ascii")


def decode(text: str) -> FloatArray:
    """Read what `encode` wrote; blanks and line breaks that a mail program put in are ignored.

    Returns:
        Shape (z_dim,), float32, finite.

    Raises:
        ValueRangeError: If it is no such text, cut short, or holds numbers that are not finite.
    """
    packed = "".join(text.split())
    shown = packed if len(packed) <= 20 else f"{packed[:20]}…"
    if not packed.startswith(PREFIX):
        raise ValueRangeError(shown or "empty text", "is not a latent", _HOW_IT_LOOKS)
    try:
        raw = base64.b64decode(packed.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise ValueRangeError(shown, "is damaged: it is not base64", _HOW_IT_LOOKS) from None
    if len(raw) == 0 or len(raw) % 4:
        raise ValueRangeError(shown, f"is cut short: {len(raw)} bytes are no whole float32 numbers", _HOW_IT_LOOKS)
    z = np.frombuffer(raw, "<f4").astype(np.float32)
    if not np.isfinite(z).all():
        raise ValueRangeError(shown, "holds numbers that are not finite")
    return z
