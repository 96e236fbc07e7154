"""What turns latents into pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.pixels import Pixels


class Backend(Protocol):
    """A generator made ready on one device."""

    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        """Render latents; any thread may call this.

        Args:
            z: Shape (N, z_dim), float32, N >= 1.
            y: The classes, shape (N,), int64; None for the first one, and where there are none.
            threads: Of the CPU, 1 or more; 0 for as many as pay.

        Returns:
            Shape (N, H, W, C), uint8, owned by the caller.
        """
        ...


BackendFactory = Callable[[], Backend]
