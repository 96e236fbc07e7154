"""``latentlab interpolate``: a walk through points as an animation."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from latentlab.commands.arguments import ClassNumber, DirectionsPath, ModelPath, PointTexts, SeedsText
from latentlab.commands.progress import ProgressLine

if TYPE_CHECKING:
    from latentlab.latent.arrays import FloatArray
    from latentlab.pixels import Pixels

MAX_FRAMES = 100_000


@dataclass(frozen=True)
class Interpolate:
    """Walk through two or more points and write the walk.

    The file plays once and stays on the last point; with --loop or --ping-pong it repeats for ever (an MP4 leaves that
    to the player).

    Attributes:
        model: A .safetensors, .pth or .onnx model, or a run folder, whose newest model is taken.
        points: Seeds, ranges of seeds (0-63), PNGs saved by latentlab, .npy files of z, copied latents; two or more.
        out: The file to write: .gif, .webp, .apng or .mp4, or .png for all frames side by side.
        seeds: Further seeds: 1,2,3 or 0-63.
        edit: Strengths along directions at every point, in sigmas: "Smiling=+1.2,PC 1=-2".
        label: The class to draw, from 0, where the model has classes; that of the points if not given.
        directions: A file of directions that edits may name, looked at before those of the model.
        frames: Frames from the first point to the last, or once round with --loop.
        mode: slerp keeps to the shell on which z lies, lerp takes the straight line.
        loop: Walk on from the last point to the first, without a jump, for ever.
        ping_pong: Walk back again the same way, for ever; a .png shows one way only.
        fps: Frames a second; at most 50 in a GIF.
        size: Height of the frames in pixels; a whole multiple of the model's keeps pixels square.
        smooth: Smooth the enlargement where pixels could stay squares.
        device: What draws: cpu through ONNX Runtime; cuda or mps through torch.
        json: Print the result as JSON.
    """

    model: ModelPath
    out: Path
    points: PointTexts = ()
    seeds: SeedsText = ""
    edit: Annotated[str, tyro.conf.arg(metavar="EDITS", help_behavior_hint="")] = ""
    label: ClassNumber = None
    directions: DirectionsPath = None
    frames: int = 60
    mode: Literal["slerp", "lerp"] = "slerp"
    loop: bool = False
    ping_pong: Annotated[bool, tyro.conf.arg(name="ping-pong")] = False
    fps: float = 30.0
    size: int = 256
    smooth: bool = False
    device: Literal["cpu", "cuda", "mps"] = "cpu"
    json: bool = False

    def run(self) -> None:
        """Render and write."""
        import numpy as np

        from latentlab.commands.edits import edited, parse_edits
        from latentlab.commands.found import open_with
        from latentlab.commands.points import common_class, read_points
        from latentlab.errors import UsageError, ValueRangeError
        from latentlab.export.animation import AnimationOptions, write_animation
        from latentlab.latent.interpolation import keyframe_path

        if not 1 <= self.frames <= MAX_FRAMES:
            raise ValueRangeError("--frames", f"{self.frames} is outside 1 to {MAX_FRAMES}")
        options = AnimationOptions(
            fps=self.fps,
            size_px=self.size,
            smooth=self.smooth,
            loop=self.loop or self.ping_pong,
            ping_pong=self.ping_pong,
        )
        model = open_with(self.model, self.directions)
        edits = parse_edits(self.edit, model)
        latents = [edited(latent, model, edits, None, False) for latent in read_points(self.points, self.seeds, model)]
        if len(latents) < 2:
            raise UsageError("POINT", "a walk needs two or more, one is given", "Name another, or --seeds 1,2,3.")
        for latent in latents:
            if self.mode == "slerp" and not latent.z.any():
                raise ValueRangeError(latent.point.title(), "is zero, from which no arc leads", "Choose --mode lerp.")
        path_z = keyframe_path(np.stack([latent.z for latent in latents]), self.frames, self.mode, self.loop)
        label = common_class(latents, self.label, model)
        draw = model.backend(self.device).render
        written = 0

        def render(z: FloatArray) -> Pixels:
            return draw(z, model.checked_classes(label, len(z)))

        def on_frame(done: int, of: int) -> None:
            nonlocal written
            written = done
            line.show(f"frame {done}/{of}")

        with ProgressLine() as line:
            write_animation(self.out, path_z, render, options=options, progress=on_frame)
        if self.json:
            size_bytes = self.out.stat().st_size
            print(json.dumps({"out": str(self.out), "frames": written, "fps": self.fps, "bytes": size_bytes}))
        else:
            print(self.out)
