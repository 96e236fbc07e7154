"""What is said of a run, the window's own or one that somebody else writes."""

from __future__ import annotations

import math
from pathlib import Path

from PySide6.QtCore import QCoreApplication

from latentlab.training.durations import duration
from latentlab.training.events import Progress, Update
from latentlab.training.following import LOOK_EVERY_S
from latentlab.training.run_seen import RunSeen

translate = QCoreApplication.translate


def how_it_goes(progress: Progress, paused: bool) -> str:
    """Say how far the window's own run is, how fast, and what is left."""
    speed = translate("run_words", "{0} images/s").format(round(progress.images_per_s))
    left = translate("run_words", "ETA {0}").format(duration(progress.eta_s))
    state = translate("run_words", "paused") if paused else left
    return f"{progress.kimg:.1f} / {progress.total_kimg:g} kimg  ·  {speed}  ·  {state}"


def what_was_updated(update: Update) -> str:
    """Say what one update did, in the figures that it reports."""
    names = (("Loss_D", "Loss_D"), ("Loss_G", "Loss_G"), ("D_x", "D(x)"), ("D_G_z1", "D(G(z))"), ("D_G_z2", "D(G(z))"))
    figures = [f"{title} {update.values[name]:.2f}" for name, title in names if name in update.values]
    return translate("run_words", "{0} updated: {1}").format(update.player, ", ".join(figures))


def where_it_stands(seen: RunSeen) -> str:
    """Say how far a run is, how fast, and whether it can still be seen."""
    again = translate("run_words", "looked for every {0} s").format(f"{LOOK_EVERY_S:g}")
    if not seen.there and not seen.entries:
        return translate("run_words", "The folder is not there") + f"; {again}"
    if not seen.entries:
        if seen.config:
            return translate("run_words", "The run has begun; its first tick is {0}").format(again)
        return translate("run_words", "No run in this folder yet; it is {0}").format(again)
    total = f" / {seen.total_kimg:g}" if seen.total_kimg else ""
    parts = [f"{seen.kimg:.1f}{total} kimg"]
    ago = duration(seen.quiet_s)
    if seen.complete:
        parts = [translate("run_words", "Finished at {0} kimg").format(f"{seen.kimg:.1f}")]
    elif not seen.there:
        parts.append(translate("run_words", "the folder cannot be reached") + f"; {again}")
    elif seen.overdue:
        parts.append(translate("run_words", "nothing written for {0}: stopped?").format(ago))
    else:
        speed = seen.entries[-1].get("images_per_s")
        if math.isfinite(speed):
            parts.append(translate("run_words", "{0} images/s").format(round(speed)))
        if math.isfinite(seen.eta_s):
            parts.append(translate("run_words", "ETA {0}").format(duration(seen.eta_s)))
    return "  ·  ".join(parts)


def what_it_is(seen: RunSeen) -> str:
    """Say what is trained, on what, and where it is kept."""
    parts = [seen.folder.name]
    data = seen.config.get("data")
    if isinstance(data, str):
        parts.append(Path(data).name)
    if size := int(seen.number("size")):
        parts.append(f"{size} × {size}")
    if width := int(seen.number("width")):
        parts.append(translate("run_words", "width {0}").format(width))
    if batch := int(seen.number("batch")):
        parts.append(translate("run_words", "batch {0}").format(batch))
    if seen.config:
        parts.append(seen.loss)
    if seen.entries and not seen.complete:
        parts.append(translate("run_words", "last tick {0} ago").format(duration(seen.quiet_s)))
    return ", ".join(parts)
