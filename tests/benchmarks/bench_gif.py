"""Time a GIF of 60 RGB frames of 256x256 against Pillow's default path, and measure how true its colours are.

    python tests/benchmarks/bench_gif.py

The same as ``latentlab bench --only gif``. Budget (DESIGN, section 10): at most 1 s, decoded frames within 3 grey
levels on average.
"""

from __future__ import annotations

from latentlab.commands.bench import Bench

if __name__ == "__main__":
    Bench(only="gif").run()
