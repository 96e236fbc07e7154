"""Opens the dialogs; each is imported and made when it is first asked for, so that the window starts without them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.errors import TrainingError
from latentlab.paths import runs_dir
from latentlab.training.config import TrainConfig
from latentlab.training.run_folder_names import can_resume
from latentlab.training.service import TrainJob
from latentlab.ui.actions import ActionTable
from latentlab.ui.studio import Studio
from latentlab.ui.training_bridge import spare_threads

if TYPE_CHECKING:
    from latentlab.ui.dialogs.export import ExportDialog
    from latentlab.ui.dialogs.new_run import NewRunDialog
    from latentlab.ui.dialogs.performance import PerformanceWindow


class Dialogs(QObject):
    """Owns the dialogs of a window. GUI thread only.

    Signals:
        run_wanted: The `TrainJob` that a dialog asks to be started.
    """

    run_wanted = Signal(object)

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self.export_dialog: ExportDialog | None = None
        self.new_run_dialog: NewRunDialog | None = None
        self.performance_window: PerformanceWindow | None = None
        self.shortcuts_of: ActionTable | None = None

    def close(self) -> None:
        """Close every dialog and end the export thread."""
        if self.performance_window is not None:
            self.performance_window.close()
        if self.new_run_dialog is not None:
            self.new_run_dialog.close()
        if self.export_dialog is not None:
            self.export_dialog.close()
            self.export_dialog.close_service()

    @Slot()
    def export(self) -> None:
        """Offer to export the walk."""
        if self._studio.model is None:
            return
        if self.export_dialog is None:
            from latentlab.ui.dialogs.export import ExportDialog

            self.export_dialog = ExportDialog(self._studio, self._window)
        self.export_dialog.offer()

    @Slot()
    def new_run(self) -> None:
        """Offer to train a model, unless one is being trained."""
        if self._studio.training.running:
            return
        if self.new_run_dialog is None:
            from latentlab.ui.dialogs.new_run import NewRunDialog

            self.new_run_dialog = NewRunDialog(self._studio, self._window)
            self.new_run_dialog.start_wanted.connect(self.run_wanted)
        self.new_run_dialog.offer()

    @Slot()
    def choose_run(self) -> None:
        """Ask for the folder of a run to go on with."""
        chosen = QFileDialog.getExistingDirectory(self._window, self.tr("Resume the run in"), str(runs_dir()))
        if chosen:
            self.resume(Path(chosen))

    @Slot(object)
    def resume(self, folder: Path) -> None:
        """Go on with the run that a folder holds."""
        if can_resume(folder):
            least = TrainConfig(kimg=0.001)
            self.run_wanted.emit(TrainJob(least, folder, resume=True, threads=spare_threads()))
        else:
            error = TrainingError(folder, self.tr("holds no run to resume"), self.tr("Choose the folder of a run."))
            self._studio.report(error, self.tr("Resuming"))

    @Slot()
    def model_card(self) -> None:
        """Show what is known of the open model."""
        from latentlab.ui.dialogs.reading import card_page

        if self._studio.model is not None:
            self._read(self.tr("Model card"), card_page(self._studio.model))

    @Slot()
    def shortcuts(self) -> None:
        """Show every key there is."""
        from latentlab.ui.dialogs.reading import shortcuts_page

        if self.shortcuts_of is not None:
            self._read(self.tr("Keyboard shortcuts"), shortcuts_page(self.shortcuts_of))

    @Slot()
    def performance(self) -> None:
        """Plot what drawing costs."""
        if self.performance_window is None:
            from latentlab.ui.dialogs.performance import PerformanceWindow

            self.performance_window = PerformanceWindow(self._studio, self._window)
        self.performance_window.show()
        self.performance_window.raise_()
        self.performance_window.activateWindow()

    @Slot()
    def about(self) -> None:
        """Show version and licence."""
        from latentlab.ui.dialogs.reading import about_page

        self._read(self.tr("About latentlab"), about_page())

    def _read(self, title: str, page: str) -> None:
        from latentlab.ui.dialogs.reading import ReadingDialog

        dialog = ReadingDialog(title, page, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
