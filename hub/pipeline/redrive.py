"""Redrive: sends rejected records through verify again, after their cause was fixed. A job with filter, dry run,
progress and attempt cap.

A rejected record is sent again only while its rejection is its newest verdict: the ``record`` table points at that
one message, so a record rejected twice is sent once, and one that was verified meanwhile is left alone (P2). The
message goes back to
``received`` with the same value and id and ``hub_attempt`` one higher; the conservation line counts it once.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import exists, select, tuple_

from hub.codec import wire
from hub.errors import RecordRejected
from hub.ports import Batch, Clock, LogRecord, Outgoing, RecordLog, Store
from hub.records import tables
from hub.records.kinds import KINDS, Kind
from hub.topics import cloudevents

_LOOKED_UP_AT_ONCE = 500
OUTSIDE = "outside"
"""The source of a message that no connector made."""
_ID = re.compile("[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rejected records. An empty field matches all. ``record_id`` is hexadecimal, ``since_ms`` the time of the
    verdict (ms since the epoch)."""

    kind: str = ""
    source: str = ""
    code: str = ""
    record_id: str = ""
    since_ms: int = 0

    def fits(self, one: "Rejection") -> bool:
        """Whether a rejection matches source, record id and code. Kind and time are selected by reading."""
        return (
            self.source in ("", one.source)
            and self.record_id in ("", one.record_id)
            and (not self.code or any(reason["code"] == self.code for reason in one.reasons))
        )


class Rejection(NamedTuple):
    """The open data of one message of a rejected topic. ``reasons``: code and field each."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    record_id: str
    source: str
    attempt: int
    reasons: Sequence[Mapping[str, str]]

    @property
    def place(self) -> str:
        """TOPIC/PARTITION/OFFSET."""
        return f"{self.topic}/{self.partition}/{self.offset}"


class Outcome(NamedTuple):
    """The result of a redrive. ``sent``: sent again. ``settled``: left because there is a newer verdict. ``capped``:
    left because all attempts are used."""

    sent: int = 0
    settled: int = 0
    capped: int = 0


def rejections(log: RecordLog, wanted: Filter) -> Iterator[tuple[Rejection, LogRecord]]:
    """The rejected messages that match, in the order of their topics. Its memory does not grow with them."""
    for kind in _kinds(wanted.kind):
        topic = kind.topic("rejected")
        for partition in range(log.topics().get(topic, 0)):
            start = log.offset_at(topic, partition, wanted.since_ms) if wanted.since_ms else 0
            for batch in log.scan(topic, partition, start):
                yield from ((one, record) for one, record in read_rejections(batch) if wanted.fits(one))


def open_rejections(log: RecordLog, store: Store, wanted: Filter) -> Iterator[Rejection]:
    """Those of ``rejections`` that are still open: the record was not verified later and not rejected again, and the
    hub has no later content of its row. A rejection that is not in the tables yet is open. Raises ``Unavailable``."""
    for chunk in _chunks(rejections(log, wanted)):
        settled = _settled(store, [one for one, _ in chunk])
        yield from (one for one, _ in chunk if one.place not in settled)


def _settled(store: Store, chunk: Sequence[Rejection]) -> set[str]:
    """The places of those that are not open any more."""
    table, later = tables.record, tables.record.alias("later")
    ranks = [tuple_(*(of.c[name] for name in tables.RANK[:3])) for of in (table, later)]
    replaced = exists().where(later.c.row_id == table.c.row_id, ranks[0] < ranks[1])
    columns: list[Any] = [table.c[name] for name in ("record_id", "topic", "partition", "offset", "state")]
    query = select(*columns, replaced.label("replaced")).where(table.c.record_id.in_(_ids(chunk)))
    with store.read() as connection:
        rows = {bytes(row.record_id).hex(): row for row in connection.execute(query)}
    return {one.place for one in chunk if (row := rows.get(one.record_id)) and _is_settled(row, one)}


def _is_settled(row: Any, one: Rejection) -> bool:
    here = f"{row.topic}/{row.partition}/{row.offset}" == one.place
    return row.state != "rejected" or bool(row.replaced) or not here


def _ids(chunk: Sequence[Rejection]) -> list[bytes]:
    """The record ids. A message that another program wrote may have none."""
    return [bytes.fromhex(one.record_id) for one in chunk if _ID.fullmatch(one.record_id)]


def _kinds(name: str) -> list[Kind]:
    return [KINDS[name]] if name else list(KINDS.values())


def read_rejections(batch: Batch) -> Iterator[tuple[Rejection, LogRecord]]:
    """Each record of a rejected topic with its open data. A wrong header gives empty values."""
    for record in batch.records:
        headers = {name: value or b"" for name, value in record.headers}
        place = (batch.topic, batch.partition, record.offset, record.timestamp)
        reasons = _reasons(headers.get(cloudevents.REASONS, b"[]"))
        record_id = headers.get(cloudevents.ID, b"").decode("ascii", "replace")
        yield (
            Rejection(
                *place,
                record_id,
                source_of(record),
                cloudevents.number(record.headers, cloudevents.ATTEMPT) or 1,
                reasons,
            ),
            record,
        )


def _reasons(header: bytes) -> list[dict[str, str]]:
    """Code and field of each reason. Any program with write access may have written the header."""
    try:
        found = json.loads(header)
        return [{"code": str(one["code"]), "field": str(one["field"])} for one in found]
    except (ValueError, TypeError, KeyError):
        return []


def source_of(record: LogRecord) -> str:
    """The connector of a message; ``OUTSIDE`` when no connector made it."""
    try:
        value: dict[str, Any] = wire.decode(record.value or b"")[1]
        return str(value["source"]["system"])
    except (RecordRejected, KeyError, TypeError):
        return OUTSIDE


class Redrive:
    """The job that sends rejected records through verify again. ``attempts_max`` counts all verdicts on one record,
    with the first.
    """

    def __init__(self, log: RecordLog, store: Store, clock: Clock, attempts_max: int) -> None:
        self._log = log
        self._store = store
        self._clock = clock
        self._attempts_max = attempts_max

    def run(self, wanted: Filter, dry_run: bool, progress: Callable[[Outcome], None]) -> Outcome:
        """Send the records that match. ``progress`` is called with the sums so far. Safe to run again after an
        interruption. Raises as ``RecordLog.writer`` and ``Writer.commit`` do."""
        writer = None if dry_run else self._log.writer("redrive")
        total = Outcome()
        for chunk in _chunks(rejections(self._log, wanted)):
            current = self._current([one for one, _ in chunk])
            due = [(one, record) for one, record in chunk if one.place in current and one.attempt < self._attempts_max]
            if writer:
                writer.commit([self._again(one, record) for one, record in due])
            capped = sum(one.place in current and one.attempt >= self._attempts_max for one, _ in chunk)
            total = Outcome(
                total.sent + len(due), total.settled + len(chunk) - len(due) - capped, total.capped + capped
            )
            progress(total)
        if writer:
            writer.close()
        return total

    def _current(self, chunk: Sequence[Rejection]) -> set[str]:
        """The places of those that are still the newest verdict of their record."""
        table = tables.record
        query = select(table.c.topic, table.c.partition, table.c.offset).where(
            table.c.record_id.in_(_ids(chunk)), table.c.state == "rejected"
        )
        with self._store.read() as connection:
            return {f"{row.topic}/{row.partition}/{row.offset}" for row in connection.execute(query)}

    def _again(self, one: Rejection, record: LogRecord) -> Outgoing:
        kind = one.topic.rpartition(".")[0]
        headers = (
            *cloudevents.headers(
                one.record_id, f"{kind}.received", cloudevents.source_path(one.source), self._clock.now()
            ),
            (cloudevents.ATTEMPT, str(one.attempt + 1).encode()),
            *(found for found in record.headers if found[0] == cloudevents.READING),
        )
        return Outgoing(f"{kind}.received", one.partition, record.key, record.value, headers, self._clock.now_ms())


def _chunks(found: Iterator[tuple[Rejection, LogRecord]]) -> Iterator[list[tuple[Rejection, LogRecord]]]:
    chunk: list[tuple[Rejection, LogRecord]] = []
    for one in found:
        chunk.append(one)
        if len(chunk) == _LOOKED_UP_AT_ONCE:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
