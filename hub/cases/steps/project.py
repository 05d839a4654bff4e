"""Writes the events about steps into their tables, and the verdicts over all facts of a case beside them. The running
hub and ``hub rebuild`` both call it: the verdicts depend on the facts alone, not on the order in which they came."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, and_, bindparam, delete, insert, or_, select, update

from hub.cases.steps.events import Disputed, Numbered, Requested, Stepped
from hub.cases.steps.facts import FACTS_MAX
from hub.cases.steps.judge import History, Judged, State
from hub.cases.steps.tables import case_number, number_dispute, segment_request, step

_COPIED = (
    *("record_id", "action", "reading", "source", "event", "segment", "amends", "explained", "approved"),
    *("becomes_type", "becomes_starred", "becomes_voltage", "said", "topic", "partition", "offset"),
)


def numbered(connection: Connection, found: Sequence[tuple[bytes, Numbered]]) -> None:
    """Write the numbers of cases: (case, event)."""
    rows = [one._asdict() | {"case_id": case_id} for case_id, event in found for one in event.numbers]
    if rows:
        connection.execute(insert(case_number), rows)


def disputed(connection: Connection, case_id: bytes, event: Disputed) -> None:
    """Write that the case's numbers are of two, and take out the steps that left it; ``judged`` must follow."""
    numbers = [one.number_id for one in event.numbers]
    there = select(number_dispute.c.number_id).where(number_dispute.c.case_id == case_id)
    said = {bytes(one) for one in connection.execute(there.where(number_dispute.c.number_id.in_(numbers))).scalars()}
    if rows := [{"number_id": one, "case_id": case_id} for one in numbers if one not in said]:
        connection.execute(insert(number_dispute), rows)
    if event.records:
        connection.execute(delete(step).where(step.c.case_id == case_id, step.c.record_id.in_(event.records)))


def must_dispute(connection: Connection, numbers: Collection[bytes]) -> list[bytes]:
    """The cases that have one of these numbers, which another case has too, and have not said so."""
    mine = (number_dispute.c.number_id == case_number.c.number_id) & (number_dispute.c.case_id == case_number.c.case_id)
    query = select(case_number.c.case_id).outerjoin(number_dispute, mine).where(case_number.c.number_id.in_(numbers))
    return [bytes(one) for one in connection.execute(query.where(number_dispute.c.case_id.is_(None))).scalars()]


def stepped(connection: Connection, found: Sequence[tuple[bytes, Stepped]]) -> None:
    """Write the facts: (case, event). A later reading of a record takes the place of its earlier ones. ``judged`` must
    follow."""
    older = [and_(step.c.record_id == event.record_id, step.c.reading < event.reading) for _, event in found]
    connection.execute(delete(step).where(or_(*older)))
    connection.execute(insert(step), [_row(case_id, event) for case_id, event in found])
    for case_id in {case_id for case_id, _ in found}:
        ids = select(step.c.record_id).where(step.c.case_id == case_id).distinct().order_by(step.c.record_id)
        if beyond := connection.execute(ids.offset(FACTS_MAX)).scalars().all():
            connection.execute(delete(step).where(step.c.case_id == case_id, step.c.record_id.in_(beyond)))


def requested(connection: Connection, found: Sequence[tuple[bytes, int, Requested]]) -> None:
    """Write what customers asked for: (case, number of the event in its case, event). ``judged`` must follow."""
    rows = [
        {"case_id": case_id, "number": number, "segment": event.segment}
        | {"asked_ms": event.asked_at_ms, "refused": event.refused}
        for case_id, number, event in found
    ]
    connection.execute(insert(segment_request), rows)


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
