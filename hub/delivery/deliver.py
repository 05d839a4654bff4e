"""Deliver: pushes the pieces of one sink into its system, each exactly once (P2), and only what is still true (P3).

    pending ─claim─▶ ask, push ─▶ acknowledged | refused
       ▲                 │         stopped: the hub must not send it (a broken seal, an erased subject)
       └──── later ──────┘         withdrawn: the record changed since it was decided; it is looked for again

Before a piece is pushed again, ``Sink.find`` asks whether an earlier attempt has taken effect, for as long as it may
still do so (``attempts.py``). A piece may come after
another one (its case's registration); otherwise the pieces of a case do not wait for one another. The deliveries of a
held case wait. Every outcome is an event in the journal.
"""

import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from functools import partial

from hub.cases import events
from hub.crash import crash_point
from hub.delivery import attempts, claims, endings
from hub.delivery.attempts import DeliverParts
from hub.delivery.claims import TAKEOVER_S, Claimed, Key
from hub.errors import Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.records.kinds import KINDS
from hub.runtime.stage import OUTBOX, SINK, TABLES, Stage

PARALLEL = 8
IDLE_S = 0.1

log = get_logger("deliver")


class Deliver:
    """The deliver stage of one sink. Any number of instances share the work."""

    def __init__(self, parts: DeliverParts, *, idle_s: float = IDLE_S) -> None:
        self._parts = parts
        self._idle_s = idle_s
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="deliver")
        self._running: set[Future[None]] = set()
        self._look_s = float("-inf")

    def step(self) -> int:
        """Claim pieces that are due and wait until a delivery has ended. Returns how many have ended. Raises
        ``Unavailable`` when the database is."""
        clock = self._parts.journal.clock
        began_s = clock.monotonic_s()
        if began_s >= self._look_s:
            self._parts.claims.look_after(clock.process_ms())
            # With many pieces that wait it takes a while: at most a twentieth of the time is spent on it.
            self._look_s = began_s + max(TAKEOVER_S, 20 * (clock.monotonic_s() - began_s))
        free = PARALLEL - len(self._running)
        for claimed in self._parts.claims.claim(free, clock.process_ms()) if free else ():
            future = self._pool.submit(deliver, self._parts, claimed)
            future.add_done_callback(partial(_let_go, claimed.key))
            self._running.add(future)
        if not self._running:
            time.sleep(self._idle_s)
            return 0
        done, self._running = wait(self._running, timeout=self._idle_s or 5, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        return len(done)

    def close(self) -> None:
        """Start no more deliveries. Calls that are running end normally."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _let_go(key: Key, _ended: Future[None]) -> None:
    claims.let_go([key])


# ---- one piece -----------------------------------------------------------------------------------------------------


def deliver(parts: DeliverParts, claimed: Claimed) -> None:
    """Deliver one claimed piece and write its outcome, or the time of its next attempt. Raises ``Unavailable`` only
    when the database cannot be reached.
    """
    outcome = attempts.attempt(parts, claimed)
    try:
        endings.write(parts, claimed, outcome)
    except Unavailable:
        raise
    except Exception as failure:  # an outcome that cannot be written is trouble of this piece alone
        named = endings.named(parts, claimed)
        log.exception("an outcome cannot be written", error=type(failure).__name__, **named)
        endings.write(parts, claimed, attempts.unwritten(parts, claimed, failure))
    else:
        if isinstance(outcome, events.Acknowledged):
            crash_point("deliver.receipted")


def make(sink: str, parts: Parts) -> Deliver:
    """The running stage for one sink. Raises ``Misconfigured`` when the sink cannot be opened."""
    opened = parts.connectors.open_sink(sink)
    given = DeliverParts(
        sink,
        parts.references(sink),
        parts.store,
        parts.journal(),
        parts.opener,
        parts.instance,
        opened,
        opened.context.limits.settle_s,
        attempts.lease_s(opened.context.limits.total_timeout_s),
        opened.context.info.reads_back,
        opened.context.info.attempts_max,
    )
    return Deliver(given)


def stage(sink: str) -> Stage:
    """The stage that delivers to one sink."""
    return Stage(
        f"deliver.{sink}",
        reads=(TABLES, *(kind.topic("verified") for kind in KINDS.values())),
        writes=(SINK, TABLES, OUTBOX),
        make=partial(make, sink),
        about="pieces → the sink's system, exactly once",
    )
