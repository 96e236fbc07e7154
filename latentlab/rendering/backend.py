"""What turns latents into pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels


class Backend(Protocol):
    """A generator made ready on one device."""

    def render(self, z: FloatArray, y: IntArray | None = None) -> Pixels:
        """Render latents; any thread may call this.

        Args:
            z: Shape (N, z_dim), float32, N >= 1.
            y: The classes, shape (N,), int64; None for the first one, and where there are none.

        Returns:
            Shape (N, H, W, C), uint8, owned by the caller.
        """
        ...

    def use_threads(self, count: int) -> None:
        """Draw with so many CPU threads from now on, 1 or more; 0 for as many as pay."""
        ...


BackendFactory = Callable[[], Backend]
