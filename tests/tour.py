"""Open the real window, visit every panel, drag, and save a screenshot of each state, light and dark.

Usage: python tests/tour.py OUT [MODEL]

The README's pictures come from it. Runs on the display there is, or offscreen where there is none.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

_HOME = tempfile.TemporaryDirectory(prefix="latentlab-tour-")
for _name in ("XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_CACHE_HOME"):
    os.environ[_name] = str(Path(_HOME.name) / _name)
if sys.platform.startswith("linux") and not os.environ.get("DISPLAY"):
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QEventLoop, QPoint, Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication, QWidget  # noqa: E402

from latentlab.paths import data_dir  # noqa: E402
from latentlab.session import changes  # noqa: E402
from latentlab.session.settings import Settings  # noqa: E402
from latentlab.training.config import TrainConfig  # noqa: E402
from latentlab.training.events import Tick  # noqa: E402
from latentlab.training.service import TrainJob  # noqa: E402
from latentlab.ui import theme  # noqa: E402
from latentlab.ui.dialogs.export import ExportDialog  # noqa: E402
from latentlab.ui.dialogs.new_run import NewRunDialog  # noqa: E402
from latentlab.ui.main_window import ARITHMETIC, EXPLORE, INTERPOLATE, TRAIN, MainWindow  # noqa: E402
from latentlab.ui.widgets.slider_row import CentredSlider  # noqa: E402

WAIT_MS = 60_000
ENDS_MS = 2500
"""By then the pictures at the ends of the sliders are there."""


class Tour:
    """Drives one window through every state."""

    def __init__(self, out: Path, look: str, model: Path | None) -> None:
        self._out = out
        self._look = look
        self._count = 0
        os.environ["XDG_CONFIG_HOME"] = str(Path(_HOME.name) / f"config-{look}")
        self.window = MainWindow(Settings(theme=look))
        self.window.show()
        QTest.qWaitForWindowExposed(self.window)
        self.window.documents.open_start(model)
        self.settle()

    def settle(self) -> None:
        """Wait until everything asked for is on the screen."""
        QApplication.processEvents()
        self.window.studio.render.wait_idle()
        for _ in range(3):
            QApplication.processEvents()

    def shoot(self, name: str, widget: QWidget | None = None) -> None:
        """Save what is seen."""
        self.settle()
        self._count += 1
        path = self._out / f"{self._look}-{self._count:02d}-{name}.png"
        (widget or self.window).grab().save(str(path))
        print(path)

    def drag(self, slider: CentredSlider, to: float) -> None:
        """Drag a slider's handle from where it is to a share of its width."""
        start = QPoint(round(slider._x(slider.value())), slider.height() // 2)
        end = QPoint(round(slider.width() * to), slider.height() // 2)
        QTest.mousePress(slider, Qt.MouseButton.LeftButton, pos=start)
        for step in range(1, 13):
            QTest.mouseMove(slider, start + (end - start) * (step / 12))
            self.settle()
        QTest.mouseRelease(slider, Qt.MouseButton.LeftButton, pos=end)

    def explore(self) -> None:
        window = self.window
        QTest.qWait(ENDS_MS)
        self.shoot("explore")
        names = [direction.name for direction in window.studio.directions]
        for name, share in ((names[1], 0.75), (names[2], 0.6), (names[4], 0.65)):
            row = window.directions.row(name)
            assert row is not None, name
            self.drag(row.findChild(CentredSlider), share)
        window.explore.keep_picture()
        QTest.qWait(ENDS_MS)
        self.shoot("explore-edited")
        for _ in range(4):
            window.explore.roll()
            window.explore.keep_picture()
        window.directions.search.setText("factor 1")
        self.shoot("directions-search")
        window.directions.search.clear()

    def interpolate(self) -> None:
        self.window.show_page(INTERPOLATE)
        self.drag(self.window.interpolate.scrubber, 0.35)
        self.shoot("interpolate")
        self.window.actions_["export"].trigger()
        dialog = self.window.dialogs.export_dialog
        assert isinstance(dialog, ExportDialog)
        QTest.qWait(400)
        self.shoot("export", dialog)
        dialog.close()

    def arithmetic(self) -> None:
        self.window.show_page(ARITHMETIC)
        self.shoot("arithmetic-empty")
        studio = self.window.studio
        for term, seeds in enumerate(((3, 8, 12), (4, 9, 5), (21, 30, 34))):
            points = [studio.state.picture.from_seed(seed, studio.model.z_dim, studio.model.prior) for seed in seeds]
            studio.apply(changes.set_exemplars(term, tuple(studio.card_of(point) for point in points)), "tour")
        self.shoot("arithmetic")

    def train(self, data: str) -> None:
        self.window.show_page(TRAIN)
        self.shoot("train-empty")
        self.window.actions_["new-run"].trigger()
        dialog = self.window.dialogs.new_run_dialog
        assert isinstance(dialog, NewRunDialog)
        self.shoot("new-run", dialog)
        dialog.close()
        config = TrainConfig(data=data, kimg=20.0, size=32, channels=1, width=16, tick_kimg=5.0, batch=32)
        ticks: list[Tick] = []
        loop = QEventLoop()

        def on_event(event: object) -> None:
            if isinstance(event, Tick):
                ticks.append(event)
                if len(ticks) == 3:
                    loop.quit()

        self.window.studio.training.happened.connect(on_event)
        QTimer.singleShot(WAIT_MS, loop.quit)
        self.window.train.begin(TrainJob(config, Path(_HOME.name) / f"run-{self._look}"))
        loop.exec()
        self.shoot("train-running")
        self.window.train.stop_run()

    def messages(self) -> None:
        self.window.show_page(EXPLORE)
        self.window.studio.open_path(Path("missing.safetensors"))
        self.shoot("message")
        self.window.messages.dismiss()
        self.window.palette_.open()
        self.shoot("palette")
        self.window.palette_.hide()

    def small(self) -> None:
        self.window.resize(1100, 700)
        for page, name in ((EXPLORE, "explore"), (INTERPOLATE, "interpolate"), (ARITHMETIC, "arithmetic")):
            self.window.show_page(page)
            self.shoot(f"small-{name}")

    def end(self) -> None:
        self.window.close()
        self.window.deleteLater()
        QApplication.processEvents()


def _training_data() -> str:
    """Name MNIST where it is at hand; else a small data set of discs, so that the tour needs no download."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    if "LATENTLAB_DATA" not in os.environ and beside.is_dir():
        os.environ["LATENTLAB_DATA"] = str(beside)
    if (data_dir() / "mnist").is_dir():
        return "mnist"
    return str(_discs(Path(_HOME.name) / "discs"))


def _discs(folder: Path) -> Path:
    import numpy as np
    from PIL import Image

    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    rows, columns = np.mgrid[:32, :32]
    for index in range(256):
        x, y, radius = random.uniform(9, 23), random.uniform(9, 23), random.uniform(4, 9)
        disc = np.clip(radius - np.hypot(rows - y, columns - x), 0, 1) * 255
        Image.fromarray(disc.astype(np.uint8)).save(folder / f"{index:03d}.png")
    return folder


def main() -> None:
    """Take the tour in both looks."""
    out = Path(sys.argv[1] if len(sys.argv) > 1 else "tour")
    out.mkdir(parents=True, exist_ok=True)
    model = Path(sys.argv[2]) if len(sys.argv) > 2 else None
    app = QApplication([*sys.argv[:1], *theme.STYLE_ARGUMENTS])
    data = _training_data()
    for look in ("dark", "light"):
        theme.apply(app, look)
        tour = Tour(out, look, model)
        tour.explore()
        tour.interpolate()
        tour.arithmetic()
        tour.train(data)
        tour.messages()
        tour.small()
        tour.end()


if __name__ == "__main__":
    main()
