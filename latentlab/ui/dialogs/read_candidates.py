"""The ways in which a file of another project can be read, and the work of drawing and of taking one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np

from latentlab.analysis.progress import Progress
from latentlab.analysis.service import Work
from latentlab.errors import LatentlabError, ValueRangeError
from latentlab.latent.priors import PRIORS, sample
from latentlab.models.foreign.by_hand import chosen
from latentlab.models.foreign.choices import Choice, remember
from latentlab.models.foreign.onnx_generator import Range
from latentlab.pixels import Pixels
from latentlab.pixels import sheet as laid_out
from latentlab.session.opened import OpenedModel

SEEDS = (0, 1, 2, 3, 4, 5)
COLUMNS = 3
_GAP_PX = 1
_THREADS = 1


@dataclass(frozen=True)
class Candidate:
    """A way to read the file.

    Attributes:
        choice: What is remembered if it is taken.
        words: In which way it differs from the most likely one; empty for that.
    """

    choice: Choice
    words: str


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a way to read the file shows.

    Attributes:
        round: Which round of drawing it belongs to.
        place: Which candidate it is.
        pixels: A sheet of the seeds, shape (H, W, C), uint8; None where it cannot be drawn.
        why: The reason why it cannot; empty where it can.
    """

    round: int
    place: int
    pixels: Pixels | None
    why: str


@dataclass(frozen=True, eq=False)
class Taken:
    """The model as it was chosen to be read, and why the choice will be forgotten if it could not be kept."""

    model: OpenedModel
    not_kept: str


def candidates(model: OpenedModel) -> tuple[Candidate, ...]:
    """List the ways to read the file of a model, the most likely first.

    A checkpoint has the guesses of the reader; an ``.onnx`` file every range of its output, and a second prior.
    """
    reading = model.reading
    if reading is None:
        return ()
    if reading.guesses is not None:
        guesses = reading.guesses.guesses
        return tuple(Candidate(Choice(guess.spec), guess.words) for guess in guesses)
    file = model.generator.onnx
    if file is None:
        return ()
    ranges: tuple[Range | Literal[""], ...] = ("",) if file.is_pixels else get_args(Range)
    found = [
        Candidate(Choice(prior=prior, range=range_), f"{prior} prior" + (f", output {range_}" if range_ else ""))
        for prior in PRIORS
        for range_ in ranges
    ]
    here = in_force(model)
    present = [each for each in found if each.choice == here]
    return (*present, *(each for each in found if each not in present))


def in_force(model: OpenedModel) -> Choice:
    """Return the choice that a model was read by; for the best guess taken as it is, that guess."""
    reading = model.reading
    choice = reading.choice if reading is not None and reading.choice is not None else Choice()
    if model.generator.onnx is not None:
        file = model.generator.onnx
        return replace(choice, prior=model.prior, range="" if file.is_pixels else file.range)
    return replace(choice, spec=model.generator.card.generator)


def as_chosen(model: OpenedModel, choice: Choice) -> OpenedModel:
    """Read the file of a model in another way; call it in the background.

    Raises:
        ValueRangeError: If its layers cannot be joined so.
        ModelFileError: If an ``.onnx`` file cannot be read any more.
    """
    reading = model.reading
    if reading is None or reading.guesses is None:
        if model.generator.path is None:
            raise ValueRangeError(model.name, "is in no file")
        return OpenedModel.from_file(model.generator.path, choice)
    try:
        generator = chosen(reading.guesses, choice)
    except ValueError as error:
        raise ValueRangeError(model.name, f"cannot be read so: {error}") from error
    return OpenedModel(generator, replace(reading, choice=choice))


def drawing(
    model: OpenedModel, round_: int, wanted: tuple[tuple[int, Choice], ...], tell: Callable[[Drawn], None]
) -> Work:
    """Return work that draws the same seeds in every way wanted, and tells of each as it is there.

    Args:
        model: The file as it is read now.
        round_: Goes into what is told.
        wanted: Place and choice of each.
        tell: Called on the analysis thread.
    """

    def work(progress: Progress) -> None:
        for done, (place, choice) in enumerate(wanted):
            progress(done / len(wanted))
            try:
                pixels = sheet_of(as_chosen(model, choice))
            except LatentlabError as error:
                tell(Drawn(round_, place, None, str(error)))
            else:
                tell(Drawn(round_, place, pixels, ""))

    return work


def sheet_of(model: OpenedModel) -> Pixels:
    """Draw the seeds of `SEEDS` on one sheet, shape (H, W, C), uint8; with one thread, for others may be drawing.

    Of a model with classes each seed is of another class.
    """
    z = np.concatenate([sample(model.prior, 1, model.z_dim, seed) for seed in SEEDS])
    y = np.arange(len(SEEDS)) % model.classes if model.classes else None
    return laid_out(model.backend().render(z, y, _THREADS), COLUMNS, _GAP_PX, background=0)


def taking(model: OpenedModel, choice: Choice) -> Work:
    """Return work that reads the file in another way and has that remembered."""
    return lambda _progress: _kept(as_chosen(model, choice), choice)


def forgetting(model: OpenedModel) -> Work:
    """Return work that reads the file as is most likely, and has whatever was chosen for it forgotten."""

    def work(_progress: Progress) -> Taken:
        reading, path = model.reading, model.generator.path
        if reading is not None and reading.guesses is not None:
            return _kept(OpenedModel(reading.guesses.best, replace(reading, choice=None)), None)
        if reading is None or path is None:
            raise ValueRangeError(model.name, "is in no file of another project")
        remember(reading.file_hash, None)
        return _kept(OpenedModel.from_file(path), None)

    return work


def _kept(made: OpenedModel, choice: Choice | None) -> Taken:
    """Make a model ready, and remember or forget how its file is read."""
    _ = made.directions
    made.backend()
    try:
        if made.reading is not None:
            remember(made.reading.file_hash, choice)
    except LatentlabError as error:
        return Taken(made, str(error))
    return Taken(made, "")
