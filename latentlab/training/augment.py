"""What D is shown instead of a picture as it is: DiffAugment, and noise.

All of it is drawn for a whole batch before any is applied, from the run's own stream: so a batch may go through the
networks in parts, or on several machines, without anything else being drawn.

References:
    Zhao, Liu, Lin, Zhu & Han 2020, "Differentiable Augmentation for Data-Efficient GAN Training", arXiv:2006.10738.
    Sønderby et al. 2016, "Amortised MAP Inference for Image Super-resolution", arXiv:1610.04490, section 3.3:
    instance noise.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

MAX_SHIFT = 0.125
HOLE = 0.5


@dataclass(frozen=True)
class View:
    """How each picture of a batch is changed; what is None is left alone.

    Attributes:
        shade: Brightness, saturation, contrast, each uniform in [0, 1); shape (N, 3).
        shift: Pixels that the picture goes down and right, whole; shape (N, 2), int64.
        hole: Row and column of the centre of what is blanked; shape (N, 2), int64.
        noise: Added to the picture; shape (N, C, H, W).
    """

    shade: Tensor | None = None
    shift: Tensor | None = None
    hole: Tensor | None = None
    noise: Tensor | None = None

    def part(self, rows: slice) -> View:
        """Return the view of some of the pictures."""
        parts = (None if each is None else each[rows] for each in vars(self).values())
        return View(*parts)

    def of(self, pictures: Tensor) -> Tensor:
        """Show pictures so, shape (N, C, H, W); differentiable."""
        if self.shade is not None:
            pictures = shaded(pictures, self.shade)
        if self.shift is not None:
            pictures = shifted(pictures, self.shift)
        if self.hole is not None:
            pictures = pictures * outside_hole(self.hole, pictures.shape[2])
        return pictures if self.noise is None else pictures + self.noise


def draw_view(
    policy: tuple[str, ...], noise_sigma: float, shape: tuple[int, int, int, int], stream: torch.Generator
) -> View:
    """Draw a view for a batch.

    Args:
        policy: Any of ``colour``, ``translation``, ``cutout``.
        noise_sigma: Standard deviation of the noise; 0 draws none.
        shape: Of the batch, (N, C, H, W), H = W.
        stream: What is drawn from; its device is that of the view.
    """
    count, _, side, _ = shape
    device = stream.device
    shade = shift = hole = noise = None
    if "colour" in policy:
        shade = torch.rand((count, 3), generator=stream, device=device)
    if "translation" in policy:
        most = int(side * MAX_SHIFT + 0.5)
        shift = torch.randint(-most, most + 1, (count, 2), generator=stream, device=device)
    if "cutout" in policy:
        hole = torch.randint(0, side + 1, (count, 2), generator=stream, device=device)
    if noise_sigma > 0.0:
        noise = torch.randn(shape, generator=stream, device=device) * noise_sigma
    return View(shade, shift, hole, noise)


def shaded(pictures: Tensor, shade: Tensor) -> Tensor:
    """Change brightness by up to 0.5, saturation by 0 to 2, and contrast by 0.5 to 1.5, as Zhao et al. do."""
    brightness, saturation, contrast = (each[:, None, None, None] for each in shade.unbind(1))
    pictures = pictures + (brightness - 0.5)
    grey = pictures.mean(dim=1, keepdim=True)
    pictures = (pictures - grey) * (saturation * 2.0) + grey
    mean = pictures.mean(dim=(1, 2, 3), keepdim=True)
    return (pictures - mean) * (contrast + 0.5) + mean


def shifted(pictures: Tensor, shift: Tensor) -> Tensor:
    """Move each picture by whole pixels; what comes in from outside is 0.

    A move is a product with a shifted identity from either side: exact, and its derivative is summed in one order.
    """
    place = torch.arange(pictures.shape[2], device=pictures.device)
    # offset[n, i, j] is 1 where row i is taken from row j.
    down, right = (
        (place[:, None] - place[None, :] == each[:, None, None]).to(pictures.dtype)[:, None] for each in shift.unbind(1)
    )
    moved = down @ pictures @ right.transpose(2, 3)
    return moved.contiguous(memory_format=torch.channels_last)


def outside_hole(hole: Tensor, side: int) -> Tensor:
    """Return 0 within a square of half the side around each centre and 1 elsewhere, shape (N, 1, side, side)."""
    place = torch.arange(side, device=hole.device)
    width = int(side * HOLE + 0.5)
    start = hole - width // 2
    rows, columns = (
        (place >= each[:, None]) & (place < each[:, None] + width)  # (N, side)
        for each in start.unbind(1)
    )
    return (~(rows[:, :, None] & columns[:, None, :]))[:, None].float()
