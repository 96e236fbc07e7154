"""The zip archive that PyTorch writes since 1.6: a pickle and one record a storage, checked before it is read."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from latentlab.models.foreign.bounded_file import ALWAYS_FINE_BYTES, MAX_REREAD

MAX_DIRECTORY_BYTES = 2**24
MAX_PACKED_RATIO = 100
"""How much larger a packed record may become; weights hardly pack at all."""
MAX_UNPACKED_BYTES = 2**30

_END = struct.Struct("<4s4H2LH")
_END_64 = struct.Struct("<4sQ2H2L4Q")
_LOCATOR_64 = struct.Struct("<4sLQL")
_LOCAL = struct.Struct("<4s5H3L2H")
_STORED, _DEFLATED = 0, 8
_ENCRYPTED = 1


class ZipContainer:
    """A zip archive whose records are read by name, none larger than it claims.

    Args:
        file: Opened for reading.
        size: Of the file, in bytes.

    Raises:
        ValueError: If it is damaged, or its table of contents is beyond all reason.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        self._file = file
        self._size = size
        self._left = MAX_REREAD * size + ALWAYS_FINE_BYTES
        _check_directory(file, size)
        try:
            with zipfile.ZipFile(file) as archive:
                self._records: Mapping[str, zipfile.ZipInfo] = {each.filename: each for each in archive.infolist()}
        except (zipfile.BadZipFile, struct.error, OverflowError, NotImplementedError, OSError, EOFError) as error:
            raise ValueError("its table of contents is damaged") from error

    @property
    def names(self) -> tuple[str, ...]:
        """Return the names of all records, in the order of the archive."""
        return tuple(self._records)

    def size_bytes(self, name: str) -> int:
        """Return how large a record becomes, after checking that it can.

        Raises:
            ValueError: If there is none, it does not fit into the file, or is packed beyond reason.
        """
        record = self._records.get(name)
        if record is None:
            raise ValueError(f"{_last_part(name)} is missing")
        if record.flag_bits & _ENCRYPTED:
            raise ValueError("it is encrypted")
        packed, unpacked = record.compress_size, record.file_size
        if record.compress_type not in (_STORED, _DEFLATED):
            raise ValueError(f"{_last_part(name)} is packed in an unknown way")
        if record.header_offset + packed > self._size or (record.compress_type == _STORED and packed != unpacked):
            raise ValueError(f"{_last_part(name)} is larger than the file: it ends too early or is damaged")
        if record.compress_type == _DEFLATED and unpacked > min(MAX_PACKED_RATIO * packed + 2**16, MAX_UNPACKED_BYTES):
            raise ValueError(f"{_last_part(name)} would grow to {unpacked / 1e6:.0f} MB when unpacked")
        return unpacked

    def read(self, name: str) -> bytes:
        """Read a record.

        Raises:
            ValueError: As `size_bytes`, if it fails its checksum, or if the archive has been read many times over.
        """
        size, record = self.size_bytes(name), self._records[name]
        self._left -= size
        if self._left < 0:
            raise ValueError("its tensors share each other's numbers beyond reason")
        self._file.seek(record.header_offset)
        header = self._file.read(_LOCAL.size)
        if len(header) != _LOCAL.size or header[:4] != b"PK\x03\x04":
            raise ValueError(f"{_last_part(name)} is not where the table of contents says")
        name_bytes, extra_bytes = _LOCAL.unpack(header)[-2:]
        self._file.seek(name_bytes + extra_bytes, 1)
        raw = self._file.read(record.compress_size)
        if record.compress_type == _DEFLATED:
            try:
                raw = zlib.decompressobj(-15).decompress(raw, size + 1)
            except zlib.error as error:
                raise ValueError(f"{_last_part(name)} is damaged") from error
        if len(raw) != size:
            raise ValueError(f"{_last_part(name)} has {len(raw)} bytes of {size}: the file ends too early")
        # A writer that computes no checksums leaves zeros.
        if record.CRC and zlib.crc32(raw) != record.CRC:
            raise ValueError(f"{_last_part(name)} is damaged: it fails its checksum")
        return raw


def _last_part(name: str) -> str:
    return name.partition("/")[2] or name


def _check_directory(file: BinaryIO, size: int) -> None:
    """Find the end record and refuse a table of contents that would not fit into memory."""
    tail_bytes = min(size, _END.size + 2**16)
    file.seek(size - tail_bytes)
    tail = file.read(tail_bytes)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + _END.size > len(tail):
        raise ValueError("the file ends too early: its table of contents, which comes last, is missing")
    directory = _END.unpack_from(tail, at)[5]
    locator = at - _LOCATOR_64.size
    if locator >= 0 and tail[locator : locator + 4] == b"PK\x06\x07":
        offset = _LOCATOR_64.unpack_from(tail, locator)[2]
        # zipfile looks for this record right ahead of its locator, wherever that says it is.
        for start in {offset, size - tail_bytes + locator - _END_64.size}:
            if 0 <= start <= size - _END_64.size:
                file.seek(start)
                record = _END_64.unpack(file.read(_END_64.size))
                if record[0] == b"PK\x06\x06":
                    directory = max(directory if directory != 2**32 - 1 else 0, record[8])
    if directory > min(size, MAX_DIRECTORY_BYTES):
        raise ValueError(f"its table of contents claims {directory} bytes")
