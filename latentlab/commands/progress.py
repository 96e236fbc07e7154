"""One line of progress on stderr: rewritten in place on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time

_PLAIN_EVERY_S = 10.0


class ProgressLine:
    """Shows where a command stands; use as a context manager so that the line is ended whatever happens."""

    def __init__(self) -> None:
        self._on_terminal = sys.stderr.isatty()
        self._open = False
        self._last_plain = time.monotonic()

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def show(self, text: str) -> None:
        """Replace the line; away from a terminal, print one every ten seconds, none where all is done before."""
        if self._on_terminal:
            sys.stderr.write(f"\r\x1b[K{text}")
            sys.stderr.flush()
            self._open = True
        elif time.monotonic() - self._last_plain >= _PLAIN_EVERY_S:
            self._last_plain = time.monotonic()
            self.say(text)

    def say(self, text: str) -> None:
        """Print a line that stays."""
        self.end()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        """End the line that is being rewritten."""
        if self._open:
            sys.stderr.write("\n")
            self._open = False
