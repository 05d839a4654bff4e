"""How an attempt ended, written down: the event of its outcome, or when the next attempt is. The same for every way of
delivery."""

from typing import Any

from sqlalchemy import Connection, select

from hub.cases import case as cases
from hub.cases import events
from hub.cases.by import HUB, By
from hub.cases.case import PieceState
from hub.cases.journal import Decided
from hub.cases.procedure import Delivered, WillNotDo, Withdraw
from hub.cases.tables import piece
from hub.delivery import attempts, claims
from hub.delivery.attempts import SinkParts
from hub.delivery.claims import Claimed
from hub.logging import get_logger
from hub.runtime.backoff import Backoff, obeyed_s

BACKOFF = Backoff(first_s=1.0, longest_s=30.0)
LOOK_AGAIN = Backoff(first_s=1.0, longest_s=300.0)
"""Between two looks for the answer to a piece that was placed."""

log = get_logger("deliver")


def write(parts: SinkParts, claimed: Claimed, outcome: attempts.Outcome) -> None:
    """Write an outcome down. Raises ``Unavailable`` when the database is."""
    if isinstance(outcome, WillNotDo):
        _withdraw(parts, claimed, outcome.reason)
    elif isinstance(outcome, attempts.Later):
        _retry(parts, claimed, outcome)
    else:
        if not isinstance(outcome, events.Acknowledged):
            log.error("a piece is not delivered", reason=outcome.reason, **named(parts, claimed))
        end(parts, claimed, outcome)


def named(parts: SinkParts, claimed: Claimed) -> dict[str, Any]:
    """Which piece, in a line of the log: the sink, and the id that the application has in the API."""
    return {"sink": parts.name, "case": claimed.case.case_id.hex(), "piece": claimed.piece.piece}


def end(parts: SinkParts, claimed: Claimed, event: events.Ending, by: By = HUB, withdrawn_counts: bool = True) -> None:
    """Write the outcome. An outcome that is written already stays: another process may have delivered too. When the
    sink has a piece that was withdrawn in the meantime, it counts as acknowledged; not where ``withdrawn_counts`` is
    false, because the system is told so in the answer to its acknowledgement.
    """
    states = {PieceState.PENDING.value}
    if isinstance(event, events.Acknowledged) and withdrawn_counts:
        states.add(PieceState.WITHDRAWN.value)
    with parts.store.write() as connection:
        locked = cases.lock(connection, [claimed.case.case_id])
        if locked and _state(connection, claimed) in states:
            parts.journal.append(connection, [Decided(locked[claimed.case.case_id], [event], by)])
            if isinstance(event, events.Acknowledged):
                claims.acknowledged(connection, claimed)
                if claimed.piece.kind == events.REGISTRATION:
                    parts.journal.hear(connection, [Delivered(claimed.case.case_id)])
        claims.done(connection, claimed)


def _withdraw(parts: SinkParts, claimed: Claimed, reason: str) -> None:
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


def _retry(parts: SinkParts, claimed: Claimed, later: attempts.Later) -> None:
    """Put the piece off. While a push may still take effect, the sink is asked again at the end of that time at the
    latest."""
    again, now_ms = later.again, parts.journal.clock.process_ms()
    if again.trouble and again.trouble != claimed.trouble:
        log.warning("a delivery is put off", reason=again.trouble, remedy=again.remedy, **named(parts, claimed))
    backoff = LOOK_AGAIN if later.placed else BACKOFF
    wait_ms = int(backoff.wait_s(claimed.attempts + 1, obeyed_s(parts.name, later.retry_after_s)) * 1000)
    left_ms = again.settle_until_ms - now_ms
    if left_ms > 0 and later.retry_after_s is None:
        wait_ms = min(wait_ms, left_ms)
    parts.claims.retry(claimed, now_ms, now_ms + wait_ms, again)
