"""What certificates say of each other, and what changed after its delivery, one row for each event, for
``hub audit evidence``.

Findings and changes are read from the topic, because a later finding of a pair takes the place of the former one in the
tables. When a system had what it was told is in its piece. No name and no number of a person is in either (P5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.audit.account import Account
from hub.audit.read import PAGE, Book
from hub.cases.case import PieceState
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.events import Entry
from hub.cases.procedure import installed
from hub.cases.tables import piece
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.records.tables import record
from hub.topics.declared import CONNECTION_EVENTS

LATE_S: Final = 5.0
"""From the hub's verdict on a change until a system had it, seconds; longer is late."""


class Had(NamedTuple):
    """A system that was told: the state of its piece at the end of the time, and when it had it, ms; ``None``: not
    yet, or never."""

    sink: str
    state: str
    at_ms: int | None


class Line(NamedTuple):
    """One finding or change, with what belongs to it. ``versions``: the records in the order of the event; one that no
    table has is left out. ``until_ms``: the end of the time."""

    entry: Entry
    account: Account
    versions: tuple[Row[Any], ...]
    told: tuple[Had, ...]
    until_ms: int

    @property
    def learned_ms(self) -> int:
        """When the hub verified the change; of a former hub, which did not say it, when it decided."""
        return getattr(self.entry.event, "learned_ms", None) or self.entry.occurred_at_ms

    @property
    def is_late(self) -> bool:
        """Whether a system had it late, or waits for it longer than that."""
        ends = [one.at_ms or self.until_ms for one in self.told if one.state != PieceState.WITHDRAWN.value]
        return any(at_ms - self.learned_ms > LATE_S * 1000 for at_ms in ends)


def lines(book: Book, since_ms: int) -> Iterator[Line]:
    """The findings and changes of this time, by their time. Raises ``Unavailable`` when the log is."""
    entries = sorted(_entries(book.log, since_ms, book.until_ms), key=_order)
    for first in range(0, len(entries), PAGE):
        page = entries[first : first + PAGE]
        accounts = {one.case_id: one for one in book.chosen(sorted({one.case_id for one in page}))}
        versions, told = _versions(book.connection, page), _told(book.connection, accounts, book.until_ms)
        for entry in page:
            ids = [one for one in _ids(entry) if one in versions]
            numbers = [one.piece for one in getattr(entry.event, "pieces", ())]
            had = tuple(told[entry.case_id, number] for number in numbers if (entry.case_id, number) in told)
            if entry.case_id in accounts:
                found = tuple(versions[one] for one in ids)
                yield Line(entry, accounts[entry.case_id], found, had, book.until_ms)


def _order(entry: Entry) -> tuple[int, bytes, int]:
    return entry.occurred_at_ms, entry.case_id, entry.number


def _entries(log: RecordLog, since_ms: int, until_ms: int) -> Iterator[Entry]:
    """Each event once: the relay may have published one twice."""
    for partition in range(log.topics().get(CONNECTION_EVENTS, 0)):
        seen: set[tuple[bytes, int]] = set()
        for batch in log.scan(CONNECTION_EVENTS, partition, log.offset_at(CONNECTION_EVENTS, partition, since_ms)):
            for one in filter(None, map(_entry, batch.records)):
                if since_ms <= one.occurred_at_ms <= until_ms and (one.case_id, one.number) not in seen:
                    seen.add((one.case_id, one.number))
                    yield one


def _entry(message: LogRecord) -> Entry | None:
    try:
        entry = installed().types.read(message.value or b"")
    except RecordRejected:
        return None
    return entry if isinstance(entry.event, Agreed | Retracted | Recalled) else None


def _ids(entry: Entry) -> list[bytes]:
    event = entry.event
    both = (
        (event.one_id, event.other_id)
        if isinstance(event, Agreed)
        else (of_change(event).record_id, of_change(event).later_id)
    )
    return [one for one in both if one is not None]


def of_change(event: Any) -> Retracted | Recalled:
    """An event that is a change."""
    assert isinstance(event, Retracted | Recalled)
    return event


def _versions(connection: Connection, entries: Sequence[Entry]) -> dict[bytes, Row[Any]]:
    ids, found = sorted({one for entry in entries for one in _ids(entry)}), dict[bytes, Row[Any]]()
    for first in range(0, len(ids), PAGE):
        for row in connection.execute(select(record).where(record.c.record_id.in_(ids[first : first + PAGE]))):
            found[bytes(row.record_id)] = row
    return found


def _told(connection: Connection, case_ids: Collection[bytes], until_ms: int) -> Mapping[tuple[bytes, int], Had]:
    """(Case, number of the piece) → who was told by it, as it was at the end of the time."""
    query = select(piece).where(piece.c.case_id.in_(case_ids), piece.c.decided_ms <= until_ms)
    found: dict[tuple[bytes, int], Had] = {}
    for row in connection.execute(query) if case_ids else ():
        ended = row.ended_ms is not None and row.ended_ms <= until_ms
        state = row.state if ended else PieceState.PENDING.value
        has_it = state == PieceState.ACKNOWLEDGED.value
        found[bytes(row.case_id), row.piece] = Had(row.sink, state, row.ended_ms if has_it else None)
    return found
