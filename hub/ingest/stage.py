"""Ingest: one feed for each source, in a thread of its own. The assignment of ``hub.cursors`` decides its owner.

    partition CRC32(name) assigned ──► FeedThread ──► Feed (fences the earlier owner, then reads the cursor)

                 ┌────────(Unavailable: back off and retry)────────┐
                 ▼                                                 │
    RESTARTING ──► RUNNING ──(any other error: trace)──► FAILED ──(back-off)─────────► RESTARTING
                 ▲   │                                             ▲
      (resume)   │   └──(operator)──► PAUSED, STOPPED ─────────────┘ (restart)

A source that is slow or away does not delay the others. Operators see states that are computed from progress
(``hub.ingest.control``).
"""

import json
import threading
import traceback
from functools import partial

from hub.connect.host.guard import GuardedSource
from hub.errors import Fenced, HubError, NotNow, Unavailable
from hub.ingest.control import (
    FAILED,
    PAUSED,
    RESTARTING,
    RUNNING,
    STOPPED,
    UNASSIGNED,
    WAITING,
    Order,
    Orders,
    Report,
    Reports,
)
from hub.ingest.dropped import DroppedColumns
from hub.ingest.feed import Feed, Taken
from hub.ingest.progress import Progress
from hub.ingest.throttle import Throttle
from hub.logging import get_logger, mask
from hub.parts import Parts
from hub.ports import Member
from hub.records.kinds import KINDS
from hub.runtime.backoff import Backoff
from hub.runtime.stage import SOURCES, Stage
from hub.topics.cursors import ends, partition_of_source
from hub.topics.declared import CURSORS

GROUP = "ingest"
BACKOFF = Backoff(0.2, 30.0)
ORDERS_EVERY_S = 0.5
REPORT_EVERY_S = 2.0
STOP_TIMEOUT_S = 8.0
_TRACE_LINES = 30
log = get_logger("ingest")


class FeedThread:
    """Runs the feed of one source until it is stopped. Creating it starts its thread. ``taken``: rows so far."""

    def __init__(self, name: str, parts: Parts) -> None:
        self.name = name
        self._parts = parts
        self._clock = parts.clock
        self._orders, self._reports = Orders(parts.store), Reports(parts.store, parts.clock)
        self._stop = threading.Event()
        self._report = Report(name, worker=parts.instance)
        self._reported_s = self._ordered_s = float("-inf")
        self._order = Order()
        self._source: GuardedSource | None = None
        self._feed: Feed | None = None
        self._throttle: Throttle | None = None
        self._changes = parts.connectors.changes(name)
        self._far = Progress(parts.clock)
        self.taken = 0
        self._thread = threading.Thread(target=self._run, name=f"ingest.{name}", daemon=True)
        self._thread.start()

    def alive(self) -> bool:
        """Whether the thread is running."""
        return self._thread.is_alive()

    def request_stop(self) -> None:
        """Ask it to end after its current page. Does not wait."""
        self._stop.set()

    def join(self, timeout_s: float) -> bool:
        """Wait for its end. False when it is still in a call; the next owner fences its later commits."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    # ---- the loop --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            while not self._stop.is_set():
                self._wait(self._turn())
        finally:
            self._let_go(everything=True)
            self._sign_off()

    def _turn(self) -> float:
        """One piece of work. Returns the seconds to wait before the next."""
        try:
            if self._obey() != RUNNING:
                return ORDERS_EVERY_S
            return self._step()
        except Fenced:
            self._let_go()
            return self._trouble(RESTARTING, "another process took the source over", None)
        except NotNow as later:
            return self._rest(str(later), later.retry_after_s or REPORT_EVERY_S)
        except Unavailable as away:
            if self._feed is not None and not self._feed.intact:
                self._let_go()
            return self._trouble(RUNNING, str(away), away.retry_after_s)
        except Exception as failure:  # a defect must not end a feed permanently, nor affect others
            self._let_go(everything=True)
            self._report.trace = trace_of(failure)
            log.error("feed failed", source=self.name, error=type(failure).__name__, trace=self._report.trace)
            return self._trouble(FAILED, _words(failure), None)

    def _step(self) -> float:
        if self._source is None or self._throttle is None:
            self._source = self._parts.connectors.open_source(self.name)
            self._throttle = self._throttle_of(self._source.context.info.kind)
        if self._feed is not None and not self._feed.current:
            self._let_go()
        if self._feed is None:
            self._feed = self._begin(self._source)
        if held_s := self._throttle.hold_s():
            self._tell()
            return held_s
        self._far.count(self._source)
        taken = self._feed.step()
        self._throttle.took(max(taken.rows, taken.read))
        self._far.took(taken)
        self._progress(taken)
        if dropped := self._source.context.dropped.take():
            DroppedColumns(self._parts.store).add(self.name, dropped)
        # A source that has more and gives no row of it is not asked without a pause.
        return 0.0 if taken.rows or (taken.more and taken.read) else self._source.context.limits.poll_s

    def _throttle_of(self, kind: str) -> Throttle:
        return Throttle(self._clock, partial(self._parts.behind, kind), self._parts.awaited)

    def _begin(self, source: GuardedSource) -> Feed:
        feed = Feed(source, self._parts)
        order = self._orders.get(self.name)
        if self._far.done is None:
            before = self._reports.get(self.name)
            self._far.done = (before.done or 0) if before else 0
        if order.cursor is not None:
            self._far.done = 0
            feed.move(json.loads(order.cursor))
            self._orders.moved(self.name, order)
        return feed

    def _obey(self) -> str:
        """Act on the operator's order. Returns the wanted state."""
        now_s = self._clock.monotonic_s()
        if now_s - self._ordered_s < ORDERS_EVERY_S:
            return self._order.wanted
        before, self._order = self._order, self._orders.get(self.name)
        first = self._ordered_s == float("-inf")
        self._ordered_s = now_s
        if self._order.restart_token != before.restart_token and not first:
            self._let_go(everything=True)
            self._report = Report(self.name, worker=self._parts.instance)
            self._tell(at_once=True)
        elif self._order.wanted != before.wanted or first:
            self._change_to(self._order.wanted)
        if self._order.wanted != RUNNING:
            self._tell()
        return self._order.wanted

    def _change_to(self, wanted: str) -> None:
        if wanted == STOPPED:
            self._let_go(everything=True)
        self._report.state = wanted if wanted in (PAUSED, STOPPED) else RESTARTING
        self._tell(at_once=True)

    def _let_go(self, everything: bool = False) -> None:
        """Drop the feed, whose state may differ from the durable one; with ``everything`` also the source and its
        connections."""
        feed, self._feed = self._feed, None
        source = self._source if everything else None
        for part in (feed, source):
            if part is not None:
                try:
                    part.close()
                except Exception as failure:  # it is dropped in any case
                    log.warning("closing failed", source=self.name, error=type(failure).__name__)
        if everything:
            self._source = None

    def _wait(self, seconds: float) -> None:
        """Wait, and return earlier when there is a new order of the operator."""
        until_s = self._clock.monotonic_s() + seconds
        while not self._stop.is_set() and (left_s := until_s - self._clock.monotonic_s()) > 0:
            self._stop.wait(min(left_s, ORDERS_EVERY_S))
            if left_s > ORDERS_EVERY_S and self._new_order():
                return

    def _new_order(self) -> bool:
        """Whether there is a new order of the operator. Also reports, so that the feed is not shown as UNASSIGNED."""
        try:
            self._tell()
            return self._orders.get(self.name) != self._order or self._reloaded()
        except Unavailable:
            return False

    def _reloaded(self) -> bool:
        """Whether the connector was reloaded since this was asked last."""
        before, self._changes = self._changes, self._parts.connectors.changes(self.name)
        return self._changes != before

    # ---- reports ---------------------------------------------------------------------------------------------------

    def _progress(self, taken: Taken) -> None:
        report, now_ms = self._report, self._clock.process_ms()
        remarked = report.trouble != taken.remark
        changed = remarked or report.state != RUNNING or report.failures > 0 or bool(report.behind_ms) != taken.more
        if remarked and taken.remark:
            log.warning("source has a fault", source=self.name, remark=taken.remark)
        report.state, report.failures, report.trace, report.wait_s = RUNNING, 0, "", 0.0
        report.trouble = taken.remark
        report.fetched_ms = now_ms
        report.rows += taken.rows
        report.total, report.done, report.rate_per_s = self._far.total, self._far.done, self._far.rate_per_s()
        self.taken += taken.rows
        if taken.rows:
            report.rows_ms = now_ms
        report.behind_ms = (report.behind_ms or now_ms) if taken.more else 0
        self._tell(at_once=changed)

    def _trouble(self, state: str, words: str, retry_after_s: float | None) -> float:
        report = self._report
        changed = report.state != state or report.trouble != words
        report.state, report.trouble, report.last_trouble = state, words, words
        report.last_trouble_ms = self._clock.process_ms()
        report.failures += 1
        report.wait_s = BACKOFF.wait_s(report.failures, retry_after_s)
        if changed:
            log.warning("feed waits", source=self.name, reason=words, wait_s=round(report.wait_s, 1))
        try:
            self._tell(at_once=changed)
        except Unavailable:
            log.warning("no report: the store is away", source=self.name)
        return report.wait_s

    def _rest(self, words: str, seconds: float) -> float:
        """Nothing is wrong: the next call is made later."""
        report = self._report
        changed = report.state != WAITING
        report.state, report.failures, report.trouble, report.wait_s = WAITING, 0, words, seconds
        if changed:
            log.info("feed waits", source=self.name, reason=words, wait_s=round(seconds))
        self._tell(at_once=changed)
        return seconds

    def _sign_off(self) -> None:
        """Report UNASSIGNED, so that operators see it immediately and not when the last report is old."""
        self._report.state, self._report.wait_s = UNASSIGNED, 0.0
        try:
            self._tell(at_once=True)
        except Unavailable:
            log.warning("no report: the store is away", source=self.name)

    def _tell(self, at_once: bool = False) -> None:
        now_s = self._clock.monotonic_s()
        if not at_once and now_s - self._reported_s < REPORT_EVERY_S:
            return
        if self._source is not None:
            health = self._source.health()
            self._report.circuit, self._report.quota_left = health.circuit, health.quota_left
        self._reports.put(self._report)
        self._reported_s = now_s


def trace_of(failure: BaseException) -> str:
    """The trace of a failure: files, lines, functions and the type of the error. Without its message, which may contain
    personal data (P5)."""
    frames = traceback.extract_tb(failure.__traceback__)[-_TRACE_LINES:]
    return "\n".join([*(f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames), type(failure).__name__])


def _words(failure: BaseException) -> str:
    return mask(str(failure)) if isinstance(failure, HubError) else type(failure).__name__


class Ingest:
    """The ingest stage of one process: a feed thread for each source whose partition it owns."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._feeds: dict[str, FeedThread] = {}
        self._counted = 0
        self._partitions = parts.log.topics()[CURSORS]
        # Each feed reads the topic itself; the membership only decides which process owns it.
        self._member: Member = parts.log.join(
            GROUP, [CURSORS], parts.member("ingest"), lambda slots: ends(parts.log, slots)
        )

    def step(self) -> int:
        """Start and stop feeds as assigned. Returns the rows that the feeds have taken since the last step."""
        self._member.poll(1_000, ORDERS_EVERY_S)
        owned = {partition for _, partition in self._member.assigned()}
        mine = {name for name in self._parts.connectors.feeds if partition_of_source(name, self._partitions) in owned}
        for name in self._feeds.keys() - mine:
            self._feeds[name].request_stop()
        for name in [name for name, feed in self._feeds.items() if not feed.alive()]:
            del self._feeds[name]
        for name in mine - self._feeds.keys():
            self._feeds[name] = FeedThread(name, self._parts)
        total = sum(feed.taken for feed in self._feeds.values())
        fresh, self._counted = max(0, total - self._counted), total
        return fresh

    def close(self) -> None:
        """Stop all feeds after their current page. Uncommitted rows are fetched again."""
        for feed in self._feeds.values():
            feed.request_stop()
        deadline_s = self._parts.clock.monotonic_s() + STOP_TIMEOUT_S
        late = [
            feed.name
            for feed in self._feeds.values()
            if not feed.join(max(0.0, deadline_s - self._parts.clock.monotonic_s()))
        ]
        if late:
            log.warning("still in a call; the next owner fences them", sources=late)
        self._member.close()


STAGE = Stage(
    "ingest",
    reads=(SOURCES, CURSORS),
    writes=(*(kind.topic("received") for kind in KINDS.values()), CURSORS),
    make=Ingest,
    about="sources → *.received, with the cursor in the same transaction",
    group=GROUP,
)
