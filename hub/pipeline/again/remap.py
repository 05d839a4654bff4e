"""Remap: maps records again from their sealed originals, after a mapping or a code table was corrected.

    newest message of a record ── open the original ── mapping in force ── seal ──► received, next reading ── verify

The source is not asked. The record keeps its id (ADR 0014), gets the next ``reading``, and is not counted as received.
Nothing is sent for a record that the mapping in force maps as before. A record that can be read now and could not be
read by the mapping in force stays as it is: a broken mapping must not take back what is verified (P1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from sqlalchemy import select

from hub.connect.host.guard import GuardedSource
from hub.errors import Misconfigured, TamperDetected
from hub.grants.originals import is_withheld
from hub.ingest.feed import portions
from hub.parts import Parts
from hub.pipeline.redrive import read_rejections, source_of
from hub.ports import Batch, LogRecord, Outgoing, Plain, Remaps, SourceRow, Stored
from hub.privacy.opening import Opened, Original
from hub.privacy.sealing import ERASED, FAULTS_MAX, UNREADABLE_SCHEMA, SealedRow, shaped
from hub.records import tables
from hub.records.kinds import KINDS
from hub.topics import cloudevents
from hub.topics.received import Envelopes

AT_ONCE = 500
"""Records that are opened and sealed together."""
FIRST_ATTEMPT = (cloudevents.ATTEMPT, b"1")
"""A reading begins to count its attempts again."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """Which records of a source: those whose newest verdict is a rejection with ``code``, or all of them without one;
    ``since_ms``: with a verdict from that time on (ms since the epoch)."""

    code: str = ""
    since_ms: int = 0


class Remapped(NamedTuple):
    """The result of a remap. ``sent``: mapped otherwise, and sent to verify. ``unchanged``: mapped as before.
    ``worse``: left as it is, because only the former mapping can read it. ``erased``: one of its subjects, or the key
    of its original, was erased. ``lost``: its original was too large to store, was left out because of the grant, or
    does not open."""

    sent: int = 0
    unchanged: int = 0
    worse: int = 0
    erased: int = 0
    lost: int = 0

    def plus(self, other: "Remapped") -> "Remapped":
        """The sums of both."""
        return Remapped(*(one + two for one, two in zip(self, other, strict=True)))


Place = tuple[str, int, int]


class Remap:
    """The job for one source. Raises ``Misconfigured`` for a source whose rows cannot be mapped again."""

    def __init__(self, parts: Parts, source: GuardedSource) -> None:
        info, inner = source.context.info, source.inner
        if not isinstance(inner, Remaps):
            raise Misconfigured(
                f"{info.name}: its rows cannot be mapped again from what the hub keeps",
                f"read them again: `hub connectors reread {info.name}`",
            )
        self._parts = parts
        self._info = info
        self._maps = inner

    def run(self, chosen: Chosen, dry_run: bool, progress: Callable[[Remapped], None]) -> Remapped:
        """Map the chosen records again. ``progress`` is called with the sums so far. Safe to run again after an
        interruption. Raises as ``RecordLog.writer`` and ``Writer.commit`` do."""
        writer = None if dry_run else self._parts.log.writer(f"remap.{self._info.name}")
        total = Remapped()
        for chunk in self._chunks(chosen):
            counted, rows = self._mapped(chunk)
            sealed = self._seal(rows) if rows else []
            if writer and sealed:
                for part in portions(sealed):
                    writer.commit(self._messages(sealed[part]))
            total = total.plus(counted)
            progress(total)
        if writer:
            writer.close()
        return total

    # ---- which -----------------------------------------------------------------------------------------------------

    def _chunks(self, chosen: Chosen) -> Iterator[list[LogRecord]]:
        """The messages that describe the chosen records now. Its memory does not grow with them."""
        for suffix in ("rejected",) if chosen.code else ("rejected", "verified"):
            topic = KINDS[self._info.kind].topic(suffix)
            for partition in range(self._parts.log.topics().get(topic, 0)):
                start = self._parts.log.offset_at(topic, partition, chosen.since_ms) if chosen.since_ms else 0
                for batch in self._parts.log.scan(topic, partition, start):
                    wanted = [record for record in _wanted(batch, chosen.code) if source_of(record) == self._info.name]
                    for at in range(0, len(wanted), AT_ONCE):
                        if newest := self._newest(batch, wanted[at : at + AT_ONCE]):
                            yield newest

    def _newest(self, batch: Batch, records: Sequence[LogRecord]) -> list[LogRecord]:
        """Those that the tables know as the description of their record."""
        by_offset = {record.offset: record for record in records}
        ids = [bytes.fromhex(_id_of(record)) for record in records]
        table = tables.record.c
        query = select(table.offset).where(
            table.record_id.in_(ids), table.topic == batch.topic, table.partition == batch.partition
        )
        with self._parts.store.read() as connection:
            offsets = sorted(connection.execute(query).scalars())
        return [by_offset[offset] for offset in offsets if offset in by_offset]

    # ---- mapping ---------------------------------------------------------------------------------------------------

    def _mapped(self, records: Sequence[LogRecord]) -> tuple[Remapped, list[SourceRow]]:
        """What became of these records, and the rows to send."""
        opened = self._parts.opener.open([record.value for record in records])
        found = [self._again(one) for one in opened]
        rows = [one for one in found if isinstance(one, SourceRow)]
        counts = {name: found.count(name) for name in Remapped._fields[1:]}
        return Remapped(sent=len(rows), **counts), rows

    def _again(self, one: Opened) -> SourceRow | str:
        """The row to send, or the field of ``Remapped`` that it counts in."""
        try:
            original = self._original(one)
        except TamperDetected:
            return "lost"
        if isinstance(original, str):
            return original
        row = self._row(one.envelope, original)
        if one.record is not None and row.faults:
            return "worse"
        return "unchanged" if self._same(one, row) else row

    def _original(self, one: Opened) -> Original | str:
        """The original, or ``erased`` or ``lost``."""
        if any(problem.code == ERASED for problem in one.problems):
            return "erased"
        if one.schema_id == UNREADABLE_SCHEMA:
            found = self._parts.opener.open_unreadable(one.envelope)
            return "lost" if found is None or is_withheld(found.raw) else found
        return "lost" if one.record is None else one.original()

    def _row(self, envelope: Mapping[str, Any], original: Original) -> SourceRow:
        source = envelope["source"]
        stored = Stored(original.key, source["version"], source["operation"], original.raw, original.proof)
        again = {"reading": envelope["reading"] + 1, "read_at_ms": envelope["read_at_ms"]}
        mapped = replace(self._maps.remap(stored), revision=source["revision"], **again)
        row = shaped(KINDS[self._info.kind], mapped)
        if self._parts.sealer.ids.content(row) == source["content"]:
            return row
        # The hub found that the source does not have the row any more: its bytes do not say so.
        return replace(row, vanished=True, record=row.record and _deleted(row.record))

    def _same(self, one: Opened, row: SourceRow) -> bool:
        if one.record is None or row.record is None:
            return row.record is None and tuple(one.envelope["faults"]) == tuple(
                fault._asdict() for fault in row.faults[:FAULTS_MAX]
            )
        return _content(one.record) == _content(row.record)

    # ---- sending ---------------------------------------------------------------------------------------------------

    def _seal(self, rows: Sequence[SourceRow]) -> list[SealedRow]:
        return self._parts.sealer.seal_page(self._info, rows, self._parts.clock.now_ms())

    def _messages(self, sealed: Sequence[SealedRow]) -> list[Outgoing]:
        envelopes = Envelopes(self._info.name, self._parts.partitions, self._parts.clock.now())
        return [envelopes.message(row, more=(FIRST_ATTEMPT,)) for row in sealed]


def _wanted(batch: Batch, code: str) -> Iterator[LogRecord]:
    if not code:
        return (record for record in batch.records if _id_of(record))
    return (
        record
        for one, record in read_rejections(batch)
        if any(reason["code"] == code for reason in one.reasons) and _id_of(record)
    )


def _id_of(record: LogRecord) -> str:
    """The record id, hexadecimal; "" where the header is none: any program may have written it."""
    text = (cloudevents.header(record.headers, cloudevents.ID) or ("", b""))[1].decode("ascii", "replace")
    try:
        return text if len(bytes.fromhex(text)) == 16 else ""
    except ValueError:
        return ""


def _deleted(record: Plain) -> Plain:
    return {**record, "source": {**record["source"], "operation": "DELETE"}}


def _content(record: Plain) -> Plain:
    """The record without its row's key, which the open part does not have."""
    return {**record, "source": {**record["source"], "key": ""}}
