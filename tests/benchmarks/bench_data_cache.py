"""How long opening a data set takes the first time and from the cache; the faces by default.

    python tests/benchmarks/bench_data_cache.py [NAME_OR_PATH]

Every opening happens in a process of its own; the cache is one of its own and is removed in the end.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile

from latentlab.paths import data_dir

_OPENING = """
import json, sys, time
from latentlab.data.catalogue import open_data
from latentlab.data.survey import find_duplicates
started = time.perf_counter()
data = open_data(sys.argv[1], cached=sys.argv[2] == "cached")
opened = time.perf_counter()
total = int(data.pixels.sum(dtype="uint64"))
touched = time.perf_counter()
duplicates = len(find_duplicates(data.pixels))
ended = time.perf_counter()
print(json.dumps({
    "pictures": len(data), "bytes": data.pixels.nbytes, "sum": total, "open_s": opened - started,
    "read_all_s": touched - opened, "duplicates": duplicates, "find_duplicates_s": ended - touched,
}))
"""


def measure(source: str) -> dict[str, dict[str, float]]:
    """Open a data set without the cache, into the cache, and from it, three times each of the last."""
    with tempfile.TemporaryDirectory() as cache:
        environment = os.environ | {"XDG_CACHE_HOME": cache}
        found = {}
        for name, kind in (("without", "no"), ("first", "cached"), ("again", "cached"), ("once more", "cached")):
            command = [sys.executable, "-c", _OPENING, source, kind]
            answer = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
            found[name] = json.loads(answer.stdout)
    if len({each["sum"] for each in found.values()}) != 1:
        raise AssertionError("the cache gives other pictures")
    return found


if __name__ == "__main__":
    print(json.dumps(measure(sys.argv[1] if len(sys.argv) > 1 else str(data_dir() / "faces")), indent=2))
