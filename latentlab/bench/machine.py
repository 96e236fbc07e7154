"""What the figures were measured on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from latentlab.version import VERSION

_LIBRARIES = ("numpy", "onnxruntime", "torch", "openvino", "PySide6-Essentials", "pillow")


def machine() -> dict[str, Any]:
    """Describe machine and libraries in JSON types; None stands for a library that is not installed."""
    return {
        "cpu": cpu_name(),
        "cores": os.cpu_count(),
        "usable_cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "load_average": round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None,
        "system": platform.platform(),
        "python": platform.python_version(),
        "latentlab": VERSION,
        "libraries": {name: _version(name) for name in _LIBRARIES},
    }


def cpu_name() -> str:
    """Name the processor as well as the system knows it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "")
    return named or platform.processor() or platform.machine()


def resident_mb() -> float | None:
    """Return the memory that this process holds, in MB; None where the system does not tell it as Linux does."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
