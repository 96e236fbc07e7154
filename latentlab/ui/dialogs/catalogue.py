"""*Model > Catalogue of a folder*: every model below a folder with its first pictures, or why a file is none."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from PySide6.QtCore import QModelIndex, QSettings, QSize, Qt, Signal, Slot
from PySide6.QtGui import QCloseEvent, QKeyEvent, QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QListView,
    QProgressBar,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from latentlab.errors import ErrorReport
from latentlab.paths import config_dir
from latentlab.session.opened import OpenedModel
from latentlab.session.settings import Settings
from latentlab.ui.dialogs.catalogue_entries import MAX_FILES, Entry, Listed, LookedAt, listing
from latentlab.ui.dialogs.catalogue_list import EntriesFilter, EntriesModel, EntryDelegate, Role
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.panels.heading import icon_button
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.elided import ElidedLabel

_SIZE_PX = QSize(960, 600)
_FOLDER_KEY = "catalogue/folder"


class CatalogueWindow(QDialog):
    """Looks into files in the background while it is open. GUI thread only.

    Signals:
        open_wanted: The `Path` of a file to open; GUI thread.
        compare_wanted: The `Path` of a file to see beside the open model; GUI thread.
        told: A `Listed` or a `LookedAt`, emitted on the analysis thread, delivered on the GUI thread.
    """

    open_wanted = Signal(object)
    compare_wanted = Signal(object)
    told = Signal(object)

    def __init__(self, studio: Studio, parent: QWidget) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Catalogue"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._round = 0
        self._looking = False
        self._found_of: Path | None = None
        self._work = LatestWork(self.tr("Looking through a folder"), self)
        self._remembered = QSettings(str(config_dir() / "layout.ini"), QSettings.Format.IniFormat)
        self.folder = self._kept_folder()
        self.entries = EntriesModel(self)
        self.filtered = EntriesFilter(self)
        self.filtered.setSourceModel(self.entries)
        self._make_widgets()
        self._lay_out()
        self._connect()
        self._say()

    def offer(self) -> None:
        """Come to the front and look through the folder; ask for one the first time."""
        self.show()
        self.raise_()
        self.activateWindow()
        self.search.setFocus()
        if self.folder is None:
            self.choose()
        else:
            self.refresh()

    def close_service(self) -> None:
        """End the thread."""
        self._work.close()

    @Slot()
    def choose(self) -> None:
        """Ask for a folder and look through it."""
        start = str(self.folder) if self.folder is not None else self._studio.settings.open_folder
        chosen = QFileDialog.getExistingDirectory(self, self.tr("Catalogue of the folder"), start)
        if chosen:
            self.show_folder(Path(chosen))

    def show_folder(self, folder: Path) -> None:
        """Look through a folder."""
        self.folder = folder
        self._remembered.setValue(_FOLDER_KEY, str(folder))
        self.refresh()

    @Slot()
    def refresh(self) -> None:
        """Look through the folder again; only files that are new or have changed are opened."""
        if self.folder is None:
            return
        self._round += 1
        known = self.entries.entries if self._found_of == self.folder else ()
        if self._found_of != self.folder:
            self.entries.set_entries(())
        self._found_of, self._looking = self.folder, True
        self._work.ask(listing(self.folder, self._round, known, self.told.emit), self._on_done)
        self._say()

    def selected(self) -> Entry | None:
        """Return the file that is selected."""
        entry = self.view.currentIndex().data(Role.ENTRY)
        return entry if isinstance(entry, Entry) else None

    def closeEvent(self, event: QCloseEvent) -> None:
        """Look no further."""
        self._stop()
        super().closeEvent(event)

    def reject(self) -> None:
        """Escape closes too."""
        self._stop()
        super().reject()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Enter opens what is selected; the down key goes from the search to the list."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._on_open()
        elif event.key() == Qt.Key.Key_Down and self.search.hasFocus():
            self.view.setFocus(Qt.FocusReason.TabFocusReason)
        else:
            super().keyPressEvent(event)

    def _make_widgets(self) -> None:
        self._where = ElidedLabel()
        self._where.setObjectName("title")
        self._choose = QPushButton(self.tr("Folder…"))
        self.again = icon_button("reset", self.tr("Look again for files that are new or have changed (F5)"))
        self.search = QLineEdit()
        self.search.setPlaceholderText(self.tr("Search name, size, kind"))
        self.search.setAccessibleName(self.tr("Search"))
        self.search.setClearButtonEnabled(True)
        self.only = QCheckBox(self.tr("Generators only"))
        self.view = QListView()
        self.view.setAccessibleName(self.tr("Models of the folder"))
        self.view.setModel(self.filtered)
        self.view.setUniformItemSizes(True)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self._delegate = EntryDelegate(self.view)
        self._delegate.set_smooth(self._studio.settings.smooth)
        self.view.setItemDelegate(self._delegate)
        self._empty = QLabel(self.view)
        self._empty.setObjectName("muted")
        self._empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._empty.setWordWrap(True)
        self._empty.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.status = QLabel()
        self.status.setObjectName("muted")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(self.tr("Files looked at"))
        self.compare = QPushButton(self.tr("Compare"))
        self.compare.setToolTip(self.tr("See it beside the open model, on the same z"))
        self.go = QPushButton(self.tr("Open"))
        self.go.setObjectName("primary")
        for button in (self._choose, self.compare, self.go):
            button.setAutoDefault(False)

    def _lay_out(self) -> None:
        top = QHBoxLayout()
        top.setSpacing(8)
        top.addWidget(self._where, 1)
        top.addWidget(self._choose)
        top.addWidget(self.again)
        searching = QHBoxLayout()
        searching.setSpacing(16)
        searching.addWidget(self.search, 1)
        searching.addWidget(self.only)
        over = QVBoxLayout(self.view)
        over.addWidget(self._empty)
        bottom = QHBoxLayout()
        bottom.setSpacing(8)
        bottom.addWidget(self.status, 1)
        bottom.addWidget(self.compare)
        bottom.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(8)
        layout.addLayout(top)
        layout.addLayout(searching)
        layout.addWidget(self.view, 1)
        layout.addWidget(self.bar)
        layout.addLayout(bottom)

    def _connect(self) -> None:
        self.told.connect(self._on_told)
        self._work.progressed.connect(self._on_progress)
        self._work.failed.connect(self._on_failed)
        self._choose.clicked.connect(self.choose)
        self.again.clicked.connect(self.refresh)
        QShortcut(QKeySequence("F5"), self).activated.connect(self.refresh)
        self.search.textChanged.connect(self._on_search)
        self.only.toggled.connect(self._on_search)
        self.view.doubleClicked.connect(self._on_open)
        self.view.selectionModel().currentChanged.connect(self._on_current)
        self.compare.clicked.connect(self._on_compare)
        self.go.clicked.connect(self._on_open)
        self._studio.settings_changed.connect(self._on_settings)
        self._studio.model_changed.connect(self._on_model)

    def _kept_folder(self) -> Path | None:
        kept = self._remembered.value(_FOLDER_KEY)
        return Path(kept) if isinstance(kept, str) and Path(kept).is_dir() else None

    def _say(self) -> None:
        """Write how many there are, and what to do where there is nothing."""
        self._where.set_whole(str(self.folder) if self.folder is not None else self.tr("No folder yet"))
        entries = self.entries.entries
        generators = sum(bool(entry.kind) for entry in entries)
        text = self.tr("Generators: {0} of {1} files").format(generators, len(entries)) if entries else ""
        left = sum(not entry.is_known for entry in entries)
        if self._looking and left:
            text = self.tr("{0}  ·  {1} to look at").format(text, left)
        self.status.setText(text)
        self.bar.setVisible(self._looking)
        nothing = self.filtered.rowCount() == 0
        self._empty.setVisible(nothing)
        if self.folder is None:
            self._empty.setText(
                self.tr("Choose a folder that holds models: .safetensors, .pth, .pt, .pkl, .ckpt, .onnx")
            )
        elif entries:
            self._empty.setText(self.tr("No file is like this. Clear the search to see all {0}.").format(len(entries)))
        elif self._looking:
            self._empty.setText(self.tr("Looking for models…"))
        else:
            self._empty.setText(
                self.tr("No model is in this folder or below it. Put files there and press F5, or choose another.")
            )
        is_generator = (entry := self.selected()) is not None and not entry.why
        self.go.setEnabled(is_generator)
        self.compare.setEnabled(is_generator and self._studio.model is not None)

    @Slot(object)
    def _on_told(self, news: object) -> None:
        if isinstance(news, Listed) and news.round == self._round:
            present = self.selected()
            self.entries.set_entries(news.entries)
            self._select(present.path if present is not None else None)
            if news.is_cut:
                self._studio.notice.emit(
                    self.tr("The folder has more files; the first {0} are listed").format(MAX_FILES)
                )
        elif isinstance(news, LookedAt) and news.round == self._round:
            self.entries.set_entry(news.place, news.entry)
        self._say()

    def _select(self, path: Path | None) -> None:
        """Select a file again, or the first."""
        rows = range(self.filtered.rowCount())
        found = [row for row in rows if self.filtered.index(row, 0).data(Role.ENTRY).path == path]
        if rows:
            self.view.setCurrentIndex(self.filtered.index(found[0] if found else 0, 0))

    def _stop(self) -> None:
        self._looking = False
        self._work.cancel()

    def _on_done(self, _nothing: object) -> None:
        self._looking = False
        self._say()

    @Slot(float)
    def _on_progress(self, done: float) -> None:
        self.bar.setValue(round(1000 * done))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self._looking = False
        self._say()
        self.status.setText(str(report))

    @Slot()
    def _on_search(self) -> None:
        present = self.selected()
        self.filtered.search(self.search.text(), self.only.isChecked())
        self._select(present.path if present is not None else None)
        self._say()

    @Slot(QModelIndex, QModelIndex)
    def _on_current(self, _new: QModelIndex, _old: QModelIndex) -> None:
        self._say()

    @Slot()
    def _on_open(self) -> None:
        entry = self.selected()
        if entry is not None and not entry.why:
            self.open_wanted.emit(entry.path)

    @Slot()
    def _on_compare(self) -> None:
        entry = self.selected()
        if entry is not None and not entry.why:
            self.compare_wanted.emit(entry.path)

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        """Look again at a file that is now read in another way."""
        for place, entry in enumerate(self.entries.entries):
            if entry.path == model.generator.path and entry.kind and model.reading is not None:
                if entry.content_hash != model.generator.content_hash:
                    self.entries.set_entry(place, replace(entry, kind=""))
                    if self.isVisible():
                        self.refresh()
                return

    @Slot(object)
    def _on_settings(self, settings: Settings) -> None:
        self._delegate.set_smooth(settings.smooth)
        self.view.viewport().update()
