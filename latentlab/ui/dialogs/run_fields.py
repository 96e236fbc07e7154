"""The fields of *Train > New run…*, made from the table of settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from html import escape
from itertools import combinations

from PySide6.QtCore import QCoreApplication, Qt, Signal, Slot
from PySide6.QtGui import QKeyEvent, QWheelEvent
from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from latentlab.data.crops import CROPS
from latentlab.training.config import TrainConfig
from latentlab.training.settings import AUGMENTATIONS, SETTINGS, Loss, Setting, Value
from latentlab.ui.widgets.form import Form
from latentlab.ui.widgets.number_box import NumberBox

GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Data", ("data",)),
    ("Networks", ("networks",)),
    ("Objective", ("objective",)),
    ("Optimiser and run", ("optimiser", "run")),
)
LEFT_OUT = ("data",)
"""The data have fields of their own in the dialog."""
COMMON = (
    "size", "channels", "conditional", "flips", "width", "z_dim", "prior", "architecture", "loss", "class_weight",
    "r1", "augment", "kimg", "batch", "lr", "ema_kimg", "seed",
)  # fmt: skip
"""Always in sight; the rest is under *All settings*."""
UNSET: dict[str, str] = {
    "batch": "automatic",
    "critic_width": "as the generator's",
    "n_critic": "as the loss wants",
    "code_dim": "as z_dim",
    "lr_critic": "as the generator's",
    "tick_kimg": "automatic",
    "threads": "automatic",
    "ema_kimg": "off",
    "r1": "off",
    "class_weight": "off",
    "instance_noise": "off",
}
"""What a number says in place of its least value, 0."""
ONLY_UNDER: dict[str, Loss] = {
    "smooth_real": "bce",
    "smooth_fake": "bce",
    "clip": "wgan",
    "gp": "wgan-gp",
    "gamma": "began",
    "k_rate": "began",
    "code_dim": "began",
}
"""Settings that one loss alone looks at."""
_TITLES: dict[tuple[str, Value], str] = {
    ("size", 0): "the data's own",
    ("channels", 0): "the data's own",
    ("channels", 1): "grey",
    ("channels", 3): "colour",
    ("prior", "normal"): "normal, N(0, I)",
    ("prior", "uniform"): "uniform, U(−1, 1)",
}
_UNITS = {"kimg": "thousand images"}
_DECIMALS = 8


class RunFields(QWidget):
    """A field for each setting but the data, in groups side by side. GUI thread only.

    Signals:
        changed: The name of a field that was changed, by a hand or by a program, but not by `fill`; GUI thread.
    """

    changed = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._filling = False
        self._defaults = {each.name: each.default for each in fields(TrainConfig) if each.name not in LEFT_OUT}
        self.boxes: dict[str, QWidget] = {name: self._made(name) for name in self._defaults}
        self.labels: dict[str, QLabel] = {}
        self._forms: dict[str, QFormLayout] = {}
        self._lay_out()
        self.show_all(False)

    def number(self, name: str) -> NumberBox:
        """Return the field of a number."""
        box = self.boxes[name]
        assert isinstance(box, NumberBox)
        return box

    def choice(self, name: str) -> QComboBox:
        """Return the field of a choice."""
        box = self.boxes[name]
        assert isinstance(box, QComboBox)
        return box

    def values(self) -> dict[str, Value]:
        """Return what the fields say, each of its setting's type."""
        return {name: self._value(name) for name in self.boxes}

    def fill(self, values: Mapping[str, Value]) -> None:
        """Set some of the fields."""
        self._filling = True
        for name, value in values.items():
            box = self.boxes[name]
            if isinstance(box, NumberBox):
                box.setValue(float(value))
            elif isinstance(box, QComboBox):
                box.setCurrentIndex(box.findData(value))
            elif isinstance(box, QCheckBox):
                box.setChecked(bool(value))
            elif isinstance(box, QLineEdit):
                box.setText(str(value))
        self._filling = False

    def mark(self, config: TrainConfig) -> None:
        """Put a dot behind what differs from the paper, and grey out what the loss does not look at."""
        for name, label in self.labels.items():
            title = self.tr(SETTINGS[name].title)
            label.setText(f"{title} •" if differs(name, config) else title)
            self.boxes[name].setEnabled(ONLY_UNDER.get(name, config.loss) == config.loss)

    @Slot(bool)
    def show_all(self, everything: bool) -> None:
        """Show every setting, or the common ones."""
        for name, form in self._forms.items():
            form.setRowVisible(self.boxes[name], everything or name in COMMON)

    def _value(self, name: str) -> Value:
        box, kind = self.boxes[name], type(self._defaults[name])
        if isinstance(box, NumberBox):
            return round(box.value()) if kind is int else box.value()
        if isinstance(box, QCheckBox):
            return box.isChecked()
        if isinstance(box, QComboBox):
            found: Value = box.currentData()
            return found
        assert isinstance(box, QLineEdit)
        return box.text().strip()

    def _made(self, name: str) -> QWidget:
        setting, default = SETTINGS[name], self._defaults[name]
        choices = _choices(name, setting)
        box: QWidget
        if choices:
            box = _Choice()
            for value, title in choices:
                box.addItem(self.tr(title), value)
            box.setCurrentIndex(box.findData(default))
            box.currentIndexChanged.connect(self._telling(name))
        elif isinstance(default, bool):
            box = QCheckBox()
            box.toggled.connect(self._telling(name))
        elif isinstance(default, int | float):
            box = _Number(setting, isinstance(default, int), self.tr(UNSET.get(name, "")))
            box.setValue(default)
            box.valueChanged.connect(self._telling(name))
        else:
            box = QLineEdit()
            box.setPlaceholderText(self.tr("the data's own"))
            box.textChanged.connect(self._telling(name))
        box.setToolTip(tip(setting))
        box.setAccessibleName(self.tr(setting.title))
        return box

    def _telling(self, name: str) -> Callable[[object], None]:
        def tell(_value: object) -> None:
            if not self._filling:
                self.changed.emit(name)

        return tell

    def _lay_out(self) -> None:
        columns = (QVBoxLayout(), QVBoxLayout())
        for index, (title, groups) in enumerate(GROUPS):
            heading = QLabel(self.tr(title))
            heading.setObjectName("section")
            heading.setIndent(0)
            form = Form()
            form.setVerticalSpacing(6)
            form.setFieldGrowthPolicy(QFormLayout.FieldGrowthPolicy.AllNonFixedFieldsGrow)
            for name in (each for each in SETTINGS if each in self.boxes and SETTINGS[each].group in groups):
                label = QLabel(self.tr(SETTINGS[name].title))
                label.setMinimumWidth(132)
                label.setToolTip(tip(SETTINGS[name]))
                label.setBuddy(self.boxes[name])
                form.addRow(label, self.boxes[name])
                self.labels[name], self._forms[name] = label, form
            columns[index // 2].addWidget(heading)
            columns[index // 2].addLayout(form)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 12, 0)
        layout.setSpacing(32)
        for column in columns:
            column.setSpacing(4)
            column.addStretch(1)
            layout.addLayout(column, 1)


def differs(name: str, config: TrainConfig) -> bool:
    """Whether a run would do otherwise than the paper; what is left to the data differs from nothing."""
    wanted = {"n_critic": config.critic_steps, "critic_norm": config.normalisation}
    value, paper = wanted.get(name, getattr(config, name)), SETTINGS[name].paper
    return paper is not None and value != paper and not (name in ("size", "channels") and not value)


def tip(setting: Setting) -> str:
    """Say what a setting does, what the paper takes, and in what unit."""
    lines = [setting.what]
    unit = _UNITS.get(setting.unit, setting.unit)
    if setting.paper is not None:
        lines.append(_translated("Paper: {0}.").format(f"{_said(setting.paper)} {unit}".strip()))
    if unit:
        lines.append(_translated("Unit: {0}.").format(unit))
    return "".join(f"<p>{escape(line)}</p>" for line in lines)


def _said(value: Value) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, int | float) else value or "none"


def _choices(name: str, setting: Setting) -> list[tuple[Value, str]]:
    """List the values that a combo box offers, each with its title; empty for any other kind of field."""
    if name == "augment":
        counts = range(1, len(AUGMENTATIONS) + 1)
        kinds = [chosen for count in counts for chosen in combinations(AUGMENTATIONS, count)]
        return [("", "none"), *((",".join(chosen), " + ".join(chosen)) for chosen in kinds)]
    if name == "crop":
        return [("", "the data's own"), *((crop.name, crop.title) for crop in CROPS.values())]
    side = "{0} × {0} px" if name == "size" else "{0}"
    return [(choice, _TITLES.get((name, choice), side.format(choice))) for choice in setting.choices]


def _translated(text: str) -> str:
    return QCoreApplication.translate("RunFields", text)


class _Choice(QComboBox):
    """A combo box that the wheel scrolls past unless it has the focus."""

    def __init__(self) -> None:
        super().__init__()
        self.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(12)
        # Qt's own policy gives the wheel the focus before it is asked who has it.
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Step with the focus only."""
        if self.hasFocus():
            super().wheelEvent(event)
        else:
            event.ignore()


class _Number(NumberBox):
    """A number within its setting's range, without the zeros at its end."""

    def __init__(self, setting: Setting, whole: bool, unset: str) -> None:
        super().__init__()
        self.setDecimals(0 if whole else _DECIMALS)
        self.setRange(setting.least, setting.most)
        self.setStepType(NumberBox.StepType.AdaptiveDecimalStepType)
        self.setSpecialValueText(unset)
        if setting.unit:
            self.setSuffix(f" {_translated(_UNITS.get(setting.unit, setting.unit))}")

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Let Enter end the number, not the dialog: a run is not begun by the way."""
        super().keyPressEvent(event)
        event.accept()

    def textFromValue(self, value: float) -> str:
        """Write a number as a person would."""
        text = super().textFromValue(value)
        point = self.locale().decimalPoint()
        return text.rstrip("0").rstrip(point) if point in text else text
