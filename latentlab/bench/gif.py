"""A GIF of 60 frames at 256x256: how long it takes, how true its colours and its duration are."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from latentlab.bench.isolation import Bench
from latentlab.bench.measure import Spread, interleaved
from latentlab.bench.report import Budget, Figure, Found
from latentlab.export.animation import AnimationOptions, Render, write_animation
from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import keyframe_path
from latentlab.latent.priors import sample
from latentlab.pixels import Pixels
from latentlab.session.opened import OpenedModel

FRAMES, SIDE, FPS = 60, 256, 30.0
SECONDS, GREY_LEVELS, DURATION_ERROR_MS = 1.0, 3.0, 10.0
_Z_DIM = 24
_GRAIN = 3.0


def measure(bench: Bench) -> Found:
    """Write a walk of the model, rendering included, and one of drawn scenes, in turns.

    The scenes are drawn beforehand and have the soft colours that a palette serves worst: pictures of random weights
    are noise, which says nothing of colours. Pillow's path is timed once, after the others.
    """
    model = OpenedModel.from_file(bench.subject.path)
    model_walk = keyframe_path(model.sample(4, seed=1), FRAMES, loop=True)
    scene_walk = keyframe_path(sample("normal", 4, _Z_DIM, seed=1), FRAMES, loop=True)
    drawn = scenes(scene_walk)
    walked, ours, default = (bench.folder / f"{name}.gif" for name in ("walk", "latentlab", "pillow"))
    options = AnimationOptions(fps=FPS, size_px=SIDE)

    def write_walk() -> Sequence[float]:
        return _timed(bench, lambda: write_animation(walked, model_walk, model.render, options=options))

    def write_scenes() -> Sequence[float]:
        return _timed(bench, lambda: write_animation(ours, scene_walk, serving(drawn), options=options))

    samples = interleaved({"walk": write_walk, "scenes": write_scenes}, bench.count(7, 2), warm_up=1)
    # Many times as long as all others together: once will do.
    samples["pillow"] = list(_timed(bench, lambda: _pillow(default, drawn)))
    walk = Figure("the model's walk, drawn and written", "s", Spread.of(samples["walk"]))
    written = Figure("scenes, written", "s", Spread.of(samples["scenes"]), _size(ours))
    pillow = Figure("scenes, written by Pillow as it comes", "s", Spread.of(samples["pillow"]), _size(default))
    errors = {"latentlab": mean_error(ours, drawn), "Pillow": mean_error(default, drawn)}
    durations = _durations_ms(ours)
    off_ms = abs(sum(durations) - FRAMES / FPS * 1000.0)
    default_error = f"Pillow {errors['Pillow']:.2f} levels"
    return Found(
        f"GIF: {FRAMES} frames of {SIDE}x{SIDE} RGB",
        (walk, written, pillow),
        (
            Budget("the model's walk, median", walk.spread.p50, SECONDS, "s", idle_machine=True),
            Budget("mean error of the scenes", errors["latentlab"], GREY_LEVELS, "levels", alternative=default_error),
            Budget("error of the whole duration", off_ms, DURATION_ERROR_MS, "ms"),
        ),
        {"mean_error": {name: round(error, 3) for name, error in errors.items()}, "delays_ms": sorted(set(durations))},
    )


def scenes(z: FloatArray) -> Pixels:
    """Draw soft coloured shapes on a coloured slope, with the grain of a generator; shape (n, 256, 256, 3)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    grain = np.random.RandomState(0).normal(0.0, _GRAIN, (SIDE, SIDE, 3))
    pictures = np.empty((len(z), SIDE, SIDE, 3), np.uint8)
    for picture, row in zip(pictures, np.tanh(z / 2.0), strict=True):
        light = np.stack([120.0 + 60.0 * (row[0] * x + row[1] * y) + 15.0 * row[2 + c] for c in range(3)], axis=-1)
        for a, b, c, red, green, blue in row[6:24].reshape(3, 6):
            shape = np.exp(-12.0 * ((x - 0.5 - 0.4 * a) ** 2 + (y - 0.5 - 0.4 * b) ** 2) * (1.5 + c))
            light += 70.0 * shape[..., None] * np.array([red + 0.3, green, blue - 0.3])
        picture[:] = np.clip(np.rint(light + grain), 0, 255)
    return pictures


def serving(drawn: Pixels) -> Render:
    """Return a renderer that hands out what is drawn already, so that only the export is timed."""
    frames = iter(drawn)
    return lambda z: np.stack([next(frames) for _ in z])


def mean_error(path: Path, drawn: Pixels) -> float:
    """Return how far a GIF's frames are from what they show, in grey levels on average."""
    errors = [np.abs(a.astype(int) - b.astype(int)).mean() for a, b in zip(_decoded(path), drawn, strict=True)]
    return float(np.mean(errors))


def _timed(bench: Bench, write: Callable[[], object]) -> Sequence[float]:
    bench.say("writing a GIF")
    start = time.perf_counter()
    write()
    return [time.perf_counter() - start]


def _pillow(path: Path, drawn: Pixels) -> None:
    first, *rest = [Image.fromarray(frame) for frame in drawn]
    first.save(path, save_all=True, append_images=rest, duration=1000.0 / FPS, loop=0)


def _decoded(path: Path) -> Iterator[Pixels]:
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            yield np.asarray(frame.convert("RGB"))


def _durations_ms(path: Path) -> list[int]:
    with Image.open(path) as image:
        return [int(frame.info["duration"]) for frame in ImageSequence.Iterator(image)]


def _size(path: Path) -> str:
    return f"{path.stat().st_size / 1e6:.1f} MB"
