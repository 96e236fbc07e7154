"""``latentlab info``: what a model file says of itself."""

from __future__ import annotations

import json
import math
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from latentlab.commands.arguments import ModelPath

if TYPE_CHECKING:
    from latentlab.models.card import ModelCard
    from latentlab.models.classifier_file import ClassifierCard
    from latentlab.models.spec import NetworkSpec

HASHED_UP_TO_BYTES = 2**26
"""Reading and hashing so much takes a tenth of a second."""


@dataclass(frozen=True)
class Info:
    """Tell what a model is, what it was trained on and how.

    Attributes:
        model: A .safetensors model, or a run folder, whose newest model is taken.
        json: Print the result as JSON.
    """

    model: ModelPath
    json: bool = False

    def run(self) -> None:
        """Read the header and print it."""
        from latentlab.models.checkpoint import find_model, load_generator, read_card
        from latentlab.models.classifier_file import read_classifier_card
        from latentlab.models.weight_file import is_classifier

        path = find_model(self.model.expanduser())
        if is_classifier(path):
            facts = facts_of_classifier(path, read_classifier_card(path))
            worded = lines_of_classifier
        else:
            card = read_card(path)
            cheap = path.stat().st_size <= HASHED_UP_TO_BYTES
            facts = facts_of(path, card, load_generator(path).content_hash if cheap else None)
            worded = lines_of
        if self.json:
            # A metric that is not a number would not be JSON.
            print(json.dumps(json.loads(json.dumps(facts), parse_constant=lambda _: None)))
            return
        lines = worded(facts)
        column = max(len(name) for name in lines)
        for name, text in lines.items():
            print(f"{name:<{column}}  {_one_line(text)}")


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
