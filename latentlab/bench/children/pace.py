"""How fast a hand moves."""

from __future__ import annotations

PACE_MS = 10
"""Between two moves: 100 a second, about what a mouse reports."""
