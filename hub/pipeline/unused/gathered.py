"""What was found in a pass over the received records: which may be erased, and which ids must stay. It is a
temporary SQLite file, so that memory does not grow with history. It has opaque ids only (P5)."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

_TABLES = """
PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;
CREATE TABLE used (record BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE stays (id BLOB PRIMARY KEY) WITHOUT ROWID;
CREATE TABLE message (number INTEGER PRIMARY KEY, record BLOB UNIQUE, source TEXT, kind TEXT, stays INTEGER DEFAULT 0);
CREATE TABLE found_by (id BLOB, number INTEGER, PRIMARY KEY (id, number)) WITHOUT ROWID;
CREATE INDEX found_by_number ON found_by (number);
CREATE TABLE subject (number INTEGER, id BLOB, PRIMARY KEY (number, id)) WITHOUT ROWID;
"""
_USED = "UPDATE message SET stays = 1 WHERE stays = 0 AND record IN (SELECT record FROM used)"
_SPREAD = """
UPDATE message SET stays = 1 WHERE stays = 0 AND number IN
(SELECT found_by.number FROM found_by JOIN stays ON stays.id = found_by.id)
"""
_TAKE = """
INSERT OR IGNORE INTO stays SELECT id FROM found_by JOIN message USING (number) WHERE message.stays = 1
UNION SELECT id FROM subject JOIN message USING (number) WHERE message.stays = 1
"""
_LEFT = """
SELECT id FROM (SELECT id FROM found_by WHERE number = ? UNION SELECT id FROM subject WHERE number = ?)
WHERE id NOT IN (SELECT id FROM stays)
"""


class Named(NamedTuple):
    """One received message: its record's id, the ids that the record can be found by, and the subjects in it."""

    source: str
    kind: str
    record_id: bytes
    found_by: Sequence[bytes]
    subjects: Sequence[bytes]


class Unused(NamedTuple):
    """A record that may be erased, its subjects, and those of all its ids that nothing that stays has."""

    source: str
    kind: str
    record_id: bytes
    subjects: Sequence[bytes]
    erasable: Sequence[bytes]


class Gathered:
    """The file ``path``. Belongs to one thread."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.executescript(_TABLES)

    def use(self, records: Iterable[bytes], ids: Iterable[bytes]) -> None:
        """Records that an application used, and ids of applicants and of what applications wait for: all stay."""
        self._file.executemany("INSERT OR IGNORE INTO used VALUES (?)", ((one,) for one in records))
        self._stay(ids)

    def keep(self, named: Named) -> None:
        """A message that is too young, or whose source has no grant."""
        self._stay((*named.found_by, *named.subjects))

    def old(self, named: Named) -> None:
        """A message whose term is over. One record may have several."""
        values = (named.record_id, named.source, named.kind)
        self._file.execute("INSERT OR IGNORE INTO message (record, source, kind) VALUES (?, ?, ?)", values)
        (number,) = self._file.execute("SELECT number FROM message WHERE record = ?", values[:1]).fetchone()
        found_by, subjects = ([(number, one) for one in ids] for ids in (named.found_by, named.subjects))
        self._file.executemany("INSERT OR IGNORE INTO found_by (number, id) VALUES (?, ?)", found_by)
        self._file.executemany("INSERT OR IGNORE INTO subject (number, id) VALUES (?, ?)", subjects)

    def _stay(self, ids: Iterable[bytes]) -> None:
        self._file.executemany("INSERT OR IGNORE INTO stays VALUES (?)", ((one,) for one in ids))

    def begin(self) -> None:
        """Begin a transaction: many additions are much faster in one."""
        self._file.execute("BEGIN")

    def end(self) -> None:
        """End it, and let what stays spread: a record that can be found by the same id as one that stays does too."""
        self._file.execute("COMMIT")
        self.spread()

    def spread(self) -> None:
        """Let what stays spread over what can be found by the same ids."""
        self._file.execute(_USED)
        self._file.execute(_TAKE)
        while self._file.execute(_SPREAD).rowcount:
            self._file.execute(_TAKE)

    def unused(self, at_once: int, used: Callable[[Sequence[Unused]], bool]) -> Iterator[list[Unused]]:
        """The records that may be erased, so many at once. ``used`` marks those of them that an application has begun
        to use, and says whether there was one: then they are looked for again."""
        query = (
            "SELECT number, source, kind, record FROM message WHERE stays = 0 AND number > ? ORDER BY number LIMIT ?"
        )
        last = 0
        while rows := self._file.execute(query, (last, at_once)).fetchall():
            found = [self._one(*row) for row in rows]
            if used(found):
                continue
            yield found
            last = rows[-1][0]

    def _one(self, number: int, source: str, kind: str, record_id: bytes) -> Unused:
        subjects = [one for (one,) in self._file.execute("SELECT id FROM subject WHERE number = ?", (number,))]
        left = [one for (one,) in self._file.execute(_LEFT, (number, number))]
        return Unused(source, kind, record_id, subjects, left)

    def stayed(self) -> dict[tuple[str, str], int]:
        """(Source, kind) → records whose term is over and that stay."""
        query = "SELECT source, kind, COUNT(DISTINCT record) FROM message WHERE stays = 1 GROUP BY source, kind"
        return {(source, kind): count for source, kind, count in self._file.execute(query)}

    def close(self) -> None:
        """Close the file."""
        self._file.close()
