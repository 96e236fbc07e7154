"""A slider of the real window, dragged; and the backend alone, in turns."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QSize

from latentlab.bench.children import application
from latentlab.bench.children.event_loop import settle, wait_for_background
from latentlab.bench.children.hand import Answers, Drag
from latentlab.bench.measure import timed_ms
from latentlab.session import changes
from latentlab.ui.widgets.picture import fitted

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

PADDING_PX = 16


def _drive(window: MainWindow, asked: dict[str, Any]) -> dict[str, Any]:
    model = window.studio.model
    assert model is not None
    wait_for_background(window)
    z = model.sample(1, seed=0)
    backend = model.backend()
    drag = Drag(window)
    drag.at_pace(30)
    paced, single, free = Answers(), Answers(), Answers()
    alone: list[float] = []
    for _ in range(asked["blocks"]):
        alone += timed_ms(lambda: backend.render(z), asked["moves"], warm_up=5)
        paced.add(drag.at_pace(asked["moves"]))
        single.add(drag.one_at_a_time(asked["moves"]))
        window.studio.apply(changes.let_go_of_end(), "")
        free.add(drag.at_pace(asked["moves"]))
        window.studio.apply(changes.hold_end("a"), "")
        settle(window)
    spec = model.generator.card.generator
    room = window.explore.canvas.size() - QSize(2 * PADDING_PX, 2 * PADDING_PX)
    shown = fitted(QSize(spec.width, spec.height), room, window.devicePixelRatioF())
    return {
        "paced_ms": paced.to_pixels_ms,
        "hand_ms": paced.from_hand_ms,
        "caught_up_ms": paced.caught_up_ms,
        "single_ms": single.to_pixels_ms,
        "free_ms": free.to_pixels_ms,
        "backend_ms": alone,
        "shown_px": [round(shown.width()), round(shown.height())],
    }


if __name__ == "__main__":
    application.run(_drive)
