"""Rendering through torch, for a GPU; same pictures as on the CPU to within one grey level in whole float32.

NVIDIA's libraries take convolutions in TF32 unless `torch.backends.cudnn.allow_tf32` is cleared, which is for the whole
process and so would slow a training down: rounding to its 10 bits moved single pixels of the bundled digits by up to 3
levels, of the faces by 1 (`tests/benchmarks/tf32.py`, which rounds on a CPU; no GPU was at hand).
"""

from __future__ import annotations

import numpy as np
import torch

from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.models import networks
from latentlab.models.checkpoint import Generator
from latentlab.pixels import Pixels


class TorchBackend:
    """A generator as a torch module on one device; see `Backend`.

    Args:
        generator: The generator.
        device: As torch names it.
    """

    def __init__(self, generator: Generator, device: str) -> None:
        self.device = torch.device(device)
        self._takes_class = generator.card.generator.classes > 0
        self._network = networks.frozen(generator.card.generator.network, generator.weights).to(self.device)

    @torch.inference_mode()
    def render(self, z: FloatArray, y: IntArray | None = None, threads: int = 0) -> Pixels:
        """Render latents; see `Backend.render`. Threads of the CPU do not come into it."""
        fed = [torch.from_numpy(np.array(z, np.float32)).to(self.device)]
        if self._takes_class:
            classes = np.zeros(len(z), np.int64) if y is None else np.array(y, np.int64)
            fed.append(torch.from_numpy(classes).to(self.device))
        photo = self._network(*fed)
        # As `pixels.to_pixels` does, on the device: a quarter of the bytes to carry back.
        pixels = ((photo.clamp(-1.0, 1.0) + 1.0) * 127.5).round().to(torch.uint8)
        return np.array(pixels.permute(0, 2, 3, 1).cpu().numpy())
