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
    from latentlab.session.opening import FileReading


@dataclass(frozen=True)
class Convert:
    """Turn a PyTorch checkpoint of a DCGAN into a model, or a model into ONNX.

    Attributes:
        source: A .pth, .pt, .pkl, .ckpt or .safetensors file, or a run folder, whose newest model is taken. An .onnx
            file with its weights beside it becomes one file.
        target: The .safetensors or .onnx file to write; an existing one is replaced.
        guess: Which reading of a checkpoint to take where its shapes leave several open; 1 is the most likely. What was
            chosen for the file before, else the most likely, if not given.
        batch_norm: BatchNorm's statistics: those of the file, of one batch, or estimated anew over many latents. What
            was chosen for the file before, else those of the file, if not given.
        json: Print the result as JSON.
    """

    source: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="SRC", help_behavior_hint="")]
    target: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="DST", help_behavior_hint="")]
    guess: Annotated[int | None, tyro.conf.arg(metavar="N", help_behavior_hint="")] = None
    batch_norm: Annotated[
        Literal["running", "batch", "recalibrate"] | None, tyro.conf.arg(name="batch-norm", help_behavior_hint="")
    ] = None
    json: bool = False

    def run(self) -> None:
        """Open, and write."""
        from latentlab.errors import UsageError
        from latentlab.models.weight_file import SUFFIX
        from latentlab.session.opening import ONNX_SUFFIX

        target = self.target.expanduser()
        if target.suffix.lower() not in (SUFFIX, ONNX_SUFFIX):
            raise UsageError(target.name or target, "is neither .safetensors nor .onnx", "Name such a file.")
        generator, reading = self._opened()
        _write(target, generator)
        facts = facts_of(target, generator, reading)
        if self.json:
            print(json.dumps(facts))
            return
        print(target)
        for line in _remarks(generator, reading):
            print(line, file=sys.stderr)

    def _opened(self) -> tuple[Generator, FileReading | None]:
        from latentlab.errors import ValueRangeError
        from latentlab.models.foreign.batch_norm import with_statistics
        from latentlab.models.foreign.by_hand import chosen
        from latentlab.models.foreign.choices import Choice
        from latentlab.session.opening import ONNX_SUFFIX, open_file

        generator, reading = open_file(self.source.expanduser())
        if self.target.suffix.lower() != ONNX_SUFFIX:
            generator.check_open("a conversion")
        guesses = reading.guesses.guesses if reading is not None and reading.guesses is not None else ()
        if self.guess is not None and not 1 <= self.guess <= len(guesses):
            there_are = f"1 to {len(guesses)}" if guesses else "those of a checkpoint: it is a model already"
            raise ValueRangeError("--guess", f"{self.guess} is not one of {there_are}")
        if generator.onnx is not None and self.batch_norm is not None:
            generator.check_open("BatchNorm")
        if reading is None or reading.guesses is None:
            return with_statistics(generator, self.batch_norm or "running"), reading
        if self.guess is None and self.batch_norm is None:
            return generator, reading
        held = reading.choice or Choice()
        spec = held.spec if self.guess is None else guesses[self.guess - 1].generator.card.generator
        return chosen(reading.guesses, Choice(spec, self.batch_norm or held.statistics)), reading


def facts_of(target: Path, generator: Generator, reading: FileReading | None) -> dict[str, Any]:
    """Gather what was written, in JSON types."""
    spec = generator.card.generator
    guesses = reading.guesses.guesses if reading is not None and reading.guesses is not None else ()
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
        "guesses": [guess.words or "the most likely" for guess in guesses],
    }


def _write(target: Path, generator: Generator) -> None:
    from latentlab.models.checkpoint import load_discriminator, save_model
    from latentlab.models.onnx_graph import export
    from latentlab.paths import replacing
    from latentlab.session.opening import ONNX_SUFFIX

    if target.suffix.lower() == ONNX_SUFFIX:
        raw = generator.onnx.raw if generator.onnx is not None else export(generator)
        with replacing(target) as temporary:
            temporary.write_bytes(raw)
        return
    path = generator.path
    is_ours = path is not None and generator.card.discriminator is not None
    discriminator = load_discriminator(path) if path is not None and is_ours else None
    save_model(
        target, generator.card, generator.weights, discriminator[1] if discriminator else None, generator.directions
    )


def _remarks(generator: Generator, reading: FileReading | None) -> list[str]:
    if reading is None or reading.guesses is None:
        return []
    lines = [generator.card.notes, *reading.remarks]
    if not reading.is_certain:
        others = [
            f"  --guess {number}: {guess.words}"
            for number, guess in enumerate(reading.guesses.guesses, 1)
            if guess.words
        ]
        lines += ["What the file leaves open can also be read as", *others]
    return lines
