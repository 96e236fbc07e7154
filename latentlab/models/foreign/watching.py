"""How long work learns that nobody waits for it any more."""

from __future__ import annotations

from collections.abc import Callable

Watch = Callable[[], None]
"""Called between the steps of long work, at least every tenth of a second; it may raise `errors.Cancelled`, which ends
the work and is passed on."""


def unwatched() -> None:
    """Let work go on to its end."""
