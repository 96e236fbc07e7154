"""Opens the dialogs; each is imported and made when it is first asked for, so that the window starts without them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QInputDialog, QWidget

from latentlab.cores import spare
from latentlab.errors import LatentlabError, TrainingError
from latentlab.paths import runs_dir
from latentlab.session.invertible import check_invertible
from latentlab.ui import plots_ahead
from latentlab.ui.action_table import ActionTable
from latentlab.ui.studio import Studio

if TYPE_CHECKING:
    from latentlab.training.run_seen import RunSeen
    from latentlab.ui.dialogs.catalogue import CatalogueWindow
    from latentlab.ui.dialogs.cosines import CosinesDialog
    from latentlab.ui.dialogs.data_look import DataChoice
    from latentlab.ui.dialogs.data_sheet import DataSheet
    from latentlab.ui.dialogs.evaluate import EvaluateDialog
    from latentlab.ui.dialogs.export import ExportDialog
    from latentlab.ui.dialogs.find_directions import FindDirectionsDialog
    from latentlab.ui.dialogs.find_latent import FindLatentDialog
    from latentlab.ui.dialogs.history import HistoryWindow
    from latentlab.ui.dialogs.how_read import HowReadWindow
    from latentlab.ui.dialogs.label_wall import LabelWall
    from latentlab.ui.dialogs.new_run import NewRunDialog
    from latentlab.ui.dialogs.nine_seeds import NineSeedsWindow
    from latentlab.ui.dialogs.performance import PerformanceWindow
    from latentlab.ui.dialogs.time_lapse import TimeLapseDialog
    from latentlab.ui.dialogs.traversal import TraversalDialog
    from latentlab.ui.dialogs.variations import VariationsWindow

_LEAST_KIMG, _KIMG_DECIMALS = 0.001, 3


class Dialogs(QObject):
    """Owns the dialogs of a window. GUI thread only.

    Signals:
        run_wanted: The `TrainJob` that a dialog asks to be started.
        open_wanted: The `Path` of a model that a dialog asks to be opened.
        compare_wanted: The `Path` of a model that a dialog asks to be shown beside the open one.
        explore_wanted: A dialog put a point under the sliders, to be looked at.
    """

    run_wanted = Signal(object)
    open_wanted = Signal(object)
    compare_wanted = Signal(object)
    explore_wanted = Signal()

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self.export_dialog: ExportDialog | None = None
        self.time_lapse_dialog: TimeLapseDialog | None = None
        self.new_run_dialog: NewRunDialog | None = None
        self.data_sheet: DataSheet | None = None
        self.performance_window: PerformanceWindow | None = None
        self.evaluate_dialog: EvaluateDialog | None = None
        self.label_wall: LabelWall | None = None
        self.find_dialog: FindDirectionsDialog | None = None
        self.find_latent_dialog: FindLatentDialog | None = None
        self.cosines_dialog: CosinesDialog | None = None
        self.variations_window: VariationsWindow | None = None
        self.nine_seeds_window: NineSeedsWindow | None = None
        self.history_window: HistoryWindow | None = None
        self.traversal_dialog: TraversalDialog | None = None
        self.catalogue_window: CatalogueWindow | None = None
        self.how_read_window: HowReadWindow | None = None
        self.shortcuts_of: ActionTable | None = None

    def close(self) -> None:
        """Close every dialog and end the threads of those that have one."""
        for with_service in (self.catalogue_window, self.how_read_window):
            if with_service is not None:
                with_service.close()
                with_service.close_service()
        for searching in (self.label_wall, self.find_latent_dialog):
            if searching is not None:
                searching.close()
                searching.close_service()
        for dialog in (self.find_dialog, self.cosines_dialog):
            if dialog is not None:
                dialog.close()
        for window in (self.variations_window, self.nine_seeds_window, self.history_window, self.traversal_dialog):
            if window is not None:
                window.close()
        if self.performance_window is not None:
            self.performance_window.close()
        if self.evaluate_dialog is not None:
            self.evaluate_dialog.close()
        if self.new_run_dialog is not None:
            self.new_run_dialog.close()
        if self.data_sheet is not None:
            self.data_sheet.close()
            self.data_sheet.close_service()
        for export in (self.export_dialog, self.time_lapse_dialog):
            if export is not None:
                export.close()
                export.close_service()

    @Slot()
    def export(self) -> None:
        """Offer to export the walk."""
        if self._studio.model is None:
            return
        if self.export_dialog is None:
            from latentlab.ui.dialogs.export import ExportDialog

            self.export_dialog = ExportDialog(self._studio, self._window)
        self.export_dialog.offer()

    @Slot(object)
    def time_lapse(self, seen: RunSeen) -> None:
        """Offer to export the sheets of a run."""
        if self.time_lapse_dialog is None:
            from latentlab.ui.dialogs.time_lapse import TimeLapseDialog

            self.time_lapse_dialog = TimeLapseDialog(self._studio, self._window)
        try:
            self.time_lapse_dialog.offer_run(seen)
        except LatentlabError as error:
            self._studio.report(error, self.tr("Exporting the time-lapse"))

    @Slot()
    def export_traversal(self) -> None:
        """Offer to export a figure of a direction."""
        if self.traversal_dialog is None:
            from latentlab.ui.dialogs.traversal import TraversalDialog

            self.traversal_dialog = TraversalDialog(self._studio, self._window)
        self.traversal_dialog.offer()

    def variations(self, page: int) -> None:
        """Show a page of the window in which pictures lead to pictures."""
        if self.variations_window is None:
            from latentlab.ui.dialogs.variations import VariationsWindow

            self.variations_window = VariationsWindow(self._studio, self._window)
            self._with_undo(self.variations_window)
        self.variations_window.offer(page)

    @Slot()
    def nine_seeds(self) -> None:
        """Show the edit in hand on nine other seeds."""
        if self.nine_seeds_window is None:
            from latentlab.ui.dialogs.nine_seeds import NineSeedsWindow

            self.nine_seeds_window = NineSeedsWindow(self._studio, self._window)
            self._with_undo(self.nine_seeds_window)
        self.nine_seeds_window.offer()

    @Slot()
    def history(self) -> None:
        """Show every step of the document."""
        if self.history_window is None:
            from latentlab.ui.dialogs.history import HistoryWindow

            self.history_window = HistoryWindow(self._studio, self._window)
            self._with_undo(self.history_window)
        self.history_window.offer()

    @Slot()
    def catalogue(self) -> None:
        """Show the models of a folder."""
        if self.catalogue_window is None:
            from latentlab.ui.dialogs.catalogue import CatalogueWindow

            self.catalogue_window = CatalogueWindow(self._studio, self._window)
            self.catalogue_window.open_wanted.connect(self.open_wanted)
            self.catalogue_window.compare_wanted.connect(self.compare_wanted)
        self.catalogue_window.offer()

    @Slot()
    def how_read(self) -> None:
        """Show the ways to read the open file, if it is of another project."""
        model = self._studio.model
        if model is None or model.reading is None:
            return
        if self.how_read_window is None:
            from latentlab.ui.dialogs.how_read import HowReadWindow

            self.how_read_window = HowReadWindow(self._studio, self._window)
            self._with_undo(self.how_read_window)
        self.how_read_window.offer()

    @Slot()
    def find_directions(self) -> None:
        """Offer every way to find directions."""
        if self._studio.model is None:
            return
        if self.find_dialog is None:
            from latentlab.ui.dialogs.find_directions import FindDirectionsDialog
            from latentlab.ui.panels.shelf import ShelfPanel

            shelf = self._window.findChild(ShelfPanel)
            selected = shelf.selected_cards if shelf is not None else list
            self.find_dialog = FindDirectionsDialog(self._studio, selected, self._window)
            self.find_dialog.label_wanted.connect(self.label_by_clicking)
            self._with_undo(self.find_dialog)
        self.find_dialog.offer()

    @Slot()
    def cosines(self) -> None:
        """Show which directions are entangled."""
        if self._studio.model is None:
            return
        if self.cosines_dialog is None:
            from latentlab.ui.dialogs.cosines import CosinesDialog

            self.cosines_dialog = CosinesDialog(self._studio, self._window)
            self._with_undo(self.cosines_dialog)
        self.cosines_dialog.offer()

    @Slot()
    def evaluate(self) -> None:
        """Offer to judge the open model by real pictures."""
        if self._studio.model is None:
            return
        if self.evaluate_dialog is None:
            from latentlab.ui.dialogs.evaluate import EvaluateDialog

            self.evaluate_dialog = EvaluateDialog(self._studio, self._window)
            self._with_undo(self.evaluate_dialog)
        self.evaluate_dialog.offer()

    @Slot()
    def label_by_clicking(self) -> None:
        """Offer samples to click on, for a direction of one's own."""
        if self._studio.model is None:
            return
        if self.label_wall is None:
            from latentlab.ui.dialogs.label_wall import LabelWall

            self.label_wall = LabelWall(self._studio, self._window)
        self.label_wall.offer()

    @Slot()
    def find_latent(self) -> None:
        """Offer to find the latent of an image."""
        self._find_latent(None)

    @Slot(object)
    def find_latent_of(self, image: Path) -> None:
        """Find the latent of an image."""
        self._find_latent(image)

    def _find_latent(self, image: Path | None) -> None:
        model = self._studio.model
        if model is None:
            return
        try:
            check_invertible(model.generator)
        except LatentlabError as error:
            self._studio.report(error, "")
            return
        if self.find_latent_dialog is None:
            from latentlab.ui.dialogs.find_latent import FindLatentDialog

            self.find_latent_dialog = FindLatentDialog(self._studio, self._window)
            self.find_latent_dialog.explore_wanted.connect(self.explore_wanted)
            self._with_undo(self.find_latent_dialog, "undo", "redo")
        self.find_latent_dialog.offer(image)

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
    def data(self) -> None:
        """Show what a data set holds."""
        if self.data_sheet is None:
            from latentlab.ui.dialogs.data_sheet import DataSheet

            self.data_sheet = DataSheet(self._studio, self._window)
            self.data_sheet.new_run_wanted.connect(self.new_run_on)
        self.data_sheet.offer()

    @Slot(object)
    def new_run_on(self, choice: DataChoice) -> None:
        """Offer to train a model on a data set, unless one is being trained."""
        self.new_run()
        if self.new_run_dialog is not None and self.new_run_dialog.isVisible():
            self.new_run_dialog.choose_data(choice)

    @Slot()
    def choose_run(self) -> None:
        """Ask for the folder of a run to go on with."""
        chosen = QFileDialog.getExistingDirectory(self._window, self.tr("Resume the run in"), str(runs_dir()))
        if chosen:
            self.resume(Path(chosen))

    @Slot(object)
    def resume(self, folder: Path) -> None:
        """Go on with the run that a folder holds; of one that is finished, ask how long it is to be."""
        from latentlab.training.config import TrainConfig
        from latentlab.training.following import RunReader
        from latentlab.training.run_folder_names import can_resume
        from latentlab.training.service import TrainJob
        from latentlab.training.settings import MAX_KIMG

        if not can_resume(folder):
            error = TrainingError(folder, self.tr("holds no run to resume"), self.tr("Choose the folder of a run."))
            self._studio.report(error, self.tr("Resuming"))
            return
        seen, kimg = RunReader(folder).glance(), _LEAST_KIMG
        if seen.complete:
            question = self.tr("{0} is finished at {1} kimg. Train it up to (kimg):").format(
                folder.name, f"{seen.kimg:g}"
            )
            usual, least = min(2.0 * seen.kimg, MAX_KIMG), min(seen.kimg + _LEAST_KIMG, MAX_KIMG)
            kimg, is_wanted = QInputDialog.getDouble(
                self._window, self.tr("Train on"), question, usual, least, MAX_KIMG, _KIMG_DECIMALS
            )
            if not is_wanted:
                return
        self.run_wanted.emit(TrainJob(TrainConfig(kimg=kimg), folder, resume=True, threads=spare()))

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
            plots_ahead.import_rest()
            from latentlab.ui.dialogs.performance import PerformanceWindow

            self.performance_window = PerformanceWindow(self._studio, self._window)
        self.performance_window.show()
        self.performance_window.raise_()
        self.performance_window.activateWindow()

    @Slot()
    def glossary(self) -> None:
        """Explain the words of the field."""
        from latentlab.ui.dialogs.glossary import glossary_page

        self._read(self.tr("Words"), glossary_page())

    @Slot()
    def about(self) -> None:
        """Show version and licence."""
        from latentlab.ui.dialogs.reading import about_page

        self._read(self.tr("About latentlab"), about_page())

    def _with_undo(self, window: QWidget, *names: str) -> None:
        """Let undo, redo and keep, or the actions named, be heard over a window of its own too."""
        if self.shortcuts_of is not None:
            window.addActions([self.shortcuts_of[name] for name in names or ("undo", "redo", "keep")])

    def _read(self, title: str, page: str) -> None:
        from latentlab.ui.dialogs.reading import ReadingDialog

        for earlier in self._window.findChildren(ReadingDialog):
            if earlier.windowTitle() == title:
                earlier.close()
        dialog = ReadingDialog(title, page, self._window)
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.show()
        dialog.raise_()
        dialog.activateWindow()
