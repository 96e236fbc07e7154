"""CelebA as it is published: aligned images of 178 x 218 pixels, and a table of 40 attributes.

References:
    Liu, Luo, Wang & Tang 2015, "Deep Learning Face Attributes in the Wild", arXiv:1411.7766.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

IMAGES = "img_align_celeba"
TABLES = ("list_attr_celeba.txt", "list_attr_celeba.csv")
_ROOMS = ("", "Img", "Anno")  # as the publisher's folders are called


@dataclass(frozen=True)
class Layout:
    """Where the parts of CelebA lie.

    Attributes:
        images: The folder ``img_align_celeba`` or its zip.
        table: The table of attributes; None where it is missing.
    """

    images: Path
    table: Path | None


def find(path: Path) -> Layout | None:
    """Find CelebA in a folder, or at the path of its images; None where neither is there."""
    if path.stem == IMAGES and (path.is_dir() or path.suffix.lower() == ".zip"):
        images, root = path, path.parent
    else:
        candidates = [path / room / name for room in _ROOMS for name in (IMAGES, f"{IMAGES}.zip")]
        found = next((each for each in candidates if each.exists()), None)
        if found is None:
            return None
        images, root = found, path
    roots = [root / room for room in _ROOMS] + [root.parent / room for room in _ROOMS]
    tables = [each / name for each in roots for name in TABLES]
    return Layout(images, next((each for each in tables if each.is_file()), None))
