"""The rows of wanted files: taken, put off, settled once, erased when they are no use any more. Times of waiting are
process time, ms."""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, exists, or_, select, update

from hub.cases.case import PieceState
from hub.cases.connection.warnings.due import is_taken_back
from hub.cases.tables import piece
from hub.crash import crash_point
from hub.delivery.filed import FileState, Why
from hub.delivery.files import events
from hub.delivery.tables import attempt, licence_file
from hub.ports import Clock, Store
from hub.records.tables import current, record
from hub.stores import outbox

ERASED_AT_ONCE_MAX: Final = 100
"""Files that are erased in one transaction."""


class Fits(NamedTuple):
    """A file that fits: its media type, its size in bytes, and it and its SHA-256 sealed."""

    media_type: str
    size: int
    sealed: bytes
    sealed_digest: bytes


class Missing(NamedTuple):
    """There will be no file; ``reason`` is one of ``Why``."""

    reason: str


class Later(NamedTuple):
    """The source is asked again after ``wait_s`` seconds. ``counts``: the call was made."""

    wait_s: float
    counts: bool = True


class Wanted:
    """The files of one source. Thread-safe."""

    def __init__(self, store: Store, clock: Clock, source: str) -> None:
        self._store = store
        self._clock = clock
        self._source = source

    def take(self, lease_s: float) -> Row[Any] | None:
        """A file that is due, for this caller alone until ``lease_s`` seconds have passed: one that dies in between
        leaves it to the next."""
        now_ms = self._clock.process_ms()
        state = licence_file.c.state == FileState.WANTED.value
        due = state, licence_file.c.source == self._source, licence_file.c.next_ms <= now_ms
        query = select(licence_file).where(*due).order_by(licence_file.c.next_ms).limit(1)
        with self._store.read() as connection:
            found = connection.execute(query).one_or_none()
        if found is None:
            return None
        mine = update(licence_file).where(_is(found), state, licence_file.c.next_ms == found.next_ms)
        with self._store.write() as connection:
            taken = connection.execute(mine.values(next_ms=now_ms + int(lease_s * 1000))).rowcount
        return found if taken else None

    def put_off(self, row: Row[Any], later: Later) -> None:
        """Ask again later."""
        next_ms = self._clock.process_ms() + int(later.wait_s * 1000)
        values = {"next_ms": next_ms, "attempts": row.attempts + later.counts}
        with self._store.write() as connection:
            connection.execute(update(licence_file).where(_is(row), _wanted()).values(**values))

    def settle(self, row: Row[Any], found: Fits | Missing) -> None:
        """Write what was found, and the event of it, once. Whether the evidence was sent before is decided here, while
        no delivery can take it."""
        fits = isinstance(found, Fits)
        state = FileState.STORED if fits else FileState.MISSING
        what = found._asdict() if isinstance(found, Fits) else {"reason": str(found.reason)}
        values = {"state": state.value, "stored_ms": self._clock.now_ms() if fits else None, **what}
        with self._store.write() as connection:
            values["told"] = _unsent(connection, row)
            if connection.execute(update(licence_file).where(_is(row), _wanted()).values(**values)).rowcount:
                outbox.put(connection, [self._event(row, found)])
                crash_point("file.settled")

    def _event(self, row: Row[Any], found: Fits | Missing) -> outbox.Message:
        if isinstance(found, Missing):
            return events.message(self._clock, row, events.MISSING, str(found.reason))
        return events.message(self._clock, row, events.FETCHED, media_type=found.media_type, size=found.size)

    def erase(self, days: int) -> int:
        """Erase files that were stored for so many days of business time, and those whose evidence does not stand any
        more: no one is given them. Returns how many."""
        over = self._over(self._clock.now_ms() - timedelta(days=days) // timedelta(milliseconds=1))
        with self._store.read() as connection:
            if connection.execute(over.limit(1)).first() is None:
                return 0
        with self._store.write() as connection:
            most = over.limit(ERASED_AT_ONCE_MAX).with_for_update(of=licence_file, skip_locked=True)
            rows = connection.execute(most).all()
            for row in rows:
                erased = {"state": FileState.ERASED.value, "sealed": None}
                connection.execute(update(licence_file).where(_is(row)).values(**erased))
            said = [(row, str(Why.RECALLED) if row.in_term else None) for row in rows]
            outbox.put(connection, [events.message(self._clock, row, events.ERASED, why) for row, why in said])
        return len(rows)

    def _over(self, until_ms: int) -> Select[Any]:
        """The stored files that are no use to anyone, without their bytes; ``in_term``: those that are not too old."""
        columns = [column for column in licence_file.c if column is not licence_file.c.sealed]
        in_term = licence_file.c.stored_ms > until_ms
        mine = licence_file.c.state == FileState.STORED.value, licence_file.c.source == self._source
        return (
            select(*columns, in_term.label("in_term"))
            .where(*mine, or_(~in_term, _ended(), is_taken_back(licence_file.c.case_id)))
            .order_by(licence_file.c.case_id, licence_file.c.record_id)
        )


def _ended() -> ColumnElement[bool]:
    """Whether the row of the record is known to say something else now. What is not known erases nothing."""
    stands = current.c.record_id == record.c.record_id, current.c.status == "CURRENT", current.c.operation == "UPSERT"
    rows = current.c.row_id == record.c.row_id, record.c.record_id == licence_file.c.record_id
    return exists().where(*rows, ~and_(*stands))


def _unsent(connection: Connection, row: Row[Any]) -> bool:
    """Whether no evidence about the record was taken to be sent. Its rows are locked, so that none is until the end of
    the transaction."""
    joined = piece.outerjoin(attempt, (attempt.c.case_id == piece.c.case_id) & (attempt.c.piece == piece.c.piece))
    locked = attempt.c.case_id == row.case_id
    connection.execute(select(attempt.c.piece).where(locked).order_by(attempt.c.piece).with_for_update())
    query = select(attempt.c.attempts, piece.c.state).select_from(joined)
    about = piece.c.case_id == row.case_id, piece.c.record_id == row.record_id
    found = connection.execute(query.where(*about, piece.c.state != PieceState.WITHDRAWN.value)).all()
    return bool(found) and all(one.attempts == 0 for one in found)


def _is(row: Row[Any]) -> ColumnElement[bool]:
    return and_(licence_file.c.case_id == row.case_id, licence_file.c.record_id == row.record_id)


def _wanted() -> ColumnElement[bool]:
    return licence_file.c.state == FileState.WANTED.value
