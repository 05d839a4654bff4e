"""Reads the facts of cases from the tables ``step`` and ``segment_request``."""

from collections.abc import Collection, Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from hub.cases.steps.facts import Action, Fact, Kind
from hub.cases.steps.tables import segment_request, step

MINUTE_MS = 60_000
TAKEN_BACK: Final = "REQUEST_TAKEN_BACK"
"""Why a request is refused of an application that was taken back: it is recorded, and no fact of its clocks."""


def facts_of(connection: Connection, case_id: bytes) -> list[Fact]:
    """The facts of one case, in no order that means anything."""
    return facts(connection, [case_id])[case_id]


def facts(connection: Connection, ids: Collection[bytes]) -> dict[bytes, list[Fact]]:
    """Case → its facts; an empty list for a case without any."""
    found: dict[bytes, list[Fact]] = {one: [] for one in ids}
    for row in rows(connection, ids):
        found[bytes(row.case_id)].append(fact(row))
    return found


def requests(connection: Connection, ids: Collection[bytes]) -> dict[bytes, list[Fact]]:
    """Case → what its customer asked the hub for, also what was refused by what was known then: the facts decide. An
    empty list for a case without any."""
    found: dict[bytes, list[Fact]] = {one: [] for one in ids}
    for row in request_rows(connection, ids):
        if row.refused != TAKEN_BACK:
            asked = Fact.request(bytes(row.case_id), row.number, row.segment, row.asked_ms)
            found[bytes(row.case_id)].append(asked)
    return found


def request_rows(connection: Connection, ids: Collection[bytes]) -> Sequence[Row[Any]]:
    """The rows of ``segment_request`` of these cases, in the order of their events."""
    query = select(segment_request).where(segment_request.c.case_id.in_(ids))
    return connection.execute(query.order_by(segment_request.c.number)).all()


def rows(connection: Connection, ids: Collection[bytes]) -> Sequence[Row[Any]]:
    """The rows of ``step`` of these cases, in the order of their own times as corrected."""
    query = select(step).where(step.c.case_id.in_(ids))
    return connection.execute(query.order_by(step.c.at_ms, step.c.record_id, step.c.action)).all()


def fact(row: Row[Any]) -> Fact:
    """A row of ``step`` as a fact."""
    becomes = None if row.becomes_type is None else Kind(row.becomes_type, bool(row.becomes_starred))
    return Fact(
        record_id=bytes(row.record_id),
        event=bytes(row.event),
        segment=row.segment,
        action=Action(row.action),
        occurred_ms=row.occurred_ms,
        received_ms=row.received_ms,
        requested_ms=row.requested_ms,
        recorded_ms=row.recorded_ms,
        amends=None if row.amends is None else bytes(row.amends),
        explained=row.explained,
        approved=row.approved,
        becomes=becomes,
        becomes_voltage=row.becomes_voltage,
        said=None if row.said is None else bytes(row.said),
    )


def to_minute(opened_ms: int) -> int:
    """The time of submission that steps are compared with. The utility is told it to the minute.

    >>> to_minute(1_600_000_000_123)
    1599999960000
    """
    return opened_ms - opened_ms % MINUTE_MS
