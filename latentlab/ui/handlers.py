"""What each action of the table does in a window."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow

EXPLORE, INTERPOLATE, ARITHMETIC, TRAIN, MAP = range(5)
VARIANTS, BREED, SHEET = range(3)


def handlers(window: MainWindow) -> Mapping[str, Callable[[], None]]:
    """Name what is called for every action's id.

    A panel that has not been made yet is made when one of its actions is first used: those are looked up in time.
    """
    documents, dialogs, latent, explore = window.documents, window.dialogs, window.latent, window.explore
    return {
        "open-session": documents.choose_session,
        "session-before": documents.open_before,
        "save-session": documents.save,
        "save-session-as": documents.save_as,
        "save-picture": latent.save_picture,
        "export": dialogs.export,
        "export-traversal": dialogs.export_traversal,
        "quit": lambda: _close(window),
        "undo": latent.undo,
        "redo": latent.redo,
        "copy": latent.copy,
        "paste": latent.paste,
        "copy-python": latent.copy_python,
        "copy-command": latent.copy_command,
        "copy-latent": latent.copy_latent,
        "history": dialogs.history,
        "open-model": lambda: window.opening.choose(),
        "open-bundled": documents.open_bundled,
        "open-digits": documents.open_digits,
        "catalogue": dialogs.catalogue,
        "model-info": dialogs.model_card,
        "evaluate": dialogs.evaluate,
        "how-read": dialogs.how_read,
        "compare-with": lambda: window.beside.choose(),
        "export-model": lambda: window.model_export.choose(),
        "roll": explore.roll,
        "previous-seed": latent.previous_seed,
        "next-seed": latent.next_seed,
        "keep": latent.keep,
        "reset": explore.reset_picture,
        "hold-a": latent.hold_a,
        "hold-b": latent.hold_b,
        "let-go": latent.let_go,
        "swap": latent.swap,
        "play": window.play,
        "variants": lambda: dialogs.variations(VARIANTS),
        "breed": lambda: dialogs.variations(BREED),
        "sheet": lambda: dialogs.variations(SHEET),
        "nine-seeds": dialogs.nine_seeds,
        "wipe": explore.toggle_wipe,
        "find-directions": dialogs.find_directions,
        "cosines": dialogs.cosines,
        "label-by-clicking": dialogs.label_by_clicking,
        "find-latent": dialogs.find_latent,
        "new-run": dialogs.new_run,
        "data": dialogs.data,
        "resume-run": dialogs.choose_run,
        "follow-run": lambda: _follow(window),
        "pause-run": lambda: window.train.toggle_pause(),
        "update-d": lambda: window.train.update_alone("D"),
        "update-g": lambda: window.train.update_alone("G"),
        "slow-motion": lambda: window.train.toggle_slow(),
        "stop-run": lambda: window.train.stop_run(),
        "show-explore": lambda: window.show_page(EXPLORE),
        "show-interpolate": lambda: window.show_page(INTERPOLATE),
        "show-arithmetic": lambda: window.show_page(ARITHMETIC),
        "show-train": lambda: window.show_page(TRAIN),
        "show-map": lambda: window.show_page(MAP),
        "smooth": window.toggle_smooth,
        "theme-system": lambda: window.set_theme("system"),
        "theme-light": lambda: window.set_theme("light"),
        "theme-dark": lambda: window.set_theme("dark"),
        "device-cpu": lambda: window.studio.set_device("cpu"),
        "device-cuda": lambda: window.studio.set_device("cuda"),
        "device-mps": lambda: window.studio.set_device("mps"),
        "performance": dialogs.performance,
        "reset-layout": window.frame.reset,
        "palette": lambda: window.palette_.open(),
        "shortcuts": dialogs.shortcuts,
        "glossary": dialogs.glossary,
        "about": dialogs.about,
    }


def _close(window: MainWindow) -> None:
    window.close()


def _follow(window: MainWindow) -> None:
    window.show_page(TRAIN)
    window.train.choose_followed()
