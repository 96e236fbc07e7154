"""Write the faces that a generator may learn from into one archive: all but the held-out ones, each also mirrored.

    python tests/faces_archive.py OUT.zip

Its folders are the classes that a class term can be trained with: the sixteen combinations of the attributes that are
known of all faces. A face of which one is not known counts as having it not; that is 226 of 30,288 for Male.

The faces are read below LATENTLAB_DATA; the archive is for the training machine alone and never enters the repository.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

import numpy as np
from faces_data import FULLY_LABELLED, Faces, decode, read_faces, read_holdout
from PIL import Image, ImageOps

from latentlab.paths import data_dir, make_folder

_AT_ONCE = 512


def write_archive(folder: Path, out: Path) -> int:
    """Write the archive and return the number of faces in it, mirrored ones not counted."""
    faces = read_faces(folder)
    rows = np.flatnonzero(~np.isin(faces.numbers, read_holdout()))
    make_folder(out.parent)
    classes = classes_of(faces)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED) as archive:
        for start in range(0, len(rows), _AT_ONCE):
            some = rows[start : start + _AT_ONCE]
            for row, pixels in zip(some, decode(folder, faces, some), strict=True):
                image, name = Image.fromarray(pixels), f"{classes[row]}/{faces.numbers[row]:06d}"
                archive.writestr(f"{name}.png", _png(image))
                archive.writestr(f"{name}-mirrored.png", _png(ImageOps.mirror(image)))
    return len(rows)


def classes_of(faces: Faces) -> list[str]:
    """Name the class of each face: a digit for each of `FULLY_LABELLED`, in order, 1 where it has it."""
    columns = [faces.names.index(name) for name in FULLY_LABELLED]
    return ["".join("1" if answer == 1.0 else "0" for answer in row) for row in faces.answers[:, columns]]


def _png(image: Image.Image) -> bytes:
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=1)
    return file.getvalue()


if __name__ == "__main__":
    print(write_archive(data_dir() / "faces", Path(sys.argv[1])), "faces")
