"""Which rows were seen, and what they said: how the hub knows a repeat, an unchanged row of a reload, and a row that
vanished.

Kept by keyed hashes: a row's key is often an identifier, and what a row says is personal (P5). It is written *after*
the commit of the records (P1): dying in between costs repeats, which carry the same record id.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, Protocol

from sqlalchemy import delete, func, select

from hub.ingest.tables import source_row
from hub.ports import SourceRow, Store
from hub.stores import bulk

_BYTES = 16
_CHUNK = 500


class SeenRow(NamedTuple):
    """One row as remembered. ``row_id`` and ``record_id`` are the records' ids of its last readable version, if it
    ever had one."""

    row_key: bytes
    digest: bytes
    version: int
    present: bool
    row_id: bytes | None = None
    record_id: bytes | None = None


class News(NamedTuple):
    """A page sorted: rows that say something new, with what to remember of each, and unchanged ones under a newer
    version."""

    rows: Sequence[SourceRow]
    marks: Sequence[SeenRow]
    unchanged: Sequence[SeenRow]


class Seen(Protocol):
    """The memory of one hub. Durable on return; used by one owner of a source at a time."""

    def news(self, source: str, rows: Sequence[SourceRow]) -> News:
        """What of ``rows`` is new. A version that is not higher than the one remembered is no news: the source has
        gone on."""

    def remember(self, source: str, marks: Sequence[SeenRow]) -> None: ...

    def vanished(self, source: str, before: int, limit: int) -> list[SeenRow]:
        """Rows that are still counted as present and were last seen below version ``before``."""

    def counts(self, source: str, before: int) -> tuple[int, int]:
        """(rows counted as present, those last seen below ``before``)."""

    def passed(self, source: str, versions: Mapping[str, int]) -> frozenset[str]:
        """Of row keys with a version each, those that were seen in that version or a later one, new or not: what a
        reload wrote again unchanged was received under its earlier version."""

    def forget(self, source: str, row_keys: Sequence[bytes] | None = None) -> None:
        """Forget some rows, or with ``None`` the whole source: the next reading brings everything again."""


class StoredSeen:
    """``Seen`` on a ``Store``. ``key`` (32 secret bytes) keys every hash."""

    def __init__(self, store: Store, key: bytes) -> None:
        self._store = store
        self._key = key

    def news(self, source: str, rows: Sequence[SourceRow]) -> News:
        marks = [self._mark(source, row) for row in rows]
        known = self._known(source, [mark.row_key for mark in marks])
        fresh: list[tuple[SourceRow, SeenRow]] = []
        unchanged: list[SeenRow] = []
        for row, mark in zip(rows, marks, strict=True):
            version, digest = known.get(mark.row_key, (None, b""))
            if version is not None and mark.version <= version:
                continue
            if digest == mark.digest:
                unchanged.append(mark)
            else:
                fresh.append((row, mark))
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
        query = select(*columns).where(*_gone(source, before)).order_by(source_row.c.version).limit(limit)
        with self._store.read() as connection:
            return [_seen_row(row) for row in connection.execute(query)]

    def counts(self, source: str, before: int) -> tuple[int, int]:
        present = source_row.c.source == source, source_row.c.present
        with self._store.read() as connection:
            known = connection.execute(select(func.count()).select_from(source_row).where(*present)).scalar_one()
            gone = connection.execute(
                select(func.count()).select_from(source_row).where(*_gone(source, before))
            ).scalar_one()
        return known, gone

    def forget(self, source: str, row_keys: Sequence[bytes] | None = None) -> None:
        of_source = delete(source_row).where(source_row.c.source == source)
        with self._store.write() as connection:
            if row_keys is None:
                connection.execute(of_source)
            for some in _chunks(row_keys or ()):
                connection.execute(of_source.where(source_row.c.row_key.in_(some)))


def _after(earlier: SeenRow | None, mark: SeenRow) -> SeenRow:
    """A later mark of the same row. A version that cannot be read does not make the last readable one unfindable."""
    if earlier is None or mark.row_id is not None:
        return mark
    return mark._replace(row_id=earlier.row_id, record_id=earlier.record_id)


def _known_row_id(given: Any) -> Any:
    return func.coalesce(given.row_id, source_row.c.row_id)


def _known_record_id(given: Any) -> Any:
    return func.coalesce(given.record_id, source_row.c.record_id)


_CHANGES = {"row_id": _known_row_id, "record_id": _known_record_id}


def _gone(source: str, before: int) -> Iterable[Any]:
    return source_row.c.source == source, source_row.c.version < before, source_row.c.present


def _seen_row(row: Any) -> SeenRow:
    ids = (bytes(found) if found is not None else None for found in (row.row_id, row.record_id))
    return SeenRow(bytes(row.row_key), bytes(row.digest), row.version, row.present, *ids)


def _chunks(values: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
