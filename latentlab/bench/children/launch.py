"""The application from nothing to its first live picture, and no further."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from latentlab.bench.children import application

if TYPE_CHECKING:
    from latentlab.ui.main_window import MainWindow


def _leave(_window: MainWindow, _asked: dict[str, Any]) -> dict[str, Any]:
    return {}


if __name__ == "__main__":
    application.run(_leave)
