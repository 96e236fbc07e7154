"""Messages between those who want pictures and the render thread."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from latentlab.errors import ErrorReport
from latentlab.latent.arrays import FloatArray, IntArray, frozen
from latentlab.pixels import Pixels

PICTURE = "picture"


@dataclass(frozen=True, eq=False)
class RenderRequest:
    """Latents to be rendered.

    Attributes:
        lane: Who asks. A newer request of a lane replaces an older one; `PICTURE` goes first, the others give way.
        epoch: Rises when the model changes.
        seq: Rises with every request of the session.
        z: Shape (N, z_dim), float32, N >= 1; copied and made read-only.
        order: The rows in the order in which they are wanted; as they stand by default.
        y: The classes, shape (N,), int64, copied and made read-only; None for the first one, and where there are none.

    Raises:
        ValueError: If z or y is not of that shape or `order` names a row that they do not have.
    """

    lane: str
    epoch: int
    seq: int
    z: FloatArray
    order: tuple[int, ...] = ()
    y: IntArray | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "z", frozen(self.z))
        if self.z.ndim != 2 or len(self.z) == 0:
            raise ValueError(f"latents to render have the shape {self.z.shape}, expected (N, z_dim)")
        if self.y is not None:
            y = np.array(self.y, np.int64)
            y.flags.writeable = False
            object.__setattr__(self, "y", y)
            if y.shape != (len(self.z),):
                raise ValueError(f"classes to render have the shape {y.shape}, expected ({len(self.z)},)")
        if not set(self.order) <= set(range(len(self.z))):
            raise ValueError(f"the order {self.order} names rows beyond {len(self.z)} latents")
        if not self.order:
            object.__setattr__(self, "order", tuple(range(len(self.z))))


@dataclass(frozen=True, eq=False)
class RenderResult:
    """Some or all pictures of a request, or the reason why there are none.

    Attributes:
        lane: As in the request.
        epoch: As in the request.
        seq: As in the request.
        rows: Which rows of the request these are.
        pixels: Shape (len(rows), H, W, C), uint8; empty after an error.
        elapsed_ms: Time the backend took for these rows.
        error: Why the request failed; None otherwise.
    """

    lane: str
    epoch: int
    seq: int
    rows: tuple[int, ...]
    pixels: Pixels
    elapsed_ms: float
    error: ErrorReport | None = None


def ends_and_middle_first(count: int) -> tuple[int, ...]:
    """Order the rows of a strip so that it takes shape at once: both ends, the middle, then the gaps between.

    Args:
        count: Number of rows, at least 1.

    Returns:
        Every index below `count`, once.
    """
    order = [0] if count == 1 else [0, count - 1]
    spans = [(0, count - 1)]
    while spans:
        halves = []
        for first, last in spans:
            if last - first > 1:
                middle = (first + last) // 2
                order.append(middle)
                halves += [(first, middle), (middle, last)]
        spans = halves
    return tuple(order)
