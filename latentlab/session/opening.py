"""Open whatever holds a generator: a model of ours, a checkpoint of any project, an ``.onnx`` file; without torch."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from latentlab import log
from latentlab.errors import ModelFileError
from latentlab.models.card import ModelCard
from latentlab.models.checkpoint import Generator, find_model, is_model, load_generator
from latentlab.models.foreign.watching import Watch, unwatched
from latentlab.models.weight_file import is_classifier

if TYPE_CHECKING:
    from latentlab.models.foreign.choices import Choice
    from latentlab.models.foreign.opening import OpenedGuesses

ONNX_SUFFIX = ".onnx"
_log = log.get(__name__)


@dataclass(frozen=True, eq=False)
class FileReading:
    """How a file of another project was read.

    Attributes:
        guesses: What else it may be; None for an ``.onnx`` file.
        choice: What the user wanted of it and got; None where the best guess was taken as it is.
        file_hash: Under which a choice is remembered.
        remarks: What a user should know, one sentence each.
    """

    guesses: OpenedGuesses | None
    choice: Choice | None
    file_hash: str
    remarks: tuple[str, ...]

    @property
    def is_certain(self) -> bool:
        """Return whether nobody needs to be asked what the file is."""
        return self.choice is not None or self.guesses is None or self.guesses.is_certain


def open_file(
    path: Path, choice: Choice | None = None, watch: Watch = unwatched
) -> tuple[Generator, FileReading | None]:
    """Open a generator.

    Args:
        path: A file, or a run folder, whose newest model is taken.
        choice: How to read a file of another project; None for the choice remembered for it, else the best guess.
        watch: Called between the steps; it may raise `Cancelled`.

    Returns:
        The generator, and how it was read where it is of another project.

    Raises:
        ModelFileError: If it is missing, damaged, or no generator; it says what it is.
    """
    path = find_model(path)
    if path.suffix.lower() == ONNX_SUFFIX:
        return _open_onnx(path, choice, watch)
    if is_model(path) or is_classifier(path):
        return load_generator(path), None
    return _open_checkpoint(path, choice, watch)


def _open_checkpoint(path: Path, choice: Choice | None, watch: Watch) -> tuple[Generator, FileReading]:
    from latentlab.models.foreign.by_hand import chosen
    from latentlab.models.foreign.choices import hash_of, remembered
    from latentlab.models.foreign.opening import open_foreign
    from latentlab.models.foreign.ranking_cache import keep_ranking, ranked_before

    file_hash = hash_of(path, watch)
    ranked = ranked_before(file_hash)
    guesses = open_foreign(path, ranked, watch)
    if [guess.spec for guess in guesses.guesses] != [each.spec for each in ranked]:
        keep_ranking(file_hash, guesses.guesses)
    remarks = list(guesses.remarks)
    generator, applied = guesses.best, choice or remembered(file_hash)
    if applied is not None:
        try:
            generator = chosen(guesses, applied)
        except ValueError as error:
            if choice is not None:
                raise ModelFileError(path, f"cannot be read as it was chosen: {error}") from error
            _log.warning("%s: the remembered choice does not fit: %s", path, error)
            remarks.append("It is no longer read as was chosen for it: the best guess was taken.")
            applied = None
    return generator, FileReading(guesses, applied, file_hash, tuple(remarks))


def _open_onnx(path: Path, choice: Choice | None, watch: Watch) -> tuple[Generator, FileReading]:
    from latentlab.models.foreign.choices import remembered
    from latentlab.models.foreign.onnx_file import inspect_onnx
    from latentlab.models.layers import Opaque
    from latentlab.models.spec import GeneratorSpec, NetworkSpec
    from latentlab.rendering.onnx_trial import tried

    file = inspect_onnx(path)
    applied = choice or remembered(file.content_hash)
    prior = (applied.prior if applied is not None else "") or file.prior or "normal"
    file = tried(file, prior, watch)
    if applied is not None and applied.range:
        file = replace(file, range=applied.range)
    network = NetworkSpec((file.z_dim,), (Opaque(file.channels, file.height, file.width, file.classes),))
    try:
        spec = GeneratorSpec(prior, network)
    except ValueError as error:
        raise ModelFileError(path, str(error)) from error
    notes = f"An ONNX file with an output of {'pixels' if file.is_pixels else file.range}, {prior} prior."
    card = ModelCard(file.name or path.stem, spec, notes=notes, class_names=file.class_names)
    # The same file in another range, or of another prior, is another model.
    seen_as = f"{file.content_hash} {prior} {file.range}"
    content_hash = hashlib.blake2b(seen_as.encode(), digest_size=8).hexdigest()
    generator = Generator(card, {}, path=path, content_hash=content_hash, onnx=file)
    return generator, FileReading(None, applied, file.content_hash, ())
