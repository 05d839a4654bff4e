"""One batch: its file is checked as a whole before a row of it is given, then read row by row."""

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from hashlib import sha256
from typing import Any, BinaryIO, Final

from hub.connect.files.manifest import Form, Manifest
from hub.connect.files.spec import FilesSpec
from hub.errors import Misconfigured, RecordRejected
from hub.records.files import archive, csv, json, xlsx, xml
from hub.records.text import decode, strip, without_invisible

Columns = dict[str, Any]
Line = tuple[int, Columns | RecordRejected]
"""(Number of the row in its file: a line, a row of a sheet, or its place; its columns, or why it cannot be read)."""
_CHUNK_BYTES: Final = 1_048_576
Reading = Callable[[BinaryIO, Manifest, FilesSpec], Iterator[Line]]


def check(stream: BinaryIO, manifest: Manifest, spec: FilesSpec, system: str) -> None:
    """Check the digest, the structure and the number of rows. Raises ``Misconfigured``: nothing of it is taken."""
    name, again = f"{system}: batch {manifest.sequence}", "ask its sender to send it again"
    if _digest(stream) != manifest.sha256:
        raise Misconfigured(f"{name}: its file is not the one that was signed", again)
    try:
        found = sum(1 for _ in lines(stream, manifest, spec))
    except RecordRejected as refusal:
        raise Misconfigured(f"{name} is refused: {refusal.code}, {refusal.detail or manifest.form}", again) from None
    if found != manifest.rows:
        raise Misconfigured(f"{name} has {found} rows and its manifest says {manifest.rows}", again)


def _digest(stream: BinaryIO) -> str:
    found = sha256()
    stream.seek(0)
    while data := stream.read(_CHUNK_BYTES):
        found.update(data)
    return found.hexdigest()


def lines(stream: BinaryIO, manifest: Manifest, spec: FilesSpec) -> Generator[Line, None, None]:
    """The rows from the beginning. A row that cannot be read is told in its place. Raises ``RecordRejected`` where the
    whole file is wrong."""
    stream.seek(0)
    with _unpacked(stream, manifest) as file:
        yield from _READINGS[manifest.form](file, manifest, spec)


@contextmanager
def _unpacked(stream: BinaryIO, manifest: Manifest) -> Iterator[BinaryIO]:
    if manifest.packed == "none":
        yield stream
        return
    if manifest.form == "xlsx":
        raise archive.unsafe("an archive in an archive")
    with archive.opened(stream) as found:
        if len(found.names()) != 1:
            raise archive.unsafe("not exactly one file")
        with found.member(found.names()[0]) as member:
            yield member


# ---- forms ---------------------------------------------------------------------------------------------------------


def _json_lines(stream: BinaryIO, manifest: Manifest, _spec: FilesSpec) -> Iterator[Line]:
    for number, data in json.lines(stream):
        yield number, _attempt(_object, data, manifest.encoding)


def _object(data: bytes | None, encoding: str) -> Columns:
    if data is None:
        raise RecordRejected("TOO_LARGE")
    if encoding != "utf-8":
        try:
            data = decode(data, encoding).encode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            raise RecordRejected("TEXT_ENCODING") from None
    value = json.load(data)
    if not isinstance(value, dict):
        raise RecordRejected("SHAPE_TYPE")
    return value


def _csv(stream: BinaryIO, manifest: Manifest, spec: FilesSpec) -> Iterator[Line]:
    read = csv.rows(stream, manifest.encoding)
    try:
        yield from _under_a_header(read, spec)
    finally:
        read.close()


def _xlsx(stream: BinaryIO, _manifest: Manifest, spec: FilesSpec) -> Iterator[Line]:
    with xlsx.opened_book(stream) as book:
        yield from _under_a_header(book.rows(spec.sheet), spec)


def _xml(stream: BinaryIO, manifest: Manifest, spec: FilesSpec) -> Iterator[Line]:
    return xml.rows(stream, spec.row, spec.lists, manifest.encoding)


_READINGS: Final[dict[Form, Reading]] = {"jsonl": _json_lines, "csv": _csv, "xlsx": _xlsx, "xml": _xml}


def _under_a_header(rows: Iterator[tuple[int, Any]], spec: FilesSpec) -> Iterator[Line]:
    """Rows of cells; the first one names the columns. Raises ``RecordRejected`` for a header without the key: then the
    encoding or the sheet is another one."""
    names: list[str] = []
    for number, cells in rows:
        if names:
            yield number, _attempt(_cells, cells, names)
            continue
        if isinstance(cells, RecordRejected):
            raise cells
        names = [strip(without_invisible(str(cell or ""))) for cell in cells]
        if len(set(filter(None, names))) != len(list(filter(None, names))):
            raise RecordRejected("DUPLICATE_KEY", detail="two columns have one name")
        if missing := next((name for name in spec.key if name not in names), None):
            raise RecordRejected("SHAPE_MISSING", detail=f"the first row does not name the column {missing}")


def _cells(cells: list[Any] | RecordRejected, names: list[str]) -> Columns:
    """Cells by their columns' names; a row that ends early has empty ones."""
    if isinstance(cells, RecordRejected):
        raise cells
    padded = [*cells, *[None] * (len(names) - len(cells))]
    if any(
        cell not in (None, "") for cell, name in zip(padded, [*names, *[""] * len(cells)], strict=False) if not name
    ):
        raise RecordRejected("UNREADABLE")
    return {name: cell for name, cell in zip(names, padded, strict=False) if name}


def _attempt(read: Callable[..., Columns], *given: Any) -> Columns | RecordRejected:
    try:
        return read(*given)
    except RecordRejected as refusal:
        return refusal
