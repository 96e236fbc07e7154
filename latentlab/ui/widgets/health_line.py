"""How a run is doing, in words."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QSizePolicy, QVBoxLayout, QWidget

from latentlab.training.health import Verdict, Word
from latentlab.ui import theme

_ALARMING: frozenset[Word] = frozenset(("diverging", "collapsing", "fading"))


class HealthLine(QWidget):
    """A verdict with its sentence, and what to do about it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._verdict: Verdict | None = None
        self._past_kimg: int | None = None
        self.sentence, self.advice = QLabel(), QLabel()
        self.sentence.setTextFormat(Qt.TextFormat.RichText)
        self.advice.setObjectName("muted")
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(2)
        for label in (self.sentence, self.advice):
            label.setWordWrap(True)
            label.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Minimum)
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
            layout.addWidget(label)
        self.setAccessibleName(self.tr("Health of the run"))

    @property
    def verdict(self) -> Verdict | None:
        """Return what is shown."""
        return self._verdict

    def show_verdict(self, verdict: Verdict | None, past_kimg: int | None = None) -> None:
        """Show a verdict, or none; one of the past with the kimg it was true at."""
        self._verdict, self._past_kimg = verdict, past_kimg
        self.restyle()

    def restyle(self) -> None:
        """Take the theme's colours."""
        verdict = self._verdict
        self.setVisible(verdict is not None)
        if verdict is None:
            return
        look = theme.tokens()
        ink = look.warn if verdict.word in _ALARMING else look.text
        past = "" if self._past_kimg is None else self.tr("At {0} kimg: ").format(self._past_kimg)
        self.sentence.setText(f"{past}<b style='color:{ink}'>{verdict.title}.</b> {verdict.sentence}")
        self.advice.setText(verdict.advice)
        self.advice.setVisible(bool(verdict.advice))
        self.setAccessibleDescription(f"{verdict.title}. {verdict.sentence} {verdict.advice}")
        figures = "\n".join(f"{name}  {value:.3g}" for name, value in verdict.evidence)
        why = self.tr("Judged by the last ticks: losses, D's outputs, gradient norms, how varied the sheet is.")
        self.setToolTip(f"{why}\n{figures}" if figures else why)
