"""How a lesson goes: clicks of either kind, and how well pictures and latents are told apart by them."""

from __future__ import annotations

from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from latentlab.session.labelling import Lesson

_NOTHING = "—"


class LessonFigures(QWidget):
    """Four figures, two by two."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.has, self.has_not, self.classifier, self.boundary = (QLabel(_NOTHING) for _ in range(4))
        classifier_tip = self.tr(
            "How well pictures are told apart: balanced accuracy on your clicks, each left out in turn.\n"
            "50 % is guessing. As doubtful samples are offered first, fresh ones do rather better.\n"
            "(Rasmussen & Williams 2006, 5.10)"
        )
        boundary_tip = self.tr(
            "How well a straight boundary in z tells them apart: balanced accuracy on samples held out.\n"
            "50 % is guessing; near 100 % the property lies along a line.\n"
            "(Shen et al. 2020, arXiv:1907.10786)"
        )
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(16)
        layout.setVerticalSpacing(2)
        layout.setRowMinimumHeight(2, 8)
        for place, (figure, title, tip) in enumerate(
            (
                (self.has, self.tr("have it"), ""),
                (self.has_not, self.tr("have it not"), ""),
                (self.classifier, self.tr("classifier"), classifier_tip),
                (self.boundary, self.tr("boundary in z"), boundary_tip),
            )
        ):
            label = QLabel(title)
            label.setObjectName("muted")
            figure.setObjectName("figure")
            figure.setAccessibleName(title)
            for widget in (figure, label):
                widget.setToolTip(tip)
            row, column = divmod(place, 2)
            layout.addWidget(figure, 3 * row, column)
            layout.addWidget(label, 3 * row + 1, column)
            layout.setColumnStretch(column, 1)

    def show_counts(self, has: int, has_not: int) -> None:
        """Show how many clicks there are of either kind."""
        self.has.setText(str(has))
        self.has_not.setText(str(has_not))

    def show_lesson(self, lesson: Lesson | None) -> None:
        """Show what was learned; nothing where nothing was."""
        classifier = lesson.accuracy if lesson is not None else None
        direction = lesson.direction if lesson is not None else None
        boundary = direction.accuracy if direction is not None else None
        self.classifier.setText(_NOTHING if classifier is None else f"{classifier:.0%}")
        self.boundary.setText(_NOTHING if boundary is None else f"{boundary:.0%}")
