"""The chunks that a PNG is made of, and the texts among them.

References:
    W3C 2025, "Portable Network Graphics (PNG) Specification, Third Edition", sections 5.3 and 11.3.3.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from typing import BinaryIO

SIGNATURE = b"\x89PNG\r\n\x1a\n"

_TEXT_KINDS = (b"tEXt", b"zTXt", b"iTXt")
_MAX_KEYWORD_BYTES = 79


def pack_chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk with its length and checksum."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def iter_chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through a PNG that was just encoded: kind and data of each chunk, checksums unread."""
    position = len(SIGNATURE)
    while position < len(png):
        length, kind = struct.unpack_from(">I4s", png, position)
        yield kind, png[position + 8 : position + 8 + length]
        position += length + 12


def read_text(file: BinaryIO, keyword: bytes, max_bytes: int) -> str | None:
    """Find a text in a PNG from anywhere, without decoding the picture.

    Whatever kind of text chunk holds it: programs that save a PNG anew may compress its texts.

    Args:
        file: Seekable, at its beginning.
        keyword: Of the text, without the closing zero.
        max_bytes: Longest text that is read.

    Returns:
        The text; None if this is no PNG or it has no such text.

    Raises:
        ValueError: If the text is longer, cut off or damaged.
    """
    if file.read(len(SIGNATURE)) != SIGNATURE:
        return None
    label = keyword + b"\x00"
    while len(start := file.read(8)) == 8:
        length, kind = struct.unpack(">I4s", start)
        opening = file.read(min(length, len(label))) if kind in _TEXT_KINDS else b""
        if opening != label:
            file.seek(length - len(opening) + 4, io.SEEK_CUR)
            continue
        if length > max_bytes + _MAX_KEYWORD_BYTES:
            raise ValueError(f"its text is longer than {max_bytes} bytes")
        rest = file.read(length - len(opening))
        if file.read(4) != struct.pack(">I", zlib.crc32(kind + opening + rest)):
            raise ValueError("its text is cut off or damaged")
        return _decode(kind, rest, max_bytes)
    return None


def _decode(kind: bytes, data: bytes, max_bytes: int) -> str:
    """Return the text that follows the keyword in one of the three kinds of text chunk."""
    if kind == b"tEXt":
        return data.decode("latin-1")
    if kind == b"zTXt":
        return _inflate(data[1:], max_bytes).decode("latin-1")
    compressed = data[:1] == b"\x01"
    _language, _translated, text = data[2:].split(b"\x00", 2)
    return (_inflate(text, max_bytes) if compressed else text).decode("utf-8")


def _inflate(data: bytes, max_bytes: int) -> bytes:
    try:
        text = zlib.decompressobj().decompress(data, max_bytes + 1)
    except zlib.error as error:
        raise ValueError(f"its compressed text is damaged ({error})") from error
    if len(text) > max_bytes:
        raise ValueError(f"its text is longer than {max_bytes} bytes")
    return text
