"""Text to read: the model card, the keyboard shortcuts, about."""

from __future__ import annotations

import html

from PySide6.QtCore import QSize
from PySide6.QtWidgets import QDialog, QPushButton, QTextBrowser, QVBoxLayout, QWidget

from latentlab import version
from latentlab.session.opened import OpenedModel
from latentlab.ui.action_table import ActionTable, plain, translated


class ReadingDialog(QDialog):
    """A page of text that can be selected and copied; not modal."""

    def __init__(self, title: str, page: str, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        text = QTextBrowser()
        text.setOpenExternalLinks(True)
        text.setHtml(page)
        close = QPushButton(self.tr("Close"))
        close.clicked.connect(self.close)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.addWidget(text)
        layout.addWidget(close)

    def sizeHint(self) -> QSize:
        """Ask for room to read."""
        return QSize(560, 520)


def shortcuts_page(actions: ActionTable) -> str:
    """List every action that has keys."""
    rows = []
    for spec, action in actions.entries():
        keys = ", ".join(each.toString() for each in action.shortcuts())
        if keys:
            rows.append(_row(keys, f"{plain(action.text()).rstrip('…')}: {translated(spec.tip)}"))
    extra = (
        ("C (hold)", "Compare with the picture as it was picked up"),
        ("← →", "Move the slider that has the focus; with Shift by a tenth"),
        ("Home, Delete", "Bring that slider to rest"),
        ("Alt+↑ ↓, F2, Menu", "Move that slider's row, rename its direction, open its menu"),
        ("← → ↑ ↓, + −, 0", "On a map: go from picture to picture, zoom, show all"),
        ("Delete, F2, Enter", "On the shelf: remove, rename, pick up"),
    )
    rows += [_row(keys, translated(what)) for keys, what in extra]
    return f"<table cellspacing='6'>{''.join(rows)}</table>"


def card_page(model: OpenedModel) -> str:
    """Describe the open model from its card."""
    card = model.generator.card
    spec = card.generator
    weights = sum(array.size for array in model.generator.weights.values())
    rows = [
        ("File", str(model.generator.path or "a snapshot of a running training")),
        ("Pictures", f"{spec.width} × {spec.height}, {'grey' if spec.channels == 1 else 'RGB'}"),
        ("z", f"{spec.z_dim} wide, {spec.prior}"),
        ("Weights", f"{weights:,}"),
        ("Hash", model.generator.content_hash),
        ("Trained on", f"{card.data.name} ({card.data.images:,} images) {card.data.licence}".strip()),
        ("Shown", f"{card.kimg:g} thousand images"),
        ("Metrics", ", ".join(f"{name} {value:.3g}" for name, value in card.metrics.items())),
        ("Directions", ", ".join(note.name for note in card.directions)),
        ("Made by", card.command),
        ("Notes", card.notes),
    ]
    body = "".join(_row(name, value) for name, value in rows if value)
    return f"<h3>{html.escape(card.name)}</h3><table cellspacing='6'>{body}</table>"


def about_page() -> str:
    """Say what this is."""
    return (
        f"<h3>latentlab {version.VERSION}</h3><p>An instrument for playing the latent space of a DCGAN "
        "(Radford, Metz &amp; Chintala 2015, arXiv:1511.06434).</p><p>Free software under the MIT licence.</p>"
    )


def _row(name: str, value: str) -> str:
    return f"<tr><td style='padding-right:12px'><b>{html.escape(name)}</b></td><td>{html.escape(value)}</td></tr>"
