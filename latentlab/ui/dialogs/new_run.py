"""*Train > New run…*: what to train on, how, for how long, and where to keep it."""

from __future__ import annotations

from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import cast

from PySide6.QtCore import QSize, Qt, QTimer, Signal, Slot
from PySide6.QtGui import QGuiApplication
from PySide6.QtWidgets import (
    QComboBox,
    QDialog,
    QFileDialog,
    QLabel,
    QLineEdit,
    QPushButton,
    QScrollArea,
    QVBoxLayout,
    QWidget,
)

from latentlab.cores import spare
from latentlab.errors import LatentlabError
from latentlab.paths import runs_dir
from latentlab.training.config import TrainConfig
from latentlab.training.durations import duration
from latentlab.training.presets import PRESETS, PresetName
from latentlab.training.run_folder_names import can_be_made, holds_run
from latentlab.training.service import TrainJob
from latentlab.ui.dialogs.data_look import DataChoice
from latentlab.ui.dialogs.run_command import command_of
from latentlab.ui.dialogs.run_cost import Cost, cost_of, megabytes
from latentlab.ui.dialogs.run_fields import RunFields
from latentlab.ui.dialogs.run_source import RunSource, button_of, muted, row_of
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.form import Form

_CUSTOM: PresetName = "custom"
_FIRST: PresetName = "quick"
_OF_DATA = ("size", "channels", "crop", "label", "seed", "threads")
"""Fields that no preset has a say in: they belong to the data, or to the place and time."""
_SIZE_PX = QSize(860, 660)
_PATIENCE_MS = 800
"""How long the fields rest before a trial is worth its while."""


class NewRunDialog(QDialog):
    """Chooses a `TrainConfig` and a run folder.

    Signals:
        start_wanted: The `TrainJob` chosen; GUI thread.
    """

    start_wanted = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("New training run"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._trial: TrainConfig | None = None
        self._tried: dict[TrainConfig, Cost | None] = {}
        self._resting = QTimer(self, singleShot=True, interval=_PATIENCE_MS)
        self._make_source()
        self._make_fields()
        self._make_end()
        self._lay_out()
        self._connect()
        self._choose_preset(_FIRST)
        self._on_data()

    def offer(self) -> None:
        """Show the dialog with a run folder that does not exist yet."""
        name = datetime.now().strftime("%Y-%m-%d-%H%M%S")
        self.folder.setText(str(runs_dir() / name))
        self.message.clear()
        self.show()
        self.raise_()
        self.activateWindow()
        self._refresh()

    def choose_data(self, choice: DataChoice) -> None:
        """Choose a data set and how its pictures are made."""
        self.source.choose(choice.data)
        self._on_data()
        wanted = {"size": choice.size, "channels": choice.channels, "crop": choice.crop, "label": choice.label}
        self.fields.fill({name: value for name, value in wanted.items() if value is not None})
        self._refresh()

    def job(self) -> TrainJob:
        """Return what the fields say.

        Raises:
            LatentlabError: If a value is out of range.
        """
        config = self._config()
        folder = Path(self.folder.text()).expanduser()
        return TrainJob(config, folder, threads=spare(), command=command_of(config, folder, self.preset.currentData()))

    def done(self, result: int) -> None:
        """Closing calls the trial off."""
        self._resting.stop()
        if self._trial is not None:
            self._trial = None
            self._studio.analysis.cancel()
        super().done(result)

    def _make_source(self) -> None:
        self.preset = QComboBox()
        self.preset.setAccessibleName(self.tr("Preset"))
        for name, preset in PRESETS.items():
            self.preset.addItem(self.tr(preset.title), name)
        self.preset_what = muted()
        self.source = RunSource(self._studio)
        self.data, self.path, self.about = self.source.data, self.source.path, self.source.about

    def _make_fields(self) -> None:
        self.fields = RunFields()
        self.fields.setObjectName("scrolled")
        self.side = self.fields.choice("size")
        self.width_box, self.z_dim = self.fields.number("width"), self.fields.number("z_dim")
        self.kimg, self.batch = self.fields.number("kimg"), self.fields.number("batch")
        self.all_settings = button_of(self.tr("All settings"))
        self.all_settings.setCheckable(True)
        self.all_settings.setToolTip(self.tr("Show the settings that few runs need, too"))

    def _make_end(self) -> None:
        self.folder = QLineEdit()
        self.folder.setAccessibleName(self.tr("Run folder"))
        self.choose_folder = button_of(self.tr("Choose…"))
        self.command = QLineEdit()
        self.command.setReadOnly(True)
        self.command.setAccessibleName(self.tr("Command line"))
        self.command.setToolTip(self.tr("Trains the same model without a window"))
        self.copy = button_of(self.tr("Copy"))
        self.copy.setToolTip(self.tr("Copy the command line"))
        self.cost = QLabel()
        self.cost.setToolTip(
            self.tr(
                "The time by a trial of a few steps, the memory by counting weights and activations; PyTorch itself "
                "and the data come on top. An automatic batch is taken for 64."
            )
        )
        self.message = QLabel()
        self.message.setWordWrap(True)
        self.message.setObjectName("warning")
        self.go = QPushButton(self.tr("Start training"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self.cancel = button_of(self.tr("Cancel"))

    def _lay_out(self) -> None:
        top = Form()
        top.addRow(self.tr("Preset"), row_of(self.preset, self.preset_what))
        top.addRow(self.tr("Data"), self.source)
        area = QScrollArea()
        area.setWidget(self.fields)
        area.setWidgetResizable(True)
        area.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        area.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        legend = muted(self.tr("• differs from the paper"))
        end = Form()
        end.addRow(self.tr("Keep it in"), row_of(self.folder, self.choose_folder))
        end.addRow(self.tr("Command"), row_of(self.command, self.copy))
        buttons = row_of(self.cost, self.cancel, self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(20, 16, 20, 16)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addWidget(area, 1)
        layout.addLayout(row_of(self.all_settings, legend))
        layout.addLayout(end)
        layout.addWidget(self.message)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.preset.activated.connect(self._on_preset)
        self.data.activated.connect(self._on_data)
        self.source.changed.connect(self._refresh)
        self.folder.textChanged.connect(self._refresh)
        self.fields.changed.connect(self._on_field)
        self.choose_folder.clicked.connect(self._on_choose_folder)
        self.all_settings.toggled.connect(self.fields.show_all)
        self.copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self.command.text()))
        self._resting.timeout.connect(self._on_rest)
        self.go.clicked.connect(self._on_go)
        self.cancel.clicked.connect(self.reject)

    def _config(self) -> TrainConfig:
        return TrainConfig.from_mapping({**self.fields.values(), "data": self.source.name()})

    def _choose_preset(self, name: PresetName) -> None:
        self.preset.setCurrentIndex(self.preset.findData(name))
        own = self.tr("Settings of your own.")
        self.preset_what.setText(own if name == _CUSTOM else self.tr(PRESETS[name].what))
        if name != _CUSTOM:
            values = asdict(PRESETS[name].config())
            self.fields.fill({key: values[key] for key in self.fields.boxes if key not in _OF_DATA})
        self._refresh()

    @Slot()
    def _refresh(self) -> None:
        """Show what the fields come to: the command, the cost, what differs from the paper, or what is wrong."""
        self._resting.stop()
        try:
            job = self.job()
        except LatentlabError as error:
            self.command.clear()
            self.cost.clear()
            self.message.setText(str(error) if self.source.name() else "")
            return
        self.message.clear()
        self.command.setText(job.command)
        self.command.setCursorPosition(0)
        self.fields.mark(job.config)
        self._estimate(job.config)

    def _estimate(self, config: TrainConfig) -> None:
        """Show what a run will cost, and see to it that what is not known is found out."""
        memory = self.tr("{0} MB besides PyTorch").format(f"{max(10, round(megabytes(config), -1)):.0f}")
        cost = self._tried.get(config)
        if cost is not None:
            text = self.tr("About {0} on this machine, {1}").format(duration(cost.seconds), memory)
        elif config in self._tried:
            text = self.tr("{0}; too large for a trial on this machine").format(memory)
        else:
            text = self.tr("{0}; estimating the time…").format(memory)
            if self.isVisible():
                self._resting.start()
        self.cost.setText(text)

    @Slot()
    def _on_rest(self) -> None:
        """Try how fast the run would be, unless the analysis thread has work that somebody waits for."""
        if self._trial is None and self._studio.analysis.running:
            self._resting.start()
            return
        self._trial = config = self._config()
        self._studio.analysis.ended.connect(self._on_ended, Qt.ConnectionType.UniqueConnection)
        self._studio.analysis.start(
            self.tr("Estimating the time of a run"),
            lambda progress: (config, cost_of(config, progress)),
            self._on_cost,
        )

    def _on_cost(self, found: object) -> None:
        config, cost = cast("tuple[TrainConfig, Cost | None]", found)
        self._tried[config] = cost

    @Slot(str)
    def _on_ended(self, name: str) -> None:
        if name == self.tr("Estimating the time of a run"):
            self._trial = None
            if self.isVisible() and self.command.text():
                self._estimate(self._config())

    @Slot(str)
    def _on_field(self, name: str) -> None:
        if name not in _OF_DATA and self.preset.currentData() != _CUSTOM:
            self._choose_preset(_CUSTOM)
        else:
            self._refresh()

    @Slot()
    def _on_preset(self) -> None:
        self._choose_preset(self.preset.currentData())

    @Slot()
    def _on_data(self) -> None:
        self.fields.fill({"size": 0, "channels": 0, "crop": "", "label": ""})
        self._refresh()

    @Slot()
    def _on_choose_folder(self) -> None:
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Keep the run in"), str(runs_dir()))
        if chosen:
            self.folder.setText(chosen)

    @Slot()
    def _on_go(self) -> None:
        if not self.source.name():
            self.message.setText(self.tr("Choose the folder or zip to train on first."))
            return
        if self.source.missing():
            self.message.setText(self.tr("{0}: no such file or folder.").format(self.source.name()))
            return
        if not self.folder.text().strip():
            self.message.setText(self.tr("Name the folder to keep the run in."))
            return
        try:
            job = self.job()
        except LatentlabError as error:
            self.message.setText(str(error))
            return
        if holds_run(job.folder):
            self.message.setText(self.tr("{0} already holds a run. Name another folder.").format(job.folder))
            return
        if not can_be_made(job.folder):
            self.message.setText(self.tr("{0} cannot be written to. Name another folder.").format(job.folder))
            return
        self.accept()
        self.start_wanted.emit(job)
