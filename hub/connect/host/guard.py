"""Between the hub and each connector: quota, rate, circuit breaker, and some retries for calls that do not belong to a
feed."""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from hub.connect.context import Context
from hub.connect.host.circuit import Circuit
from hub.connect.host.hours import check_hours
from hub.connect.host.outside import within
from hub.connect.host.quota import DailyQuota, QuotaBook, Rate
from hub.connect.host.steps import Steps
from hub.errors import Misconfigured, NotNow, NotSent, RecordRejected, Unavailable, Unconfirmed
from hub.grants.grant import Grant, check_feed, check_file, check_look_up, check_sent, granted, today
from hub.ports import (
    Address,
    Cursor,
    DayCount,
    Extent,
    Fetched,
    FileQuery,
    Files,
    LookupQuery,
    Page,
    Placed,
    Receipt,
    Refused,
    Reports,
    Rereads,
    RowVerdict,
    Sink,
    Source,
    SourceRow,
    Takes,
    Totals,
)
from hub.runtime.backoff import ASKED_MAX_S, Backoff, attempt, obeyed_s

T = TypeVar("T")
SINK_HOLD_S = 60.0
"""How long the wait that a sink asked for about one piece holds for all its pieces at most, seconds. The piece itself
waits as long as it was asked for: one piece that a system does not like must not stop the others for an hour."""
PATIENCE_S = 1.0
"""Longest wait inside a call, seconds; for a longer one ``Unavailable`` is raised."""
_LOOK_UPS = 2
_COUNTS = 3


@dataclass(frozen=True, slots=True)
class Health:
    """The state of a connector's circuit, and the calls left today (``None`` without a quota)."""

    circuit: str
    quota_left: int | None


class Gate:
    """Quota, rate and circuit of one connector. The feed and the look-ups have a gate each, so that a backfill does not
    delay a look-up that an applicant waits for. They share the day's quota through ``book``. ``hold_max_s``: how long
    the wait that the system asks for in one answer holds for all callers at most, seconds. Thread-safe."""

    def __init__(
        self,
        context: Context,
        book: QuotaBook | None = None,
        wait: Callable[[float], object] | None = None,
        hold_max_s: float = ASKED_MAX_S,
    ) -> None:
        name, limits = context.info.name, context.limits
        self._name = name
        self.circuit = Circuit(name, context.clock)
        self.quota = DailyQuota(name, limits.calls_a_day, context.clock, book, limits.look_up_share)
        self._rate = Rate(limits.rate_per_s, limits.burst, context.clock)
        self._wait = wait or threading.Event().wait
        self._hold_max_s = hold_max_s
        self._trouble = ""

    def call(self, work: Callable[[], T], times: int = 1, feed: bool = False) -> T:
        """The result of ``work``, with at most ``times`` attempts. Each attempt counts for rate and quota; that of a
        ``feed`` leaves a share of the quota for look-ups.

        Raises ``NotSent`` when circuit or rate refuse, ``NotNow`` when the quota does, ``Unavailable`` when all
        attempts failed, and as ``work`` does.
        """
        return attempt(lambda: self._once(work, feed), times, self._wait, Backoff(), PATIENCE_S)

    def further(self) -> None:
        """Count one more call of a question that takes several. Raises ``NotNow`` when rate or quota refuse."""
        try:
            self._wait(self._rate.take(PATIENCE_S))
        except Unavailable as ours:
            raise NotNow(str(ours), ours.retry_after_s) from None
        self.quota.take()

    def _once(self, work: Callable[[], T], feed: bool) -> T:
        self._enter(feed)
        try:
            result = work()
        except (Refused, Misconfigured, RecordRejected, Unconfirmed):
            # The system answered, so it is available.
            self.circuit.succeeded()
            raise
        except NotNow:
            # Our own bounds refused a further call: they say nothing about the state of the system.
            self.circuit.left()
            raise
        except Unavailable as away:
            self._trouble = str(away)
            away.retry_after_s = obeyed_s(self._name, away.retry_after_s)
            asked_s = away.retry_after_s
            self.circuit.failed(None if asked_s is None else min(asked_s, self._hold_max_s))
            raise
        except BaseException:
            self.circuit.failed()
            raise
        self.circuit.succeeded()
        return result

    def _enter(self, feed: bool) -> None:
        try:
            self.circuit.enter()
        except Unavailable as rests:
            why = f"{rests}; the last one: {self._trouble}" if self._trouble else str(rests)
            raise NotSent(why, rests.retry_after_s) from None
        try:
            self._wait(self._rate.take(PATIENCE_S))
            self.quota.take(feed)
        except NotNow:
            self.circuit.left()
            raise
        except Unavailable as ours:
            # Our own bounds say nothing about the state of the system.
            self.circuit.left()
            raise NotSent(str(ours), ours.retry_after_s) from None

    def health(self) -> Health:
        """State of the circuit and remaining quota. Makes no call."""
        return Health(self.circuit.state, self.quota.left())


class GuardedSource:
    """``Source`` behind its grant and its gate: a call beyond the grant is not made (P3). ``fetch`` is not retried
    here: the feed backs off and reports it (hub/ingest/stage.py)."""

    def __init__(self, source: Source, context: Context, gate: Gate) -> None:
        self._source = source
        self._gate = gate
        self._steps = Steps(context.info.name)
        self._former: Source | None = None
        self.context = context

    def become(self, other: "GuardedSource") -> None:
        """Take over what ``other`` has: its source, opened with changed settings, and its limits. Calls that are
        running end with the former source, which is closed at the next change, or with this one."""
        if self._former is not None:
            self._former.close()
        self._former, self._source = self._source, other._source
        self._gate, self.context = other._gate, other.context

    @property
    def inner(self) -> Source:
        """The connector's own source, without the gate."""
        return self._source

    def fetch(self, cursor: Cursor | None) -> Page:
        """As the port says. Raises ``Misconfigured`` without a grant in force that allows a feed, ``NotNow`` outside
        the feed's hours, ``Unavailable`` also when the cursor does not move on (``Steps``)."""
        check_feed(self._granted())
        check_hours(self.context.info.name, self.context.limits.feed_hours, self.context.clock)
        page = self._within(self._gate.call(lambda: self._source.fetch(cursor), feed=True))
        self._steps.check(cursor, page)
        return page

    def look_up(self, query: LookupQuery) -> Page:
        """As the port says. Raises ``RecordRejected``: PURPOSE_MISSING without purpose or legal basis (P3),
        LOOKUP_UNSUPPORTED for a ``by`` that the source does not support, TICKET_NEEDED without the ticket that the
        source wants, LOOKUP_NOT_GRANTED and PURPOSE_NOT_GRANTED as the grant says; ``Misconfigured`` without a grant in
        force."""
        if not query.purpose.strip() or not query.legal_basis.strip():
            raise RecordRejected("PURPOSE_MISSING", detail="a look-up needs a purpose and a legal basis")
        info = self.context.info
        if query.by not in info.lookup_by:
            answered = ", ".join(info.lookup_by) or "nothing"
            raise RecordRejected(
                "LOOKUP_UNSUPPORTED", detail=f"{info.name} has no look-up by {query.by}; it answers by {answered}"
            )
        if info.ticket and not (query.ticket or "").strip():
            raise RecordRejected("TICKET_NEEDED", "ticket", f"{info.name} is not asked without a ticket")
        check_look_up(self._granted(), query)
        return self._within(self._gate.call(lambda: self._source.look_up(query), _LOOK_UPS))

    def file(self, query: FileQuery) -> Fetched | None:
        """As ``Files`` says. Raises ``RecordRejected``: FILE_NOT_GRANTED and PURPOSE_NOT_GRANTED as the grant says;
        ``Misconfigured`` without a grant in force, and for a source that gives no files."""
        check_file(self._granted(), query.purpose)
        source = self._source
        if not isinstance(source, Files):
            raise Misconfigured(f"{self.context.info.name} gives no files", "declare [rest.file] in its folder")
        return self._gate.call(lambda: source.file(query))

    def day(self, day: date) -> DayCount:
        """As the port says, with some attempts. Raises ``Misconfigured`` as ``fetch`` does: who counts what changed
        learns of every row."""
        check_feed(self._granted())
        return self._gate.call(lambda: self._source.day(day), _COUNTS)

    def read(self, extent: Extent, cursor: Cursor | None) -> Page:
        """As ``Rereads`` says, with some attempts. Raises ``Misconfigured`` as ``fetch`` does, and for a source from
        which chosen rows cannot be read."""
        check_feed(self._granted())
        source, name = self._source, self.context.info.name
        if not isinstance(source, Rereads):
            raise Misconfigured(
                f"{name}: chosen rows cannot be read from it again",
                f"stop it and read all of it again: `hub connectors offsets {name} --reset --forget`",
            )
        return self._within(self._gate.call(lambda: source.read(extent, cursor), _COUNTS))

    def report(self, verdicts: Sequence[RowVerdict]) -> None:
        """As ``Reports`` says. Raises ``Misconfigured`` as ``fetch`` does, and for a source that takes no verdicts."""
        check_feed(self._granted())
        source = self._source
        if not isinstance(source, Reports):
            raise Misconfigured(f"{self.context.info.name} takes no verdicts", "remove its setting report_url")
        self._gate.call(lambda: source.report(verdicts))

    def total(self) -> int | None:
        """As ``Totals`` says; ``None`` for a source that cannot count its rows. Raises ``Misconfigured`` as ``fetch``
        does."""
        check_feed(self._granted())
        check_hours(self.context.info.name, self.context.limits.feed_hours, self.context.clock)
        source = self._source
        return self._gate.call(source.total, feed=True) if isinstance(source, Totals) else None

    def check_sends(self) -> None:
        """Raise ``Misconfigured`` without a grant in force that lets the source send."""
        check_sent(self._granted())

    def take(self, items: Sequence[Any], proof: bytes) -> Sequence[SourceRow]:
        """As ``Takes`` says. Raises ``Misconfigured`` without a grant in force that allows it, and for a source that
        sends nothing."""
        self.check_sends()
        source = self._source
        if not isinstance(source, Takes):
            raise Misconfigured(f"{self.context.info.name} sends nothing by itself", "remove `sends` of its folder")
        return self._within(Page(source.take(items, proof), {}, False)).rows

    def _granted(self) -> Grant:
        """The grant, in force today. Raises ``Misconfigured``."""
        return granted(self.context.grant, self.context.info.name, today(self.context.clock))

    def _within(self, page: Page) -> Page:
        """The page, as the grant allows it. Raises ``Misconfigured``."""
        context = self.context
        if context.grant is None:
            return page
        return within(page, context.grant, context.info.columns, context.dropped, context.folder.declared)

    def health(self) -> Health:
        """State of the circuit and remaining quota. Makes no call."""
        return self._gate.health()

    def close(self) -> None:
        for source in (self._source, self._former):
            if source is not None:
                source.close()


class GuardedSink:
    """``Sink`` behind its gate. A push is never retried here: its outcome is unknown until ``find`` was asked (P2)."""

    def __init__(self, sink: Sink, context: Context, gate: Gate) -> None:
        self._sink = sink
        self._gate = gate
        self._former: Sink | None = None
        self.context = context

    def become(self, other: "GuardedSink") -> None:
        """As that of ``GuardedSource``."""
        if self._former is not None:
            self._former.close()
        self._former, self._sink = self._sink, other._sink
        self._gate, self.context = other._gate, other.context

    def push(self, address: Address, body: Mapping[str, Any]) -> Receipt | Placed:
        return self._gate.call(lambda: self._sink.push(address, body))

    def find(self, address: Address) -> Receipt | Placed | None:
        return self._gate.call(lambda: self._sink.find(address))

    def health(self) -> Health:
        """State of the circuit and remaining quota. Makes no call."""
        return self._gate.health()

    def close(self) -> None:
        for sink in (self._sink, self._former):
            if sink is not None:
                sink.close()
