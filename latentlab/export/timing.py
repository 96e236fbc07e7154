"""How long each frame stays: whole units of a file format whose sum is the true duration."""

from __future__ import annotations

import math
from itertools import pairwise


def frame_delays(frames: int, fps: float, unit_ms: int) -> tuple[int, ...]:
    """Distribute a duration over frames so that rounding never adds up.

    The moments between frames, not the delays, are rounded: at 30 frames a second in units of 10 ms the delays are
    30, 40, 30, 30, 40, 30 ... ms.

    Args:
        frames: Number of frames, at least 1.
        fps: Frames a second, above 0.
        unit_ms: The format's unit of time, in ms: 10 for GIF, 1 for WebP.

    Returns:
        One delay per frame, in units. Each is less than one unit from the ideal, their sum at most half a unit.
    """
    moments = [math.floor(index * 1000.0 / (fps * unit_ms) + 0.5) for index in range(frames + 1)]
    return tuple(later - earlier for earlier, later in pairwise(moments))
