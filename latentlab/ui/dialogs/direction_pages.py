"""The options of each way to find directions."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from pathlib import Path

from PySide6.QtCore import Slot
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QFileDialog,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QPushButton,
    QSpinBox,
    QVBoxLayout,
    QWidget,
)

from latentlab.analysis import attributes, measured, pca, quantities
from latentlab.analysis.attribute_search import AttributeSearch
from latentlab.analysis.service import Work
from latentlab.errors import LatentlabError, ValueRangeError
from latentlab.models.classifier_file import find_classifiers, read_classifier_card
from latentlab.models.onnx_graph import named_layers
from latentlab.paths import bundled
from latentlab.session.card import Card
from latentlab.session.opened import OpenedModel
from latentlab.ui.dialogs import direction_works as works
from latentlab.ui.dialogs.card_set import CardSet
from latentlab.ui.studio import Studio
from latentlab.ui.widgets.form import Form
from latentlab.ui.widgets.number_box import keep_off_the_edge

_FACTORS, _FEW = 48, 10
_NAMED_AT_MOST = 12


class MethodPage(QWidget):
    """Options of one way to find directions. GUI thread only."""

    def __init__(self, studio: Studio) -> None:
        super().__init__()
        self.studio = studio
        self.form = Form(self)
        self.form.setContentsMargins(0, 0, 0, 0)

    def offer(self, model: OpenedModel) -> None:
        """Fit the options to a model."""

    def work(self, model: OpenedModel) -> Work:
        """Return what is to be done.

        Raises:
            LatentlabError: If something is missing.
        """
        raise NotImplementedError

    def count_box(self, value: int) -> QSpinBox:
        """Add a box for how many directions."""
        box = _spin(1, 1024, value, self.tr("How many directions, strongest first"))
        self.form.addRow(self.tr("Directions"), box)
        return box

    def sample_box(self, least: int, most: int, value: int, tip: str) -> QSpinBox:
        """Add a box for how many pictures are looked at."""
        box = _spin(least, most, value, tip)
        box.setSingleStep(1024)
        self.form.addRow(self.tr("Samples"), box)
        return box


class ClosedFormPage(MethodPage):
    """How many factors of the first layer."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.count = self.count_box(_FACTORS)
        about = QLabel(self.tr("Those that the panel shows already are not added again."))
        about.setObjectName("muted")
        about.setWordWrap(True)
        self.form.addRow("", about)

    def offer(self, model: OpenedModel) -> None:
        """There are at most as many as z is wide."""
        self.count.setMaximum(model.z_dim)

    def work(self, model: OpenedModel) -> Work:
        """Factorise the first layer."""
        return works.closed_form_work(model, self.count.value())


class ComponentsPage(MethodPage):
    """Layer, samples and count for principal components."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.layer = QComboBox()
        self.layer.setToolTip(self.tr("Early layers change the layout of the picture, later ones its texture."))
        self.form.addRow(self.tr("Layer"), self.layer)
        self.samples = self.sample_box(
            pca.MIN_SAMPLES,
            pca.MAX_SAMPLES,
            works.PCA_SAMPLES,
            self.tr("Random pictures whose activations are looked at; more are steadier and slower."),
        )
        self.count = self.count_box(_FEW)

    def offer(self, model: OpenedModel) -> None:
        """List the layers."""
        kept = self.layer.currentData()
        self.layer.clear()
        for layer in named_layers(model.generator.card.generator.network):
            self.layer.addItem(layer.name, layer.number)
        wanted = self.layer.findData(kept if kept is not None else 2)
        self.layer.setCurrentIndex(max(0, wanted))
        self.count.setMaximum(model.z_dim)

    def work(self, model: OpenedModel) -> Work:
        """Look at the activations."""
        return works.components_work(model, self.layer.currentData(), self.count.value(), self.samples.value())


class LocalPage(MethodPage):
    """How many local directions."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.count = self.count_box(_FEW)

    def offer(self, model: OpenedModel) -> None:
        """There are at most as many as z is wide."""
        self.count.setMaximum(model.z_dim)

    def work(self, model: OpenedModel) -> Work:
        """Differentiate the picture in hand."""
        state = self.studio.state
        if state is None:
            raise ValueRangeError(self.tr("the picture"), self.tr("there is none"))
        return works.local_work(model, self.studio.z_of(state.picture), self.count.value())


class MeasuredPage(MethodPage):
    """Which numbers of the picture."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.boxes: dict[str, QCheckBox] = {}
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        for place, (name, quantity) in enumerate(quantities.QUANTITIES.items()):
            box = QCheckBox(name)
            box.setToolTip(quantity.meaning)
            box.setChecked(True)
            self.boxes[name] = box
            grid.addWidget(box, place // 2, place % 2)
        self.form.addRow(self.tr("Quantities"), grid)
        self.samples = self.sample_box(
            measured.MIN_SAMPLES,
            measured.MAX_SAMPLES,
            measured.SAMPLES,
            self.tr("Random pictures that are measured; one in five tells how good the direction is."),
        )

    def offer(self, model: OpenedModel) -> None:
        """Grey pictures have no saturation and no warmth."""
        there = quantities.quantities_of(model.generator.card.generator.channels)
        for name, box in self.boxes.items():
            box.setVisible(name in there)

    def work(self, model: OpenedModel) -> Work:
        """Measure."""
        there = quantities.quantities_of(model.generator.card.generator.channels)
        chosen = [name for name in there if self.boxes[name].isChecked()]
        if not chosen:
            raise ValueRangeError(self.tr("Measured"), self.tr("no quantity is chosen"), self.tr("Choose one."))
        return works.measured_work(model, chosen, self.samples.value())


class AttributesPage(MethodPage):
    """Which network of attributes, what of it, and whether to steer."""

    def __init__(self, studio: Studio) -> None:
        super().__init__(studio)
        self.network = QComboBox()
        self.network.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.network.setAccessibleName(self.tr("Network"))
        self.choose = QPushButton(self.tr("Choose…"))
        self.choose.setAccessibleName(self.tr("Choose a network"))
        self.knows = QLabel()
        self.knows.setObjectName("muted")
        self.knows.setWordWrap(True)
        row = QHBoxLayout()
        row.setSpacing(8)
        row.addWidget(self.network, 1)
        row.addWidget(self.choose)
        self.which = QComboBox()
        self.which.setAccessibleName(self.tr("Attributes"))
        self.which.setToolTip(self.tr("What is looked for, of all that the network knows"))
        self.steer = QCheckBox(self.tr("Steer them: slower, and steadier"))
        self.steer.setToolTip(
            self.tr(
                "Turns each direction through generator and network until the answer rises steadily along it, where a "
                "straight boundary does not do; about a minute each (Jahanian, Chai & Isola 2020, "
                "arXiv:1907.07171)."
            )
        )
        self.form.addRow(self.tr("Network"), row)
        self.form.addRow("", self.knows)
        self.form.addRow(self.tr("Attributes"), self.which)
        self.samples = self.sample_box(
            256,
            1_000_000,
            attributes.SAMPLES,
            self.tr("Random pictures that the network reads; rare things need more."),
        )
        self.form.addRow("", self.steer)
        self.choose.clicked.connect(self._on_choose)
        self.network.currentIndexChanged.connect(self._on_network)

    def offer(self, model: OpenedModel) -> None:
        """List the networks beside the model and the bundled ones; those of its colours first."""
        folders = [] if model.generator.path is None else [model.generator.path.parent]
        with contextlib.suppress(LatentlabError):
            folders.append(bundled("checkpoints"))
        found: dict[Path, bool] = {}
        for folder in folders:
            for path in find_classifiers(folder):
                with contextlib.suppress(LatentlabError):
                    channels = read_classifier_card(path).network.input_shape[0]
                    found[path.resolve()] = channels == model.generator.card.generator.channels
        kept, wanted = self.network.currentData(), self.which.currentText()
        self.network.clear()
        for path in sorted(found, key=lambda path: not found[path]):
            self.network.addItem(path.stem, str(path))
        self.network.setCurrentIndex(max(0, self.network.findData(kept)) if found else -1)
        self._on_network()
        self.which.setCurrentIndex(max(0, self.which.findText(wanted)))
        self.steer.setEnabled(model.generator.onnx is None)

    def work(self, model: OpenedModel) -> Work:
        """Let the network read samples."""
        if self.network.currentData() is None:
            raise ValueRangeError(
                self.tr("attribute network"), self.tr("none is chosen"), self.tr("Choose a .safetensors of one.")
            )
        name = self.which.currentData()
        names = () if name is None else (name,)
        steered = self.steer.isEnabled() and self.steer.isChecked()
        path = Path(self.network.currentData())
        return works.attributes_work(model, AttributeSearch(path, self.samples.value(), names, steered))

    def add(self, path: Path) -> None:
        """Offer a network, and choose it.

        Raises:
            ModelFileError: If the file is none.
        """
        read_classifier_card(path)
        self.network.addItem(path.stem, str(path))
        self.network.setCurrentIndex(self.network.count() - 1)

    @Slot()
    def _on_choose(self) -> None:
        chosen, _ = QFileDialog.getOpenFileName(
            self, self.tr("Attribute network"), self.studio.settings.open_folder, "Safetensors (*.safetensors)"
        )
        if chosen:
            try:
                self.add(Path(chosen))
            except LatentlabError as error:
                self.studio.report(error, "")

    @Slot()
    def _on_network(self) -> None:
        path, kept = self.network.currentData(), self.which.currentText()
        self.which.clear()
        self.which.addItem(self.tr("all that it knows"), None)
        if path is None:
            self.knows.setText(self.tr("There is none beside the model. Choose one, or label by clicking instead."))
            return
        try:
            card = read_classifier_card(Path(path))
        except LatentlabError as error:
            self.knows.setText(str(error))
            return
        names = [output.name for output in card.outputs]
        some = names if len(names) <= _NAMED_AT_MOST else [*names[:_NAMED_AT_MOST], "…"]
        self.knows.setText(self.tr("It knows {0}: {1}").format(len(names), ", ".join(some)))
        for output in card.outputs:
            self.which.addItem(output.name, output.name)
        self.which.setCurrentIndex(max(0, self.which.findText(kept)))


class CardsPage(MethodPage):
    """Two sets of cards and a name."""

    def __init__(self, studio: Studio, selected: Callable[[], Sequence[Card]]) -> None:
        super().__init__(studio)
        self.name = QLineEdit()
        self.name.setPlaceholderText(self.tr("What the direction is called"))
        self.name.setMaxLength(60)
        self.form.addRow(self.tr("Name"), self.name)
        self.plus = CardSet(studio, self.tr("Have it"), self.tr("Drop cards that have it"), selected)
        self.minus = CardSet(studio, self.tr("Have it not"), self.tr("Drop cards that have it not"), selected)
        row = QHBoxLayout()
        row.setSpacing(24)
        row.addWidget(self.plus)
        row.addWidget(self.minus)
        row.addStretch(1)
        holder = QVBoxLayout()
        holder.addLayout(row)
        self.form.addRow("", holder)

    def offer(self, model: OpenedModel) -> None:
        """Cards of another latent space go."""
        self.plus.keep_fitting()
        self.minus.keep_fitting()

    def work(self, model: OpenedModel) -> Work:
        """Take one mean from the other."""
        name = self.name.text().strip() or self.tr("From cards")
        return works.cards_work(model, name, self.plus.latents(), self.minus.latents())


def _spin(least: int, most: int, value: int, tip: str) -> QSpinBox:
    box = QSpinBox()
    keep_off_the_edge(box)
    box.setRange(least, most)
    box.setValue(value)
    box.setToolTip(tip)
    box.setFixedWidth(120)
    return box
