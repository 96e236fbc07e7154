"""An image beside the picture that comes nearest to it, or beside what is left between the two."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import Slot
from PySide6.QtWidgets import QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from latentlab.analysis.inversion import Reconstruction
from latentlab.latent.priors import Prior, share_outside, typicality_spread
from latentlab.pixels import Pixels
from latentlab.ui.widgets.picture import PictureView
from latentlab.ui.widgets.typicality import TypicalityMeter

_LEAST_SIDE_PX = 192
_PADDING_PX = 8
_GAP_PX = 16
DIFFERENCE_GAIN = 2


class ReconstructionView(QWidget):
    """Two pictures, how far apart they are, and how usual the latent of the second is."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._best: Reconstruction | None = None
        self.image, self.nearest = (PictureView(surround=True, padding_px=_PADDING_PX) for _ in range(2))
        self.image.setAccessibleName(self.tr("The image as the model sees it"))
        self.image.setToolTip(self.tr("The image as the model sees it: cut, and resized to what it draws"))
        self.image.set_hint(self.tr("Drop an image here, or choose one"))
        for view in (self.image, self.nearest):
            view.setMinimumSize(_LEAST_SIDE_PX, _LEAST_SIDE_PX)
        self.title = QLabel()
        self.figure = QLabel()
        self.figure.setObjectName("figure")
        self.figure.setWordWrap(True)
        self.figure.setToolTip(
            self.tr(
                "Mean absolute difference of the two pictures, black to white being 255. A model draws only what it "
                "has learned: what is left tells what it has not."
            )
        )
        self.difference = QPushButton(self.tr("Difference"))
        self.difference.setCheckable(True)
        self.difference.setAutoDefault(False)
        self.difference.setShortcut("D")
        self.difference.setToolTip(
            self.tr("Show where the two pictures differ, {0} times as bright as they do (D)").format(DIFFERENCE_GAIN)
        )
        self.meter = TypicalityMeter()
        policy = self.meter.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.meter.setSizePolicy(policy)
        self._lay_out()
        self.difference.toggled.connect(self._on_difference)
        self._name_second()
        self.show_best(None)

    def show_image(self, pixels: Pixels | None) -> None:
        """Show the image, shape (H, W, C), uint8, or none."""
        self.image.set_pixels(pixels)
        self.image.set_dimmed(False)
        self._show_second()

    def show_best(self, best: Reconstruction | None, prior: Prior | None = None) -> None:
        """Show what comes nearest, or nothing yet; how usual its z is, is told where the prior is given."""
        self._best = best
        self._show_second()
        self.meter.setVisible(best is not None)
        self.difference.setEnabled(best is not None)
        if best is None:
            self.figure.clear()
            return
        self.figure.setText(self.tr("{0} of 255 grey levels off on average").format(f"{best.error:.1f}"))
        if prior is not None:
            outside = float(share_outside(best.z[None], prior)[0])
            self.meter.set_value(best.typicality, typicality_spread(prior, len(best.z)), outside)

    def set_looking(self, looking: bool) -> None:
        """Say in the empty place of the second picture whether one is being looked for."""
        self.nearest.set_hint(self.tr("Looking…") if looking else self.tr("What comes nearest to it is shown here"))

    def set_smooth(self, smooth: bool) -> None:
        """Choose smooth or crisp enlargement."""
        for view in (self.image, self.nearest):
            view.set_smooth(smooth)

    def _show_second(self) -> None:
        best, image = self._best, self.image.pixels()
        if best is None:
            self.nearest.set_pixels(None)
        elif self.difference.isChecked() and image is not None:
            self.nearest.set_pixels(difference(image, best.pixels))
        else:
            self.nearest.set_pixels(best.pixels)

    def _name_second(self) -> None:
        if self.difference.isChecked():
            self.title.setText(self.tr("Their difference, {0} times as bright").format(DIFFERENCE_GAIN))
        else:
            self.title.setText(self.tr("The nearest picture"))
        self.nearest.setAccessibleName(self.title.text())
        self.nearest.setToolTip(
            self.tr(
                "The nearest picture that the model draws. Drag it to the shelf, to a well or out of the window.\n"
                "z is held to where the prior has its samples, so that it can be edited (Zhu et al. 2016, "
                "arXiv:1609.03552)."
            )
        )

    @Slot()
    def _on_difference(self) -> None:
        self._name_second()
        self._show_second()

    def _lay_out(self) -> None:
        columns = QHBoxLayout()
        columns.setSpacing(_GAP_PX)
        for title, view in ((QLabel(self.image.accessibleName()), self.image), (self.title, self.nearest)):
            title.setObjectName("muted")
            column = QVBoxLayout()
            column.setSpacing(_PADDING_PX)
            column.addWidget(title)
            column.addWidget(view, 1)
            columns.addLayout(column, 1)
        line = QHBoxLayout()
        line.setSpacing(_GAP_PX)
        line.addWidget(self.figure, 1)
        line.addWidget(self.difference)
        line.addWidget(self.meter)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(_PADDING_PX)
        layout.addLayout(columns, 1)
        layout.addLayout(line)


def difference(image: Pixels, picture: Pixels) -> Pixels:
    """Return how far two pictures (H, W, C) are apart, channel by channel, `DIFFERENCE_GAIN` times as bright."""
    apart = DIFFERENCE_GAIN * np.abs(image.astype(np.int16) - picture.astype(np.int16))
    bright: Pixels = np.minimum(apart, 255).astype(np.uint8)
    return bright
