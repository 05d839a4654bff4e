"""The memory of seen rows and their contents. With it the hub recognises repeats, unchanged rows of a reload, and rows
that vanished.

It stores keyed hashes only: the key of a row is often an identifier, and its content is personal (P5). It is written
*after* the commit of the records (P1): a crash in between causes repeats, which have the same record id.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection, delete, func, select

from hub.ingest.tables import source_row
from hub.ports import UNVERSIONED, SourceRow, Store
from hub.records.tables import record
from hub.stores import bulk

_BYTES = 16
_CHUNK = 500


class SeenRow(NamedTuple):
    """One row in the memory. ``row_key`` and ``digest`` are keyed hashes, 16 bytes. ``row_id`` and ``record_id``: the
    ids of its last readable version, ``None`` if there was none."""

    row_key: bytes
    digest: bytes
    version: int
    present: bool
    row_id: bytes | None = None
    record_id: bytes | None = None


class News(NamedTuple):
    """The rows of a page, sorted: ``rows`` with new content, ``marks`` to remember for each of them, and the marks of
    ``unchanged`` rows with a newer version."""

    rows: Sequence[SourceRow]
    marks: Sequence[SeenRow]
    unchanged: Sequence[SeenRow]


class Seen(Protocol):
    """The memory of an installation. Durable on return. Only the owner of a source writes its rows. All methods raise
    ``Unavailable`` when the store is away."""

    def news(self, source: str, rows: Sequence[SourceRow], in_place: bool = False) -> News:
        """Sort ``rows`` into new and unchanged ones. A row with other content under the stored version is new: which
        content counts is decided by the projections. A lower version, and the stored version again, is neither. A row
        whose version cannot be read is new when its content is.

        ``in_place``: the source overwrites its rows, so that other content is newer also under a lower version, as
        after its clock was set back. Such a row gets the stored version, under which the content read last counts.
        """

    def remember(self, source: str, marks: Sequence[SeenRow]) -> None:
        """Store the marks. The last mark of a row counts; ids that it does not have stay as stored."""

    def vanished(self, source: str, before: int, limit: int) -> list[SeenRow]:
        """At most ``limit`` rows that are present and were last seen with a version below ``before``, oldest first."""

    def counts(self, source: str, before: int) -> tuple[int, int]:
        """(Number of present rows, number of those that were last seen with a version below ``before``)."""

    def passed(self, source: str, versions: Mapping[str, int]) -> frozenset[str]:
        """``versions``: row key → version. The keys of rows that were seen with this version or a later one, also
        unchanged: such a row was received under an earlier version."""

    def forget(self, source: str, row_keys: Sequence[bytes] | None = None) -> None:
        """Delete some rows, or with ``None`` the whole source: then the next reading finds all rows new."""


class StoredSeen:
    """``Seen`` on a ``Store``. ``key``: 32 secret bytes for the hashes."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def news(self, source: str, rows: Sequence[SourceRow], in_place: bool = False) -> News:
        marks = [self._mark(source, row) for row in rows]
        known = self._known(source, [mark.row_key for mark in marks])
        fresh: list[tuple[SourceRow, SeenRow]] = []
        unchanged: list[SeenRow] = []
        for row, mark in zip(rows, marks, strict=True):
            version, digest = known.get(mark.row_key, (None, b""))
            if row.faults and row.version == UNVERSIONED and version is not None:
                mark = mark._replace(version=version)  # noqa: PLW2901 - what is known of its order stays
            if version is not None and mark.version < version:
                if not in_place or digest == mark.digest:
                    continue
                row, mark = _under(row, version), mark._replace(version=version)  # noqa: PLW2901 - the newer content
            if digest != mark.digest:
                fresh.append((row, mark))
            elif mark.version != version:
                unchanged.append(mark)
            known[mark.row_key] = mark.version, mark.digest
        return News([row for row, _ in fresh], [mark for _, mark in fresh], unchanged)

    def passed(self, source: str, versions: Mapping[str, int]) -> frozenset[str]:
        names = {self._row_key(source, key): key for key in versions}
        known = self._known(source, list(names))
        return frozenset(
            names[row_key] for row_key, (version, _) in known.items() if (version or 0) >= versions[names[row_key]]
        )

    def _row_key(self, source: str, key: str) -> bytes:
        return self._hash(b"key\0" + f"{source}\0{key}".encode("utf-8", "surrogatepass"))

    def _mark(self, source: str, row: SourceRow) -> SeenRow:
        removed = row.record is not None and row.record["source"]["operation"] == "DELETE"
        return SeenRow(self._row_key(source, row.key), self._hash(b"row\0" + row.raw), row.version, not removed)

    def _hash(self, data: bytes) -> bytes:
        return hmac.digest(self._key, data, "sha256")[:_BYTES]

    def _known(self, source: str, keys: Sequence[bytes]) -> dict[bytes, tuple[int | None, bytes]]:
        found: dict[bytes, tuple[int | None, bytes]] = {}
        columns = source_row.c.row_key, source_row.c.version, source_row.c.digest
        with self._store.read() as connection:
            bulk.force_index(connection)
            for some in _chunks(keys):
                query = select(*columns).where(source_row.c.source == source, source_row.c.row_key.in_(some))
                found.update(
                    (bytes(key), (version, bytes(digest))) for key, version, digest in connection.execute(query)
                )
        return found

    def remember(self, source: str, marks: Sequence[SeenRow]) -> None:
        if not marks:
            return
        latest: dict[bytes, SeenRow] = {}
        for mark in marks:
            latest[mark.row_key] = _after(latest.get(mark.row_key), mark)
        with self._store.write() as connection:
            bulk.upsert(
                connection, source_row, [{"source": source, **one._asdict()} for one in latest.values()], _CHANGES
            )

    def vanished(self, source: str, before: int, limit: int) -> list[SeenRow]:
        columns = [source_row.c[name] for name in SeenRow._fields]
        query = select(*columns).where(*_missing(source, before)).order_by(source_row.c.version).limit(limit)
        with self._store.read() as connection:
            return [_seen_row(row) for row in connection.execute(query)]

    def counts(self, source: str, before: int) -> tuple[int, int]:
        present = source_row.c.source == source, source_row.c.present
        with self._store.read() as connection:
            known = connection.execute(select(func.count()).select_from(source_row).where(*present)).scalar_one()
            missing = connection.execute(
                select(func.count()).select_from(source_row).where(*_missing(source, before))
            ).scalar_one()
        return known, missing

    def forget(self, source: str, row_keys: Sequence[bytes] | None = None) -> None:
        of_source = delete(source_row).where(source_row.c.source == source)
        with self._store.write() as connection:
            if row_keys is None:
                connection.execute(of_source)
            for some in _chunks(row_keys or ()):
                connection.execute(of_source.where(source_row.c.row_key.in_(some)))


def forget_unrecorded(connection: Connection) -> None:
    """Delete what the memory has of rows that are in no table of records: the log does not have them, for example after
    an older log was restored. The next reading finds them new."""
    recorded = source_row.c.record_id.in_(select(record.c.record_id).scalar_subquery())
    connection.execute(delete(source_row).where(source_row.c.record_id.is_(None) | ~recorded))


def _under(row: SourceRow, version: int) -> SourceRow:
    """The row with another version."""
    record = row.record and {**row.record, "source": {**row.record["source"], "version": version}}
    return replace(row, version=version, record=record)


def _after(earlier: SeenRow | None, mark: SeenRow) -> SeenRow:
    """The later ``mark`` of a row. An unreadable version keeps the ids of the last readable one."""
    if earlier is None or mark.row_id is not None:
        return mark
    return mark._replace(row_id=earlier.row_id, record_id=earlier.record_id)


def _known_row_id(given: Any) -> Any:
    return func.coalesce(given.row_id, source_row.c.row_id)


def _known_record_id(given: Any) -> Any:
    return func.coalesce(given.record_id, source_row.c.record_id)


_CHANGES = {"row_id": _known_row_id, "record_id": _known_record_id}


def _missing(source: str, before: int) -> Iterable[Any]:
    return source_row.c.source == source, source_row.c.version < before, source_row.c.present


def _seen_row(row: Any) -> SeenRow:
    ids = (bytes(found) if found is not None else None for found in (row.row_id, row.record_id))
    return SeenRow(bytes(row.row_key), bytes(row.digest), row.version, row.present, *ids)


def _chunks(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
