"""Erases records that no application used, after the term that their source's grant states (PIPL §19, §47: no longer
than the purpose needs).

One pass reads every received record. A record stays while it is younger than its term, while its source has no grant,
while an application used it, and while it can be found by an id (unit, address, enterprise) that a record which stays
or an application has. Of every other record the vault's keys and identities are erased, except those of subjects that
something else has. Topics and tables do not change: proofs and counts are as before, and nothing can be opened or
found. A source that is asked again gives the record again, under new ids.

It may run while the hub runs: before each chunk it looks again at what applications use. A page that is sealed about
such a subject at that very moment may be rejected with ERASED: redrive does not help, the source sends it again
(``hub connectors reread``).
"""

from collections import Counter
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from sqlalchemy import select, update

from hub.cases.evidence.tables import need
from hub.cases.steps.tables import case_number, step
from hub.cases.tables import case, piece
from hub.codec import wire
from hub.errors import RecordRejected
from hub.grants.grant import Grant
from hub.parts import Parts
from hub.pipeline.tables import erased
from hub.pipeline.unused.gathered import Gathered, Named, Unused
from hub.ports import Batch, LogRecord
from hub.privacy.sealing import RECORD_SCHEMA, UNREADABLE_SCHEMA
from hub.records.kinds import KINDS
from hub.stores import bulk, outbox
from hub.topics import access, cloudevents
from hub.topics.declared import LOOKUP_RECEIVED

SCHEMA: Final = "access.erased"
AT_ONCE: Final = 500
"""Records whose keys are erased in one transaction of the vault."""
_PASSES: Final = 4
"""How often what came meanwhile is read: each pass is much shorter than the one before."""
Line = tuple[str, str]


@dataclass(slots=True)
class Erasure:
    """The result, by (source, kind). ``erased``: records. ``stayed``: records whose term is over, and that an
    application or something that stays has. ``subjects``: keys that were destroyed."""

    erased: Counter[Line] = field(default_factory=Counter)
    stayed: Mapping[Line, int] = field(default_factory=dict)
    subjects: int = 0


def erase_unused(parts: Parts, dry_run: bool) -> Erasure:
    """Erase what is due. With ``dry_run`` only count it. Raises ``Unavailable`` when log, store or vault is away: then
    some records are erased, and the next call erases the rest."""
    done = Erasure()
    for _ in erasing(parts, done, dry_run):
        pass
    return done


def erasing(parts: Parts, done: Erasure, dry_run: bool = False) -> Iterator[int]:
    """``erase_unused`` in small steps, each the number of messages that it read or of records that it erased. ``done``
    has the result so far."""
    with TemporaryDirectory(prefix="hub-unused-") as folder:
        gathered = Gathered(Path(folder) / "ids.db")
        try:
            yield from _Run(parts, gathered).steps(done, dry_run)
        finally:
            gathered.close()


class _Run:
    def __init__(self, parts: Parts, gathered: Gathered) -> None:
        self._parts = parts
        self._gathered = gathered
        self._grants = parts.connectors.grants
        self._now_ms = parts.clock.now_ms()
        self._read: dict[tuple[str, int], int] = {}
        """(Topic, partition) → the next offset to read."""

    def steps(self, done: Erasure, dry_run: bool) -> Iterator[int]:
        for _ in range(_PASSES):
            read = yield from self._gather()
            if not read:
                break
        done.stayed = self._gathered.stayed()
        for chunk in self._gathered.unused(AT_ONCE, self._used_by_now):
            self._erase(chunk, done, dry_run)
            yield len(chunk)

    # ---- what there is ---------------------------------------------------------------------------------------------

    def _gather(self) -> Generator[int, None, int]:
        """Read what was not read yet, and what applications use now. Returns how many messages."""
        count = 0
        self._gathered.begin()
        with self._parts.store.read() as connection:
            records = [row[0] for row in connection.execute(select(piece.c.record_id).distinct()) if row[0]]
            records += [row[0] for row in connection.execute(select(need.c.record_id).distinct()) if row[0]]
            records += [row[0] for row in connection.execute(select(step.c.record_id).distinct())]
            ids = [row[0] for row in connection.execute(select(need.c.wanted_id).distinct()) if row[0]]
            ids += [row[0] for row in connection.execute(select(case.c.subject_id).distinct())]
            ids += [row[0] for row in connection.execute(select(case_number.c.number_id))]
        self._gathered.use(map(bytes, records), map(bytes, ids))
        for batch in self._batches():
            count += len(batch.records)
            for named, read_at_ms in filter(None, map(_named, batch.records)):
                (self._gathered.old if self._is_over(named, read_at_ms) else self._gathered.keep)(named)
            yield len(batch.records)
        self._gathered.end()
        return count

    def _batches(self) -> Iterator[Batch]:
        there = self._parts.log.topics()
        for topic in (*(kind.topic("received") for kind in KINDS.values()), LOOKUP_RECEIVED):
            for partition in range(there.get(topic, 0)):
                place = topic, partition
                for batch in self._parts.log.scan(topic, partition, self._read.get(place, 0)):
                    yield batch
                    self._read[place] = batch.records[-1].offset + 1

    def _is_over(self, named: Named, read_at_ms: int) -> bool:
        grant = self._grants.get(named.source)
        if grant is None:
            return False
        return read_at_ms + timedelta(days=grant.erase_after_days) // timedelta(milliseconds=1) <= self._now_ms

    # ---- erasing ---------------------------------------------------------------------------------------------------

    def _used_by_now(self, chunk: Sequence[Unused]) -> bool:
        """Mark what an application has begun to use since ``_gather``: erasing very many records takes long (P1)."""
        records, ids = [one.record_id for one in chunk], sorted({one for unused in chunk for one in unused.erasable})
        with self._parts.store.read() as connection:
            used, stays = (
                [bytes(row[0]) for column in columns for row in bulk.find(connection, [column], column, wanted)]
                for columns, wanted in (
                    ((piece.c.record_id, need.c.record_id, step.c.record_id), records),
                    ((need.c.wanted_id, case.c.subject_id, case_number.c.number_id), ids),
                )
            )
        if used or stays:
            self._gathered.use(used, stays)
            self._gathered.spread()
        return bool(used or stays)

    def _erase(self, chunk: Sequence[Unused], done: Erasure, dry_run: bool) -> None:
        """Erase the records of ``chunk`` that are not erased yet, and write down how many."""
        subjects = list(dict.fromkeys(one for unused in chunk for one in unused.subjects))
        keys = dict(zip(subjects, self._parts.vault.open_keys(subjects), strict=True))
        due = [one for one in chunk if any(keys.get(subject) is not None for subject in one.erasable)]
        lines = Counter((one.source, one.kind) for one in due)
        destroyed = {one for unused in due for one in unused.erasable}
        done.erased += lines
        done.subjects += sum(keys.get(one) is not None for one in destroyed)
        if due and not dry_run:
            self._parts.vault.erase_all(sorted(destroyed))
            self._write_down(lines)

    def _write_down(self, lines: Mapping[Line, int]) -> None:
        """The counts, and an event of each line, in one transaction."""
        with self._parts.store.write() as connection:
            for (source, kind), count in sorted(lines.items()):
                bulk.add(connection, erased, {"source": [source], "kind": [kind], "records": [0]})
                at = erased.c.source == source, erased.c.kind == kind
                connection.execute(update(erased).where(*at).values(records=erased.c.records + count))
            outbox.put(connection, [self._event(self._grants[source], kind, n) for (source, kind), n in lines.items()])

    def _event(self, grant: Grant, kind: str, count: int) -> outbox.Message:
        said = {
            "source": grant.source,
            "kind": kind,
            "approval": grant.approval,
            "erase_after_days": grant.erase_after_days,
            "records": count,
        }
        return access.message(self._parts.clock, SCHEMA, cloudevents.source_path(grant.source), said)


def _named(message: LogRecord) -> tuple[Named, int] | None:
    """The ids in a received message, and when it was read. ``None`` for another message: it is no record."""
    try:
        schema, envelope = wire.decode(message.value or b"")
    except RecordRejected:
        return None
    if schema not in (RECORD_SCHEMA, UNREADABLE_SCHEMA):
        return None
    readable = schema == RECORD_SCHEMA
    found_by = (envelope["entity_id"], *envelope["links"]) if readable else ()
    subjects = [part["subject_id"] for part in envelope["parts"]] if readable else [envelope["subject_id"]]
    named = Named(envelope["source"]["system"], envelope["kind"], envelope["record_id"], found_by, subjects)
    return named, envelope["read_at_ms"]
