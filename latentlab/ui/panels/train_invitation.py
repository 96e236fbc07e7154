"""What the TRAIN page says while there is no run."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.training.run_seen import RunSeen
from latentlab.ui.icons import icon
from latentlab.ui.run_watch import RunWatch
from latentlab.ui.studio import Studio


class TrainInvitation(QWidget):
    """Three ways to a run, and back to the last one where it was left before its end.

    Args:
        studio: Whose settings say which run was the last.
        parent: As every widget's.

    Signals:
        go_on_wanted: The folder of the last run, which is to be gone on with; GUI thread.
        new_run_wanted: A button asks for *New run…*; GUI thread.
        resume_wanted: A button asks for *Resume a run…*; GUI thread.
        follow_wanted: A button asks for *Follow run folder…*; GUI thread.
    """

    go_on_wanted = Signal(object)
    new_run_wanted = Signal()
    resume_wanted = Signal()
    follow_wanted = Signal()

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._studio = studio
        self._folder: Path | None = None
        self._watch: RunWatch | None = None
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
        self.last = QPushButton(icon("resume"), "")
        self.last.clicked.connect(self._on_last)
        self.last.setAccessibleName(self.tr("Go on with the last run"))
        self.last.hide()
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
        layout.addWidget(self.last, 0, Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)

    def showEvent(self, event: QShowEvent) -> None:
        """Look whether the last run is there and was left before its end, without waiting for a folder that hangs."""
        super().showEvent(event)
        if self._studio.settings.run_folder and self._watch is None:
            self._watch = self._studio.training.watch(Path(self._studio.settings.run_folder))
            self._watch.seen.connect(self._on_seen)

    def hideEvent(self, event: QHideEvent) -> None:
        """Look no further."""
        super().hideEvent(event)
        self._end_watch()

    def _end_watch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.seen.disconnect(self._on_seen)
            self._studio.training.unwatch(watch)

    @Slot(object)
    def _on_seen(self, seen: RunSeen) -> None:
        self._end_watch()
        self._folder = seen.folder
        self.last.setVisible(seen.resumable and not seen.complete)
        words = self.tr("Go on with {0}, left at {1} of {2} kimg")
        self.last.setText(words.format(seen.folder.name, f"{seen.kimg:.1f}", f"{seen.total_kimg:g}"))
        self.last.setToolTip(str(seen.folder))

    @Slot()
    def _on_last(self) -> None:
        if self._folder is not None:
            self.go_on_wanted.emit(self._folder)
