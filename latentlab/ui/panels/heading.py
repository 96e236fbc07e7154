"""The heading that every panel wears."""

from __future__ import annotations

from PySide6.QtCore import QSize, Qt
from PySide6.QtWidgets import QLabel, QToolButton

from latentlab.ui.icons import icon


def heading(text: str) -> QLabel:
    """Return a panel's heading: small capitals, muted."""
    label = QLabel(text.upper())
    label.setObjectName("heading")
    return label


def icon_button(name: str, tip: str, *, size_px: int = 18, checkable: bool = False) -> QToolButton:
    """Return a flat button with an icon; the tooltip is also its accessible name."""
    button = QToolButton()
    button.setIcon(icon(name))
    button.setIconSize(QSize(size_px, size_px))
    button.setAutoRaise(True)
    button.setCheckable(checkable)
    button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
    button.setToolTip(tip)
    button.setAccessibleName(tip.split("\n")[0])
    return button
