"""The log of a run as TensorBoard scalars, for those who watch their runs there."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from latentlab.errors import TrainingError
from latentlab.training.run_log import numbers

FOLDER = "tensorboard"
_GROUPS = {"Loss": "loss", "D": "D's output", "grad": "gradient norm", "lr": "learning rate"}


class ScalarLog:
    """Writes event files into a sub-folder of a run; one is opened anew when the run is gone on with.

    Args:
        folder: The run folder.

    Raises:
        TrainingError: If TensorBoard is not installed.
    """

    def __init__(self, folder: Path) -> None:
        self.needs_tensorboard()
        from torch.utils.tensorboard import SummaryWriter

        self._writer = SummaryWriter(str(folder / FOLDER))

    @staticmethod
    def needs_tensorboard() -> None:
        """Refuse, before a run begins, where nothing could be written.

        Raises:
            TrainingError: If TensorBoard is not installed.
        """
        if find_spec("tensorboard") is None:
            raise TrainingError("tensorboard", "is not installed", 'Take pip install "latentlab[tensorboard]".')

    def add(self, entry: Mapping[str, Any], images: int) -> None:
        """Write the numbers of a line of the log, over the images shown."""
        for name, value in numbers(entry):
            group = _GROUPS.get(name.split("_")[0], "run")
            self._writer.add_scalar(f"{group}/{name}", value, images)
        self._writer.flush()

    def close(self) -> None:
        """Close the file."""
        self._writer.close()
