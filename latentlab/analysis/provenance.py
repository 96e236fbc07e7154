"""What every source of directions says alike: which way is plus, and on which day they were found."""

from __future__ import annotations

from datetime import date

import numpy as np
import numpy.typing as npt

from latentlab.latent.arrays import FloatArray


def signed(vector: npt.NDArray[np.floating]) -> FloatArray:
    """Turn a vector whose sign means nothing so that its component of largest magnitude is positive."""
    turned = vector if vector[np.abs(vector).argmax()] > 0.0 else -vector
    return turned.astype(np.float32)


def today() -> str:
    """Return the date as ISO 8601."""
    return date.today().isoformat()
