"""Which part of an image becomes the picture: the central square, all of it, or one of the crops papers make of CelebA.

Results on CelebA are comparable only at the same crop; every one says whose it is.
"""

from __future__ import annotations

from dataclasses import dataclass

from PIL import Image

from latentlab.errors import DataError, ValueRangeError

Box = tuple[int, int, int, int]

CELEBA_SIZE_PX = (178, 218)
SQUARE = "square"
STRETCH = "stretch"
FACE = "face"


@dataclass(frozen=True)
class Crop:
    """One way to cut a square out of an image.

    Attributes:
        name: As given on the command line.
        title: As the window shows it.
        source: Who cuts like this.
        box: Left, top, right and bottom within an aligned CelebA image of 178 x 218 pixels; None fits any image.
    """

    name: str
    title: str
    source: str
    box: Box | None = None


CROPS: dict[str, Crop] = {
    each.name: each
    for each in (
        Crop(SQUARE, "Central square", "torchvision's Resize and CenterCrop, as in the PyTorch DCGAN example"),
        Crop(STRETCH, "All of it, stretched to a square", "carpedm20/DCGAN-tensorflow without --crop"),
        Crop(FACE, "Face, 148 × 148 at (15, 40)", "Dinh et al. 2017 (Real NVP, arXiv:1605.08803)", (15, 40, 163, 188)),
        Crop("108", "Centre, 108 × 108", "carpedm20/DCGAN-tensorflow with --crop", (35, 55, 143, 163)),
        Crop(
            "128", "Around the eyes, 128 × 128 at (25, 57)", "Karras et al. 2018, arXiv:1710.10196", (25, 57, 153, 185)
        ),
        Crop("138", "Face, 138 × 138 at (30, 40)", "soumith/dcgan.torch, crop_celebA.lua", (30, 40, 168, 178)),
        Crop("148", "Centre, 148 × 148", "AntixK/PyTorch-VAE and many others since", (15, 35, 163, 183)),
        Crop("178", "Centre, 178 × 178", "the PyTorch DCGAN example", (0, 20, 178, 198)),
    )
}


def crop_called(name: str) -> Crop:
    """Return a crop by its name.

    Raises:
        ValueRangeError: If there is none of this name.
    """
    if name not in CROPS:
        raise ValueRangeError("crop", f"{name!r} is not one of {', '.join(CROPS)}")
    return CROPS[name]


def cut(image: Image.Image, crop: Crop, name: str) -> Image.Image:
    """Cut out what the crop says; for `stretch` that is all of it.

    Raises:
        DataError: If the crop is one of CelebA's and the image, called `name`, has another size.
    """
    if crop.name == STRETCH:
        return image
    if crop.box is not None:
        if image.size != CELEBA_SIZE_PX:
            raise DataError(
                name, f"is {image.width} x {image.height} pixels; the crop {crop.name} needs CelebA's 178 x 218"
            )
        return image.crop(crop.box)
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    return image.crop((left, top, left + side, top + side))
