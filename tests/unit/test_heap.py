"""Freed memory goes back to the system."""

from __future__ import annotations

import sys

import pytest

from latentlab.bench.machine import resident_mb
from latentlab.heap import give_back


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="glibc's allocator is Linux's")
def test_what_small_pieces_held_is_given_back() -> None:
    # Smaller than what the allocator gets from the system piece by piece, and every second one is kept for a while.
    pieces = [bytearray(60_000) for _ in range(4000)]
    kept = pieces[::2]
    pieces.clear()
    before = resident_mb()
    kept.clear()
    keeper = bytearray(60_000)
    give_back()
    after = resident_mb()
    assert before is not None
    assert after is not None
    assert after < before - 50.0
    assert keeper
