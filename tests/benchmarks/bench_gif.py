"""Time a GIF of 60 RGB frames of 256x256 against Pillow's default path, and measure how true its colours are.

    python tests/benchmarks/bench_gif.py

Budget (DESIGN, section 10): at most 1 s, decoded frames within 3 grey levels on average.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageSequence

from latentlab.export.animation import AnimationOptions, Render, write_animation
from latentlab.latent.arrays import FloatArray
from latentlab.latent.interpolation import keyframe_path
from latentlab.latent.priors import sample
from latentlab.pixels import Pixels

FRAMES, SIDE, Z_DIM = 60, 256, 24
FPS = 30.0
GRAIN = 3.0


def scenes(z: FloatArray) -> Pixels:
    """Draw soft coloured shapes on a coloured slope, with the grain of a generator; shape (n, 256, 256, 3)."""
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32) / SIDE
    grain = np.random.RandomState(0).normal(0.0, GRAIN, (SIDE, SIDE, 3))
    pictures = np.empty((len(z), SIDE, SIDE, 3), np.uint8)
    for picture, row in zip(pictures, np.tanh(z / 2.0), strict=True):
        light = np.stack([120.0 + 60.0 * (row[0] * x + row[1] * y) + 15.0 * row[2 + c] for c in range(3)], axis=-1)
        for a, b, c, red, green, blue in row[6:24].reshape(3, 6):
            shape = np.exp(-12.0 * ((x - 0.5 - 0.4 * a) ** 2 + (y - 0.5 - 0.4 * b) ** 2) * (1.5 + c))
            light += 70.0 * shape[..., None] * np.array([red + 0.3, green, blue - 0.3])
        picture[:] = np.clip(np.rint(light + grain), 0, 255)
    return pictures


def serving(rendered: Pixels) -> Render:
    """Return a renderer that hands out what is rendered already, so that only the export is timed."""
    frames = iter(rendered)
    return lambda z: np.stack([next(frames) for _ in z])


def decoded(path: Path) -> Iterator[Pixels]:
    with Image.open(path) as image:
        for frame in ImageSequence.Iterator(image):
            yield np.asarray(frame.convert("RGB"))


def mean_error(path: Path, rendered: Pixels) -> float:
    errors = [np.abs(a.astype(int) - b.astype(int)).mean() for a, b in zip(decoded(path), rendered, strict=True)]
    return float(np.mean(errors))


def main() -> None:
    z = keyframe_path(sample("normal", 4, Z_DIM, seed=1), FRAMES, loop=True)
    rendered = scenes(z)
    with tempfile.TemporaryDirectory() as folder:
        ours, default = Path(folder, "latentlab.gif"), Path(folder, "pillow.gif")
        seconds = []
        for _ in range(3):
            started = time.perf_counter()
            write_animation(ours, z, serving(rendered), options=AnimationOptions(fps=FPS))
            seconds.append(time.perf_counter() - started)
        started = time.perf_counter()
        first, *rest = [Image.fromarray(frame) for frame in rendered]
        first.save(default, save_all=True, append_images=rest, duration=1000.0 / FPS, loop=0)
        pillow_s = time.perf_counter() - started
        print(f"{FRAMES} frames of {SIDE}x{SIDE} RGB      seconds   megabytes   mean error in grey levels")
        for name, path, spent in (("latentlab", ours, min(seconds)), ("Pillow", default, pillow_s)):
            error = mean_error(path, rendered)
            print(f"{name:28}{spent:12.2f}{path.stat().st_size / 1e6:12.2f}{error:12.2f}")
        print("latentlab, three runs: " + ", ".join(f"{spent:.2f} s" for spent in seconds))


if __name__ == "__main__":
    main()
