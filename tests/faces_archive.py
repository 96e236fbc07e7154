"""Write the faces that a generator may learn from into one archive: all but the held-out ones, each also mirrored.

    python tests/faces_archive.py OUT.zip

The faces are read below LATENTLAB_DATA; the archive is for the training machine alone and never enters the repository.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from faces_data import decode, read_faces, read_holdout
from PIL import Image, ImageOps

from latentlab.paths import data_dir

_AT_ONCE = 512


def write_archive(folder: Path, out: Path) -> int:
    """Write the archive and return the number of faces in it, mirrored ones not counted."""
    faces = read_faces(folder)
    rows = np.flatnonzero(~np.isin(faces.numbers, read_holdout()))
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            for number, pixels in zip(faces.numbers[some], decode(folder, faces, some), strict=True):
                image = Image.fromarray(pixels)
                archive.writestr(f"{number:06d}.png", _png(image))
                archive.writestr(f"{number:06d}-mirrored.png", _png(ImageOps.mirror(image)))
    return len(rows)


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    print(write_archive(data_dir() / "faces", Path(sys.argv[1])), "faces")
