"""The pictures at both ends of every slider in sight; drawn behind the live picture, once the hand pauses."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QObject, QTimer, Slot

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.session.point import Point
from latentlab.ui.panels.direction_list import DirectionList
from latentlab.ui.panels.direction_positions import Numbers, Stance
from latentlab.ui.render_bridge import Frames
from latentlab.ui.studio import Studio

LANE = "slider ends"
END_SIGMA = 3.0
PAUSE_MS = 120


class SliderEnds(QObject):
    """Asks for the pictures and puts them into the rows. GUI thread only.

    What a drag costs is one restart of a timer a move. A pause asks for the rows in sight in one batch, which the
    render thread works off in chunks behind everything that the hand does; scrolling asks for new rows only.
    """

    def __init__(self, studio: Studio, sliders: DirectionList) -> None:
        super().__init__(sliders)
        self._studio = studio
        self._sliders = sliders
        self._turn = 0
        self._drawn: dict[tuple[str, int], int] = {}
        self._asked: tuple[int, tuple[str, ...]] = (0, ())
        self._pause = QTimer(self)
        self._pause.setSingleShot(True)
        self._pause.setInterval(PAUSE_MS)
        self._pause.timeout.connect(self.ask)
        studio.render.receive(LANE, self._on_frames)
        sliders.sight_changed.connect(self._on_sight)

    def outdate(self) -> None:
        """Draw everything in sight anew after a pause."""
        self._turn += 1
        self._pause.start()

    def strength(self, direction: Direction, end: int) -> float:
        """Return the strength at an end of a direction's slider: 0 for the left one, 1 for the right one."""
        stance = self._stance([direction])
        return float(self._strengths(stance, np.array([_sign(end) * END_SIGMA]))[0]) if stance else 0.0

    def point(self, direction: Direction, end: int) -> Point | None:
        """Return the point at an end of a direction's slider."""
        state = self._studio.state
        return state.picture.with_strength(direction.name, self.strength(direction, end)) if state else None

    @Slot()
    def ask(self) -> None:
        """Ask for the pictures in sight that are not up to date."""
        self._pause.stop()
        if not (self._studio.settings.slider_ends and self._sliders.isVisible()):
            return
        known = {direction.name: direction for direction in self._studio.directions}
        rows = [
            known[name]
            for name in self._sliders.in_sight()
            if name in known and any(self._drawn.get((name, end)) != self._turn for end in (0, 1))
        ]
        stance = self._stance(rows)
        names = tuple(direction.name for direction in rows)
        if stance is None or self._asked == (self._turn, names):
            return
        z: FloatArray = np.stack(
            [stance.latents(self._strengths(stance, np.full(len(rows), _sign(end) * END_SIGMA))) for end in (0, 1)],
            axis=1,
        ).reshape(2 * len(rows), -1)
        # A late picture of the rows asked for before would be put into these.
        self._studio.render.forget(LANE)
        self._asked = (self._turn, names)
        self._studio.render.request(LANE, z)

    def _stance(self, rows: Sequence[Direction]) -> Stance | None:
        state = self._studio.state
        return Stance(state.picture, rows, self._studio.directions, state.prior) if state and rows else None

    def _strengths(self, stance: Stance, at: Numbers) -> Numbers:
        return stance.strengths_at(at) if self._studio.settings.coordinates else at

    def _on_frames(self, frames: Frames) -> None:
        turn, names = self._asked
        for place, pixels in zip(frames.rows, frames.pixels, strict=True):
            name, end = names[place // 2], place % 2
            self._drawn[name, end] = turn
            row = self._sliders.made(name)
            if row is not None:
                row.ends[end].set_pixels(pixels, frames.seq)

    @Slot()
    def _on_sight(self) -> None:
        if not self._pause.isActive():
            self._pause.start()


def _sign(end: int) -> float:
    return 1.0 if end else -1.0
