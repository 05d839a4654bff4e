"""What certificates say of each other, what changed after its delivery, and titles that changed hands without their
account, one row for each event, for ``hub audit evidence``.

They are read from the topics, because what comes later takes the place of the former in the tables. When a system had
what it was told is in its piece. No name and no number of a person is in either (P5).
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import date
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.audit.read import PAGE, Book
from hub.cases.case import PieceState
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.handed.events import Declared, HandedBack, HandedOver, Undeclared
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.events import Entry
from hub.cases.procedure import installed
from hub.cases.tables import piece
from hub.cases.transfer import events as transfers
from hub.cases.transfer.command import NAME
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.records.tables import record
from hub.topics.declared import CONNECTION_EVENTS, TRANSFER_EVENTS

LATE_S: Final = 5.0
"""From the hub's verdict on a change until a system had it, seconds; longer is late."""
CHANGES: Final = (Retracted, Recalled, HandedBack, transfers.Recalled)
"""A record changed after its delivery: the event has both times."""
ENTRIES: Final = (Undeclared, Declared, transfers.Undeclared)
"""A title changed hands without its account. It happened on the day of the entry; the hub learned it when it verified
the title, and told it when the days to declare a transfer were over."""
_TOPICS: Final = CONNECTION_EVENTS, TRANSFER_EVENTS
_Noted = Mapping[tuple[bytes, date], Sequence[tuple[int, bytes]]]
"""(Application, day of an entry) → number of each event that noted it, and the title."""


class Had(NamedTuple):
    """A system that was told: the state of its piece at the end of the time, and when it had it, ms; ``None``: not
    yet, or never."""

    sink: str
    state: str
    at_ms: int | None


class Of(NamedTuple):
    """The case of a line: an application, or a joint transfer (``is_transfer``), whose district no table has.
    ``numbers``: the hub's number at each sink."""

    case_id: bytes
    is_transfer: bool
    numbers: Mapping[str, str]
    district: str = ""


class Line(NamedTuple):
    """One finding, change or entry, with what belongs to it. ``versions``: the records in the order of the event; one
    that no table has is left out. ``until_ms``: the end of the time."""

    entry: Entry
    of: Of
    versions: tuple[Row[Any], ...]
    told: tuple[Had, ...]
    until_ms: int

    @property
    def learned_ms(self) -> int | None:
        """When the hub verified the change or the entry; ``None`` for a finding, for a change of a former hub, which
        did not say it, and for an entry whose title no table has."""
        if isinstance(self.entry.event, ENTRIES):
            return int(self.versions[0].judged_ms) if self.versions else None
        return getattr(self.entry.event, "learned_ms", None)

    @property
    def is_late(self) -> bool:
        """Whether a system had it late, or waits for it longer than that: after the hub learned a change, or, of an
        entry, after the days to declare a transfer were over."""
        due_ms = None if isinstance(self.entry.event, ENTRIES) else self.learned_ms
        ends = [one.at_ms or self.until_ms for one in self.told if one.state != PieceState.WITHDRAWN.value]
        return any(at_ms - (due_ms or self.entry.occurred_at_ms) > LATE_S * 1000 for at_ms in ends)


def lines(book: Book, since_ms: int) -> Iterator[Line]:
    """Those of this time, by their time. Raises ``Unavailable`` when the log is."""
    entries = sorted(_entries(book.log, since_ms, book.until_ms), key=_order)
    told_of_entries = any(isinstance(one.event, (*ENTRIES, HandedBack)) for one in entries)
    noted = _noted(book.log, book.until_ms) if told_of_entries else {}
    for first in range(0, len(entries), PAGE):
        yield from _lines(book, entries[first : first + PAGE], noted)


def _lines(book: Book, page: Sequence[Entry], noted: _Noted) -> Iterator[Line]:
    cases, ids = _cases(book, page), [_ids(entry, noted) for entry in page]
    versions, told = _versions(book.connection, ids), _told(book.connection, cases, book.until_ms)
    for entry, of in zip(page, ids, strict=True):
        numbers = [one.piece for one in getattr(entry.event, "pieces", ())]
        had = tuple(told[entry.case_id, number] for number in numbers if (entry.case_id, number) in told)
        if entry.case_id in cases:
            found = tuple(versions[one] for one in of if one in versions)
            yield Line(entry, cases[entry.case_id], found, had, book.until_ms)


def _cases(book: Book, page: Sequence[Entry]) -> Mapping[bytes, Of]:
    ids = sorted({one.case_id for one in page})
    accounts = (Of(one.case_id, False, one.numbers, one.district) for one in book.chosen(ids))
    moved = (Of(case_id, True, numbers) for case_id, numbers in book.of_procedure(NAME, ids).items())
    return {one.case_id: one for one in (*accounts, *moved)}


def _order(entry: Entry) -> tuple[int, bytes, int]:
    return entry.occurred_at_ms, entry.case_id, entry.number


def _entries(log: RecordLog, since_ms: int, until_ms: int) -> Iterator[Entry]:
    """Each event once: the relay may have published one twice."""
    seen: set[tuple[bytes, int]] = set()
    for one in _read(log, _TOPICS, since_ms, until_ms):
        if _is_told(one.event) and (one.case_id, one.number) not in seen:
            seen.add((one.case_id, one.number))
            yield one


def _is_told(event: Any) -> bool:
    """One that ended without a notice took none back."""
    if isinstance(event, Declared | HandedBack):
        return event.nth is not None
    return isinstance(event, (Agreed, *CHANGES, *ENTRIES))


def _noted(log: RecordLog, until_ms: int) -> _Noted:
    """The titles that went to others, from the beginning: the days to declare a transfer lie between."""
    found: dict[tuple[bytes, date], list[tuple[int, bytes]]] = {}
    for one in _read(log, (CONNECTION_EVENTS,), 0, until_ms):
        if isinstance(one.event, HandedOver):
            found.setdefault((one.case_id, one.event.registered_on), []).append((one.number, one.event.record_id))
    return found


def _read(log: RecordLog, topics: Sequence[str], since_ms: int, until_ms: int) -> Iterator[Entry]:
    counts = log.topics()
    for topic, partition in ((name, nth) for name in topics for nth in range(counts.get(name, 0))):
        for batch in log.scan(topic, partition, log.offset_at(topic, partition, since_ms)):
            for one in filter(None, map(_entry, batch.records)):
                if since_ms <= one.occurred_at_ms <= until_ms:
                    yield one


def _entry(message: LogRecord) -> Entry | None:
    try:
        return installed().types.read(message.value or b"")
    except RecordRejected:
        return None


def _ids(entry: Entry, noted: _Noted) -> list[bytes]:
    """The records that an event is about; of a change, the one that was told of and the one that counts now."""
    event = entry.event
    if isinstance(event, Agreed):
        both = (event.one_id, event.other_id)
    elif isinstance(event, Undeclared | Declared | HandedBack):
        before = [one for one in noted.get((entry.case_id, event.registered_on), ()) if one[0] < entry.number]
        both = (max(before)[1] if before else None, getattr(event, "later_id", None))
    else:
        both = (getattr(event, "record_id", None), getattr(event, "later_id", None))
    return [one for one in both if one is not None]


def _versions(connection: Connection, wanted: Sequence[Sequence[bytes]]) -> dict[bytes, Row[Any]]:
    ids, found = sorted({one for each in wanted for one in each}), dict[bytes, Row[Any]]()
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
