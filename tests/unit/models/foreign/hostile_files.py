"""Files that lie: mutated, cut off, packed as bombs, or made to run code; for the suite and for the long fuzz run."""

from __future__ import annotations

import collections
import functools
import importlib
import io
import operator
import os
import pickle
import random
import struct
import subprocess
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from author_layouts import DOUBLE, FIRST, Named, chain, example_discriminator
from torch import nn


def tiny() -> nn.Module:
    """Build a generator of 32x32 pictures that is read within milliseconds."""
    torch.manual_seed(0)
    G = Named(main=nn.Sequential(*chain([6, 8, 4, 4, 1], [FIRST] + [DOUBLE] * 3)))
    for part in G.modules():
        if isinstance(part, nn.ConvTranspose2d):
            nn.init.normal_(part.weight, 0.0, 0.4)
    with torch.no_grad():
        for _ in range(60):
            G(torch.randn(16, 6, 1, 1))
    return G


def torch_bytes(value: object, new_format: bool = True) -> bytes:
    buffer = io.BytesIO()
    torch.save(value, buffer, _use_new_zipfile_serialization=new_format)
    return buffer.getvalue()


def originals() -> dict[str, bytes]:
    """Make a good file of every kind."""
    from safetensors.torch import save

    G, D = tiny(), example_discriminator(1, 32)
    state = G.state_dict()
    both = {"generator": state, "discriminator": D.state_dict(), "opt": torch.optim.Adam(G.parameters()).state_dict()}
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(torch_bytes(state))) as archive, zipfile.ZipFile(packed, "w", 8) as copy:
        for name in archive.namelist():
            copy.writestr(name, archive.read(name))
    return {
        "zip.pth": torch_bytes(state),
        "both.pth": torch_bytes(both),
        "packed.pth": packed.getvalue(),
        "legacy.pth": torch_bytes(state, False),
        "whole.pt": torch_bytes(G),
        "whole-legacy.pt": torch_bytes(G, False),
        "plain.pkl": pickle.dumps(state),
        "numpy.pkl": pickle.dumps({name: value.numpy() for name, value in state.items()}, protocol=2),
        "other.safetensors": save({name: value.contiguous() for name, value in state.items()}),
    }


class Claim:
    """A tensor whose file says something else of it than is true."""

    def __init__(self, shape: Any, strides: Any, offset: Any = 0, count: int = 4) -> None:
        self.arguments = (torch.UntypedStorage(4 * count), offset, shape, strides, False, collections.OrderedDict())

    def __reduce__(self) -> tuple[Any, ...]:
        storage, *rest = self.arguments
        return torch._utils._rebuild_tensor_v2, (
            torch.storage.TypedStorage(wrap_storage=storage, dtype=torch.float32, _internal=True),
            *rest,
        )


def lies() -> dict[str, bytes]:
    """Make files whose sizes, shapes, nesting or values are not what they claim."""
    state = tiny().state_dict()
    first = next(iter(state))
    made: dict[str, bytes] = {}
    claims = {
        "huge": Claim((2**31, 2**31), (1, 1)),
        "larger than memory": Claim((2**20, 2**20), (0, 0)),
        "beyond its storage": Claim((2, 3), (3, 1)),
        "far offset": Claim((2,), (1,), 2**40),
        "negative stride": Claim((2, 2), (-1, 1)),
        "negative side": Claim((-2, 2), (1, 1)),
        "text for a shape": Claim("ab", (1, 1)),
        "too many sides": Claim((1,) * 200, (1,) * 200),
        "repeated": Claim((2**24,), (0,)),
        "empty and endless": Claim((0, 2**62), (1, 1)),
    }
    for name, claim in claims.items():
        for new_format in (True, False):
            made[f"{name} {new_format}.pt"] = torch_bytes(dict(state) | {first: claim}, new_format)
    for name, value in {"nan": np.nan, "inf": np.inf, "large": 3e38}.items():
        changed = {key: each.clone() for key, each in state.items()}
        changed[first].view(-1)[3] = value
        made[f"{name}.pt"] = torch_bytes(changed)
    negative = {key: each.clone() - (2 if "running_var" in key else 0) for key, each in state.items()}
    made["negative variances.pt"] = torch_bytes(negative)
    cyclic: list[Any] = [dict(state)]
    cyclic.append(cyclic)
    cyclic[0]["self"] = cyclic
    made["cyclic.pt"], made["cyclic.pkl"] = torch_bytes(cyclic), pickle.dumps(cyclic)
    deep: Any = dict(state)
    for _ in range(200):
        deep = {"a": [deep]}
    made["deep.pt"] = torch_bytes(deep)
    made["deeper.pkl"] = b"\x80\x02" + b"]" * 50_000 + b"a" * 49_999 + b"."
    made["marks.pkl"] = b"\x80\x02" + b"(" * 100_000 + b"."
    made["laughs.pkl"] = (
        b"\x80\x02]q\x00"
        + b"".join(
            b"]" + b"q" + bytes([i + 1]) + b"h" + bytes([i]) + b"a" + (b"h" + bytes([i]) + b"a") * 9 for i in range(60)
        )
        + b"."
    )
    made["endless.pkl"] = b"\x80\x02" + b"N0" * 300_000 + b"."
    made["memo.pkl"] = b"\x80\x02Nr" + struct.pack("<I", 2**32 - 1) + b"."
    made["long.pkl"] = b"\x80\x02\x8b" + struct.pack("<i", 2**31 - 1) + b"\x01."
    made["long text.pkl"] = b"\x80\x04\x8d" + struct.pack("<Q", 2**62) + b"x."
    made["negative length.pkl"] = b"\x80\x02T" + struct.pack("<i", -5) + b"."
    made["digits.pkl"] = b"I" + b"9" * 50_000 + b"\n."
    made["collisions.pkl"] = (
        b"\x80\x02}("
        + b"".join(b"\x8a\x0a" + (i * (2**61 - 1)).to_bytes(10, "little") + b"N" for i in range(1, 20_000))
        + b"u."
    )
    made["unhashable.pkl"] = b"\x80\x02}(]Nu."
    made["odd items.pkl"] = b"\x80\x02}(Nu."
    made["nothing.pkl"] = b"\x80\x02."
    made["buffer.pkl"] = b"\x80\x05\x97."
    made["extension.pkl"] = b"\x80\x02\x82\x01."
    made.update(_archives(state))
    made["header.safetensors"] = struct.pack("<Q", 2**60) + b"{}"
    made["header2.safetensors"] = struct.pack("<Q", 40) + b'{"a":{"dtype":"F32","shape":[9999999999],' + b" " * 40
    for number, entry in enumerate(
        (
            '{"a":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4]}}',
            '{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4000000000]}}',
            '{"a":{"dtype":"F32","shape":[1],"data_offsets":[-4,0]}}',
            '{"a":{"dtype":"X","shape":[1],"data_offsets":[0,4]}}',
            '{"a":[]}',
            "[" * 5000,
        )
    ):
        made[f"entry{number}.safetensors"] = struct.pack("<Q", len(entry)) + entry.encode() + b"\0" * 4
    return made


def _archives(state: dict[str, torch.Tensor]) -> dict[str, bytes]:
    good = torch_bytes(state)
    made = {}

    def archive(compression: int, **entries: bytes) -> bytes:
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as source, zipfile.ZipFile(out, "w", compression) as copy:
            for name in source.namelist():
                copy.writestr(
                    name, entries.get(name.partition("/")[2].replace("/", "_").replace(".", "_"), source.read(name))
                )
        return out.getvalue()

    made["bomb of a storage.pt"] = archive(8, data_0=b"\0" * 2**26)
    made["bomb of a pickle.pt"] = archive(8, data_pkl=b"\x80\x02" + b"N0" * 2**24 + b".")
    made["short storage.pt"] = archive(0, data_0=b"\0\0\0")
    made["no pickle.pt"] = archive(0, data_pkl=b"")
    made["other pickle.pt"] = archive(0, data_pkl=pickle.dumps([1, 2, 3]))
    made["two pickles.pt"] = good
    out = io.BytesIO(good)
    with zipfile.ZipFile(out, "a") as more:
        more.writestr("again/data.pkl", b"N.")
    made["two pickles.pt"] = out.getvalue()
    many = io.BytesIO()
    with zipfile.ZipFile(many, "w") as more:
        for index in range(2000):
            more.writestr(f"a/data/{index}", b"")
    made["no pickle among many.zip"] = many.getvalue()
    end = good.rfind(b"PK\x05\x06")
    for name, at, size in (("directory size", 12, 4), ("directory offset", 16, 4), ("entries", 10, 2)):
        made[f"{name}.pt"] = good[: end + at] + b"\xff" * size + good[end + at + size :]
    directory = struct.unpack_from("<I", good, end + 16)[0]
    for name, at in (("packed size", 20), ("size", 24), ("header offset", 42), ("flags", 8), ("method", 10)):
        place = directory + at
        size = 2 if name in ("flags", "method") else 4
        made[f"{name} of a record.pt"] = good[:place] + (b"\xff\xfe\xfe\xfe")[:size] + good[place + size :]
    return made


def mutated(raw: bytes, source: random.Random) -> bytes:
    """Damage a file in one of several ways."""
    data = bytearray(raw)
    match source.randrange(7):
        case 0:
            for _ in range(source.randint(1, 20)):
                data[source.randrange(len(data))] ^= 1 << source.randrange(8)
        case 1:
            del data[source.randrange(len(data)) :]
        case 2:
            at = source.randrange(len(data))
            data[at : at + source.randint(1, 64)] = source.randbytes(source.randint(0, 64))
        case 3:
            at, start = source.randrange(len(data)), source.randrange(len(data))
            data[at:at] = data[start : start + source.randint(1, 4096)]
        case 4:
            at = source.randrange(len(data))
            del data[at : at + source.randint(1, 4096)]
        case 5:
            at = source.randrange(len(data))
            data[at : at + 4] = source.choice([b"\xff" * 4, b"\0" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80"])
        case 6:
            # Numbers and instructions of the pickle: the first part of most files.
            for _ in range(source.randint(1, 6)):
                data[source.randrange(min(len(data), 3000))] = source.choice(
                    b"().}]IKMJNRbcehijlqrstu0123QU\x80\x81\x85\x93\xff"
                )
    return bytes(data)


class Call:
    """Unpickles as the result of a call."""

    def __init__(self, function: Callable[..., Any], *arguments: Any, state: Any = None) -> None:
        self.call = function, arguments, state

    def __reduce__(self) -> tuple[Any, ...]:
        function, arguments, state = self.call
        return (function, arguments) if state is None else (function, arguments, state)


def malicious(canary: Path) -> dict[str, bytes]:
    """Make files that create `canary` where they are unpickled by Python or do other harm; at least fifty."""
    target = str(canary)
    touch, code = f"touch '{target}'", f"open({target!r}, 'w').close()"
    shell = target.encode()
    calls: dict[str, Any] = {
        "os.system": Call(os.system, touch),
        "os.popen": Call(os.popen, touch),
        "subprocess.Popen": Call(subprocess.Popen, ["touch", target]),
        "subprocess.call": Call(subprocess.call, ["touch", target]),
        "subprocess.getoutput": Call(subprocess.getoutput, touch),
        "builtins.eval": Call(eval, code),
        "builtins.exec": Call(exec, code),
        "builtins.open": Call(open, target, "w"),
        "os.open": Call(os.open, target, os.O_CREAT),
        "os.mkdir": Call(os.mkdir, target),
        "os.symlink": Call(os.symlink, "/", target),
        "Path.touch": Call(Path.touch, Path(target)),
        "np.save": Call(np.save, target, 1),
        "torch.save": Call(torch.save, 1, target),
        "partial": Call(functools.partial(os.system, touch)),
        "apply": Call(functools.reduce, os.system, [touch]),
        "map": Call(list, Call(map, os.system, [touch])),
        "methodcaller": Call(operator.call, os.system, touch),
        "getattr": Call(Call(getattr, os, "system") if False else getattr, Path(target), "touch"),
        "import": Call(importlib.import_module, "antigravity"),
        "__import__": Call(__import__, "os"),
        "code": Call(types.FunctionType, (lambda: None).__code__.replace() if False else compile, {}),
        "pickle.loads": Call(pickle.loads, pickle.dumps(Call(os.system, touch))),
        "torch.load": Call(torch.load, io.BytesIO(torch_bytes(Call(os.system, touch)))),
        "torch.hub.load": Call(torch.hub.load, "nobody/nothing", "model"),
        "torch.jit.load": Call(torch.jit.load, target),
        "np.load": Call(np.load, target, None, True),
        "load_from_bytes": Call(torch.storage._load_from_bytes, torch_bytes(Call(os.system, touch), False)),
        "load_from_bytes, zip": Call(torch.storage._load_from_bytes, torch_bytes(Call(os.system, touch))),
        "load_from_bytes, pickle": Call(torch.storage._load_from_bytes, pickle.dumps(Call(os.system, touch))),
        "from type": Call(torch._tensor._rebuild_from_type_v2, os.system, torch.Tensor, (touch,), {}),
        "parameter": Call(torch._utils._rebuild_parameter, Call(os.system, touch), True, collections.OrderedDict()),
        "ordered": Call(collections.OrderedDict, [("a", Call(os.system, touch))]),
        "factory": Call(collections.defaultdict, os.system),
        "state": Call(
            collections.OrderedDict, state={"__class__": os, "__reduce__": os.system, "a": Call(os.system, touch)}
        ),
        "set": {1, Call(os.system, touch)},
        "key": {Call(str, Call(os.system, touch)): 1},
        "nested": [[{"a": (Call(os.system, touch),)}]],
        "remove": Call(os.remove, "/tmp/no such file of anyone"),
        "exit": Call(os._exit, 3),
        "kill": Call(os.kill, 0, 0),
        "breakpoint": Call(breakpoint),
        "input": Call(input),
    }
    made: dict[str, bytes] = {}
    for number, (name, value) in enumerate(calls.items()):
        protocol = number % 6
        try:
            made[f"{name}.pkl"] = pickle.dumps(value, protocol=protocol)
        except (TypeError, pickle.PicklingError):
            made[f"{name}.pkl"] = pickle.dumps(Call(os.system, touch + f" # {name}"), protocol=protocol)
    for name in ("os.system", "builtins.eval", "subprocess.Popen", "nested", "parameter"):
        state: Any = dict(tiny().state_dict()) | {"extra": calls[name]}
        made[f"{name}.pth"] = torch_bytes(state)
        made[f"{name} legacy.pth"] = torch_bytes(state, False)
    made["inst.pkl"] = b"(S'touch " + shell + b"'\nios\nsystem\n."
    made["obj.pkl"] = b"(cos\nsystem\nS'touch " + shell + b"'\no."
    made["newobj.pkl"] = (
        b"\x80\x02csubprocess\nPopen\n](X\x05\x00\x00\x00touchX" + struct.pack("<I", len(shell)) + shell + b"e\x85\x81."
    )
    text = b"touch " + shell
    made["stack global.pkl"] = (
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93X" + struct.pack("<I", len(text)) + text + b"\x85R."
    )
    made["chain.pkl"] = b"cbuiltins\ngetattr\n(cos\npath\nS'os'\ntRS'system'\n\x86R(S'touch " + shell + b"'\ntR."
    made["persistent.pkl"] = (
        b"\x80\x02(X\x06\x00\x00\x00modulecos\nsystem\nX\x01\x00\x00\x00fX\x01\x00\x00\x00stQ(X"
        + struct.pack("<I", len(text))
        + text
        + b"tR."
    )
    made["build.pkl"] = (
        b"\x80\x02carg\nx\n)\x81}X\x0c\x00\x00\x00__setstate__cos\nsystem\nsbX"
        + struct.pack("<I", len(text))
        + text
        + b"b."
    )
    return made
