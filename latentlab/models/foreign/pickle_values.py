"""What a pickle is made of once it is read: plain values, names that stay names, stubs in place of objects."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol


@dataclass(frozen=True)
class Global:
    """The name of something in a module; never imported."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


class Dict(dict[Any, Any]):
    """A dictionary that can carry attributes, as an OrderedDict with ``_metadata`` does."""

    __slots__ = ("attributes",)

    def __init__(self) -> None:
        super().__init__()
        self.attributes: dict[Any, Any] = {}


@dataclass(eq=False, slots=True)
class Stub:
    """What stands for an object of a class that is not ours: it remembers what it was given and does nothing.

    Attributes:
        of: The class, or the function whose result it would be.
        arguments: What it was made with.
        attributes: Its state.
        items: Entries set on it, where it is a kind of dictionary.
        members: What was appended or added to it, where it is a kind of list.
    """

    of: object
    arguments: tuple[Any, ...] = ()
    attributes: dict[Any, Any] = field(default_factory=dict)
    items: dict[Any, Any] = field(default_factory=dict)
    members: list[Any] = field(default_factory=list)


class Builder(Protocol):
    """What gives meaning to the few names and references that a file needs."""

    def called(self, function: Global, arguments: tuple[Any, ...]) -> object:
        """Return what stands for the result of a call; nothing is called."""

    def stored(self, reference: object) -> object:
        """Return what a persistent reference stands for."""

    def filled(self, value: object, state: object) -> bool:
        """Give a value of the builder's own its state; return whether it was one."""


class Source(Protocol):
    """A file to read instructions from; never returns more than it holds."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes."""

    def readline(self) -> bytes:
        """Return up to the next end of line, of at most `pickle_machine.MAX_LINE` bytes."""

    def tell(self) -> int:
        """Return the position."""
