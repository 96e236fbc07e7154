"""What turns latents into pixels."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels


class Backend(Protocol):
    """A generator made ready on one device.

    Attributes:
        device: What the status bar names, for example ``CPU``.
    """

    device: str

    def render(self, z: FloatArray) -> Pixels:
        """Render latents.

        Args:
            z: Shape (N, z_dim), float32, N >= 1.

        Returns:
            Shape (N, H, W, C), uint8, owned by the caller.
        """
        ...


BackendFactory = Callable[[], Backend]
