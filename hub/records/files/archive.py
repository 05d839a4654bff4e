"""Opens zip files from outside, also those that a spreadsheet is: nothing is unpacked to a disk, and what they may
become in memory is bounded.

What is refused is the RecordRejected ARCHIVE_UNSAFE with a detail: bombs, paths out of it, links, encrypted
or doubled members, and anything that readers of zip files understand in two ways (Zip64, comments). Source of the
format: PKWARE APPNOTE 6.3.10.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, Final

from hub.errors import RecordRejected

MEMBERS_MAX: Final = 1_000
ARCHIVE_BYTES_MAX: Final = 67_108_864
INFLATED_BYTES_MAX: Final = 536_870_912
"""Most bytes that all members of an archive become together."""
INFLATION_MAX: Final = 100
"""Most bytes that one byte of an archive may become, as in Apache POI; the first megabyte is free."""
_FREE_BYTES: Final = 1_048_576
_DIRECTORY_BYTES_MAX: Final = 1_048_576
_END: Final = struct.Struct("<4s4H2LH")
_ZIP64: Final = b"PK\x06\x07"
_ZIP64_BYTES: Final = 20
_ENCRYPTED: Final = 0x1 | 0x40
_METHODS: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
_BROKEN: Final = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, UnicodeDecodeError, struct.error)
_NO_PLACE: Final = (*_BROKEN, ValueError, OSError)
"""Also: the directory names a place before the beginning of the file."""


class Archive:
    """A zip file whose directory was checked. Belongs to one thread."""

    def __init__(self, zip_file: zipfile.ZipFile) -> None:
        self._zip = zip_file
        self._members = {info.filename: info for info in zip_file.infolist() if not info.is_dir()}

    def names(self) -> list[str]:
        """The names of its files, in the order of its directory."""
        return list(self._members)

    @contextmanager
    def member(self, name: str) -> Iterator[BinaryIO]:
        """The bytes of one file. Within it, ``UNREADABLE`` is raised for bytes that cannot be inflated, or that have
        another check sum. Raises ``RecordRejected`` (UNREADABLE) when there is no such file."""
        if name not in self._members:
            raise RecordRejected("UNREADABLE", detail="a part of the archive is missing")
        try:
            opened_member = self._zip.open(self._members[name])
        except _NO_PLACE:
            raise _damaged() from None
        try:
            with opened_member as stream:
                yield stream  # type: ignore[misc]
        except _BROKEN:
            raise _damaged() from None


@contextmanager
def opened(stream: BinaryIO) -> Iterator[Archive]:
    """The archive in an open file that can seek. Raises ``RecordRejected``: ARCHIVE_UNSAFE, UNREADABLE, TOO_LARGE."""
    size = _checked_end(stream)
    try:
        zip_file = zipfile.ZipFile(stream)
    except _NO_PLACE:
        raise _damaged() from None
    with zip_file:
        _check(zip_file.infolist(), size)
        yield Archive(zip_file)


def _checked_end(stream: BinaryIO) -> int:
    """The size of an archive whose directory is small enough to be read."""
    size = stream.seek(0, 2)
    if size > ARCHIVE_BYTES_MAX:
        raise RecordRejected("TOO_LARGE", detail=f"an archive of more than {ARCHIVE_BYTES_MAX} bytes")
    start = max(0, size - _END.size - _ZIP64_BYTES)
    stream.seek(start)
    tail = stream.read(_END.size + _ZIP64_BYTES)
    stream.seek(0)
    if len(tail) < _END.size or tail[-_END.size :][:4] != b"PK\x05\x06":
        raise RecordRejected("UNREADABLE", detail="no zip file, or bytes follow it")
    _, disk, first_disk, here, members, directory, _, _ = _END.unpack(tail[-_END.size :])
    if tail.startswith(_ZIP64) or disk or first_disk or here != members:
        raise unsafe("Zip64 or several volumes")
    if members > MEMBERS_MAX or directory > _DIRECTORY_BYTES_MAX:
        raise unsafe("too many members")
    return size


def _check(members: list[zipfile.ZipInfo], size: int) -> None:
    names: set[str] = set()
    for info in members:
        _check_name(info)
        if info.filename.lower() in names:
            raise unsafe("two members with one name")
        names.add(info.filename.lower())
    inflated = sum(info.file_size for info in members)
    if inflated > min(INFLATED_BYTES_MAX, _FREE_BYTES + size * INFLATION_MAX):
        raise unsafe("it inflates to too many bytes")


def _check_name(info: zipfile.ZipInfo) -> None:
    name = info.orig_filename
    if not name or name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/"):
        raise unsafe("a path out of the archive")
    if not name.isprintable():
        raise unsafe("a name with a control character")
    mode = info.external_attr >> 16
    if mode and not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or stat.S_IFMT(mode) == 0):
        raise unsafe("a link")
    if info.flag_bits & _ENCRYPTED or info.compress_type not in _METHODS:
        raise unsafe("an encrypted member, or an unusual compression")


def unsafe(detail: str) -> RecordRejected:
    """The refusal of an archive."""
    return RecordRejected("ARCHIVE_UNSAFE", detail=detail)


def _damaged() -> RecordRejected:
    return RecordRejected("UNREADABLE", detail="the archive is damaged")
