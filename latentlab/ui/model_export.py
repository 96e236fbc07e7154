"""*Model > Export model*: the open model as a model file or an ONNX graph, written in the background."""

from __future__ import annotations

from pathlib import Path

from PySide6.QtCore import QObject, Signal, Slot
from PySide6.QtWidgets import QFileDialog, QWidget

from latentlab.analysis.progress import Progress
from latentlab.errors import ErrorReport, OutputError
from latentlab.models.weight_file import SUFFIX as MODEL_SUFFIX
from latentlab.paths import replacing
from latentlab.session.opened import OpenedModel
from latentlab.ui.card_mime import file_stem
from latentlab.ui.latest_work import LatestWork
from latentlab.ui.model_kinds import ONNX_SUFFIX
from latentlab.ui.studio import Studio


class ModelExport(QObject):
    """Asks where to, and writes. GUI thread only.

    Signals:
        began: Name of the file that is being written; GUI thread.
        ended: That has ended, however it did; GUI thread.
    """

    began = Signal(str)
    ended = Signal()

    def __init__(self, studio: Studio, window: QWidget) -> None:
        super().__init__(window)
        self._studio = studio
        self._window = window
        self._work = LatestWork(self.tr("Exporting the model"), self)
        self._work.failed.connect(self._on_failed)

    @property
    def writing(self) -> bool:
        """Whether a file is being written."""
        return self._work.busy

    @Slot()
    def choose(self) -> None:
        """Ask for a file and write the open model to it."""
        model = self._studio.model
        if model is None:
            return
        ours = self.tr("Model with its card and directions (*{0})").format(MODEL_SUFFIX)
        onnx = self.tr("ONNX graph, for other programs (*{0})").format(ONNX_SUFFIX)
        filters = (onnx,) if model.closed else (ours, onnx)
        suffix = ONNX_SUFFIX if model.closed else MODEL_SUFFIX
        start = Path(self._studio.settings.export_folder) / f"{file_stem(model.title)}{suffix}"
        chosen, kind = QFileDialog.getSaveFileName(
            self._window, self.tr("Export the model"), str(start), ";;".join(filters)
        )
        if chosen:
            path = Path(chosen)
            if path.suffix.lower() not in (MODEL_SUFFIX, ONNX_SUFFIX):
                path = path.with_name(path.name + (ONNX_SUFFIX if kind == onnx else suffix))
            self.write(path)

    def write(self, path: Path) -> None:
        """Write the open model to a file whose suffix says as what."""
        model = self._studio.model
        if model is None or self._work.busy:
            return
        self.began.emit(path.name)

        def work(_progress: Progress) -> Path:
            write_model(model, path)
            return path

        self._work.ask(work, self._on_written)

    def close(self) -> None:
        """Wait for what is being written and end the thread."""
        self._work.close()

    def _on_written(self, path: object) -> None:
        self.ended.emit()
        if isinstance(path, Path):
            self._studio.change_settings(export_folder=str(path.parent))
            self._studio.notice.emit(self.tr("Exported {0}").format(path.name))

    @Slot(object)
    def _on_failed(self, report: ErrorReport) -> None:
        self.ended.emit()
        self._studio.problem.emit(report)


def write_model(model: OpenedModel, path: Path) -> None:
    """Write a model in one step, as a model file or an ONNX graph; a failure leaves what stood there before.

    Raises:
        OutputError: If the file cannot be written, is of neither kind, or the model's layers are not known.
        ModelFileError: If the model's own file cannot be read any more.
    """
    from latentlab.models.checkpoint import load_discriminator, save_model
    from latentlab.models.onnx_graph import export

    generator = model.generator
    if path.suffix.lower() == ONNX_SUFFIX:
        raw = generator.onnx.raw if generator.onnx is not None else export(generator)
        with replacing(path) as temporary:
            temporary.write_bytes(raw)
        return
    if path.suffix.lower() != MODEL_SUFFIX:
        raise OutputError(path, "is neither .safetensors nor .onnx", "Name such a file.")
    if model.closed:
        raise OutputError(path, f"cannot be written: {model.closed}", "Export it as .onnx.")
    discriminator = None
    if generator.path is not None and generator.card.discriminator is not None:
        discriminator = load_discriminator(generator.path)
    save_model(
        path, generator.card, generator.weights, discriminator[1] if discriminator else None, generator.directions
    )
