"""What the application begins with, opened while its window is still being made.

This module is the first that a start imports: what is heavy is imported by the thread.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab import log
from latentlab.cores import spare
from latentlab.errors import Cancelled
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.paths import bundled, config_dir
from latentlab.preload import preload

if TYPE_CHECKING:
    from latentlab.session.opened import OpenedModel

BUNDLED_MODEL = ("checkpoints", "faces.safetensors")
BUNDLED_DIGITS = ("checkpoints", "digits.safetensors")
_LOOK_S = 0.02
_log = log.get(__name__)


def autosave_file() -> Path:
    """Name the file that the last session is kept in."""
    return config_dir() / "last.latentlab"


def before_file() -> Path:
    """Name the file that a session is kept in when another one is opened in its place."""
    return config_dir() / "before.latentlab"


def first_model(named: Path | None) -> Path:
    """Find the file of the model that comes first: the one named, that of a session, or the bundled one.

    Args:
        named: A model, run folder or session; None for the last session, if there is one.

    Raises:
        SessionFileError: If the session cannot be read.
        LatentlabError: If the bundled model is wanted and missing.
    """
    from latentlab.session.store import SUFFIX, load_session

    session = autosave_file() if named is None and autosave_file().exists() else named
    if session is None:
        return bundled(*BUNDLED_MODEL)
    return load_session(session).model_path if session.suffix.lower() == SUFFIX else session


class OpeningAhead:
    """Opens the first model in a thread of its own and makes it ready to draw on the CPU.

    Reading it, and what the runtime does to its weights, hardly needs the interpreter: it costs no time where another
    thread imports and makes the window meanwhile. What fails here fails again where the model is asked for.

    Args:
        named: As in `first_model`.
    """

    def __init__(self, named: Path | None) -> None:
        self._named = named
        self._path: Path | None = None
        self._model: OpenedModel | None = None
        self._is_read = threading.Event()
        self._given_up = threading.Event()
        self._thread = threading.Thread(target=self._run, name="opening ahead", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def open(self, path: Path, /, *, watch: Watch = unwatched) -> OpenedModel:
        """Return the model of a file: the one read ahead, once, or else as `OpenedModel.from_file`.

        Raises:
            ModelFileError: If it is missing, damaged or no model.
            Cancelled: If `watch` raises it; what is being read ahead is given up.
        """
        from latentlab.session.opened import OpenedModel

        try:
            watch()
            while not self._is_read.wait(_LOOK_S):
                watch()
        except Cancelled:
            self._given_up.set()
            raise
        model, self._model = self._model, None
        return model if model is not None and path == self._path else OpenedModel.from_file(path, watch=watch)

    def close(self) -> None:
        """Give up what is being read, and wait for the thread to end."""
        self._given_up.set()
        self._thread.join()

    def _watch(self) -> None:
        if self._given_up.is_set():
            raise Cancelled

    def _run(self) -> None:
        try:
            # First, and as a whole: of a part of it, which the runtime asks for, and the whole, which another thread
            # imports meanwhile, each would wait for the other.
            import numpy  # noqa: F401

            preload("onnxruntime")
            from latentlab.session.opened import OpenedModel

            self._path = first_model(self._named)
            model = self._model = OpenedModel.from_file(self._path, watch=self._watch)
            self._is_read.set()
            model.backend().render(model.sample(1), threads=spare())
        except Cancelled:
            _log.info("what was opened ahead of time was given up")
        except Exception:  # noqa: BLE001 - whoever opens the model meets the same error, and reports it
            _log.info("nothing was opened ahead of time", exc_info=True)
        finally:
            self._is_read.set()
