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
        path: A ``.safetensors`` model file, the folder of a training run, whose newest model is taken, a checkpoint of
            another project (``.pth``, ``.pt``, ``.pkl``, ...), or an ``.onnx`` generator.

    Returns:
        An object with `sample`, `render`, `edit` and `directions`.

    Raises:
        latentlab.errors.ModelFileError: If the file is missing, damaged, or no generator; it says what it is.
    """
    from latentlab.session.opened import OpenedModel

    return OpenedModel.from_file(path)
