"""Importing heavy packages in the background, without stopping other threads.

An import opens shared libraries while it holds the interpreter's lock: that of torch stops the window for a third of a
second. libc's own ``dlopen``, called as a foreign function, lets the lock go; the import then finds them open.
"""

from __future__ import annotations

import ctypes
import gc
import importlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from latentlab import log
from latentlab.cores import spare

_LIBRARIES: Mapping[str, tuple[str, ...]] = {
    "onnxruntime": ("capi/onnxruntime_pybind11_state*.so",),
    "torch": ("lib/libc10.so", "lib/libtorch_cpu.so", "lib/libtorch_python.so"),
}
"""Package to its libraries, in the order in which they need each other; patterns below the package's folder."""
_LATER_PARTS: Mapping[str, tuple[str, ...]] = {"torch": ("torch._dynamo",)}
"""Package to what it would import at its first use: torch at the first step of an optimiser, for a second."""

_log = log.get(__name__)


def preload(package: str) -> None:
    """Import a package without holding other threads up for long. On Linux; elsewhere it is a plain import.

    Raises:
        ImportError: If it is not installed.
    """
    if package not in sys.modules and sys.platform.startswith("linux"):
        _open_libraries(package)
    with _without_collections():
        for module in (package, *_LATER_PARTS.get(package, ())):
            importlib.import_module(module)


class Preloading:
    """Imports a package in a thread of its own; a failure is left to who needs it.

    Args:
        package: Its name. None that makes Qt classes: see `latentlab.stepped_import`.
        then: Called in that thread once the import is over, whether it worked or not.
    """

    def __init__(self, package: str, then: Callable[[], None] | None = None) -> None:
        self._package = package
        self._then = then
        self._thread = threading.Thread(target=self._run, name=f"preload {package}", daemon=True)

    def start(self) -> None:
        """Begin; any thread may call this, once."""
        self._thread.start()

    def close(self) -> None:
        """Wait for the end, if it was begun: an interpreter must not end under an import."""
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            preload(self._package)
        except Exception:  # noqa: BLE001 - whoever needs the package meets the same error, and reports it
            _log.info("%s was not imported ahead of time", self._package, exc_info=True)
        if self._then is not None:
            self._then()


@contextmanager
def torch_on_spare_cores() -> Iterator[None]:
    """Import torch without holding a window up, and leave one core to it as long as this lasts.

    Threads that wait for each other on a busy machine make the work slower besides. Torch counts its threads for the
    whole process; the number of before is restored.
    """
    preload("torch")
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(spare())
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def _without_collections() -> Iterator[None]:
    """Keep the garbage collector from looking at all of a large package, which stops every thread for long.

    What has been imported by the end stays for good, so it need never be looked at again.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_on:
            gc.enable()


def _open_libraries(package: str) -> None:
    """Open a package's libraries; one that does not open is left to the import, which says why."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        return
    dlopen = ctypes.CDLL(None).dlopen
    dlopen.argtypes = (ctypes.c_char_p, ctypes.c_int)
    dlopen.restype = ctypes.c_void_p
    folder = Path(next(iter(found.submodule_search_locations)))
    for pattern in _LIBRARIES.get(package, ()):
        for library in folder.glob(pattern):
            if not dlopen(str(library).encode(), sys.getdlopenflags()):
                _log.info("%s was not opened ahead of its import", library)
