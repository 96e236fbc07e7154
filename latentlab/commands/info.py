"""``latentlab info``: what a model file says of itself."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.commands.arguments import ModelPath

if TYPE_CHECKING:
    from latentlab.errors import ModelFileError
    from latentlab.models.card import ModelCard
    from latentlab.models.classifier_file import ClassifierCard
    from latentlab.models.foreign.survey import Survey
    from latentlab.models.spec import NetworkSpec
    from latentlab.session.opened import OpenedModel

HASHED_UP_TO_BYTES = 2**26
"""Reading and hashing so much takes a tenth of a second."""


@dataclass(frozen=True)
class Info:
    """Tell what a model is, what it was trained on and how; of a file of another project, how it is read.

    Attributes:
        model: A .safetensors model, a run folder, whose newest model is taken, a .pth or other checkpoint, or an .onnx.
        json: Print the result as JSON.
    """

    model: ModelPath
    json: bool = False

    def run(self) -> None:
        """Read the header and print it."""
        from latentlab.models.checkpoint import find_model

        facts, worded = _told(find_model(self.model.expanduser()))
        if self.json:
            # A metric that is not a number would not be JSON.
            print(json.dumps(json.loads(json.dumps(facts), parse_constant=lambda _: None)))
            return
        lines = worded(facts)
        column = max(len(name) for name in lines)
        for name, text in lines.items():
            print(f"{name:<{column}}  {_one_line(text)}")


def _told(path: Path) -> tuple[dict[str, Any], Callable[[dict[str, Any]], dict[str, str]]]:
    """Gather what is known of a file, and how it is worded for people."""
    from latentlab.errors import ModelFileError
    from latentlab.models.checkpoint import is_model, load_generator, read_card
    from latentlab.models.classifier_file import read_classifier_card
    from latentlab.models.foreign.survey import survey
    from latentlab.models.weight_file import is_classifier
    from latentlab.session.opened import OpenedModel

    if is_classifier(path):
        return facts_of_classifier(path, read_classifier_card(path)), lines_of_classifier
    if is_model(path):
        cheap = path.stat().st_size <= HASHED_UP_TO_BYTES
        return facts_of(path, read_card(path), load_generator(path).content_hash if cheap else None), lines_of
    if path.suffix.lower() == ".onnx":
        return facts_of_foreign(OpenedModel.from_file(path), None), lines_of_foreign
    try:
        return facts_of_foreign(OpenedModel.from_file(path), survey(path)), lines_of_foreign
    except ModelFileError as refused:
        try:
            found = survey(path)
        except ModelFileError:
            raise refused from None
        return facts_of_no_generator(path, refused, found), lines_of_no_generator


def facts_of(path: Path, card: ModelCard, content_hash: str | None) -> dict[str, Any]:
    """Gather what is known of a model, in JSON types; `content_hash` is None where it was not computed."""
    spec = card.generator
    return {
        "path": str(path),
        "name": card.name,
        "hash": content_hash,
        "width": spec.width,
        "height": spec.height,
        "channels": spec.channels,
        "z_dim": spec.z_dim,
        "prior": spec.prior,
        "classes": spec.classes,
        "class_names": list(card.class_names),
        "weights": _numbers_in(spec.network),
        "discriminator_weights": _numbers_in(card.discriminator) if card.discriminator else None,
        "data": asdict(card.data),
        "kimg": card.kimg,
        "metrics": dict(card.metrics),
        "directions": [asdict(note) for note in card.directions],
        "training": dict(card.training),
        "command": card.command,
        "notes": card.notes,
    }


def lines_of(facts: dict[str, Any]) -> dict[str, str]:
    """Word the facts for people, leaving out what is not known."""
    data = facts["data"]
    weights = f"{facts['weights']:,}"
    if facts["discriminator_weights"]:
        weights += f", and {facts['discriminator_weights']:,} of the discriminator"
    worded = {
        "file": facts["path"],
        "name": facts["name"],
        "hash": facts["hash"] or "",
        "pictures": f"{facts['width']}x{facts['height']} {'grey' if facts['channels'] == 1 else 'RGB'}",
        "z": f"{facts['z_dim']} numbers, {facts['prior']} prior",
        "classes": _classes_words(facts),
        "weights": weights,
        "data": data["name"] + (f", {data['images']:,} images" if data["images"] else ""),
        "licence": data["licence"],
        "source": data["source"],
        "trained": f"{facts['kimg']:g} kimg",
        "metrics": ", ".join(f"{name} {value:.4g}" for name, value in facts["metrics"].items()),
        "directions": ", ".join(note["name"] for note in facts["directions"]),
        "command": facts["command"],
        "notes": facts["notes"],
    }
    return {name: text for name, text in worded.items() if text}


def facts_of_foreign(model: OpenedModel, found: Survey | None) -> dict[str, Any]:
    """Gather how a file of another project is read, in JSON types; `found` is None of an ``.onnx`` file."""
    from latentlab.models.architecture import worded

    generator, reading = model.generator, model.reading
    spec = generator.card.generator
    opened = reading.guesses if reading is not None else None
    return {
        "path": str(generator.path),
        "is": found.container if found is not None else "an ONNX file",
        "generator": True,
        "name": generator.card.name,
        "hash": generator.content_hash,
        "width": spec.width,
        "height": spec.height,
        "channels": spec.channels,
        "z_dim": spec.z_dim,
        "prior": spec.prior,
        "classes": spec.classes,
        "class_names": list(generator.card.class_names),
        "weights": None if spec.is_opaque else _numbers_in(spec.network),
        "network": opened.network if opened is not None else "",
        "layers": list(worded(spec.network)),
        "closed": model.closed,
        "certain": reading is None or reading.is_certain,
        "chosen": reading is not None and reading.choice is not None,
        "guesses": [
            {"number": number, "words": guess.words, "score": round(guess.score, 3), "misfit": round(guess.misfit, 5)}
            for number, guess in enumerate(opened.guesses if opened is not None else (), 1)
        ],
        "networks": [asdict(note) for note in found.networks] if found is not None else [],
        "remarks": list(reading.remarks) if reading is not None else [],
        "notes": generator.card.notes,
    }


def lines_of_foreign(facts: dict[str, Any]) -> dict[str, str]:
    """Word how a file of another project is read for people."""
    others = [note for note in facts["networks"] if note["where"] != facts["network"]]
    guesses = [f"{guess['number']} {guess['words'] or 'as above'}" for guess in facts["guesses"]]
    worded = {
        "file": facts["path"],
        "is": f"{facts['is']} with a generator" + (f" under {facts['network']}" if facts["network"] else ""),
        "hash": facts["hash"],
        "pictures": f"{facts['width']}x{facts['height']} {'grey' if facts['channels'] == 1 else 'RGB'}",
        "z": f"{facts['z_dim']} numbers, {facts['prior']} prior",
        "classes": _classes_words(facts),
        "weights": f"{facts['weights']:,}" if facts["weights"] else "",
        **{f"layer {number}": line for number, line in enumerate(facts["layers"], 1)},
        "without": facts["closed"],
        "read": "as was chosen for it" if facts["chosen"] else "certain" if facts["certain"] else "the most likely way",
        "guesses": "; ".join(guesses) if len(guesses) > 1 else "",
        "besides": "; ".join(map(_network_words, others)),
        "remarks": " ".join(facts["remarks"]),
        "notes": facts["notes"],
    }
    return {name: text for name, text in worded.items() if text}


def facts_of_no_generator(path: Path, refused: ModelFileError, found: Survey) -> dict[str, Any]:
    """Gather what a checkpoint is that holds no generator, in JSON types."""
    return {
        "path": str(path),
        "is": found.container,
        "generator": False,
        "why": refused.why,
        "what_to_do": refused.what_to_do,
        "networks": [asdict(note) for note in found.networks],
        "optimizers": found.optimizers,
    }


def lines_of_no_generator(facts: dict[str, Any]) -> dict[str, str]:
    """Word for people what a checkpoint is that holds no generator."""
    worded = {
        "file": facts["path"],
        "is": f"{facts['is']} without a generator that can be opened",
        "why": facts["why"],
        "to do": facts["what_to_do"],
        "holds": "; ".join(map(_network_words, facts["networks"])),
        "optimisers": f"{facts['optimizers']}" if facts["optimizers"] else "",
    }
    return {name: text for name, text in worded.items() if text}


def _classes_words(facts: dict[str, Any]) -> str:
    names = f": {', '.join(facts['class_names'])}" if facts["class_names"] else ""
    return f"{facts['classes']}{names}" if facts["classes"] else ""


def _network_words(note: dict[str, Any]) -> str:
    where = f"{note['where']}: " if note["where"] else ""
    return f"{where}{note['what']} of {note['numbers']:,} numbers{', an average' if note['is_averaged'] else ''}"


def facts_of_classifier(path: Path, card: ClassifierCard) -> dict[str, Any]:
    """Gather what is known of an attribute network, in JSON types."""
    channels, height, width = card.network.input_shape
    return {
        "path": str(path),
        "name": card.name,
        "kind": card.kind,
        "width": width,
        "height": height,
        "channels": channels,
        "weights": _numbers_in(card.network),
        "outputs": [asdict(output) for output in card.outputs],
        "data": asdict(card.data),
        "metrics": dict(card.metrics),
        "command": card.command,
        "notes": card.notes,
    }


def lines_of_classifier(facts: dict[str, Any]) -> dict[str, str]:
    """Word the facts of an attribute network for people."""
    data = facts["data"]
    what = "classes" if facts["kind"] == "softmax" else "attributes"
    worded = {
        "file": facts["path"],
        "name": facts["name"],
        "is": f"an attribute network of {len(facts['outputs'])} {what}",
        "pictures": f"{facts['width']}x{facts['height']} {'grey' if facts['channels'] == 1 else 'RGB'}",
        "weights": f"{facts['weights']:,}",
        what: ", ".join(f"{output['name']} {output['accuracy']:.1%}" for output in facts["outputs"]),
        "data": data["name"] + (f", {data['images']:,} images" if data["images"] else ""),
        "licence": data["licence"],
        "source": data["source"],
        "metrics": ", ".join(f"{name} {value:.4g}" for name, value in facts["metrics"].items()),
        "command": facts["command"],
        "notes": facts["notes"],
    }
    return {name: text for name, text in worded.items() if text}


def _numbers_in(network: NetworkSpec) -> int:
    return sum(math.prod(shape) for shape in network.tensors().values())


def _one_line(text: str) -> str:
    """Bring text out of a file onto one line, without what a terminal would obey."""
    return "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
