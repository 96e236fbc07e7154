"""Animations: decoded with Pillow, compared with what was rendered."""

from __future__ import annotations

import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence
from synthetic_walk import Renderer, renderer, walk

from latentlab.errors import Cancelled, OutputError, ValueRangeError
from latentlab.export import mp4
from latentlab.export.animation import CHUNK, FORMATS, AnimationOptions, estimate_bytes, write_animation
from latentlab.latent.arrays import FloatArray
from latentlab.pixels import Pixels, enlarge

ANIMATED = (".gif", ".webp", ".apng")
BUILT_IN = (*ANIMATED, ".png")


def decoded(path: Path, channels: int) -> tuple[Pixels, list[float]]:
    """Return frames, shape (n, H, W, channels), and their delays in ms."""
    with Image.open(path) as image:
        frames, delays = [], []
        for frame in ImageSequence.Iterator(image):
            frames.append(np.asarray(frame.convert("L" if channels == 1 else "RGB")))
            # Pillow knows a WebP frame's delay only once it is decoded.
            delays.append(float(frame.info["duration"]))
    return np.stack(frames).reshape(len(frames), *frames[0].shape[:2], channels), delays


def difference(a: Pixels, b: Pixels) -> float:
    assert a.shape == b.shape
    return float(np.abs(a.astype(int) - b.astype(int)).mean())


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("frames", [1, 2, CHUNK, CHUNK + 5])
def test_frames_and_durations_come_back(tmp_path: Path, suffix: str, frames: int, channels: int) -> None:
    render, z = renderer(channels), walk(frames)
    path = write_animation(tmp_path / f"walk{suffix}", z, render)
    got, delays = decoded(path, channels)
    assert len(got) == frames
    if suffix == ".gif" and channels == 3:
        assert difference(got, render(z)) < 3.0
    else:
        np.testing.assert_array_equal(got, render(z))
    assert abs(sum(delays) - 1000.0 * frames / 30.0) <= 5.0


@pytest.mark.parametrize("suffix", ANIMATED)
def test_pictures_that_are_not_square_keep_their_sides(tmp_path: Path, suffix: str, channels: int) -> None:
    render = renderer(channels, side=21, width=34)
    got, _ = decoded(write_animation(tmp_path / f"walk{suffix}", walk(3), render), channels)
    assert difference(got, render(walk(3))) < 3.0


def test_a_held_picture_keeps_all_its_frames(tmp_path: Path) -> None:
    z = np.repeat(walk(1), 7, axis=0)
    for suffix in ANIMATED:
        _, delays = decoded(write_animation(tmp_path / f"walk{suffix}", z, renderer(3)), 3)
        assert len(delays) == 7


@pytest.mark.parametrize("suffix", ANIMATED)
@pytest.mark.parametrize("loop", [True, False])
def test_the_loop_flag(tmp_path: Path, suffix: str, loop: bool) -> None:
    path = write_animation(tmp_path / f"walk{suffix}", walk(3), renderer(1), options=AnimationOptions(loop=loop))
    with Image.open(path) as image:
        # Pillow gives GIF no `loop` where it plays once, and APNG and WebP the number of plays, 0 for ever.
        assert image.info.get("loop") == (0 if loop else {".gif": None}.get(suffix, 1))


@pytest.mark.parametrize("loop", [True, False])
@pytest.mark.parametrize("frames", [1, 2, 3, 20])
def test_ping_pong_walks_back_without_resting_at_the_turns(tmp_path: Path, frames: int, loop: bool) -> None:
    render, z = renderer(1), walk(frames)
    options = AnimationOptions(loop=loop, ping_pong=True)
    got, _ = decoded(write_animation(tmp_path / "walk.apng", z, render, options=options), 1)
    there = list(range(frames))
    back = there[-2::-1] if frames > 1 else []
    expected = there + (back[:-1] if loop else back)
    np.testing.assert_array_equal(got, render(z)[expected])


def test_a_gif_at_128_px_of_vivid_colours_stays_within_3_levels(tmp_path: Path) -> None:
    render, z = renderer(3, side=128), walk(40)
    got, _ = decoded(write_animation(tmp_path / "walk.gif", z, render), 3)
    errors = np.abs(got.astype(int) - render(z).astype(int)).mean(axis=(1, 2, 3))
    assert errors.mean() < 2.0
    assert errors.max() < 3.0


def test_a_gif_palette_follows_a_cut_to_other_colours(tmp_path: Path) -> None:
    def render(z: FloatArray) -> Pixels:
        pictures = renderer(3)(z)
        return np.where(z[:, :1, None, None] > 0, pictures, 255 - pictures[..., ::-1])

    z = np.concatenate([np.full((4, 8), 0.5, np.float32), np.full((4, 8), -0.5, np.float32)])
    got, _ = decoded(write_animation(tmp_path / "walk.gif", z, render), 3)
    assert np.abs(got.astype(int) - render(z).astype(int)).mean(axis=(1, 2, 3)).max() < 3.0


@pytest.mark.parametrize("side", [8, 16])
def test_a_gif_of_tiny_colour_pictures(tmp_path: Path, side: int) -> None:
    got, _ = decoded(write_animation(tmp_path / "walk.gif", walk(4), renderer(3, side)), 3)
    assert difference(got, renderer(3, side)(walk(4))) < 3.0


def test_a_gif_of_flat_colours(tmp_path: Path) -> None:
    def render(z: FloatArray) -> Pixels:
        return np.full((len(z), 16, 16, 3), (0, 130, 255), np.uint8)

    got, _ = decoded(write_animation(tmp_path / "walk.gif", walk(2), render), 3)
    np.testing.assert_array_equal(got, render(walk(2)))


def test_large_colour_webp_is_lossy_but_close(tmp_path: Path) -> None:
    render, z = renderer(3, side=144), walk(3)
    got, _ = decoded(write_animation(tmp_path / "walk.webp", z, render), 3)
    assert 0.0 < difference(got, render(z)) < 3.0


def test_sizes(tmp_path: Path, channels: int) -> None:
    render, z = renderer(channels), walk(2)

    def frames(**options: object) -> Pixels:
        chosen = AnimationOptions(**options)  # type: ignore[arg-type]
        return decoded(write_animation(tmp_path / "walk.apng", z, render, options=chosen), channels)[0]

    np.testing.assert_array_equal(frames(size_px=96), enlarge(render(z), 3))
    assert frames(size_px=50).shape == (2, 50, 50, channels)
    assert frames(size_px=16).shape == (2, 16, 16, channels)
    smooth = frames(size_px=96, smooth=True)
    assert 0.0 < difference(smooth, enlarge(render(z), 3)) < 6.0
    # Twice as fine a rendering of the same shapes is what smooth enlargement is meant to look like.
    finer = renderer(channels, side=96)(z)
    assert difference(smooth, finer) < difference(enlarge(render(z), 3), finer)


def test_the_still_png_is_a_strip_of_all_frames(tmp_path: Path, channels: int) -> None:
    render, z = renderer(channels), walk(5)
    options = AnimationOptions(ping_pong=True)
    path = write_animation(tmp_path / "walk.png", z, render, options=options)
    with Image.open(path) as image:
        got = np.asarray(image).reshape(32, 160, channels)
    np.testing.assert_array_equal(got, np.concatenate(list(render(z)), axis=1))


def test_a_long_strip_is_broken_into_equal_rows(tmp_path: Path) -> None:
    path = write_animation(tmp_path / "walk.png", walk(24), renderer(1))
    with Image.open(path) as image:
        assert image.size == (12 * 32, 2 * 32)


def test_a_still_that_no_viewer_opens_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueRangeError, match="Take fewer or smaller"):
        write_animation(tmp_path / "walk.png", walk(20), renderer(1), options=AnimationOptions(size_px=4096))
    assert list(tmp_path.iterdir()) == []


def test_rendering_comes_in_chunks_and_progress_counts_frames(tmp_path: Path) -> None:
    sizes: list[int] = []
    seen: list[tuple[int, int]] = []

    def render(z: FloatArray) -> Pixels:
        sizes.append(len(z))
        return renderer(1)(z)

    write_animation(
        tmp_path / "walk.gif", walk(2 * CHUNK + 3), render, progress=lambda done, total: seen.append((done, total))
    )
    assert sizes == [CHUNK, CHUNK, 3]
    assert seen == [(done, 2 * CHUNK + 3) for done in range(1, 2 * CHUNK + 4)]


@pytest.mark.parametrize("suffix", BUILT_IN)
def test_cancelling_leaves_the_old_file(old_file: Callable[[str], Path], suffix: str) -> None:
    path = old_file(f"walk{suffix}")
    done = 0

    def progress(frames: int, _total: int) -> None:
        nonlocal done
        done = frames

    with pytest.raises(Cancelled):
        write_animation(path, walk(40), renderer(3), progress=progress, cancelled=lambda: done >= 18)
    assert done == 18
    assert path.read_bytes() == b"what stood here before"
    assert list(path.parent.iterdir()) == [path]


def test_cancelled_before_it_began_renders_nothing(tmp_path: Path) -> None:
    def render(_z: FloatArray) -> Pixels:
        raise AssertionError("rendered")

    with pytest.raises(Cancelled):
        write_animation(tmp_path / "walk.gif", walk(3), render, cancelled=lambda: True)


@pytest.mark.parametrize("suffix", BUILT_IN)
def test_a_failing_renderer_leaves_the_old_file(old_file: Callable[[str], Path], suffix: str) -> None:
    path = old_file(f"walk{suffix}")
    calls = 0

    def render(z: FloatArray) -> Pixels:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("the session is gone")
        return renderer(3)(z)

    with pytest.raises(RuntimeError, match="the session is gone"):
        write_animation(path, walk(40), render)
    assert path.read_bytes() == b"what stood here before"
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("suffix", BUILT_IN)
def test_a_finished_export_replaces_the_old_file(old_file: Callable[[str], Path], suffix: str) -> None:
    path = old_file(f"walk{suffix}")
    assert write_animation(path, walk(2), renderer(1)) == path
    assert path.read_bytes() != b"what stood here before"
    assert list(path.parent.iterdir()) == [path]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_animation(tmp_path / "missing" / "walk.gif", walk(2), renderer(1))
    a_file = tmp_path / "file"
    a_file.touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_animation(a_file / "walk.gif", walk(2), renderer(1))
    (tmp_path / "folder.gif").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_animation(tmp_path / "folder.gif", walk(2), renderer(1))


@pytest.mark.parametrize("name", ["walk", "walk.avi", "walk.jpg"])
def test_an_unknown_suffix_names_the_possible_ones(tmp_path: Path, name: str) -> None:
    with pytest.raises(OutputError, match=r"\.gif, \.webp, \.apng, \.png, \.mp4"):
        write_animation(tmp_path / name, walk(2), renderer(1))


def test_the_suffix_may_be_in_capitals(tmp_path: Path) -> None:
    assert write_animation(tmp_path / "WALK.GIF", walk(2), renderer(1)).stat().st_size > 0


def test_gif_refuses_rates_that_viewers_slow_down(tmp_path: Path) -> None:
    with pytest.raises(ValueRangeError, match="at most 50"):
        write_animation(tmp_path / "walk.gif", walk(2), renderer(1), options=AnimationOptions(fps=60))
    write_animation(tmp_path / "walk.gif", walk(2), renderer(1), options=AnimationOptions(fps=50))
    write_animation(tmp_path / "walk.png", walk(2), renderer(1), options=AnimationOptions(fps=60))


@pytest.mark.parametrize("fps", [0.0, -1.0, 1000.0, float("nan"), float("inf")])
def test_impossible_rates_are_refused(fps: float) -> None:
    with pytest.raises(ValueRangeError, match="frames a second"):
        AnimationOptions(fps=fps)


@pytest.mark.parametrize("size_px", [0, -64, 7, 100_000])
def test_impossible_sizes_are_refused(size_px: int) -> None:
    with pytest.raises(ValueRangeError, match="is outside 8 to 4096"):
        AnimationOptions(size_px=size_px)


def test_an_empty_walk_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one frame"):
        write_animation(tmp_path / "walk.gif", walk(1)[:0], renderer(1))


@pytest.mark.parametrize("suffix", BUILT_IN)
@pytest.mark.parametrize("frames", [1, 6, 50])
def test_the_forecast_is_near_the_size(tmp_path: Path, suffix: str, frames: int, channels: int) -> None:
    render, z = renderer(channels), walk(frames)
    options = AnimationOptions(size_px=64, ping_pong=True)
    forecast = estimate_bytes(suffix, z, render, options)
    actual = write_animation(tmp_path / f"walk{suffix}", z, render, options=options).stat().st_size
    assert forecast == pytest.approx(actual, rel=0.15)
    if frames == 1:
        assert forecast == actual


def test_the_forecast_renders_a_few_frames_only() -> None:
    rendered = 0

    def render(z: FloatArray) -> Pixels:
        nonlocal rendered
        rendered += len(z)
        return renderer(1)(z)

    estimate_bytes(".gif", walk(500), render, AnimationOptions())
    assert rendered == 8


def test_mp4_without_its_extra_says_what_to_install(
    old_file: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    path = old_file("walk.mp4")
    with pytest.raises(OutputError, match=r'needs the extra "video": pip install "latentlab\[video\]"'):
        write_animation(path, walk(2), renderer(1))
    assert path.read_bytes() == b"what stood here before"
    assert list(path.parent.iterdir()) == [path]


def mp4_frames(path: Path) -> tuple[Pixels, float]:
    """Return frames, shape (n, H, W, 3), and the duration in seconds."""
    av = pytest.importorskip("av")
    with av.open(str(path)) as container:
        frames = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)])
        return frames, container.duration / 1e6


@pytest.mark.parametrize(("side", "fps"), [(64, 30.0), (63, 24.5)])
def test_mp4_frames_come_back(tmp_path: Path, channels: int, side: int, fps: float) -> None:
    pytest.importorskip("av")
    render, z = renderer(channels, side), walk(40)
    path = write_animation(tmp_path / "walk.mp4", z, render, options=AnimationOptions(fps=fps))
    got, duration = mp4_frames(path)
    assert len(got) == 40
    assert got.shape[1:3] == (64, 64)
    assert difference(got[:, :side, :side], np.broadcast_to(render(z), (40, side, side, 3))) < 3.0
    assert duration == pytest.approx(40 / fps, abs=0.005)
    forecast = estimate_bytes(".mp4", z, render, AnimationOptions(fps=fps))
    assert forecast == pytest.approx(path.stat().st_size, rel=0.5)


def test_cancelling_an_mp4_leaves_the_old_file(old_file: Callable[[str], Path]) -> None:
    pytest.importorskip("av")
    path = old_file("walk.mp4")
    asked = 0

    def cancelled() -> bool:
        nonlocal asked
        asked += 1
        return asked > 10

    with pytest.raises(Cancelled):
        write_animation(path, walk(40), renderer(3), cancelled=cancelled)
    assert path.read_bytes() == b"what stood here before"
    assert list(path.parent.iterdir()) == [path]


def test_a_build_of_pyav_without_h264_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    monkeypatch.setattr(mp4, "_CODEC", "h264_of_another_build")
    with pytest.raises(OutputError, match="lacks the encoder h264_of_another_build"):
        write_animation(tmp_path / "walk.mp4", walk(2), renderer(1))


def test_every_format_has_a_name_of_its_own() -> None:
    assert len({kind.name for kind in FORMATS.values()}) == len(FORMATS)


def test_the_renderer_of_these_tests_moves(channels: int) -> None:
    render: Renderer = renderer(channels)
    frames = render(walk(12))
    assert all(difference(a, b) > 0.5 for a, b in pairwise(frames))
