"""Verify: gives each received record a verdict and forwards its bytes to ``verified`` or, with reasons, ``rejected``.

    <kind>.received, lookup.received ── open ── judge ──┬── <kind>.verified
                                                        ├── <kind>.rejected
                                                        └── records.waiting: its parent is not verified yet

One transaction for each poll, with output and offsets (P2). An unreadable record is rejected like any other (P1). The
stage stops, with nothing committed, at an outage, and at a record of a newer hub whose schema this hub does not know. A
whole poll is judged before the first record is sent: to mix both costs a fifth of the speed, because kafka-python's
sender thread wakes for each record.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.codec import wire
from hub.codec.packages import FIRST_RUNTIME_ID
from hub.connect.rest.pageproof import check_row_proof
from hub.errors import Misconfigured, TamperDetected
from hub.parts import Parts
from hub.pipeline import positions, waiting
from hub.pipeline.waiting import Candidate, Parent, Parents
from hub.ports import Batch, Clock, Fault, LogRecord, Member, Outgoing
from hub.privacy.opening import Opened, Opener
from hub.privacy.sealing import UNREADABLE_SCHEMA, VALUE_BYTES_MAX, Sealer
from hub.records.identifiers import Identity
from hub.records.kinds import KINDS
from hub.records.verdict import Context, Verdict, judge
from hub.runtime.stage import Stage
from hub.topics import cloudevents, cursors
from hub.topics.declared import CURSORS, LOOKUP_RECEIVED, RECORDS_WAITING

INPUTS = (*(kind.topic("received") for kind in KINDS.values()), LOOKUP_RECEIVED)
OUTPUTS = (
    *(kind.topic(suffix) for kind in KINDS.values() for suffix in ("verified", "rejected")),
    RECORDS_WAITING,
)
GROUP = positions.VERIFY
_PASSED_ON = frozenset((cloudevents.ATTEMPT, cloudevents.READING))
KEY_BYTES_MAX = 64
"""Most bytes of a key that is passed on. The hub's own have 16."""
REASONS_MAX = 100
"""Most reasons in the header of one rejected record: with its value they must fit into a message."""

TrustedKeys = Mapping[str, Mapping[str, bytes]]
"""Connector name → key id → raw Ed25519 public key (32 bytes): the keys that may sign the records of a source."""


class Judged(NamedTuple):
    """The kind and id of a record, and the reasons of its rejection; none when it is good. The id is empty where it
    could not be read. ``source``, ``deletes`` and ``division`` are those of one that the rules judged."""

    kind: str
    record_id: bytes
    reasons: Sequence[Fault]
    source: str = ""
    deletes: bool = False
    division: Identity | None = None


class Verify:
    """The verify stage. It has no state, so any number of them share the work."""

    def __init__(
        self,
        member: Member,
        opener: Opener,
        sealer: Sealer,
        trusted: TrustedKeys,
        clock: Clock,
        batch_records: int,
        poll_timeout_s: float = 0.2,
        parents: Parents | None = None,
    ) -> None:
        self._member = member
        self._adjudicator = Adjudicator(opener, trusted)
        self._sealer = sealer
        self._clock = clock
        self._batch_records = batch_records
        self._poll_timeout_s = poll_timeout_s
        self._parents = parents

    def step(self) -> int:
        batches = self._member.poll(self._batch_records, self._poll_timeout_s)
        if not batches:
            return 0
        now = self._clock.now()
        outgoing = [message for batch in batches for message in self._verdicts(batch, now)]
        self._member.commit([*outgoing, *cursors.position_messages(GROUP, batches, self._clock.process_ms())])
        return sum(len(batch.records) for batch in batches)

    def close(self) -> None:
        self._member.close()

    def _verdicts(self, batch: Batch, now: datetime) -> list[Outgoing]:
        records = [record for record in batch.records if not _is_answer(record)]
        judged = self._adjudicator.judge(records, now, _kind_of_topic(batch.topic))
        for record, one in zip(records, judged, strict=True):
            if one.reasons and one.reasons[0].code == "SCHEMA_UNKNOWN":
                _check_newer(batch, record)
        marks, parents = Marks(now), self._missing(batch, records, judged)
        return [
            waiting.message(batch.partition, record, one.kind, parent, one.record_id, now)
            if parent
            else marks.rejected(batch, record, *self._carried(record, one))
            if one.reasons
            else marks.verified(batch, record, one)
            for record, one, parent in zip(records, judged, parents, strict=True)
        ]

    def _missing(self, batch: Batch, records: Sequence[LogRecord], judged: Sequence[Judged]) -> list[Parent | None]:
        """For each record what it waits for, ``None`` for one that does not wait."""
        if self._parents is None:
            return [None] * len(judged)
        candidates = [
            Candidate(one.source, record.key or b"", one.deletes, one.division)
            for record, one in zip(records, judged, strict=True)
        ]
        return self._parents.missing(batch.topic, candidates)

    def _carried(self, record: LogRecord, one: Judged) -> tuple[Judged, bytes | None, bytes | None]:
        """Verdict, key and value of a rejected record: its own, or sealed ones if no connector made it, or if it is too
        large for the topic with its reasons."""
        unread = one.reasons[0].code in ("UNREADABLE", "SCHEMA_UNKNOWN", "TRAILING_BYTES") and not _from_ingest(record)
        if not unread and not _too_large(record):
            return one, record.key, record.value
        sealed = self._sealer.seal_foreign(one.kind, record.value or b"", one.reasons[0], self._clock.now_ms())
        return one._replace(record_id=sealed.record_id), sealed.entity_id, sealed.value


class Adjudicator:
    """Opens and judges records. The stage, the bench and a replay under other rules use it."""

    def __init__(self, opener: Opener, trusted: TrustedKeys) -> None:
        self._opener = opener
        self._trusted = trusted

    def judge(self, records: Sequence[LogRecord], now: datetime, topic_kind: str) -> list[Judged]:
        """One verdict for each record, in order. ``topic_kind``: the kind for records that cannot be read. Raises as
        ``KeyVault`` does."""
        context = Context.at(now)
        opened = self._opener.open([record.value for record in records])
        return [
            self._judge_one(one, record.key, context, topic_kind) for one, record in zip(opened, records, strict=True)
        ]

    def _judge_one(self, one: Opened, key: bytes | None, context: Context, topic_kind: str) -> Judged:
        kind, record_id = one.envelope.get("kind", topic_kind), one.envelope.get("record_id", b"")
        if one.problems or one.record is None:
            kind = kind if kind in KINDS else topic_kind
            return Judged(kind, record_id, one.problems or (Fault("UNREADABLE"),))
        if key != one.envelope["entity_id"]:
            # Genuine bytes under another key: they would be evidence about another thing.
            return Judged(kind, record_id, (Fault("SEAL_BROKEN", "entity_id"),))
        verdict: Verdict = judge(KINDS[kind], one.record, context, self._proof(one))
        source, division = one.envelope["source"], KINDS[kind].division_identity(one.record)
        deletes = source["operation"] == "DELETE"
        return Judged(kind, record_id, verdict.rejections, source["system"], deletes, division)

    def _proof(self, one: Opened) -> str | None:
        """valid, invalid or missing; ``None`` for the assurance CHANNEL_ONLY."""
        if one.envelope["assurance"] == "CHANNEL_ONLY":
            return None
        try:
            original = one.original()
        except TamperDetected:
            return "invalid"
        return check_row_proof(original.raw, original.proof, self._trusted.get(one.envelope["source"]["system"], {}))


def _is_answer(record: LogRecord) -> bool:
    return cloudevents.is_type(record.headers, cloudevents.LOOKUP_ANSWERED)


def _check_newer(batch: Batch, record: LogRecord) -> None:
    """Raise ``Misconfigured`` if a record with an unknown schema is our own: this hub is too old to judge it.

    Our own records name a connector in the header ``ce_source`` and have a schema id in the range of the shipped
    catalogue. All others came from outside and are rejected.
    """
    schema_id = wire.schema_id(record.value or b"")
    ours = cloudevents.connector_of(record.headers) is not None
    if ours and schema_id is not None and schema_id < FIRST_RUNTIME_ID and not wire.known(schema_id):
        raise Misconfigured(
            f"{batch.topic}/{batch.partition}/{record.offset} has schema {schema_id}, which this hub does not know",
            "a newer hub wrote it: update this one; until then the stage stops here",
        )


def _too_large(record: LogRecord) -> bool:
    """Whether key or value are larger than any that the hub writes."""
    return len(record.value or b"") > VALUE_BYTES_MAX or len(record.key or b"") > KEY_BYTES_MAX


def _from_ingest(record: LogRecord) -> bool:
    """Whether the value is already sealed as unreadable."""
    return wire.schema_id(record.value or b"") == UNREADABLE_SCHEMA


def _kind_of_topic(topic: str) -> str:
    kind = topic.rpartition(".")[0]
    return kind if kind in KINDS else next(iter(KINDS))


class Marks:
    """Makes the messages of one batch of verdicts, with CloudEvents headers, and with Kafka Connect's error headers on
    rejected records. ``now`` is business time."""

    def __init__(self, now: datetime) -> None:
        self._timestamp = int(now.timestamp() * 1000)
        self._tail = cloudevents.tail(f"/rules/{Context.at(now).rules_version}", now)
        self._types = {
            (kind, suffix): cloudevents.type_header(f"{kind}.{suffix}")
            for kind in KINDS
            for suffix in ("verified", "rejected")
        }
        self._topics = {(kind, suffix): f"{kind}.{suffix}" for kind in KINDS for suffix in ("verified", "rejected")}

    def verified(self, batch: Batch, record: LogRecord, one: Judged) -> Outgoing:
        """The message for the verified topic: the record's own key and value."""
        headers = (_id_of(one), self._types[one.kind, "verified"], *self._tail, *_passed_on(record))
        topic = self._topics[one.kind, "verified"]
        return Outgoing(topic, batch.partition, record.key, record.value, headers, self._timestamp)

    def rejected(
        self, batch: Batch, record: LogRecord, one: Judged, key: bytes | None, value: bytes | None
    ) -> Outgoing:
        """The message for the rejected topic: ``key`` and ``value``, with the reasons as headers."""
        reasons = one.reasons
        listed = json.dumps(
            [{"code": reason.code, "field": reason.field} for reason in reasons[:REASONS_MAX]], separators=(",", ":")
        )
        headers: list[tuple[str, bytes]] = [
            _id_of(one),
            self._types[one.kind, "rejected"],
            *self._tail,
            (cloudevents.REASONS, listed.encode()),
            *(() if cloudevents.number(record.headers, cloudevents.ATTEMPT) else ((cloudevents.ATTEMPT, b"1"),)),
            *_passed_on(record),
            ("__connect.errors.topic", batch.topic.encode()),
            ("__connect.errors.partition", str(batch.partition).encode()),
            ("__connect.errors.offset", str(record.offset).encode()),
            ("__connect.errors.stage", b"VALUE_CONVERTER"),
            ("__connect.errors.exception.class.name", b"hub.errors.RecordRejected"),
            ("__connect.errors.exception.message", reasons[0].code.encode()),
        ]
        return Outgoing(self._topics[one.kind, "rejected"], batch.partition, key, value, headers, self._timestamp)


def _id_of(one: Judged) -> tuple[str, bytes]:
    return cloudevents.id_header(one.record_id.hex())


def _passed_on(record: LogRecord) -> tuple[tuple[str, bytes], ...]:
    """The headers of the attempt and of the reading, which stay the same on all topics."""
    found = [name for name, _ in record.headers if name in _PASSED_ON]
    return tuple((name, b"%d" % number) for name in found if (number := cloudevents.number(record.headers, name)))


def make(parts: Parts) -> Verify:
    """The running stage. Raises ``Unavailable`` when the log is away, ``Misconfigured`` when it is another log."""
    positions.restore(parts.log, GROUP, OUTPUTS)
    member = parts.log.join(GROUP, INPUTS, parts.member("verify"))
    trusted, limits = parts.connectors.trusted, parts.limits
    parents = Parents(parts.store, parts.connectors.waits, parts.vault.identify)
    own = (limits.batch_records, limits.poll_timeout_s, parents)
    return Verify(member, parts.opener, parts.sealer, trusted, parts.clock, *own)


STAGE = Stage(
    "verify",
    reads=INPUTS,
    writes=(*OUTPUTS, CURSORS),
    make=make,
    about="*.received → *.verified, *.rejected with reasons, or records.waiting",
    group=GROUP,
    positions="log",
)
