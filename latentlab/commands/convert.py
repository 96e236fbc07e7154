"""``latentlab convert``: a generator of any project as a latentlab model, and any model as ONNX."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

if TYPE_CHECKING:
    from latentlab.models.checkpoint import Generator
    from latentlab.models.foreign.opening import OpenedGuesses


@dataclass(frozen=True)
class Convert:
    """Turn a PyTorch checkpoint of a DCGAN into a model, or a model into ONNX.

    Attributes:
        source: A .pth, .pt, .pkl, .ckpt or .safetensors file, or a run folder, whose newest model is taken.
        target: The .safetensors or .onnx file to write; an existing one is replaced.
        reading: Which reading of a checkpoint to take where its shapes leave several open; 1 is the most likely.
        statistics: BatchNorm's: those of the file, of one batch, or estimated anew over many latents.
        json: Print the result as JSON.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SRC", help_behavior_hint="")]
    target: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DST", help_behavior_hint="")]
    reading: int = 1
    statistics: Literal["running", "batch", "recalibrate"] = "running"
    json: bool = False

    def run(self) -> None:
        """Open, and write."""
        from latentlab.errors import UsageError
        from latentlab.models.foreign.batch_norm import with_statistics
        from latentlab.models.weight_file import SUFFIX

        target = self.target.expanduser()
        if target.suffix.lower() not in (SUFFIX, ".onnx"):
            raise UsageError(target.name or target, "is neither .safetensors nor .onnx", "Name such a file.")
        generator, opened = _opened(self.source.expanduser(), self.reading)
        generator = with_statistics(generator, self.statistics)
        _write(target, generator)
        facts = facts_of(target, generator, opened)
        if self.json:
            print(json.dumps(facts))
            return
        print(target)
        for line in _remarks(generator, opened):
            print(line, file=sys.stderr)


def facts_of(target: Path, generator: Generator, opened: OpenedGuesses | None) -> dict[str, Any]:
    """Gather what was written, in JSON types."""
    spec = generator.card.generator
    return {
        "path": str(target),
        "hash": generator.content_hash,
        "width": spec.width,
        "height": spec.height,
        "channels": spec.channels,
        "z_dim": spec.z_dim,
        "prior": spec.prior,
        "classes": spec.classes,
        "notes": generator.card.notes,
        "readings": [guess.words or "the most likely" for guess in opened.guesses] if opened else [],
    }


def _opened(source: Path, reading: int) -> tuple[Generator, OpenedGuesses | None]:
    """Open a model of ours, or a checkpoint of any project by its shapes."""
    from latentlab.errors import ModelFileError, ValueRangeError
    from latentlab.models.checkpoint import find_model, load_generator
    from latentlab.models.foreign.opening import open_foreign
    from latentlab.models.weight_file import SUFFIX

    path = find_model(source)
    if path.suffix.lower() == ".onnx":
        raise ModelFileError(path, "is ONNX already, from which there is no way back")
    if path.suffix.lower() == SUFFIX:
        try:
            return load_generator(path), None
        except ModelFileError as error:
            try:
                opened = open_foreign(path)
            except ModelFileError:
                raise error from None
    else:
        opened = open_foreign(path)
    if not 1 <= reading <= len(opened.guesses):
        raise ValueRangeError("--reading", f"{reading} is not one of 1 to {len(opened.guesses)}")
    return opened.guesses[reading - 1].generator, opened


def _write(target: Path, generator: Generator) -> None:
    from latentlab.models.checkpoint import load_discriminator, save_model
    from latentlab.models.onnx_graph import export
    from latentlab.paths import replacing

    if target.suffix.lower() == ".onnx":
        raw = export(generator)
        with replacing(target) as temporary:
            temporary.write_bytes(raw)
        return
    path = generator.path
    is_ours = path is not None and generator.card.discriminator is not None
    discriminator = load_discriminator(path) if path is not None and is_ours else None
    save_model(
        target, generator.card, generator.weights, discriminator[1] if discriminator else None, generator.directions
    )


def _remarks(generator: Generator, opened: OpenedGuesses | None) -> list[str]:
    if opened is None:
        return []
    lines = [generator.card.notes, *opened.remarks]
    if not opened.is_certain:
        others = [
            f"  --reading {number}: {guess.words}" for number, guess in enumerate(opened.guesses, 1) if guess.words
        ]
        lines += ["What the file leaves open can also be read as", *others]
    return lines
