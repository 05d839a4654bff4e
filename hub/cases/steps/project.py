"""Writes the events about steps into their tables, and the verdicts over all facts of a case beside them. The running
hub and ``hub rebuild`` both call it: the verdicts depend on the facts alone, not on the order in which they came."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, update

from hub.cases.steps.events import Numbered, Stepped
from hub.cases.steps.judge import History, Judged, State
from hub.cases.steps.tables import case_number, step

_COPIED = (
    *("record_id", "action", "reading", "source", "event", "segment", "amends", "explained", "approved"),
    *("becomes_type", "becomes_starred", "topic", "partition", "offset"),
)


def numbered(connection: Connection, found: Sequence[tuple[bytes, Numbered]]) -> None:
    """Write the numbers of cases: (case, event)."""
    rows = [one._asdict() | {"case_id": case_id} for case_id, event in found for one in event.numbers]
    if rows:
        connection.execute(insert(case_number), rows)


def stepped(connection: Connection, found: Sequence[tuple[bytes, Stepped]]) -> None:
    """Write the facts: (case, event). A later reading of a record takes the place of its earlier ones. ``judged`` must
    follow."""
    older = [and_(step.c.record_id == event.record_id, step.c.reading < event.reading) for _, event in found]
    connection.execute(delete(step).where(or_(*older)))
    connection.execute(insert(step), [_row(case_id, event) for case_id, event in found])


def _row(case_id: bytes, event: Stepped) -> dict[str, Any]:
    return {name: getattr(event, name) for name in _COPIED} | {
        "case_id": case_id,
        "occurred_ms": event.step_occurred_at_ms,
        "received_ms": event.step_received_at_ms,
        "requested_ms": event.step_requested_at_ms,
        "recorded_ms": event.step_recorded_at_ms,
        "state": State.CLAIM.value,
        "why": None,
        "at_ms": event.step_occurred_at_ms,
        "late": False,
    }


def judged(connection: Connection, histories: Mapping[bytes, History]) -> None:
    """Write the verdict on each fact of these cases."""
    about = (step.c.record_id == bindparam("of")) & (step.c.action == bindparam("did"))
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "why", "at_ms", "late")}
    if rows := _verdicts(one for history in histories.values() for one in history.facts):
        connection.execute(update(step).where(about).values(**values), rows)


def _verdicts(facts: Iterable[Judged]) -> list[dict[str, Any]]:
    return [
        {
            "of": one.fact.record_id,
            "did": one.fact.action.value,
            "new_state": one.state.value,
            "new_why": one.why.value if one.why else None,
            "new_at_ms": one.at_ms,
            "new_late": one.late,
        }
        for one in facts
    ]
