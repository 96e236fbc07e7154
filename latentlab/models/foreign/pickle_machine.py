"""A pickle machine that can only build data.

Python's own unpickler imports and calls whatever a file names. This one follows the same instructions (`pickletools`
decodes them) and imports and calls nothing: a name stays a `Global`, an object of any class becomes a `Stub`, and what
a call would return is asked of a `Builder`, which knows a fixed list of names. Instructions, names and nesting are
counted, so that a file cannot cost more than in proportion to its size.

References:
    PEP 307, PEP 3154: pickle protocols 2 to 4.
"""

from __future__ import annotations

import pickletools
from collections.abc import Iterator
from itertools import count
from typing import Any

from latentlab.models.foreign.pickle_values import Builder, Dict, Global, Source, Stub

MAX_INSTRUCTIONS = 500_000
MAX_MARKS = 1000
MAX_LINE = 2**16
_SAFE_INT = 2**60


class Machine:
    """Follows the instructions of one pickle.

    Args:
        source: Positioned at its first instruction; afterwards behind its last.
        builder: Gives meaning to names.
        budget: How many instructions may be followed.
    """

    def __init__(self, source: Source, builder: Builder, budget: int = MAX_INSTRUCTIONS) -> None:
        self._source = source
        self._builder = builder
        self._budget = budget
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._unusable_keys = count()

    def run(self) -> object:
        """Build the value.

        Raises:
            ValueError: If the pickle is damaged, endless, or does what no checkpoint does.
        """
        for name, argument in self._instructions():
            if name == "STOP":
                return self._pop()
            self._follow(name, argument)
        raise ValueError("a pickle has no end")

    def _instructions(self) -> Iterator[tuple[str, Any]]:
        for _ in range(self._budget):
            code = self._source.read(1)
            opcode = _OPCODES.get(code)
            if opcode is None:
                raise ValueError("a pickle holds an unknown instruction" if code else "a pickle ends too early")
            if opcode.name in _LINES:
                yield opcode.name, " ".join(self._line() for _ in range(_LINES[opcode.name]))
            else:
                yield opcode.name, None if opcode.arg is None else opcode.arg.reader(self._source)  # type: ignore[arg-type]
        raise ValueError(f"a pickle of more than {self._budget} instructions")

    def _line(self) -> str:
        line = self._source.readline()
        if not line.endswith(b"\n"):
            raise ValueError("a pickle ends too early or holds a line without end")
        # Escapes stay as they are: no name has any.
        return line[:-1].decode().strip("'\"")

    def _follow(self, name: str, argument: Any) -> None:
        if name in _LITERALS:
            self._stack.append(_LITERALS[name])
        elif name in _ARGUMENTS:
            self._stack.append(argument)
        else:
            step = getattr(self, f"_do_{name.lower()}", None)
            if step is None:
                raise ValueError(f"a pickle uses {name}, which no checkpoint needs")
            step(argument)

    # The stack

    def _pop(self) -> Any:
        if len(self._stack) <= (self._marks[-1] if self._marks else 0):
            raise ValueError("a pickle takes more than it has")
        return self._stack.pop()

    def _top(self) -> Any:
        value = self._pop()
        self._stack.append(value)
        return value

    def _to_mark(self) -> list[Any]:
        if not self._marks:
            raise ValueError("a pickle closes what it has not opened")
        mark = self._marks.pop()
        values = self._stack[mark:]
        del self._stack[mark:]
        return values

    def _do_mark(self, _: Any) -> None:
        if len(self._marks) >= MAX_MARKS:
            raise ValueError(f"a pickle nested deeper than {MAX_MARKS}")
        self._marks.append(len(self._stack))

    def _do_pop(self, _: Any) -> None:
        if self._marks and self._marks[-1] == len(self._stack):
            self._marks.pop()
        else:
            self._pop()

    def _do_pop_mark(self, _: Any) -> None:
        self._to_mark()

    def _do_dup(self, _: Any) -> None:
        self._stack.append(self._top())

    def _do_proto(self, version: int) -> None:
        if version > 5:
            raise ValueError(f"a pickle of protocol {version}")

    def _do_frame(self, _: Any) -> None:
        """Frames only announce how much to buffer."""

    # The memo

    def _do_put(self, index: int) -> None:
        self._memo[index] = self._top()

    _do_binput = _do_long_binput = _do_put

    def _do_memoize(self, _: Any) -> None:
        self._memo[len(self._memo)] = self._top()

    def _do_get(self, index: int) -> None:
        if index not in self._memo:
            raise ValueError("a pickle recalls what it has not kept")
        self._stack.append(self._memo[index])

    _do_binget = _do_long_binget = _do_get

    # Containers

    def _do_tuple(self, _: Any) -> None:
        self._stack.append(tuple(self._to_mark()))

    def _do_tuple1(self, _: Any) -> None:
        self._stack.append((self._pop(),))

    def _do_tuple2(self, _: Any) -> None:
        second, first = self._pop(), self._pop()
        self._stack.append((first, second))

    def _do_tuple3(self, _: Any) -> None:
        third, second, first = self._pop(), self._pop(), self._pop()
        self._stack.append((first, second, third))

    def _do_empty_list(self, _: Any) -> None:
        self._stack.append([])

    def _do_list(self, _: Any) -> None:
        self._stack.append(self._to_mark())

    # What a file keeps in sets is of no use here; their members are kept as a list, which needs no hashing.
    _do_empty_set = _do_empty_list
    _do_frozenset = _do_list

    def _do_append(self, _: Any) -> None:
        value = self._pop()
        self._members().append(value)

    def _do_appends(self, _: Any) -> None:
        values = self._to_mark()
        self._members().extend(values)

    _do_additems = _do_appends

    def _do_empty_dict(self, _: Any) -> None:
        self._stack.append(Dict())

    def _do_dict(self, _: Any) -> None:
        values, made = self._to_mark(), Dict()
        self._set_items(made, values)
        self._stack.append(made)

    def _do_setitem(self, _: Any) -> None:
        value, key = self._pop(), self._pop()
        self._set_items(self._items(), [key, value])

    def _do_setitems(self, _: Any) -> None:
        values = self._to_mark()
        self._set_items(self._items(), values)

    def _members(self) -> list[Any]:
        target = self._top()
        if isinstance(target, Stub):
            return target.members
        if isinstance(target, list):
            return target
        raise ValueError("a pickle appends to what is no list")

    def _items(self) -> dict[Any, Any]:
        target = self._top()
        if isinstance(target, Stub):
            return target.items
        if isinstance(target, Dict):
            return target
        raise ValueError("a pickle sets an entry of what is no dictionary")

    def _set_items(self, target: dict[Any, Any], values: list[Any]) -> None:
        if len(values) % 2:
            raise ValueError("a pickle gives a key without a value")
        for key, value in zip(values[::2], values[1::2], strict=True):
            target[self._key(key)] = value

    def _key(self, key: Any) -> Any:
        # Only keys that cannot be made to collide; whoever asks for another would not know it by its value.
        if type(key) in (str, bytes, bool) or (type(key) is int and abs(key) < _SAFE_INT):
            return key
        return f"<key {next(self._unusable_keys)}>"

    # Names and objects

    def _do_global(self, argument: str) -> None:
        module, _, name = argument.partition(" ")
        self._stack.append(Global(module, name))

    def _do_stack_global(self, _: Any) -> None:
        name, module = self._pop(), self._pop()
        if not isinstance(name, str) or not isinstance(module, str):
            raise ValueError("a pickle names something by other than text")
        self._stack.append(Global(module, name))

    def _do_reduce(self, _: Any) -> None:
        arguments, function = self._pop(), self._pop()
        self._call(function, arguments)

    _do_newobj = _do_reduce

    def _do_newobj_ex(self, _: Any) -> None:
        self._pop()
        self._do_reduce(None)

    def _do_inst(self, argument: str) -> None:
        arguments = tuple(self._to_mark())
        module, _, name = argument.partition(" ")
        self._call(Global(module, name), arguments)

    def _do_obj(self, _: Any) -> None:
        function, *arguments = self._to_mark() or [None]
        self._call(function, tuple(arguments))

    def _call(self, function: Any, arguments: Any) -> None:
        if not isinstance(arguments, tuple):
            raise ValueError("a pickle calls something with other than a tuple")
        if isinstance(function, Global):
            self._stack.append(self._builder.called(function, arguments))
        else:
            self._stack.append(Stub(function, arguments))

    def _do_build(self, _: Any) -> None:
        state, target = self._pop(), self._top()
        if self._builder.filled(target, state):
            return
        if not isinstance(target, Stub | Dict):
            raise ValueError("a pickle gives a state to a plain value")
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, dict):
                target.attributes.update(part)

    def _do_persid(self, reference: Any) -> None:
        self._stack.append(self._builder.stored(reference))

    def _do_binpersid(self, _: Any) -> None:
        self._stack.append(self._builder.stored(self._pop()))


_OPCODES = {opcode.code.encode("latin1"): opcode for opcode in pickletools.opcodes}
_LINES = {"GLOBAL": 2, "INST": 2, "STRING": 1, "PERSID": 1}
"""Instructions whose argument is so many lines of text."""
_LITERALS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_ARGUMENTS = frozenset(
    (
        *("FLOAT", "BINFLOAT", "INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4"),
        *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8"),
        *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
    )
)
"""Instructions that put their argument on the stack."""
