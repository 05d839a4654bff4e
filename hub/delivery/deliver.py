"""Deliver: pushes decided pieces into the connection system, each once (P2), and only what is still true (P3).

    pending ─claim─▶ in_flight ─push─▶ acknowledged | refused
       ▲                 │                  stopped: the hub must not send it (a broken seal, an erased subject)
       └── Unavailable ──┘                  withdrawn: the record changed since it was decided; looked for again

The claim is committed before the call, so a crash anywhere leaves a trace; whatever may have taken effect is asked for
before it is pushed again. A claim that nobody is at, because its process died or the database was away when its outcome
was to be written down, is taken over when its lease ends; by its own instance a moment after it is there again.
The registration goes first; after it the pieces of one application do not wait for one another.
"""

import random
import re
import time
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Connection, Row, exists, or_, select, tuple_, update

from hub.cases import reasons
from hub.cases.calendar import china_day
from hub.cases.connection import bodies, events
from hub.cases.connection.command import Application
from hub.cases.connection.tables import application, delivery
from hub.cases.evidence.decide import Seals
from hub.cases.evidence.matching import read_value
from hub.crash import crash_point
from hub.errors import TamperDetected, Unavailable
from hub.logging import get_logger
from hub.parts import Parts
from hub.ports import Address, Clock, Receipt, RecordLog, Refused, Sink, Store
from hub.privacy.opening import Opened, Opener, check_commitments
from hub.privacy.purposes import Purposes
from hub.privacy.references import References
from hub.records.kinds import KINDS
from hub.records.tables import current, record
from hub.runtime.stage import OUTBOX, SINK, TABLES, Stage

PARALLEL = 8
IDLE_S = 0.1
LEASE_S = 120
"""Longer than any call to a sink may take, so that nobody takes over what is still on its way."""
TAKEOVER_S = 2
"""After a restart: time for what the dead process had sent to take effect, before it is asked for."""
BACK_OFF_MAX_S = 30
RETRY_AFTER_MAX_S = 300
_CODE = re.compile(r"[A-Za-z0-9_.-]{1,64}")
# The pieces that threads of this process have in hand: what is claimed by us and not among them, nobody is at.
_in_hand: set[tuple[bytes, int]] = set()

log = get_logger("deliver")


class _Stop(Exception):
    """The hub must not send this piece."""


class _Withdraw(Exception):
    """The record will not do any more."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What delivering needs."""

    log: RecordLog
    store: Store
    sink: Sink
    references: References
    opener: Opener
    sealer: Seals
    purposes: Purposes
    clock: Clock
    instance: str


class Deliver:
    """The deliver stage. Any number of them share the work."""

    def __init__(self, desk: Desk, *, idle_s: float = IDLE_S) -> None:
        self._desk = desk
        self._idle_s = idle_s
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="deliver")
        self._running: set[Future[None]] = set()
        self._taken_over_s = float("-inf")

    def step(self) -> int:
        self._take_over()
        free = PARALLEL - len(self._running)
        for piece in claim(self._desk, free) if free else ():
            future = self._pool.submit(deliver, self._desk, piece)
            future.add_done_callback(partial(_let_go, _key(piece)))
            self._running.add(future)
        if not self._running:
            time.sleep(self._idle_s)
            return 0
        done, self._running = wait(self._running, timeout=self._idle_s or 5, return_when=FIRST_COMPLETED)
        for future in done:
            future.result()
        return len(done)

    def _take_over(self) -> None:
        now_s = self._desk.clock.monotonic_s()
        if now_s - self._taken_over_s >= TAKEOVER_S:
            take_over(self._desk)
            self._taken_over_s = now_s

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


# ---- claims --------------------------------------------------------------------------------------------------------


def _key(piece: Row[Any]) -> tuple[bytes, int]:
    return bytes(piece.application_id), piece.piece


def _let_go(key: tuple[bytes, int], _ended: Future[None]) -> None:
    _in_hand.discard(key)


def take_over(desk: Desk) -> int:
    """Put what this instance has claimed and nobody is at back in line, to be asked for a moment from now."""
    table, now_ms = delivery.c, desk.clock.now_ms()
    ours = (table.state == "in_flight") & (table.claimed_by == desk.instance) & (table.lease_until_ms >= now_ms)
    idle = tuple_(table.application_id, table.piece).not_in(list(_in_hand))
    with desk.store.write() as connection:
        found = connection.execute(
            update(delivery)
            .where(ours, idle)
            .values(state="pending", claimed_by=None, next_attempt_ms=now_ms + TAKEOVER_S * 1000)
        )
    return found.rowcount


def claim(desk: Desk, limit: int) -> Sequence[Row[Any]]:
    """Claim up to ``limit`` pieces that are due; committed on return."""
    now_ms = desk.clock.now_ms()
    with desk.store.read() as connection:
        if connection.execute(_due(now_ms).limit(1)).first() is None:
            return ()
    pieces: Sequence[Row[Any]] = ()
    try:
        with desk.store.write() as connection:
            pieces = connection.execute(_due(now_ms).limit(limit).with_for_update(of=delivery, skip_locked=True)).all()
            # Before the claim is committed: another sink's thread must not take it for nobody's.
            _in_hand.update(map(_key, pieces))
            for piece in pieces:
                _set(
                    connection,
                    piece,
                    state="in_flight",
                    claimed_by=desk.instance,
                    attempts=piece.attempts + 1,
                    lease_until_ms=now_ms + LEASE_S * 1000,
                )
    except Unavailable:
        _in_hand.difference_update(map(_key, pieces))
        raise
    crash_point("deliver.claimed")
    return pieces


def _due(now_ms: int) -> Any:
    """Pieces whose time has come: never of a held application, evidence only after the registration."""
    table, first = delivery.c, delivery.alias("registration")
    registered = exists().where(
        first.c.application_id == table.application_id, first.c.piece == 0, first.c.state == "acknowledged"
    )
    waiting = (table.state == "pending") & (table.next_attempt_ms <= now_ms)
    abandoned = (table.state == "in_flight") & (table.lease_until_ms < now_ms)
    case = application.c
    columns = (case.applicant_id, case.sealed, case.purpose, case.legal_basis, case.submitted_ms, case.due_on)
    return (
        select(delivery, *columns)
        .join(application, case.application_id == table.application_id)
        .where(case.held.is_(False), or_(waiting, abandoned), or_(table.piece == 0, registered))
        .order_by(table.next_attempt_ms, table.decided_ms)
    )


def _set(connection: Connection, piece: Row[Any], **values: Any) -> int:
    table = delivery.c
    changed = connection.execute(
        update(delivery)
        .where(table.application_id == piece.application_id, table.piece == piece.piece)
        .values(**values)
    )
    return changed.rowcount


# ---- one piece -----------------------------------------------------------------------------------------------------


def deliver(desk: Desk, piece: Row[Any]) -> None:
    """Deliver one claimed piece and write down how it ended. Raises ``Unavailable`` only when the database is away."""
    try:
        receipt, found = _attempt(desk, piece)
    except Refused as refused:
        code = refused.code if _CODE.fullmatch(refused.code) else reasons.REFUSED
        _end(desk, piece, "REFUSED", reason=code, sealed_reason=_sealed(desk, piece, refused.message))
    except _Stop as stop:
        log.error("a piece must not be sent", reason=str(stop), application=bytes(piece.application_id).hex())
        _end(desk, piece, "STOPPED", reason=str(stop))
    except _Withdraw as withdrawn:
        _take_back(desk, piece, str(withdrawn))
    except Unavailable as away:
        _retry(desk, piece, away.retry_after_s)
    except Exception as failure:  # one poison application must not stop the others
        log.exception("a delivery failed", error=type(failure).__name__, application=bytes(piece.application_id).hex())
        _retry(desk, piece, None)
    else:
        _end(desk, piece, "ACKNOWLEDGED", receipt=receipt.number, receipt_at=receipt.received_at, found=found)
        crash_point("deliver.receipted")


def _attempt(desk: Desk, piece: Row[Any]) -> tuple[Receipt, bool]:
    """The receipt, and whether asking found it."""
    submitted = _application(desk, piece)
    address = _address(desk, piece)
    if piece.attempts > 0:
        earlier = desk.sink.find(address)
        if earlier is not None:
            return earlier, True
    receipt = desk.sink.push(address, _body(desk, piece, submitted))
    crash_point("deliver.posted")
    return receipt, False


def _address(desk: Desk, piece: Row[Any]) -> Address:
    case_id, record_id = bytes(piece.application_id), bytes(piece.record_id) if piece.record_id else None
    number = desk.references.hub_number(case_id)
    key = desk.references.piece_key(case_id, piece.kind, record_id)
    return Address("connection", piece.kind, number, key)


def _sealed(desk: Desk, piece: Row[Any], words: str) -> bytes | None:
    """The sink's words under the applicant's key; ``None`` where there is none any more, or it is damaged."""
    sealed = desk.sealer.seal_values([(bytes(piece.applicant_id), words.encode())])[0]
    return sealed if isinstance(sealed, bytes) else None


def _application(desk: Desk, piece: Row[Any]) -> Application:
    opened = desk.opener.open_value(bytes(piece.applicant_id), bytes(piece.sealed))
    if opened is None:
        raise _Stop(reasons.ERASED)
    return Application.model_validate_json(opened)


def _body(desk: Desk, piece: Row[Any], submitted: Application) -> bodies.Body:
    purpose = desk.purposes.get(piece.purpose)
    if piece.piece == 0:
        return bodies.registration(piece, submitted, purpose)
    judged_ms = _still_counts(desk, piece)
    opened = _open(desk, piece)
    if not purpose.accepts(piece.kind, opened.envelope["assurance"]):
        raise _Withdraw(reasons.ASSURANCE_LOW)
    assert opened.record is not None
    until = opened.record[KINDS[piece.kind].principal.name].get("valid_until")
    if until is not None and until < china_day(desk.clock.now()):
        raise _Withdraw(reasons.EXPIRED)
    reference = desk.references.record_reference(bytes(piece.record_id))
    return bodies.evidence(piece, reference, opened.envelope, opened.record, judged_ms, purpose)


def _still_counts(desk: Desk, piece: Row[Any]) -> int:
    """When the record was verified, in ms, if it is still the version that counts."""
    query = (
        select(record.c.judged_ms, current.c.status, current.c.operation)
        .join(current, (current.c.row_id == record.c.row_id) & (current.c.record_id == record.c.record_id))
        .where(record.c.record_id == piece.record_id)
    )
    with desk.store.read() as connection:
        row = connection.execute(query).one_or_none()
    if row is None or row.status != "CURRENT" or row.operation != "UPSERT":
        raise _Withdraw(reasons.CHANGED)
    return int(row.judged_ms)


def _open(desk: Desk, piece: Row[Any]) -> Opened:
    """The record from the log, with its commitments checked against what lies there."""
    try:
        opened = desk.opener.open([read_value(desk.log, piece.topic, piece.partition, piece.offset)])[0]
        if opened.problem is not None and opened.problem.code == "ERASED":
            raise _Stop(reasons.ERASED)
        if opened.problem is not None or opened.envelope["record_id"] != bytes(piece.record_id):
            raise _Stop(reasons.SEAL_BROKEN)
        check_commitments(opened)
    except TamperDetected:
        raise _Stop(reasons.SEAL_BROKEN) from None
    return opened


# ---- how it ended --------------------------------------------------------------------------------------------------


def _end(desk: Desk, piece: Row[Any], what: str, **details: Any) -> None:
    """Write the outcome and its event. An outcome that is there already stays: another process may have asked too."""
    record_id = bytes(piece.record_id) if piece.record_id else None
    application_id = bytes(piece.application_id)
    ended = events.DeliveryEvent(
        application_id,
        piece.piece,
        what,
        desk.clock.now_ms(),
        piece.key,
        piece.attempts + 1,
        record_id=record_id,
        **details,
    )
    with desk.store.write() as connection:
        events.lock(connection, application_id)
        if _undecided(connection, piece):
            events.happen_delivery(connection, ended)


def _take_back(desk: Desk, piece: Row[Any], reason: str) -> None:
    application_id = bytes(piece.application_id)
    now_ms = desk.clock.now_ms()
    detail = {"kind": piece.kind, "piece": piece.piece, "reason": reason, "next_ask_ms": now_ms}
    with desk.store.write() as connection:
        case = events.lock(connection, application_id)
        if case is not None and _undecided(connection, piece):
            withdrawn = events.Event(application_id, case.number + 1, "WITHDRAWN", now_ms, detail)
            events.happen(connection, [withdrawn])


def _undecided(connection: Connection, piece: Row[Any]) -> bool:
    table = delivery.c
    query = select(table.state).where(table.application_id == piece.application_id, table.piece == piece.piece)
    return connection.execute(query).scalar_one() in ("pending", "in_flight")


def _retry(desk: Desk, piece: Row[Any], retry_after_s: float | None) -> None:
    wait_s = back_off_s(piece.attempts, retry_after_s)
    next_ms = desk.clock.now_ms() + int(wait_s * 1000)
    with desk.store.write() as connection:
        if _undecided(connection, piece):
            _set(connection, piece, state="pending", claimed_by=None, next_attempt_ms=next_ms)


def back_off_s(attempts: int, retry_after_s: float | None) -> float:
    """Seconds until the next attempt: as the sink asked, or doubling from one second with jitter; at most five minutes.

    >>> 0.5 <= back_off_s(0, None) <= 1, back_off_s(3, 7.0), back_off_s(0, 9_999)
    (True, 7.0, 300)
    """
    if retry_after_s is not None:
        return min(RETRY_AFTER_MAX_S, retry_after_s)
    ceiling = min(BACK_OFF_MAX_S, 2 ** min(attempts, 20))
    return random.uniform(ceiling / 2, ceiling)


# ---- the stage -----------------------------------------------------------------------------------------------------


def make(sink: str, parts: Parts) -> Deliver:
    """The stage at work for one sink. Raises ``Misconfigured``."""
    return Deliver(
        Desk(
            parts.log,
            parts.store,
            parts.connectors.open_sink(sink),
            parts.references(sink),
            parts.opener,
            parts.sealer,
            parts.purposes,
            parts.clock,
            parts.instance,
        )
    )


def stage(sink: str) -> Stage:
    """The stage that delivers to one sink."""
    return Stage(
        f"deliver.{sink}",
        reads=(TABLES, *(kind.topic("verified") for kind in KINDS.values())),
        writes=(SINK, TABLES, OUTBOX),
        make=partial(make, sink),
        about="evidence → the utility's connection system, once",
    )
