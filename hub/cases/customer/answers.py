"""Why the utility sent an application back, did not accept it or ended it, in its own words, for the one who has the
application's token. The words are in no event and in no table (P5): they are opened from the records of the steps."""

from typing import Any, Final

from sqlalchemy import Connection, select

from hub.cases.calendar import day_of
from hub.cases.procedure import Given
from hub.cases.steps.facts import Action
from hub.cases.steps.judge import History, State
from hub.cases.steps.tables import step
from hub.topics.places import read_value

ANSWERS_MAX: Final = 20
"""Answers that are shown, the latest ones."""
_ANSWERS: Final = (Action.RETURN, Action.NOT_ACCEPTED, Action.TERMINATE)
Json = dict[str, Any]


def answers(given: Given, connection: Connection, history: History) -> list[Json]:
    """The returns and the end without electricity that count, by their time. ``reason``: ``None`` where the utility
    gave none, or the record does not open any more. Raises ``TamperDetected`` where one is missing from the log,
    ``Unavailable`` when log or vault is."""
    counted = [one for one in history.facts if one.state is State.COUNTED and one.fact.action in _ANSWERS]
    shown = counted[-ANSWERS_MAX:]
    said = _said(given, connection, [one.fact.record_id for one in shown])
    return [
        {
            "action": one.fact.action.value,
            "segment": one.fact.segment or None,
            "on": day_of(one.at_ms).isoformat(),
            **said.get(one.fact.record_id, {"reason": None, "reason_code": None}),
        }
        for one in shown
    ]


def _said(given: Given, connection: Connection, ids: list[bytes]) -> dict[bytes, Json]:
    if not ids:
        return {}
    columns = step.c.record_id, step.c.topic, step.c.partition, step.c.offset
    rows = connection.execute(select(*columns).where(step.c.record_id.in_(ids))).all()
    opened = given.opener.open([read_value(given.log, row.topic, row.partition, row.offset) for row in rows])
    told = {bytes(row.record_id): one.record["step"] for row, one in zip(rows, opened, strict=True) if one.record}
    return {record_id: {name: one.get(name) for name in ("reason", "reason_code")} for record_id, one in told.items()}
