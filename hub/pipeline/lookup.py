"""Lookup: questions of cases to sources, in a lane separate from the feeds.

    lookup.requests ── open ── ask (a pool per source) ──┬── lookup.received: the records found
                                                         └── lookup.received: the answer, cn.onecert.lookup.answered

An answer is committed at once, while later questions are open; in one partition, answers are committed in the order of
the questions. Every question has a deadline. One that is not answered by then gets the answer UNAVAILABLE, and the case
asks again, with more time. So a source that is slow or not available delays the partitions of its questions at most by
its deadline (all partitions, when all open questions are for it), and never delays the feeds.
"""

import math
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from functools import partial
from typing import Any, NamedTuple

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.connect.host.guard import GuardedSource
from hub.errors import HubError, RecordRejected, Unavailable
from hub.ingest.dropped import DroppedColumns
from hub.logging import get_logger
from hub.parts import Parts
from hub.pipeline import positions
from hub.ports import Batch, Fault, LogRecord, LookupQuery, Member, Outgoing, Page
from hub.runtime.stage import SOURCES, Stage
from hub.topics import cloudevents, cursors
from hub.topics.declared import CURSORS, LOOKUP_RECEIVED, LOOKUP_REQUESTS, partition_of
from hub.topics.received import Envelopes

GROUP = "lookup"
OUTPUTS = (LOOKUP_RECEIVED,)
REQUEST_SCHEMA, ANSWER_SCHEMA = schema_id("lookup.request"), schema_id("lookup.answer")
FOUND, NOT_FOUND, UNAVAILABLE, REFUSED = "FOUND", "NOT_FOUND", "UNAVAILABLE", "REFUSED"

THREADS_PER_SOURCE = 32
REQUESTS_AT_ONCE = 64
FIRST_ANSWER_WITHIN_S, ANSWER_WITHIN_MAX_S = 2.5, 10.0
"""Deadline of a first attempt, and the longest: each later attempt has one first deadline more."""
POLL_TIMEOUT_S = 0.1
"""Longest wait for a new question, seconds."""
LOOK_S = 0.02
"""Seconds between two looks for answers while questions are open."""
Slot = tuple[str, int]
log = get_logger("lookup")


class Reply(NamedTuple):
    """The answer of a source to one question. ``outcome``: FOUND, NOT_FOUND, UNAVAILABLE or REFUSED."""

    outcome: str
    page: Page | None = None
    retry_after_s: float | None = None
    reason: str = ""


class SourcePool:
    """One source and the threads that ask it: a source that hangs uses up its own threads only."""

    def __init__(self, open_source: Callable[[], GuardedSource], name: str) -> None:
        self._open = open_source
        self._lock = threading.Lock()
        self._source: GuardedSource | None = None
        self._pool = ThreadPoolExecutor(THREADS_PER_SOURCE, thread_name_prefix=f"lookup.{name}")

    @property
    def source(self) -> GuardedSource:
        """The source, opened at its first use. Raises ``Misconfigured``."""
        with self._lock:
            if self._source is None:
                self._source = self._open()
            return self._source

    def limit_s(self) -> float:
        """The longest time of one call, seconds, as far as it is known: a source that is not open yet is not opened
        here, because that may take seconds and every partition would wait."""
        return self._source.context.limits.total_timeout_s if self._source else math.inf

    def ask(self, query: LookupQuery) -> "Future[Page]":
        """Ask in one of the threads, where the source is opened at its first use; the future has the page, or what
        opening or ``look_up`` raised."""
        return self._pool.submit(lambda: self.source.look_up(query))

    def close(self) -> None:
        """Start nothing more, and close the source. Calls that are running end by themselves."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        if self._source is not None:
            self._source.close()


class _Question(NamedTuple):
    """One record of ``lookup.requests`` and its state. ``request`` is ``None`` when the record was not a request."""

    record: LogRecord
    request: Mapping[str, Any] | None
    reply: Reply | None = None
    future: "Future[Page] | None" = None
    deadline_s: float = 0.0

    def answered(self, now_s: float) -> bool:
        return self.future is None or self.future.done() or now_s >= self.deadline_s


Answered = tuple[Mapping[str, Any], Reply]
"""A question, and what its source said to it."""


class Lookup:
    """The lookup stage. Any number of them share the work. Open questions are in memory only: the next owner of the
    partition asks them again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        positions.restore(parts.log, GROUP, OUTPUTS)
        self._member: Member = parts.log.join(GROUP, [LOOKUP_REQUESTS], parts.member("lookup"))
        opens = parts.connectors.open_source
        self._pools = {name: SourcePool(partial(opens, name), name) for name in parts.connectors.sources}
        self._open: dict[Slot, deque[_Question]] = {}
        """Open questions, in the order of their partition."""

    def step(self) -> int:
        try:
            return self._step()
        except HubError:
            # Back to what is durable: all open questions are polled again, by this or another process.
            self._drop()
            self._member.rewind()
            raise

    def _drop(self) -> None:
        for questions in self._open.values():
            for question in questions:
                if question.future:
                    question.future.cancel()
        self._open.clear()

    def _step(self) -> int:
        """Take new questions, and commit the answered ones of each partition up to the first that is not answered."""
        room = REQUESTS_AT_ONCE - sum(map(len, self._open.values()))
        wait_s = LOOK_S if any(self._open.values()) else POLL_TIMEOUT_S
        for batch in self._member.poll(room, wait_s) if room else self._rest():
            questions = self._open.setdefault((batch.topic, batch.partition), deque())
            questions.extend(self._put(batch.records))
        done, last = self._answered()
        if last:
            answered = [(one.request, _reply(one.request, one)) for one in done if one.request]
            outgoing = [*self._records(answered), *(self._answer(*one) for one in answered)]
            now_ms = self._parts.clock.process_ms()
            outgoing += [cursors.position_message(GROUP, slot, record, now_ms) for slot, record in last.items()]
            self._member.commit(outgoing, {slot: record.offset + 1 for slot, record in last.items()})
            self._count_dropped({request["source"] for request, reply in answered if reply.page})
        return len(done)

    def _count_dropped(self, sources: Iterable[str]) -> None:
        """Count the columns that were left out of answers, because the grant does not have them."""
        for name in sources:
            if dropped := self._pools[name].source.context.dropped.take():
                DroppedColumns(self._parts.store).add(name, dropped)

    def _rest(self) -> Sequence[Batch]:
        time.sleep(LOOK_S)
        return ()

    def _answered(self) -> tuple[list[_Question], dict[Slot, LogRecord]]:
        """Remove the answered questions. Returns them, and the last one's record for each partition."""
        now_s = self._parts.clock.monotonic_s()
        done: list[_Question] = []
        last: dict[Slot, LogRecord] = {}
        for slot, questions in self._open.items():
            while questions and questions[0].answered(now_s):
                done.append(questions.popleft())
                last[slot] = done[-1].record
        return done, last

    def close(self) -> None:
        for pool in self._pools.values():
            pool.close()
        self._member.close()

    def _put(self, records: Sequence[LogRecord]) -> Iterator[_Question]:
        """Start the questions of ``records``."""
        requests = [_request(record) for record in records]
        sealed = [(one["query"]["subject_id"], one["query"]["ciphertext"]) for one in requests if one]
        opened = iter(self._parts.opener.open_values(sealed) if sealed else ())
        for record, request in zip(records, requests, strict=True):
            yield self._begin(record, request, next(opened)) if request else _Question(record, None)

    def _begin(self, record: LogRecord, request: Mapping[str, Any], value: bytes | Fault) -> _Question:
        pool = self._pools.get(request["source"])
        if pool is None:
            return _Question(record, request, Reply(REFUSED, reason="SOURCE_UNKNOWN"))
        if isinstance(value, Fault):
            return _Question(record, request, Reply(REFUSED, reason=value.code))
        try:
            query = _query(request, value)
        except RecordRejected as rejected:
            return _Question(record, request, Reply(REFUSED, reason=rejected.code))
        within_s = min(FIRST_ANSWER_WITHIN_S * max(1, request["attempt"]), ANSWER_WITHIN_MAX_S, pool.limit_s())
        deadline_s = self._parts.clock.monotonic_s() + within_s
        return _Question(record, request, None, pool.ask(query), deadline_s)

    def _records(self, answered: Sequence[Answered]) -> Iterator[Outgoing]:
        """The records that were found; all that one source gave are sealed together, because each sealing asks the
        vault once."""
        for name in sorted({request["source"] for request, reply in answered if reply.page}):
            found = [
                (row, request["request_id"])
                for request, reply in answered
                if reply.page and request["source"] == name
                for row in reply.page.rows
            ]
            info = self._pools[name].source.context.info
            sealed = self._parts.sealer.seal_page(info, [row for row, _ in found], self._parts.clock.now_ms())
            envelopes = Envelopes(info.name, self._parts.partitions, self._parts.clock.now())
            for row, (_, request_id) in zip(sealed, found, strict=True):
                yield envelopes.message(row, LOOKUP_RECEIVED, [(cloudevents.REQUEST, request_id.hex().encode())])

    def _answer(self, request: Mapping[str, Any], reply: Reply) -> Outgoing:
        if reply.outcome == UNAVAILABLE:
            log.info("source not asked", source=request["source"], case=request["case_id"].hex(), reason=reply.reason)
        value = {
            "request_id": request["request_id"],
            "case_id": request["case_id"],
            "source": request["source"],
            "outcome": reply.outcome,
            "count": len(reply.page.rows) if reply.page else 0,
            "retry_after_s": reply.retry_after_s,
            "reason": reply.reason,
            "attempt": request["attempt"],
        }
        now, key = self._parts.clock.now(), request["case_id"]
        headers = cloudevents.headers(
            request["request_id"].hex(), "lookup.answered", cloudevents.source_path(request["source"]), now
        )
        partition = partition_of(key, self._parts.partitions)
        timestamp = int(now.timestamp() * 1000)
        return Outgoing(LOOKUP_RECEIVED, partition, key, wire.encode(ANSWER_SCHEMA, value), headers, timestamp)


def _query(request: Mapping[str, Any], opened: bytes) -> LookupQuery:
    """The query for a source. Raises ``RecordRejected`` when the sealed part is not a query."""
    schema, inside = wire.decode(opened)
    if schema != schema_id("lookup.query"):
        raise RecordRejected("SCHEMA_UNKNOWN", detail=str(schema))
    return LookupQuery(
        by=request["by"],
        value=inside["value"],
        purpose=request["purpose"],
        legal_basis=request["legal_basis"],
        service_item=request["service_item"],
        business_number=inside["business_number"],
        ticket=inside["ticket"],
    )


def _reply(request: Mapping[str, Any], question: _Question) -> Reply:
    if question.reply is not None:
        return question.reply
    assert question.future is not None
    try:
        page = question.future.result(0)
    except NotYet:
        question.future.cancel()
        return Reply(UNAVAILABLE, reason="TIME_OUT")
    except Unavailable as away:
        return Reply(UNAVAILABLE, None, away.retry_after_s, "AWAY")
    except RecordRejected as rejected:
        return Reply(REFUSED, reason=rejected.code)
    except Exception as failure:  # a defect of a connector or of its settings: the case asks again
        log.error(
            "look-up failed", source=request["source"], case=request["case_id"].hex(), error=type(failure).__name__
        )
        return Reply(UNAVAILABLE, reason=type(failure).__name__.upper())
    if page.more:
        log.warning("answer is cut: there are more records", source=request["source"], rows=len(page.rows))
    return Reply(FOUND if page.rows else NOT_FOUND, page)


def _request(record: LogRecord) -> Mapping[str, Any] | None:
    """The question in a record. A record that is no question is logged and passed over: no case waits for it."""
    try:
        schema_id, value = wire.decode(record.value or b"")
        if schema_id != REQUEST_SCHEMA:
            raise RecordRejected("SCHEMA_UNKNOWN")
    except RecordRejected as rejected:
        log.warning("not a question", topic=LOOKUP_REQUESTS, offset=record.offset, code=rejected.code)
        return None
    return value


STAGE = Stage(
    "lookup",
    reads=(LOOKUP_REQUESTS, SOURCES),
    writes=(*OUTPUTS, CURSORS),
    make=Lookup,
    about="lookup.requests → sources → lookup.received",
    group=GROUP,
    positions="log",
)
