"""Which files may be models, told without opening them."""

from __future__ import annotations

from pathlib import Path

from latentlab.errors import LatentlabError
from latentlab.models.checkpoint import read_card
from latentlab.models.weight_file import SUFFIX as MODEL_SUFFIX
from latentlab.session.store import SUFFIX as SESSION_SUFFIX

ONNX_SUFFIX = ".onnx"


def model_suffixes() -> tuple[str, ...]:
    """Return how files that may hold a generator are called."""
    from latentlab.models.foreign.opening import SUFFIXES

    return tuple(dict.fromkeys((MODEL_SUFFIX, *SUFFIXES, ONNX_SUFFIX)))


def model_patterns() -> str:
    """Return the file name patterns of models, as Qt's file dialogs want them."""
    return " ".join(f"*{suffix}" for suffix in model_suffixes())


def can_open(path: Path) -> bool:
    """Tell by its name whether a file may be a model or a session: any but a picture, for checkpoints have any name.

    Folders may be those of training runs. What is none is told of when it is opened.
    """
    return not is_picture(path)


def is_picture(path: Path) -> bool:
    """Tell by its name whether a file is an image."""
    from latentlab.data.picture import SUFFIXES as PICTURES

    return path.suffix.lower() in PICTURES


def is_quick(path: Path) -> bool:
    """Tell whether a file opens in a moment: anything but a generator that must be recognised by its shapes."""
    if not path.is_file() or path.suffix.lower() == SESSION_SUFFIX:
        return True
    try:
        return path.suffix.lower() == MODEL_SUFFIX and bool(read_card(path))
    except LatentlabError:
        return False
