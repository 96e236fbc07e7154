"""What the TRAIN page says while there is no run."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.ui.icons import icon


class TrainInvitation(QWidget):
    """Three ways to a run.

    Signals:
        new_run_wanted: A button asks for *New run…*; GUI thread.
        resume_wanted: A button asks for *Resume a run…*; GUI thread.
        follow_wanted: A button asks for *Follow run folder…*; GUI thread.
    """

    new_run_wanted = Signal()
    resume_wanted = Signal()
    follow_wanted = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        title = QLabel(self.tr("Train a DCGAN of your own"))
        title.setObjectName("title")
        text = QLabel(
            self.tr(
                "Choose MNIST, or a folder or zip of your own images. You can explore the model while it trains,\n"
                "stop at any time, and go on later. A small model of digits takes minutes on a laptop.\n"
                "A run that another machine trains can be followed from here, through its mounted or synced folder."
            )
        )
        text.setObjectName("muted")
        text.setWordWrap(True)
        for label in (title, text):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
        begin = QPushButton(icon("new-run", "on_accent"), self.tr("New run…"))
        begin.setObjectName("primary")
        go_on = QPushButton(icon("resume"), self.tr("Resume a run…"))
        follow = QPushButton(icon("show"), self.tr("Follow run folder…"))
        buttons = QHBoxLayout()
        buttons.addStretch(1)
        for button, signal in (
            (begin, self.new_run_wanted),
            (go_on, self.resume_wanted),
            (follow, self.follow_wanted),
        ):
            button.clicked.connect(signal)
            buttons.addWidget(button)
        buttons.addStretch(1)
        layout = QVBoxLayout(self)
        layout.setSpacing(16)
        layout.addStretch(2)
        layout.addWidget(title)
        layout.addWidget(text)
        layout.addLayout(buttons)
        layout.addStretch(3)
