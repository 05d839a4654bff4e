"""Deliver: pushes the pieces of one sink into its system, each exactly once (P2), and only what is still true (P3).

    pending ─claim─▶ push ─▶ acknowledged | refused
       ▲              │       stopped: the hub must not send it (a broken seal, an erased subject)
       └─ Unavailable ┘       withdrawn: the record changed since it was decided; it is looked for again

Before a piece is pushed again, ``Sink.find`` asks whether an earlier attempt has taken effect. A piece may come after
another one (its case's registration); otherwise the pieces of a case do not wait for one another. The deliveries of a
held case wait. Every outcome is an event in the journal.
"""

import json
import re
import time
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, select

from hub.cases import case as cases
from hub.cases import events, reasons
from hub.cases.case import PieceState
from hub.cases.events import ToSeal
from hub.cases.journal import Decided, Journal
from hub.cases.procedure import MustNotSend, WillNotDo, Withdraw
from hub.cases.tables import piece
from hub.crash import crash_point
from hub.delivery import claims, sending
from hub.delivery.claims import TAKEOVER_S, Claimed, Claims, Key
from hub.errors import HubError, Unavailable
from hub.logging import get_logger, mask
from hub.parts import Parts
from hub.ports import Receipt, Refused, Sink, Store
from hub.privacy.opening import Opener
from hub.privacy.references import References
from hub.records.kinds import KINDS
from hub.runtime.backoff import Backoff, obeyed_s
from hub.runtime.stage import OUTBOX, SINK, TABLES, Stage

PARALLEL = 8
IDLE_S = 0.1
BACKOFF = Backoff(first_s=1.0, longest_s=30.0)
# A sink's own code is open in events and tables, so a person's number must not match (P5).
_CODE = re.compile(r"(?!.*[0-9]{7})[A-Za-z0-9_.-]{1,64}")

log = get_logger("deliver")


@dataclass(frozen=True, slots=True)
class DeliverParts:
    """What delivering to one sink needs. ``name`` is the connector's; ``references`` are those for this sink."""

    name: str
    sink: Sink
    references: References
    store: Store
    journal: Journal
    opener: Opener
    instance: str

    @property
    def claims(self) -> Claims:
        """The claims of this sink by this instance."""
        return Claims(self.store, self.name, self.instance)


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
    case_id, told = claimed.case.case_id.hex(), _told(claimed)
    try:
        receipt, found = _attempt(parts, claimed)
    except Refused as refused:
        _end(parts, claimed, _refused(refused, told))
    except MustNotSend as stop:
        log.error("a piece must not be sent", reason=stop.reason, sink=parts.name, case=case_id)
        _end(parts, claimed, events.Stopped(reason=stop.reason, **told))
    except WillNotDo as changed:
        _withdraw(parts, claimed, changed.reason)
    except Unavailable as away:
        _retry(parts, claimed, mask(str(away)), obeyed_s(parts.name, away.retry_after_s))
    except HubError as trouble:
        log.error("a delivery failed", error=type(trouble).__name__, reason=str(trouble), sink=parts.name, case=case_id)
        _retry(parts, claimed, mask(str(trouble)), None)
    except Exception as failure:  # one case that cannot be delivered must not stop the others
        log.exception("a delivery failed", error=type(failure).__name__, sink=parts.name, case=case_id)
        _retry(parts, claimed, type(failure).__name__, None)
    else:
        sealed = ToSeal(json.dumps(receipt._asdict()).encode())
        _end(parts, claimed, events.Acknowledged(found=found, sealed_receipt=sealed, **told))
        crash_point("deliver.receipted")


def _refused(refused: Refused, told: dict[str, Any]) -> events.Refused:
    """The event of a final no: its code in the open if it is one, its words sealed."""
    if _CODE.fullmatch(refused.code):
        return events.Refused(reason=refused.code, sealed_reason=ToSeal(refused.message.encode()), **told)
    words = f"{refused.code} {refused.message}"
    return events.Refused(reason=reasons.REFUSED, sealed_reason=ToSeal(words.encode()), **told)


def _told(claimed: Claimed) -> dict[str, Any]:
    return {"piece": claimed.piece.piece, "sink": claimed.piece.sink, "attempts": claimed.attempts + 1}


def _attempt(parts: DeliverParts, claimed: Claimed) -> tuple[Receipt, bool]:
    """The receipt, and whether ``Sink.find`` found it."""
    address = sending.address(parts.references, claimed)
    if claimed.attempts > 0:
        earlier = parts.sink.find(address)
        if earlier is not None:
            return earlier, True
    with parts.store.read() as connection:
        body = sending.body(parts.journal, parts.opener, parts.references, connection, claimed)
    receipt = parts.sink.push(address, body)
    crash_point("deliver.posted")
    return receipt, False


# ---- how it ended --------------------------------------------------------------------------------------------------


def _end(parts: DeliverParts, claimed: Claimed, event: events.Ending) -> None:
    """Write the outcome. An outcome that is written already stays: another process may have delivered too. When the
    sink has a piece that was withdrawn in the meantime, it counts as acknowledged.
    """
    states = {PieceState.PENDING.value}
    if isinstance(event, events.Acknowledged):
        states.add(PieceState.WITHDRAWN.value)
    with parts.store.write() as connection:
        locked = cases.lock(connection, [claimed.case.case_id])
        if locked and _state(connection, claimed) in states:
            parts.journal.append(connection, [Decided(locked[claimed.case.case_id], [event])])
            if isinstance(event, events.Acknowledged):
                claims.acknowledged(connection, claimed)
        claims.done(connection, claimed)


def _withdraw(parts: DeliverParts, claimed: Claimed, reason: str) -> None:
    """Let the case withdraw the piece; it looks for its evidence again."""
    journal = parts.journal
    with parts.store.write() as connection:
        for case in cases.lock(connection, [claimed.case.case_id]).values():
            procedure = journal.procedures.get(case.procedure)
            journal.run(connection, procedure, [(case, Withdraw(claimed.piece.piece, reason))])
        claims.done(connection, claimed)


def _state(connection: Connection, claimed: Claimed) -> str | None:
    case_id, number = claimed.key
    query = select(piece.c.state).where(piece.c.case_id == case_id, piece.c.piece == number)
    return connection.execute(query).scalar_one_or_none()


def _retry(parts: DeliverParts, claimed: Claimed, trouble: str, retry_after_s: float | None) -> None:
    wait_s = BACKOFF.wait_s(claimed.attempts + 1, retry_after_s)
    parts.claims.retry(claimed, parts.journal.clock.process_ms() + int(wait_s * 1000), trouble)


def make(sink: str, parts: Parts) -> Deliver:
    """The running stage for one sink. Raises ``Misconfigured`` when the sink cannot be opened."""
    given = DeliverParts(
        sink,
        parts.connectors.open_sink(sink),
        parts.references(sink),
        parts.store,
        parts.journal(),
        parts.opener,
        parts.instance,
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
