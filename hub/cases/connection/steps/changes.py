"""What a change of kind says that events and tables do not hold: the capacity, which is in its record, sealed."""

from sqlalchemy import Connection, select

from hub.cases.procedure import Given
from hub.cases.steps.judge import History
from hub.records.tables import record
from hub.topics.places import read_value


def capacity_kw(given: Given, connection: Connection, history: History) -> float | None:
    """The capacity after the changes that count, kW; ``None`` where none of them says it, or where it does not open any
    more. Raises ``Unavailable`` when log or vault is."""
    ids = [one.record_id for one in history.changes]
    if not ids:
        return None
    rows = {bytes(row.record_id): row for row in connection.execute(select(record).where(record.c.record_id.in_(ids)))}
    places = [rows[one] for one in ids if one in rows]
    opened = given.opener.open([read_value(given.log, row.topic, row.partition, row.offset) for row in places])
    told = [one.record["step"]["becomes_capacity_kw"] for one in opened if one.record is not None]
    return next((float(one) for one in told[::-1] if one is not None), None)
