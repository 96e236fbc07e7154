"""The look: two sets of colour tokens, the palette and the style sheet made of them.

Greys are neutral so that they cast no colour on the pictures; the one accent is kept for what the hand can move and
what is selected. Every text token has a contrast of at least 4.5 : 1 on the surfaces it stands on (a test computes it).
"""

from __future__ import annotations

import re
from dataclasses import asdict, dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFontMetrics, QGuiApplication, QPalette
from PySide6.QtWidgets import QApplication

from latentlab.paths import bundled

_SCHEMES = {"system": Qt.ColorScheme.Unknown, "light": Qt.ColorScheme.Light, "dark": Qt.ColorScheme.Dark}
THEMES = tuple(_SCHEMES)
STYLE_ARGUMENTS = ("-style", "fusion")
"""Arguments that an application is made with: `QApplication.setStyle` returns a style, and to make the classes for that
takes Qt's bindings 8 ms of a start."""
_ROW_PX, _ROW_GAP_PX = 20, 5


@dataclass(frozen=True)
class Tokens:
    """The colours of a theme, as ``#rrggbb``.

    Attributes:
        window: Behind everything.
        panel: One tone from the window.
        raised: Menus, buttons.
        field: Inputs.
        surround: Around pictures.
        line: Hairlines.
        hover: Under the pointer.
        pressed: Pressed or switched on.
        scroll: Scroll bar handles.
        track: Grooves of sliders and meters.
        text: Main text.
        muted: Secondary text.
        faint: Disabled text and outlines.
        accent: What the hand can move; what is selected.
        accent_hover: The same under the pointer.
        on_accent: Text on the accent.
        warn: Warnings and errors.
    """

    window: str
    panel: str
    raised: str
    field: str
    surround: str
    line: str
    hover: str
    pressed: str
    scroll: str
    track: str
    text: str
    muted: str
    faint: str
    accent: str
    accent_hover: str
    on_accent: str
    warn: str


DARK = Tokens(
    window="#1b1b1c",
    panel="#242425",
    raised="#2d2d2f",
    field="#1b1b1c",
    surround="#161617",
    line="#3a3a3d",
    hover="#363638",
    pressed="#414144",
    scroll="#4a4a4d",
    track="#454548",
    text="#e6e6e7",
    muted="#a3a3a6",
    faint="#8e8e92",
    accent="#e8a33d",
    accent_hover="#f2b65c",
    on_accent="#1b1b1c",
    warn="#ff8a70",
)
LIGHT = Tokens(
    window="#e9e9ea",
    panel="#f5f5f6",
    raised="#ffffff",
    field="#ffffff",
    surround="#dcdcdd",
    line="#cdcdd0",
    hover="#e4e4e6",
    pressed="#d6d6d9",
    scroll="#bdbdc1",
    track="#c8c8cc",
    text="#1e1e20",
    muted="#55555a",
    faint="#6e6e73",
    accent="#8f5400",
    accent_hover="#a86400",
    on_accent="#ffffff",
    warn="#a52a12",
)

_current = DARK


def tokens() -> Tokens:
    """Return the colours in force."""
    return _current


def color(value: str, alpha: int = 255) -> QColor:
    """Turn a token into a QColor."""
    made = QColor(value)
    made.setAlpha(alpha)
    return made


def apply(app: QApplication, theme: str) -> None:
    """Give the whole application a theme: ``light``, ``dark``, or ``system`` for what the desktop has.

    Where the platform lets it, title bars and native dialogs take the same. The style is that of `STYLE_ARGUMENTS`.
    """
    global _current
    hints = QGuiApplication.styleHints()
    hints.setColorScheme(_SCHEMES[theme])
    dark = hints.colorScheme() != Qt.ColorScheme.Light if theme == "system" else theme == "dark"
    _current = DARK if dark else LIGHT
    app.setPalette(_palette(_current))
    app.setStyleSheet(_style_sheet(_current))


def _palette(look: Tokens) -> QPalette:
    role = QPalette.ColorRole
    colors = {
        role.Window: look.window,
        role.WindowText: look.text,
        role.Base: look.field,
        role.AlternateBase: look.panel,
        role.Text: look.text,
        role.Button: look.raised,
        role.ButtonText: look.text,
        role.BrightText: look.warn,
        role.ToolTipBase: look.raised,
        role.ToolTipText: look.text,
        role.PlaceholderText: look.muted,
        role.Highlight: look.accent,
        role.HighlightedText: look.on_accent,
        role.Link: look.accent,
        role.Mid: look.line,
        role.Accent: look.accent,
    }
    palette = QPalette()
    for name, value in colors.items():
        palette.setColor(name, QColor(value))
    for name in (role.WindowText, role.Text, role.ButtonText):
        palette.setColor(QPalette.ColorGroup.Disabled, name, QColor(look.faint))
    return palette


def _style_sheet(look: Tokens) -> str:
    from latentlab.ui.icons import tinted_file

    values = asdict(look)
    values["arrow"] = tinted_file("chevron-down", look.muted)
    values["row"] = f"{max(_ROW_PX, QFontMetrics(QApplication.font()).height() + _ROW_GAP_PX)}px"
    values["check"] = tinted_file("check", look.on_accent)
    text = bundled("resources", "style", "window.qss").read_text(encoding="utf-8")
    return re.sub(r"@([a-z_]+)", lambda match: values.get(match[1], match[0]), text)
