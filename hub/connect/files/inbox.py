"""The folder that batches are put into. Nothing in it is followed, moved or deleted: links, devices and pipes are not
opened, and names have no path."""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import BinaryIO, NamedTuple

from hub.connect.files.manifest import MANIFEST_BYTES_MAX, SUFFIX, Manifest, Unfinished, read_manifest
from hub.errors import Misconfigured, Unavailable
from hub.logging import mask

MANIFESTS_MAX = 100_000
"""Manifests in one folder."""
NAMED_MAX = 5
"""Files that a remark names."""


class _Stamp(NamedTuple):
    """What changes when a file does; its time of modification alone can be set back by who writes it."""

    inode: int
    size: int
    changed_ns: int
    noted_ns: int


@dataclass(frozen=True, slots=True)
class Entry:
    """One manifest in the folder. ``manifest`` is ``None`` for a file that cannot be one, ``wrong`` says why ("" while
    it may still be being written)."""

    name: str
    manifest: Manifest | None
    wrong: str = ""


@dataclass(frozen=True, slots=True)
class Looked:
    """What a look into the folder found: the manifests by the number that they claim, and files that cannot be one."""

    batches: dict[int, list[Manifest]] = field(default_factory=dict)
    strange: list[Entry] = field(default_factory=list)

    def remark(self) -> str:
        """The strange files, for a person; "" for none."""
        told = [f"{mask(one.name)} ({one.wrong or 'not finished'})" for one in self.strange[:NAMED_MAX]]
        more = f" and {len(self.strange) - NAMED_MAX} more" if len(self.strange) > NAMED_MAX else ""
        return f"manifests that cannot be read: {', '.join(told)}{more}" if told else ""


class Inbox:
    """A folder with batches. A manifest is read again only when it changed. Belongs to one thread at a time."""

    def __init__(self, system: str, path: str) -> None:
        self._system, self._path = system, path
        self._known: dict[str, tuple[_Stamp, Entry]] = {}

    def look(self) -> Looked:
        """All manifests that are there now. Raises ``Unavailable`` when the folder cannot be read, ``Misconfigured``
        when it holds too much."""
        with self._folder() as folder:
            names = [one.name for one in os.scandir(folder) if one.name.endswith(SUFFIX) and one.name[0] != "."]
            if len(names) > MANIFESTS_MAX:
                raise Misconfigured(
                    f"{self._system}: the folder has more than {MANIFESTS_MAX} manifests",
                    "move old batches to an archive",
                )
            self._known = dict(self._entries(folder, sorted(names)))
        found = Looked()
        for _, entry in self._known.values():
            if entry.manifest is None:
                found.strange.append(entry)
            else:
                found.batches.setdefault(entry.manifest.sequence, []).append(entry.manifest)
        return found

    def _entries(self, folder: int, names: list[str]) -> Iterator[tuple[str, tuple[_Stamp, Entry]]]:
        for name in names:
            try:
                stamp = _stamp(os.stat(name, dir_fd=folder, follow_symlinks=False))
                known = self._known.get(name)
                yield name, known if known and known[0] == stamp else (stamp, self._entry(folder, name))
            except FileNotFoundError:  # it was moved away meanwhile
                continue

    def _entry(self, folder: int, name: str) -> Entry:
        try:
            with _opened(folder, name) as stream:
                data = stream.read(MANIFEST_BYTES_MAX + 1)
        except _NoFile as error:
            return Entry(name, None, str(error))
        if len(data) > MANIFEST_BYTES_MAX:
            return Entry(name, None, "too large")
        try:
            return Entry(name, read_manifest(data))
        except Unfinished:
            return Entry(name, None)
        except ValueError as error:
            return Entry(name, None, str(error))

    @contextmanager
    def open(self, manifest: Manifest) -> Iterator["Opened"]:
        """The file of a batch. Raises ``Absent`` when it is not there or not complete, ``Misconfigured`` when it is no
        ordinary file or has more bytes than its manifest says, ``Unavailable`` when the folder cannot be read."""
        name = f"{self._system}: batch {manifest.sequence}"
        try:
            with self._folder() as folder, _opened(folder, manifest.file) as stream:
                size = os.fstat(stream.fileno()).st_size
                if size < manifest.size:
                    raise Absent(f"{name} is not complete: {size} of {manifest.size} bytes")
                if size > manifest.size:
                    raise Misconfigured(
                        f"{name}: its file has more bytes than its manifest says", "ask its sender to send it again"
                    )
                yield Opened(stream, _stamp(os.fstat(stream.fileno())))
        except FileNotFoundError:
            raise Absent(f"{name}: its file is not there yet") from None
        except _NoFile as error:
            raise Misconfigured(f"{name}: its file is {error}", "ask its sender to send it again") from None

    @contextmanager
    def _folder(self) -> Iterator[int]:
        try:
            folder = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise Unavailable(f"{self._system}: the folder cannot be read ({error.strerror})") from None
        try:
            yield folder
        except (FileNotFoundError, _NoFile):
            raise
        except OSError as error:
            raise Unavailable(f"{self._system}: the folder cannot be read ({error.strerror})") from None
        finally:
            os.close(folder)


class Absent(Exception):
    """The file of a batch is not there, or not complete: it is read later."""


class _NoFile(Exception):
    """What has the name is no ordinary file."""


@dataclass(frozen=True, slots=True)
class Opened:
    """An open file of a batch, as it was when it was opened."""

    stream: BinaryIO
    stamp: _Stamp

    def changed(self) -> bool:
        """Whether the file was written since it was opened."""
        return _stamp(os.fstat(self.stream.fileno())) != self.stamp


@contextmanager
def _opened(folder: int, name: str) -> Iterator[BinaryIO]:
    """An ordinary file of the folder. A pipe is not waited for. Raises ``_NoFile``, ``FileNotFoundError``."""
    try:
        number = os.open(name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise _NoFile(f"a link, or cannot be opened ({error.strerror})") from None
    with os.fdopen(number, "rb") as stream:
        if not stat.S_ISREG(os.fstat(number).st_mode):
            raise _NoFile("no ordinary file")
        yield stream


def _stamp(found: os.stat_result) -> _Stamp:
    return _Stamp(found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns)
