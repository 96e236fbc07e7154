"""latentlab: a desktop instrument for playing the latent space of a DCGAN."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from latentlab.version import VERSION

if TYPE_CHECKING:
    from latentlab.session.opened import OpenedModel

__version__ = VERSION


def open_model(path: str | Path) -> OpenedModel:
    """Open a trained generator; needs neither torch nor Qt.

    Args:
        path: A ``.safetensors`` model file, or the folder of a training run, whose newest model is taken.

    Returns:
        An object with `sample`, `render`, `edit` and `directions`.

    Raises:
        latentlab.errors.ModelFileError: If the file is missing, damaged or no model.
    """
    from latentlab.session.opened import OpenedModel

    return OpenedModel.from_file(path)
