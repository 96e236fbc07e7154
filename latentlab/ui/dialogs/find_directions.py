"""*Latent > Find directions…*: every way to find directions, and directions from and to files."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QSize, Qt, Signal, Slot
from PySide6.QtWidgets import (
    QDialog,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QProgressBar,
    QPushButton,
    QStackedWidget,
    QVBoxLayout,
    QWidget,
)

from latentlab.errors import ErrorReport, LatentlabError
from latentlab.latent.directions import Direction
from latentlab.models.direction_file import checked_for, load_directions, save_directions
from latentlab.session import direction_changes
from latentlab.session.card import Card
from latentlab.session.changes import Change
from latentlab.session.opened import OpenedModel
from latentlab.session.state import SessionState
from latentlab.ui.analysis_bridge import answered
from latentlab.ui.card_mime import file_stem
from latentlab.ui.dialogs import direction_pages as pages
from latentlab.ui.dialogs.direction_works import Found, new_ones
from latentlab.ui.studio import Studio

_FILES = "Safetensors (*.safetensors)"
_SIZE_PX = QSize(640, 480)
_ITEM_PX = 32
_LOCAL = re.compile(r"Local \d+")
_NAMED_AT_MOST = 6


@dataclass(frozen=True)
class _Method:
    """A way to find directions as the dialog shows it."""

    title: str
    sentence: str
    paper: str
    page: pages.MethodPage


class FindDirectionsDialog(QDialog):
    """Stays open while one plays. What is found is added to the document in one step of undo.

    Args:
        studio: The studio.
        selected: Returns the cards selected on the shelf.
        parent: The window.

    Signals:
        label_wanted: Someone would rather label pictures by clicking; GUI thread.
    """

    label_wanted = Signal()

    def __init__(self, studio: Studio, selected: Callable[[], Sequence[Card]], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setWindowTitle(self.tr("Find directions"))
        self.resize(_SIZE_PX)
        self._studio = studio
        self._running = ""
        self._model: OpenedModel | None = None
        self._replaces_local = False
        self.closed_form = pages.ClosedFormPage(studio)
        self.components = pages.ComponentsPage(studio)
        self.local = pages.LocalPage(studio)
        self.measured = pages.MeasuredPage(studio)
        self.attributes = pages.AttributesPage(studio)
        self.cards = pages.CardsPage(studio, selected)
        self._methods = self._describe_methods()
        self.methods = QListWidget()
        self.methods.setAccessibleName(self.tr("Ways to find directions"))
        self.methods.setFixedWidth(184)
        for method in self._methods:
            item = QListWidgetItem(method.title, self.methods)
            item.setSizeHint(QSize(0, _ITEM_PX))
        self.pages = QStackedWidget()
        for method in self._methods:
            self.pages.addWidget(method.page)
        self._title, self._sentence, self._paper = QLabel(), QLabel(), QLabel()
        self._title.setObjectName("title")
        self._paper.setObjectName("muted")
        self.message = QLabel()
        self.message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        for label in (self._sentence, self._paper, self.message):
            label.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(self.tr("How far the search is"))
        self.bar.hide()
        self.imports = QPushButton(self.tr("Import…"))
        self.imports.setToolTip(
            self.tr("Add the directions of a file, found on this model or another of the same z_dim")
        )
        self.exports = QPushButton(self.tr("Export…"))
        self.exports.setToolTip(self.tr("Write your own directions and your favourites to a file"))
        self.label = QPushButton(self.tr("Label by clicking…"))
        self.label.setToolTip(self.tr("Show what you mean: click pictures that have it, and that have it not"))
        self.stop = QPushButton(self.tr("Cancel"))
        self.stop.setEnabled(False)
        self.go = QPushButton(self.tr("Find"))
        self.go.setObjectName("primary")
        self.go.setDefault(True)
        self._lay_out()
        self._connect()
        self.methods.setCurrentRow(0)

    def offer(self) -> None:
        """Show the dialog; files may have come beside the model meanwhile."""
        if self._model is not None:
            self.attributes.offer(self._model)
        self.show()
        self.raise_()
        self.activateWindow()

    def reject(self) -> None:
        """Closing, by Escape too, calls the search off."""
        self._on_stop()
        super().reject()

    def import_file(self, path: Path) -> None:
        """Add the directions of a file to the document; say in one line what is doubtful or wrong with them."""
        model, state = self._studio.model, self._studio.state
        if model is None or state is None:
            return
        try:
            directions = load_directions(path)
            warning = checked_for(directions, model.generator, path)
        except LatentlabError as error:
            self._say(str(error), warns=True)
            return
        self._add(directions, self.tr("Import {0}").format(path.name), (warning,) if warning else ())

    def export_file(self, path: Path) -> None:
        """Write the user's own directions and the favourites to a file."""
        directions = self._exported()
        if not directions:
            self._say(self.tr("There is nothing to write: find a direction first, or mark a favourite."), warns=True)
            return
        try:
            save_directions(path, directions)
        except LatentlabError as error:
            self._say(str(error), warns=True)
            return
        self._studio.change_settings(export_folder=str(path.parent))
        self._say(self.tr("{0} directions are in {1}.").format(len(directions), path))

    def _describe_methods(self) -> tuple[_Method, ...]:
        return (
            _Method(
                self.tr("Closed form"),
                self.tr("What the first layer amplifies most, from its weights alone; takes no samples and no time."),
                "Shen & Zhou 2021, arXiv:2007.06600",
                self.closed_form,
            ),
            _Method(
                self.tr("PCA of a layer"),
                self.tr("What the activations of a layer vary with most, carried back to z."),
                "Härkönen, Hertzmann, Lehtinen & Paris 2020, GANSpace, arXiv:2004.02546",
                self.components,
            ),
            _Method(
                self.tr("Local"),
                self.tr(
                    "What can change most in the picture in hand, here and now. Finding them anew replaces the earlier "
                    "ones; lock or rename those that shall stay."
                ),
                "Ramesh, Choi & LeCun 2018, arXiv:1812.01161; Zhu et al. 2021, arXiv:2106.04488",
                self.local,
            ),
            _Method(
                self.tr("Measured"),
                self.tr("Numbers that any picture has, each as a named slider; no labels needed."),
                "Jahanian, Chai & Isola 2020, arXiv:1907.07171",
                self.measured,
            ),
            _Method(
                self.tr("Attribute network"),
                self.tr("A network that knows attributes reads samples; each attribute becomes a named slider."),
                "Shen, Gu, Tang & Zhou 2020, InterFaceGAN, arXiv:1907.10786",
                self.attributes,
            ),
            _Method(
                self.tr("From cards"),
                self.tr("The mean of some cards less the mean of others; a few dozen are better than three."),
                "Radford, Metz & Chintala 2015, arXiv:1511.06434, section 6.3",
                self.cards,
            ),
        )

    def _lay_out(self) -> None:
        right = QVBoxLayout()
        right.setSpacing(8)
        right.addWidget(self._title)
        right.addWidget(self._sentence)
        right.addWidget(self._paper)
        right.addSpacing(8)
        right.addWidget(self.pages, 1)
        right.addWidget(self.message)
        right.addWidget(self.bar)
        both = QHBoxLayout()
        both.setSpacing(24)
        both.addWidget(self.methods)
        both.addLayout(right, 1)
        buttons = QHBoxLayout()
        buttons.setSpacing(8)
        buttons.addWidget(self.imports)
        buttons.addWidget(self.exports)
        buttons.addWidget(self.label)
        buttons.addStretch(1)
        buttons.addWidget(self.stop)
        buttons.addWidget(self.go)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(16, 16, 16, 16)
        layout.setSpacing(16)
        layout.addLayout(both, 1)
        layout.addLayout(buttons)

    def _connect(self) -> None:
        self.methods.currentRowChanged.connect(self._on_method)
        self.go.clicked.connect(self._on_go)
        self.stop.clicked.connect(self._on_stop)
        self.imports.clicked.connect(self._on_import)
        self.exports.clicked.connect(self._on_export)
        self.label.clicked.connect(self.label_wanted)
        self._studio.analysis.progressed.connect(self._on_progress)
        self._studio.analysis.ended.connect(self._on_ended)
        self._studio.follow_model(self._on_model)
        self._studio.follow_state(self._on_state)

    def _add(
        self, found: Sequence[Direction], label: str, remarks: Sequence[str], replaces: Sequence[str] = ()
    ) -> None:
        """Add directions in one step, less those that are there already."""
        model, state = self._studio.model, self._studio.state
        if model is None or state is None:
            return
        present = self._studio.directions
        new = new_ones(found, [each for each in present if each.name not in replaces])
        if not new:
            text = self.tr("All of them are there already.") if found else self.tr("Nothing was found.")
            self._say("\n".join([text, *remarks]), warns=bool(remarks))
            return
        taken = [direction.name for direction in model.directions]
        self._studio.apply(_exchange(replaces, present, new, taken), label)
        names = [direction.name for direction in new]
        named = ", ".join(names[:_NAMED_AT_MOST]) + (", …" if len(names) > _NAMED_AT_MOST else ".")
        text = self.tr("{0} added: {1}").format(len(new), named)
        self._studio.notice.emit(text)
        self._say("\n".join([text, *remarks]), warns=bool(remarks))

    def _exported(self) -> list[Direction]:
        state = self._studio.state
        if state is None:
            return []
        own = {direction.name for direction in state.directions}
        return [each for each in self._studio.directions if each.name in own or each.name in state.sliders.favourites]

    def _say(self, text: str, warns: bool = False) -> None:
        self.message.setObjectName("warning" if warns else "")
        self.message.style().polish(self.message)
        self.message.setText(text)

    def _set_running(self, name: str) -> None:
        self._running = name
        self.bar.setVisible(bool(name))
        self.go.setEnabled(not name and self._model is not None)
        self.stop.setEnabled(bool(name))

    @Slot(int)
    def _on_method(self, row: int) -> None:
        method = self._methods[row]
        self._title.setText(method.title)
        self._sentence.setText(method.sentence)
        self._paper.setText(method.paper)
        self.pages.setCurrentWidget(method.page)
        if not self._running:
            self.message.clear()

    @Slot(object)
    def _on_model(self, model: OpenedModel) -> None:
        self._model = model
        for method in self._methods:
            method.page.offer(model)
        self._set_running(self._running)

    @Slot(object)
    def _on_state(self, _state: SessionState) -> None:
        self.exports.setEnabled(bool(self._exported()))

    @Slot()
    def _on_go(self) -> None:
        if self._model is None:
            return
        method = self._methods[self.methods.currentRow()]
        try:
            work = method.page.work(self._model)
        except LatentlabError as error:
            self._say(str(error), warns=True)
            return
        self._replaces_local = method.page is self.local
        self.message.clear()
        self.bar.setRange(0, 0)
        name = self.tr("Finding directions: {0}").format(method.title)
        self._studio.analysis.start(name, answered(work), self._on_found)
        self._set_running(name)

    @Slot()
    def _on_stop(self) -> None:
        if self._running:
            self._studio.analysis.cancel()

    @Slot(str, float)
    def _on_progress(self, name: str, done: float) -> None:
        if name == self._running and done > 0.0:
            self.bar.setRange(0, 1000)
            self.bar.setValue(round(1000 * done))

    @Slot(str)
    def _on_ended(self, name: str) -> None:
        if name == self._running:
            self._set_running("")

    def _on_found(self, result: object) -> None:
        state = self._studio.state
        if isinstance(result, ErrorReport):
            self._say(str(result), warns=True)
        if not isinstance(result, Found) or state is None:
            return
        if any(len(direction.vector) != state.z_dim for direction in result.directions):
            self._say(self.tr("Another model was opened meanwhile; what was found does not fit it."), warns=True)
            return
        earlier = [
            direction.name
            for direction in state.directions
            if self._replaces_local
            and direction.source == "local"
            and _LOCAL.fullmatch(direction.name)
            and direction.name not in state.sliders.locked
        ]
        label = self.tr("Find directions")
        self._add(result.directions, label, result.remarks, earlier)

    @Slot()
    def _on_import(self) -> None:
        start = self._studio.settings.export_folder
        chosen, _ = QFileDialog.getOpenFileName(self, self.tr("Import directions"), start, _FILES)
        if chosen:
            self.import_file(Path(chosen))

    @Slot()
    def _on_export(self) -> None:
        name = file_stem(self._model.name) if self._model is not None else "model"
        start = Path(self._studio.settings.export_folder) / f"{name}-directions.safetensors"
        chosen, _ = QFileDialog.getSaveFileName(self, self.tr("Export directions"), str(start), _FILES)
        if chosen:
            path = Path(chosen)
            self.export_file(path if path.suffix else path.with_suffix(".safetensors"))


def _exchange(gone: Sequence[str], present: Sequence[Direction], new: Sequence[Direction], taken: list[str]) -> Change:
    """Return the change that deletes some directions and adds others."""
    remove = direction_changes.remove_directions(gone, present)
    add = direction_changes.add_directions(new, taken)
    return lambda state: add(remove(state))
