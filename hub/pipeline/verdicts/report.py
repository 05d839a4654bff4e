"""Report: writes verdicts back to a source that wants them, a stage for each such source.

    <kind>.verified, <kind>.rejected ── open the row's key ── Source.report

The source's rows are changed before the offsets move, and a verdict that is written twice changes nothing, so a crash
between both does no harm (P1, P2). A verdict is not written when a later one, or a later version of the row, is in the
tables, when the hub itself is why the record could not be judged, and for a record whose parent is not verified yet.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from sqlalchemy import select

from hub.codec import wire
from hub.connect.host.guard import GuardedSource
from hub.crash import crash_point
from hub.errors import RecordRejected, TamperDetected
from hub.parts import Parts
from hub.pipeline import positions
from hub.pipeline.redrive import read_rejections
from hub.pipeline.waiting import Candidate, Parents
from hub.ports import NAMELESS, Batch, Clock, LogRecord, Member, RowVerdict, Store
from hub.privacy.opening import Opened, Opener
from hub.privacy.sealing import UNREADABLE_SCHEMA
from hub.records.kinds import KINDS
from hub.records.rules import CODES
from hub.records.tables import record
from hub.runtime.stage import SOURCES, Stage
from hub.topics import cursors
from hub.topics.declared import CURSORS

RECORDS_MAX: Final = 200
"""Most verdicts in one transaction at the source."""
POLL_TIMEOUT_S: Final = 0.2
ACCEPTED: Final = frozenset(("NOT_AN_APPROVAL",))
"""Codes of records that are right, and of no use as evidence: the source's row is accepted."""
OWN: Final = frozenset(("SEAL_BROKEN", "KEY_DAMAGED", "ERASED", "SCHEMA_UNKNOWN", "TRAILING_BYTES"))
"""Codes that say nothing about the source's row."""


class Said(NamedTuple):
    """One verdict on a record of this source: its message, the schema and the envelope of its value, and the codes and
    fields of its reasons."""

    batch: Batch
    message: LogRecord
    schema: int
    envelope: Mapping[str, Any]
    reasons: Sequence[Mapping[str, str]]


class Report:
    """The report stage of one source. ``group``: its consumer group, whose positions are on the log."""

    def __init__(
        self, source: GuardedSource, member: Member, store: Store, opener: Opener, parents: Parents, clock: Clock
    ) -> None:
        self._source = source
        self._name = source.context.info.name
        self._member = member
        self._store = store
        self._opener = opener
        self._parents = parents
        self._clock = clock

    def step(self) -> int:
        """Write back one poll of verdicts. Raises ``Unavailable`` when the source is away: nothing is lost."""
        batches = self._member.poll(RECORDS_MAX, POLL_TIMEOUT_S)
        if not batches:
            return 0
        said = [one for batch in batches for one in self._said(batch)]
        verdicts = list(self._verdicts(self._newest(said)))
        if verdicts:
            self._source.report(verdicts)
            crash_point("report.written")
        now_ms = self._clock.process_ms()
        self._member.commit(cursors.position_messages(group_of(self._name), batches, now_ms))
        return sum(len(batch.records) for batch in batches)

    def close(self) -> None:
        """Leave the group, and close the source."""
        self._member.close()
        self._source.close()

    def _said(self, batch: Batch) -> Iterator[Said]:
        for rejection, message in read_rejections(batch):
            try:
                schema, envelope = wire.decode(message.value or b"")
            except RecordRejected:
                continue  # no connector made it
            source = envelope.get("source")
            mine = isinstance(source, dict) and source.get("system") == self._name
            if mine and not any(reason["code"] in OWN for reason in rejection.reasons):
                yield Said(batch, message, schema, envelope, rejection.reasons)

    def _of_accepted(self, said: Sequence[Said]) -> list[tuple[Said, Opened]]:
        """Opened, and without verified records whose parent is not verified: a look-up found them, and the feed brings
        them."""
        opened = self._opener.open([one.message.value for one in said])
        pairs = list(zip(said, opened, strict=True))
        missing = self._parents.missing("", [self._candidate(*pair) for pair in pairs])
        return [pair for pair, parent in zip(pairs, missing, strict=True) if not parent]

    def _candidate(self, one: Said, found: Opened) -> Candidate:
        waits = not one.reasons and found.record is not None
        division = KINDS[one.envelope["kind"]].division_identity(found.record) if waits and found.record else None
        deletes = one.envelope["source"]["operation"] == "DELETE"
        return Candidate(self._name if waits else "", one.message.key or b"", deletes, division)

    def _newest(self, said: Sequence[Said]) -> list[Said]:
        """Without those that a later verdict on the same record, or a later version of its row, has replaced."""
        ids = sorted({one.envelope["row_id"] for one in said})
        columns = record.c.record_id, record.c.row_id, record.c.version, record.c.state, record.c.judged_ms
        with self._store.read() as connection:
            rows = connection.execute(select(*columns).where(record.c.row_id.in_(ids))).all() if ids else []
        known: defaultdict[bytes, list[Any]] = defaultdict(list)
        for row in rows:
            known[bytes(row.row_id)].append(row)
        return [one for one in said if not any(_replaces(row, one) for row in known[one.envelope["row_id"]])]

    def _verdicts(self, said: Sequence[Said]) -> Iterator[RowVerdict]:
        for one, found in self._of_accepted(said):
            try:
                unreadable = one.schema == UNREADABLE_SCHEMA
                original = self._opener.open_unreadable(found.envelope) if unreadable else found.original()
            except TamperDetected:
                continue
            if original is None or not original.key or original.key.startswith(NAMELESS):
                continue
            faults = [reason for reason in one.reasons if reason["code"] not in ACCEPTED]
            version = one.envelope["source"]["version"]
            yield RowVerdict(original.key, version, not faults, "；".join(map(_words, faults)))


def _replaces(row: Any, one: Said) -> bool:
    """Whether a record of the same row is of a later version, or has a later verdict of another kind."""
    if bytes(row.record_id) != one.envelope["record_id"]:
        return bool(row.version > one.envelope["source"]["version"])
    state = "rejected" if one.batch.topic.endswith(".rejected") else "verified"
    return bool(row.state != state and row.judged_ms >= one.message.timestamp)


def _words(reason: Mapping[str, str]) -> str:
    """
    >>> _words({"code": "PROJECT_CODE_FORM", "field": "project.code"})
    '项目代码格式错误(PROJECT_CODE_FORM project.code)'
    """
    code = reason["code"]
    named = f"{code} {reason['field']}".strip()
    return f"{CODES[code].chinese}({named})" if code in CODES else named


def group_of(source: str) -> str:
    """The consumer group of the report stage of a source."""
    return f"report.{source}"


def make(source: str, parts: Parts) -> Report:
    """The running stage for one source. Raises ``Misconfigured`` when it cannot be opened."""
    group, kind = group_of(source), KINDS[parts.connectors.reporting[source].kind]
    positions.restore(parts.log, group, ())
    opened = parts.connectors.open_source(source)
    member = parts.log.join(group, _topics(kind.name), parts.member(group))
    parents = Parents(parts.store, parts.connectors.waits, parts.vault.identify)
    return Report(opened, member, parts.store, parts.opener, parents, parts.clock)


def _topics(kind: str) -> tuple[str, ...]:
    return (f"{kind}.verified", f"{kind}.rejected")


def stage(source: str, kind: str) -> Stage:
    """The stage that writes the verdicts on records of ``kind`` back to one source."""
    made: Callable[[Any], Report] = partial(make, source)
    return Stage(
        group_of(source),
        reads=_topics(kind),
        writes=(SOURCES, CURSORS),
        make=made,
        about="verdicts → the source's rows",
        group=group_of(source),
        positions="log",
    )
