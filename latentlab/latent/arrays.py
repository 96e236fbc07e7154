"""The array types of latents, and how to make one read-only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float32]
IntArray = npt.NDArray[np.int64]


def frozen(values: npt.ArrayLike) -> FloatArray:
    """Return a read-only float32 copy, fit to live inside frozen state."""
    array = np.array(values, np.float32)
    array.flags.writeable = False
    return array
