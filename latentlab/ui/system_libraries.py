"""Checks made before Qt starts: Qt ends the process where a display or a system library is missing."""

from __future__ import annotations

import ctypes
import importlib.util
import os
import sys
from pathlib import Path

from latentlab.errors import LatentlabError

_PACKAGES = {
    "libEGL.so.1": "libegl1",
    "libGL.so.1": "libgl1",
    "libOpenGL.so.0": "libopengl0",
    "libGLX.so.0": "libglx0",
    "libxkbcommon.so.0": "libxkbcommon0",
    "libxkbcommon-x11.so.0": "libxkbcommon-x11-0",
    "libxcb-cursor.so.0": "libxcb-cursor0",
    "libxcb-icccm.so.4": "libxcb-icccm4",
    "libxcb-image.so.0": "libxcb-image0",
    "libxcb-keysyms.so.1": "libxcb-keysyms1",
    "libxcb-randr.so.0": "libxcb-randr0",
    "libxcb-render-util.so.0": "libxcb-render-util0",
    "libxcb-render.so.0": "libxcb-render0",
    "libxcb-shape.so.0": "libxcb-shape0",
    "libxcb-shm.so.0": "libxcb-shm0",
    "libxcb-sync.so.1": "libxcb-sync1",
    "libxcb-xfixes.so.0": "libxcb-xfixes0",
    "libxcb-xinerama.so.0": "libxcb-xinerama0",
    "libxcb-xkb.so.1": "libxcb-xkb1",
    "libxcb.so.1": "libxcb1",
    "libX11-xcb.so.1": "libx11-xcb1",
    "libX11.so.6": "libx11-6",
    "libfontconfig.so.1": "libfontconfig1",
    "libfreetype.so.6": "libfreetype6",
    "libdbus-1.so.3": "libdbus-1-3",
    "libglib-2.0.so.0": "libglib2.0-0",
    "libgthread-2.0.so.0": "libglib2.0-0",
    "libwayland-client.so.0": "libwayland-client0",
    "libwayland-cursor.so.0": "libwayland-cursor0",
    "libwayland-egl.so.1": "libwayland-egl1",
}
_MODULES = ("libQt6Core.so.6", "libQt6Gui.so.6", "libQt6Widgets.so.6", "libQt6Svg.so.6")


def check_display() -> None:
    """Say in one line why a window cannot open on this Linux, before Qt aborts; other systems pass.

    Raises:
        LatentlabError: If there is no display, it cannot be reached, or a library of Qt's is missing.
    """
    if not sys.platform.startswith("linux"):
        return
    libraries = _qt_folder() / "lib"
    for name in _MODULES:
        _load(libraries / name)
    platform = os.environ.get("QT_QPA_PLATFORM", "").split(":")[0]
    if platform and platform != "xcb":
        return
    if not platform and os.environ.get("WAYLAND_DISPLAY"):
        return
    display = os.environ.get("DISPLAY")
    if not display:
        raise LatentlabError(
            "latentlab",
            "there is no display to open a window on",
            "Log in to a desktop, or run under one: apt-get install xvfb, then xvfb-run latentlab. "
            "The commands (latentlab --help) need no display.",
        )
    _load(_qt_folder() / "plugins" / "platforms" / "libqxcb.so")
    if not _answers(display):
        raise LatentlabError(
            "latentlab", f"the display {display} does not answer", "Check the DISPLAY variable, or unset it."
        )


def _qt_folder() -> Path:
    found = importlib.util.find_spec("PySide6")
    if found is None or not found.submodule_search_locations:
        raise LatentlabError("latentlab", "PySide6 is not installed", "pip install PySide6-Essentials")
    return Path(next(iter(found.submodule_search_locations))) / "Qt"


def _load(library: Path) -> None:
    """Open a library as the loader would; its error names the first one that is missing."""
    if not library.exists():
        return
    try:
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
    except OSError as error:
        missing = str(error).split(":")[0].strip()
        package = _PACKAGES.get(missing)
        what_to_do = f"Install it: apt-get install {package}" if package else "Install the package that holds it."
        raise LatentlabError("latentlab", f"the system library {missing} is missing", what_to_do) from error


def _answers(display: str) -> bool:
    xcb = ctypes.CDLL("libxcb.so.1")
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = [ctypes.c_char_p, ctypes.c_void_p]
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    broken = xcb.xcb_connection_has_error(connection)
    xcb.xcb_disconnect(connection)
    return not broken
