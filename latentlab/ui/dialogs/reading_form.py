"""How a file of another project is read, field by field, to be set by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from PySide6.QtCore import Qt, Signal, Slot
from PySide6.QtWidgets import QComboBox, QGridLayout, QLabel, QSpinBox, QVBoxLayout, QWidget

from latentlab.latent.priors import PRIORS
from latentlab.models.foreign import by_hand
from latentlab.models.foreign.by_hand import Move, moves
from latentlab.models.foreign.choices import Choice
from latentlab.models.foreign.differences import hidden_of, output_of
from latentlab.models.foreign.onnx_generator import RANGES
from latentlab.models.layers import Activation, BatchNorm
from latentlab.models.spec import GeneratorSpec
from latentlab.ui.widgets.form import Form

_HIDDEN = (
    ("ReLU", Activation("relu")),
    *((f"LeakyReLU {slope:g}", Activation("leaky_relu", slope)) for slope in (0.01, 0.1, 0.2, 0.3)),
    ("tanh", Activation("tanh")),
)
_OUTPUTS = (("tanh", "tanh"), ("sigmoid", "sigmoid"), ("none", "none"))
_EPS = tuple((f"{eps:g}", eps) for eps in (1e-8, 1e-5, 1e-4, 1e-3, 0.1, 0.8, 0.9))
_MAX_STEPS = 16
_NUMBER_PX = 56


class ReadingForm(QWidget):
    """Shows a `Choice`; a field that is changed asks for another. GUI thread only.

    Signals:
        choice_wanted: The `Choice` with one field changed; GUI thread.
        refused: Why a field cannot be so, a line; GUI thread.
    """

    choice_wanted = Signal(object)
    refused = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._choice = Choice()
        self._is_bare = False
        self._moves: tuple[Move, ...] = ()
        self.prior = self._combo(self.tr("Prior"), self._on_prior)
        self.prior.setToolTip(self.tr("What z was drawn from in training: N(0, I), or U(-1, 1) for each number of z"))
        self.hidden = self._combo(self.tr("Hidden layers"), self._on_hidden)
        self.hidden.setToolTip(self.tr("The activation between the layers; no file stores it"))
        self.eps = self._combo(self.tr("BatchNorm eps"), self._on_eps)
        self.eps.setToolTip(self.tr("Added to the variance: 1e-05 in most code, 0.8 in PyTorch-GAN's"))
        self.output = self._combo(self.tr("Output"), self._on_output)
        self.output.setToolTip(self.tr("What brings the pictures into range; none where the author does so outside"))
        self.statistics = self._combo(self.tr("Statistics"), self._on_statistics)
        self.statistics.setToolTip(
            self.tr(
                "What BatchNorm subtracts and divides by. Running: the statistics in the file.\n"
                "Batch: of 64 pictures, as in training mode. "
                "Recalibrate: of up to 512 pictures, for files whose running statistics are missing or stale."
            )
        )
        self.range = self._combo(self.tr("Output range"), self._on_range)
        self.range.setToolTip(self.tr("Which numbers of the output are black and white"))
        self._fields = Form()
        self._fields.setHorizontalSpacing(12)
        self._fields.setVerticalSpacing(6)
        for field in (self.prior, self.hidden, self.eps, self.output, self.statistics, self.range):
            self._fields.addRow(field.accessibleName(), field)
        self._layers_title = QLabel(self.tr("Layers"))
        self._layers_title.setObjectName("section")
        self._layers = QWidget()
        self._grid = QGridLayout(self._layers)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(6)
        self._grid.setVerticalSpacing(4)
        self._grid.setColumnStretch(0, 1)
        self.steps: list[tuple[QSpinBox, QSpinBox, QSpinBox]] = []
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(4)
        layout.addLayout(self._fields)
        layout.addWidget(self._layers_title)
        layout.addWidget(self._layers)
        layout.addStretch(1)

    def show_choice(self, choice: Choice, *, is_bare: bool = False) -> None:
        """Show how the file is read now.

        Args:
            choice: Which way.
            is_bare: Whether the file lacks the statistics of its BatchNorms.
        """
        self._choice, self._is_bare = choice, is_bare
        spec = choice.spec
        for field in (self.hidden, self.eps, self.output, self.statistics):
            self._fields.setRowVisible(field, spec is not None)
        self._fields.setRowVisible(self.range, spec is None and bool(choice.range))
        if spec is None:
            _fill(self.prior, ((prior, prior) for prior in PRIORS), choice.prior or PRIORS[0])
            _fill(self.range, ((range_, range_) for range_ in RANGES), choice.range or RANGES[0])
        else:
            _fill(self.prior, ((prior, prior) for prior in PRIORS), spec.prior)
            _fill(self.hidden, _HIDDEN, hidden_of(spec))
            _fill(self.output, _OUTPUTS, output_of(spec))
            eps = _eps_of(spec)
            _fill(self.eps, _EPS, eps)
            self._fields.setRowVisible(self.eps, bool(eps))
            self._fields.setRowVisible(self.statistics, bool(eps))
            words = {
                "running": self.tr("none: estimated anew") if is_bare else self.tr("running, as in the file"),
                "batch": self.tr("of one batch"),
                "recalibrate": self.tr("recalibrate"),
            }
            if is_bare:
                # They are estimated anew as it is.
                del words["recalibrate"]
            _fill(
                self.statistics,
                ((text, name) for name, text in words.items()),
                words.get(choice.statistics, words["running"]),
            )
        self._show_moves(() if spec is None else moves(spec))

    def _combo(self, name: str, slot: Callable[[int], None]) -> QComboBox:
        made = QComboBox()
        made.setAccessibleName(name)
        made.activated.connect(slot)
        return made

    def _show_moves(self, shown: tuple[Move, ...]) -> None:
        same = [move.layer for move in shown] == [move.layer for move in self._moves]
        self._moves = shown
        self._layers_title.setVisible(bool(shown))
        if not same:
            self._make_rows()
        for row, (move, boxes) in enumerate(zip(shown, self.steps, strict=True), 1):
            label = self._grid.itemAtPosition(row, 0)
            widget = label.widget() if label is not None else None
            if isinstance(widget, QLabel):
                widget.setText(f"{move.kernel} × {move.kernel}  →  {move.side} px")
            for box, value in zip(boxes, (move.stride, move.padding, move.output_padding), strict=True):
                box.blockSignals(True)
                box.setValue(value)
                box.blockSignals(False)

    def _make_rows(self) -> None:
        while (item := self._grid.takeAt(0)) is not None:
            widget = item.widget()
            if widget is not None:
                widget.deleteLater()
        self.steps = []
        if not self._moves:
            return
        titles = (self.tr("kernel, side"), self.tr("stride"), self.tr("padding"), self.tr("extra"))
        tips = ("", "", "", self.tr("Output padding: rows and columns added at one side"))
        for column, (title, tip) in enumerate(zip(titles, tips, strict=True)):
            label = QLabel(title)
            label.setObjectName("muted")
            label.setToolTip(tip)
            self._grid.addWidget(label, 0, column)
        for row, move in enumerate(self._moves, 1):
            self._grid.addWidget(QLabel(), row, 0)
            boxes = (QSpinBox(), QSpinBox(), QSpinBox())
            for column, (box, title) in enumerate(zip(boxes, titles[1:], strict=True), 1):
                box.setRange(1 if column == 1 else 0, _MAX_STEPS)
                box.setFixedWidth(_NUMBER_PX)
                box.setAlignment(Qt.AlignmentFlag.AlignRight)
                box.setAccessibleName(self.tr("Layer {0}: {1}").format(row, title))
                box.setKeyboardTracking(False)
                box.valueChanged.connect(self._on_step)
                self._grid.addWidget(box, row, column)
            boxes[2].setVisible(move.transposed)
            self.steps.append(boxes)

    def _want(self, change: Callable[[GeneratorSpec], GeneratorSpec]) -> None:
        if self._choice.spec is None:
            return
        try:
            spec = change(self._choice.spec)
        except ValueError:
            self.refused.emit(self.tr("So the layers would not fit each other: nothing was changed."))
            self.show_choice(self._choice, is_bare=self._is_bare)
            return
        self.choice_wanted.emit(replace(self._choice, spec=spec))

    @Slot(int)
    def _on_prior(self, _index: int) -> None:
        prior = self.prior.currentData()
        if self._choice.spec is None:
            self.choice_wanted.emit(replace(self._choice, prior=prior))
        else:
            self._want(lambda spec: by_hand.with_prior(spec, prior))

    @Slot(int)
    def _on_hidden(self, _index: int) -> None:
        wanted = self.hidden.currentData()
        if wanted is not None:
            self._want(lambda spec: by_hand.with_hidden(spec, wanted))

    @Slot(int)
    def _on_eps(self, _index: int) -> None:
        wanted = self.eps.currentData()
        if wanted is not None:
            self._want(lambda spec: by_hand.with_eps(spec, wanted))

    @Slot(int)
    def _on_output(self, _index: int) -> None:
        wanted = self.output.currentData()
        if wanted is not None:
            self._want(lambda spec: by_hand.with_output(spec, wanted))

    @Slot(int)
    def _on_statistics(self, _index: int) -> None:
        self.choice_wanted.emit(replace(self._choice, statistics=self.statistics.currentData()))

    @Slot(int)
    def _on_range(self, _index: int) -> None:
        self.choice_wanted.emit(replace(self._choice, range=self.range.currentData()))

    @Slot()
    def _on_step(self) -> None:
        for move, boxes in zip(self._moves, self.steps, strict=True):
            wanted = boxes[0].value(), boxes[1].value(), boxes[2].value()
            if wanted != (move.stride, move.padding, move.output_padding):
                self._want_move(move.layer, *wanted)
                return

    def _want_move(self, layer: int, stride: int, padding: int, extra: int) -> None:
        self._want(lambda spec: by_hand.with_move(spec, layer, stride, padding, extra))


def _fill(box: QComboBox, options: Iterable[tuple[str, object]], present: str) -> None:
    """Offer options by their words; what is present and none of them comes first, and cannot be asked for."""
    box.clear()
    for words, value in options:
        box.addItem(words, value)
    if box.findText(present) < 0:
        box.insertItem(0, present, None)
    box.setCurrentIndex(box.findText(present))


def _eps_of(spec: GeneratorSpec) -> str:
    found = dict.fromkeys(f"{layer.eps:g}" for layer in spec.network.layers if isinstance(layer, BatchNorm))
    return " and ".join(found)
