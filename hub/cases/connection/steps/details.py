"""What the utility's steps say beside their times, for a person of the utility or of the operator: the manager, the
grid, the appointment, the contract, the meter. Events and tables do not hold it (P5): it is opened from the records."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Connection, Row, select

from hub.cases.procedure import Given
from hub.cases.steps.tables import step
from hub.cases.times import iso
from hub.privacy.opening import Opened
from hub.topics.places import read_value

Json = dict[str, Any]
TEXTS: Final = ("manager", "grid", "meter_no", "first_reading")
TIMES: Final = ("appointment_at", "contract_signed_at", "first_reading_at")


def shown(given: Given, connection: Connection, case_id: bytes) -> list[Json]:
    """The steps of a case by their time: what each is, its verdict, and what its record says. ``problem``: why a record
    does not open, such as ERASED; it says nothing then. Raises ``TamperDetected`` when one is missing from the log,
    ``Unavailable`` when log or vault is."""
    order = step.c.at_ms, step.c.record_id, step.c.action
    rows = connection.execute(select(step).where(step.c.case_id == case_id).order_by(*order)).all()
    values = [read_value(given.log, row.topic, row.partition, row.offset) for row in rows]
    return [_step(row) | _said(one) for row, one in zip(rows, _opened(given, values), strict=True)]


def _opened(given: Given, values: Sequence[bytes]) -> list[Opened]:
    return given.opener.open(values) if values else []


def _step(row: Row[Any]) -> Json:
    return {
        "record_id": bytes(row.record_id).hex(),
        "segment": row.segment or None,
        "action": row.action,
        "at": iso(row.at_ms),
        "state": row.state,
        "why": row.why,
        "late": bool(row.late),
    }


def _said(one: Opened) -> Json:
    """What a record says; a former version of it has no such fields, and one that does not open says none."""
    told = one.record["step"] if one.record else {}
    texts = {name: told.get(name) for name in TEXTS}
    times = {name: iso(told.get(f"{name}_ms")) for name in TIMES}
    return texts | times | {"problem": one.problem.code if one.problem else None}
