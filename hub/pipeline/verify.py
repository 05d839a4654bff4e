"""Verify: every received record gets a verdict; the same bytes go on to ``verified`` or, with reasons, to ``rejected``.

    <kind>.received, lookup.received ── open ── judge ──┬── <kind>.verified
                                                        └── <kind>.rejected

One transaction per poll: output and offsets together (P2). A record that cannot even be read is rejected like any
other (P1). An outage stops the stage, and a record that a newer hub wrote with a schema that this one does not know:
then nothing has moved. The whole poll is judged before the first
record is sent:
interleaving costs a fifth of the speed (kafka-python's sender thread wakes for every record).
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from hub.codec import wire
from hub.codec.packages import FIRST_RUNTIME_ID
from hub.connect.pageproof import check_row_proof
from hub.errors import Misconfigured, TamperDetected
from hub.parts import Parts
from hub.ports import Batch, Clock, Fault, LogRecord, Member, Outgoing
from hub.privacy.opening import Opened, Opener
from hub.privacy.sealing import UNREADABLE_SCHEMA, Sealer
from hub.records.kinds import KINDS
from hub.records.verdict import Context, Verdict, judge
from hub.runtime.stage import Stage
from hub.topics import cloudevents
from hub.topics.declared import LOOKUP_RECEIVED

INPUTS = (*(kind.topic("received") for kind in KINDS.values()), LOOKUP_RECEIVED)
GROUP = "verify"

TrustedKeys = Mapping[str, Mapping[str, bytes]]
"""Connector name → key id → raw Ed25519 public key: whose signatures count for which source."""


class Judged(NamedTuple):
    """A record and what became of it; ``reasons`` is empty when it is verified."""

    kind: str
    reasons: Sequence[Fault]


class Verify:
    """The verify stage. Stateless: any number of them share the work."""

    def __init__(
        self,
        member: Member,
        opener: Opener,
        sealer: Sealer,
        trusted: TrustedKeys,
        clock: Clock,
        batch_records: int,
        poll_timeout_s: float = 0.2,
    ) -> None:
        self._member = member
        self._adjudicator = Adjudicator(opener, trusted)
        self._sealer = sealer
        self._clock = clock
        self._batch_records = batch_records
        self._poll_timeout_s = poll_timeout_s

    def step(self) -> int:
        batches = self._member.poll(self._batch_records, self._poll_timeout_s)
        if not batches:
            return 0
        now = self._clock.now()
        outgoing = [message for batch in batches for message in self._verdicts(batch, now)]
        self._member.commit(outgoing)
        return sum(len(batch.records) for batch in batches)

    def close(self) -> None:
        self._member.close()

    def _verdicts(self, batch: Batch, now: datetime) -> list[Outgoing]:
        records = [record for record in batch.records if not _is_answer(record)]
        judged = self._adjudicator.judge(records, now, _kind_of_topic(batch.topic))
        for record, one in zip(records, judged, strict=True):
            if one.reasons and one.reasons[0].code == "SCHEMA_UNKNOWN":
                _check_newer(batch, record)
        marks = Marks(now)
        return [
            marks.rejected(batch, record, one.kind, one.reasons, *self._carried(record, one))
            if one.reasons
            else marks.verified(batch, record, one.kind)
            for record, one in zip(records, judged, strict=True)
        ]

    def _carried(self, record: LogRecord, one: Judged) -> tuple[bytes | None, bytes | None]:
        """Key and value that a rejected record travels on with: its own, unless nobody's connector made it."""
        if one.reasons[0].code not in ("UNREADABLE", "SCHEMA_UNKNOWN", "TRAILING_BYTES") or _from_ingest(record):
            return record.key, record.value
        sealed = self._sealer.seal_foreign(one.kind, record.value or b"", one.reasons[0], self._clock.now_ms())
        return sealed.entity_id, sealed.value


class Adjudicator:
    """Opens and judges records: what the stage, the command line and a later replay under old rules all call."""

    def __init__(self, opener: Opener, trusted: TrustedKeys) -> None:
        self._opener = opener
        self._trusted = trusted

    def judge(self, records: Sequence[LogRecord], now: datetime, topic_kind: str) -> list[Judged]:
        """One verdict per record, in order. ``topic_kind`` stands in for the kind of what cannot be read."""
        context = Context.at(now)
        opened = self._opener.open([record.value for record in records])
        return [self._judge_one(one, context, topic_kind) for one in opened]

    def _judge_one(self, one: Opened, context: Context, topic_kind: str) -> Judged:
        kind = one.envelope.get("kind", topic_kind)
        if one.problems or one.record is None:
            return Judged(kind if kind in KINDS else topic_kind, one.problems or (Fault("UNREADABLE"),))
        verdict: Verdict = judge(KINDS[kind], one.record, context, self._proof(one))
        return Judged(kind, verdict.rejections)

    def _proof(self, one: Opened) -> str | None:
        """valid, invalid or missing; ``None`` where the channel is all there is."""
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
    """Raises ``Misconfigured`` if a record with an unknown schema is one of our own: this hub is too old to judge it.

    Ours are told by the header ``ce_source``, which names a connector, and by an id of the shipped catalogue's range.
    Everything else came from outside, and is rejected.
    """
    schema_id = wire.schema_id(record.value or b"")
    ours = cloudevents.connector_of(record.headers) is not None
    if ours and schema_id is not None and schema_id < FIRST_RUNTIME_ID and not wire.known(schema_id):
        raise Misconfigured(
            f"{batch.topic}/{batch.partition}/{record.offset} has schema {schema_id}, which this hub does not know",
            "a newer hub wrote it: update this one; nothing moves meanwhile",
        )


def _from_ingest(record: LogRecord) -> bool:
    """Whether the value is already sealed as unreadable."""
    return wire.schema_id(record.value or b"") == UNREADABLE_SCHEMA


def _kind_of_topic(topic: str) -> str:
    kind = topic.rpartition(".")[0]
    return kind if kind in KINDS else next(iter(KINDS))


class Marks:
    """The headers of one batch of verdicts: CloudEvents in binary mode, and Kafka Connect's error headers on what
    was rejected."""

    def __init__(self, now: datetime) -> None:
        self._timestamp = int(now.timestamp() * 1000)
        self._tail = cloudevents.tail(f"/rules/{Context.at(now).rules_version}", now)
        self._types = {
            (kind, suffix): cloudevents.type_header(f"{kind}.{suffix}")
            for kind in KINDS
            for suffix in ("verified", "rejected")
        }
        self._topics = {(kind, suffix): f"{kind}.{suffix}" for kind in KINDS for suffix in ("verified", "rejected")}

    def verified(self, batch: Batch, record: LogRecord, kind: str) -> Outgoing:
        headers = (_id_of(record), self._types[kind, "verified"], *self._tail, *_passed_on(record))
        return Outgoing(
            self._topics[kind, "verified"], batch.partition, record.key, record.value, headers, self._timestamp
        )

    def rejected(
        self,
        batch: Batch,
        record: LogRecord,
        kind: str,
        reasons: Sequence[Fault],
        key: bytes | None,
        value: bytes | None,
    ) -> Outgoing:
        listed = json.dumps([{"code": reason.code, "field": reason.field} for reason in reasons], separators=(",", ":"))
        headers: list[tuple[str, bytes]] = [
            _id_of(record),
            self._types[kind, "rejected"],
            *self._tail,
            (cloudevents.REASONS, listed.encode()),
            *(() if cloudevents.header(record.headers, cloudevents.ATTEMPT) else ((cloudevents.ATTEMPT, b"1"),)),
            *_passed_on(record),
            ("__connect.errors.topic", batch.topic.encode()),
            ("__connect.errors.partition", str(batch.partition).encode()),
            ("__connect.errors.offset", str(record.offset).encode()),
            ("__connect.errors.stage", b"VALUE_CONVERTER"),
            ("__connect.errors.exception.class.name", b"hub.errors.RecordRejected"),
            ("__connect.errors.exception.message", reasons[0].code.encode()),
        ]
        return Outgoing(self._topics[kind, "rejected"], batch.partition, key, value, headers, self._timestamp)


def _id_of(record: LogRecord) -> tuple[str, bytes]:
    return cloudevents.header(record.headers, cloudevents.ID) or (cloudevents.ID, b"")


def _passed_on(record: LogRecord) -> tuple[tuple[str, bytes], ...]:
    """Which attempt and which reading of the record this is: the same on every topic."""
    return tuple(found for found in record.headers if found[0] in (cloudevents.ATTEMPT, cloudevents.READING))


def make(parts: Parts) -> Verify:
    """The stage at work. Raises ``Unavailable`` when the log is away."""
    member = parts.log.join(GROUP, INPUTS, parts.member("verify"))
    trusted, limits = parts.connectors.trusted, parts.limits
    return Verify(member, parts.opener, parts.sealer, trusted, parts.clock, limits.batch_records, limits.poll_timeout_s)


STAGE = Stage(
    "verify",
    reads=INPUTS,
    writes=tuple(kind.topic(suffix) for kind in KINDS.values() for suffix in ("verified", "rejected")),
    make=make,
    about="*.received → *.verified or *.rejected, with reasons",
    group=GROUP,
    positions="log",
)
