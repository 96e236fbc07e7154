"""The model card: everything that is known of a model, as versioned JSON in the file's header."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from latentlab.latent.arrays import FloatArray
from latentlab.latent.directions import Direction
from latentlab.models.layers import finite_number
from latentlab.models.spec import GeneratorSpec, NetworkSpec

FORMAT = 1
METADATA_KEY = "latentlab"
_TYPES: Mapping[str, type[str] | type[int] | type[float]] = {"str": str, "int": int, "float": float}


@dataclass(frozen=True)
class DataSource:
    """The data a model was trained on.

    Attributes:
        name: For example ``mnist``.
        images: How many there were.
        licence: As its publisher gives it; empty where unknown.
        source: Where it comes from.
    """

    name: str = ""
    images: int = 0
    licence: str = ""
    source: str = ""


@dataclass(frozen=True)
class DirectionNote:
    """What the header says of one row of the tensor ``directions``: the fields of a `Direction` but its vector."""

    name: str
    source: str
    sigma: float
    detail: str = ""
    layer: str = ""
    accuracy: float | None = None
    model: str = ""
    created: str = ""

    @classmethod
    def of(cls, direction: Direction) -> DirectionNote:
        """Write down what is known of a direction."""
        return cls(**{each.name: getattr(direction, each.name) for each in fields(cls)})

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> DirectionNote:
        """Read the fields of a note, in JSON types; fields that it does not know are ignored.

        Raises:
            ValueError: If a field is of the wrong type.
            TypeError: If the name, the source or sigma is missing.
        """
        return cls(**known(cls, data))

    def direction(self, vector: FloatArray) -> Direction:
        """Make the direction again.

        Args:
            vector: Shape (z_dim,), float32.

        Raises:
            ValueError: If the vector has no direction.
        """
        return Direction(vector=vector, **vars(self))


@dataclass(frozen=True)
class ModelCard:
    """What the header of a model file holds.

    Attributes:
        name: What the window's title and the catalogue show.
        generator: Its architecture and prior.
        discriminator: The architecture of D where the file holds one.
        data: What it was trained on.
        training: The training configuration, in JSON types.
        kimg: Thousands of real images shown.
        metrics: Name to value, for example ``{"coverage": 0.81}``.
        command: The command line that made it.
        notes: Limits, bias, anything a user should know.
        directions: Names and scales of the saved directions, in the order of the tensor's rows.
        class_names: Of the classes of a conditional generator, in order; empty where they have none.
    """

    name: str
    generator: GeneratorSpec
    discriminator: NetworkSpec | None = None
    data: DataSource = DataSource()
    training: Mapping[str, Any] = field(default_factory=dict)
    kimg: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    command: str = ""
    notes: str = ""
    directions: tuple[DirectionNote, ...] = ()
    class_names: tuple[str, ...] = ()

    def to_json(self) -> str:
        """Write the card as one JSON text."""
        return json.dumps(
            {
                "format": FORMAT,
                "name": self.name,
                "generator": self.generator.to_json(),
                "discriminator": self.discriminator.to_json() if self.discriminator else None,
                "data": vars(self.data),
                "training": dict(self.training),
                "kimg": self.kimg,
                "metrics": dict(self.metrics),
                "command": self.command,
                "notes": self.notes,
                "directions": [vars(note) for note in self.directions],
                "class_names": list(self.class_names),
            }
        )

    @classmethod
    def from_json(cls, text: str) -> ModelCard:
        """Read what `to_json` wrote; keys of newer versions of the same format are ignored.

        Raises:
            ValueError: If it is not JSON, of an unknown format, or a part is missing or does not fit.
        """
        try:
            data = json.loads(text)
            if not isinstance(data, dict) or data.get("format") != FORMAT:
                raise ValueError("its header is of a format that this version does not know")
            critic = data.get("discriminator")
            return cls(
                name=str(data["name"]),
                generator=GeneratorSpec.from_json(data["generator"]),
                discriminator=NetworkSpec.from_json(critic) if critic else None,
                data=DataSource(**known(DataSource, data.get("data", {}))),
                training=dict(data.get("training", {})),
                kimg=float(data.get("kimg", 0.0)),
                metrics={str(name): float(value) for name, value in data.get("metrics", {}).items()},
                command=str(data.get("command", "")),
                notes=str(data.get("notes", "")),
                directions=tuple(map(DirectionNote.from_json, data.get("directions", []))),
                class_names=tuple(map(str, data.get("class_names", []))),
            )
        except (KeyError, TypeError, AttributeError, OverflowError, RecursionError) as error:
            raise ValueError(f"its header is incomplete or does not fit: {error}") from error


def known(kind: type[DataSource] | type[DirectionNote], values: Mapping[str, Any]) -> dict[str, Any]:
    """Keep of a JSON object what a record has a field for, checked against the field's type.

    Raises:
        ValueError: If a value is of another type.
    """
    types = {each.name: each.type for each in fields(kind)}
    return {name: _checked(name, value, str(types[name])) for name, value in values.items() if name in types}


def _checked(name: str, value: object, type_: str) -> object:
    if type_ == "float":
        return finite_number(value)
    if type_ == "float | None":
        return None if value is None else finite_number(value)
    if type(value).__name__ != type_:
        raise ValueError(f"{name} = {value!r:.40} in its header is not of the type {type_}")
    return value
