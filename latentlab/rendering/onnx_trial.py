"""What an ``.onnx`` file does not say of itself is found by running it once: batch, classes, size and range."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime

from latentlab.cores import cores
from latentlab.errors import Cancelled, ModelFileError
from latentlab.latent.arrays import FloatArray, IntArray
from latentlab.latent.priors import Prior, sample
from latentlab.models.foreign.onnx_generator import EXPORT_AGAIN, OnnxGenerator, picture_sides
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.onnx_session import NOTHING
from latentlab.rendering.onnx_file import file_session, outputs

MAX_CLASSES = 1000
LIMIT_S = 30.0
_PICTURES = 16
_LOOK_S = 0.05


@dataclass(frozen=True, eq=False)
class _Session:
    runtime: onnxruntime.InferenceSession
    watch: Watch


def tried(file: OnnxGenerator, prior: Prior, watch: Watch = unwatched) -> OnnxGenerator:
    """Draw a few pictures and complete what is known of a file.

    Args:
        file: As `inspect_onnx` returns it.
        prior: The distribution of z.
        watch: Called now and then, also by another thread, while it is drawn.

    Returns:
        With `batch`, `classes`, `layout`, `channels`, `height`, `width` and `range` as they are.

    Raises:
        ModelFileError: If the runtime cannot draw it, or what it draws is no picture.
        Cancelled: If `watch` raises it.
    """
    session = _Session(file_session(file, cores(), NOTHING), watch)
    z, y = sample(prior, _PICTURES, file.z_dim, 0), np.zeros(_PICTURES, np.int64)
    file = _with_batch(file, session, z, y)
    if file.y_name and not file.classes:
        file = replace(file, classes=_count_classes(file, session, z))
    if file.classes:
        y = np.arange(_PICTURES) % file.classes
    output = np.concatenate(_run(file, session, z, y))
    try:
        layout, *_ = picture_sides(output.shape)
    except ValueError as error:
        raise ModelFileError(file.path, str(error), EXPORT_AGAIN) from error
    file = replace(file, layout=layout, range=file.guess_range(output))
    _, height, width, channels = file.pixels(output[:1], file.range).shape
    return replace(file, channels=channels, height=height, width=width)


def _with_batch(file: OnnxGenerator, session: _Session, z: FloatArray, y: IntArray) -> OnnxGenerator:
    """Find out whether a file that says it takes any number of latents does; many were exported for just one."""
    if file.batch == 0:
        try:
            if all(len(output) == 2 for output in _run(file, session, z[:2], y[:2])):
                return file
        except ModelFileError:
            pass
        file = replace(file, batch=1)
    for output in _run(file, session, z[: file.batch], y[: file.batch]):
        if len(output) != len(z[: file.batch]):
            raise ModelFileError(file.path, f"puts out {len(output)} pictures for {file.batch} latents", EXPORT_AGAIN)
    return file


def _count_classes(file: OnnxGenerator, session: _Session, z: FloatArray) -> int:
    """Count the classes of a file that does not say how many there are: the runtime refuses those there are not."""

    def is_there(label: int) -> bool:
        try:
            _run(file, session, z[:1], np.array([label]))
        except ModelFileError:
            return False
        return True

    least, most = 1, 2
    while most <= MAX_CLASSES and is_there(most - 1):
        least, most = most, most * 2
    while most - least > 1:
        middle = (least + most) // 2
        least, most = (middle, most) if is_there(middle - 1) else (least, middle)
    return least


def _run(file: OnnxGenerator, session: _Session, z: FloatArray, y: IntArray) -> list[npt.NDArray[Any]]:
    options, ended = onnxruntime.RunOptions(), threading.Event()
    guard = threading.Thread(target=_guard, args=(options, ended, session.watch), name="onnx trial", daemon=True)
    guard.start()
    try:
        return list(outputs(file, session.runtime, z, y, options))
    except Exception as error:
        # Whoever called it off is told so, not what the runtime makes of that.
        session.watch()
        if options.terminate:
            raise ModelFileError(file.path, f"took longer than {LIMIT_S:g} s for a picture") from error
        raise ModelFileError(file.path, f"the runtime cannot draw it: {error}", EXPORT_AGAIN) from error
    finally:
        ended.set()
        guard.join()


def _guard(options: onnxruntime.RunOptions, ended: threading.Event, watch: Watch) -> None:
    """End a run that takes too long, or that nobody waits for any more."""
    started = time.monotonic()
    try:
        while not ended.wait(min(_LOOK_S, LIMIT_S)):
            watch()
            if time.monotonic() > started + LIMIT_S:
                break
    except Cancelled:
        pass
    if not ended.is_set():
        options.terminate = True
