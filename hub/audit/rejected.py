"""Steps that the rules rejected: their times and codes say nothing that a case could hear, so no case has them."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection, select

from hub.audit.findings.finding import Finding, Shown
from hub.cases.steps.gather import STEP
from hub.codec import wire
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.records.tables import record
from hub.topics import cloudevents

TOPIC = f"{STEP}.rejected"


def steps(log: RecordLog, connection: Connection, since_ms: int, until_ms: int) -> Iterator[Finding]:
    """One finding for each record of a step that was rejected in this time and is not verified, at its first rejection
    then: who sent it, and code and field of each reason. Raises ``Unavailable``."""
    told: set[str] = set()
    for partition in range(log.topics().get(TOPIC, 0)):
        for batch in log.scan(TOPIC, partition, log.offset_at(TOPIC, partition, since_ms)):
            found = [one for one in batch.records if since_ms <= one.timestamp <= until_ms]
            verified = _verified(connection, [_name(partition, one) for one in found])
            for one in found:
                if (name := _name(partition, one)) not in verified and name not in told:
                    told.add(name)
                    shown = Shown("step", name, one.timestamp, f"{_source(one)} {_reasons(one)}".strip())
                    yield Finding("STEP_REJECTED", None, (shown,))


def _verified(connection: Connection, names: list[str]) -> set[str]:
    """Those that were verified since: they are steps of a case, or found as steps of none."""
    ids = [bytes.fromhex(name) for name in names if _is_id(name)]
    query = select(record.c.record_id).where(record.c.record_id.in_(ids), record.c.state == "verified")
    return {bytes(one).hex() for one in connection.execute(query).scalars()} if ids else set()


def _is_id(name: str) -> bool:
    return len(name) == 32 and not set(name) - set("0123456789abcdef")


def _name(partition: int, one: LogRecord) -> str:
    """The record's id; a message that another program wrote may have none, and is named by its place."""
    name = (cloudevents.header(one.headers, cloudevents.ID) or ("", b""))[1].decode("ascii", "replace")
    return name if _is_id(name) else f"{TOPIC}/{partition}/{one.offset}"


def _source(one: LogRecord) -> str:
    """The connector that sent it; "" where the message does not say it."""
    try:
        value: dict[str, Any] = wire.decode(one.value or b"")[1]
        return str(value["source"]["system"])
    except (RecordRejected, KeyError, TypeError):
        return ""


def _reasons(one: LogRecord) -> str:
    """Code and field of each reason, as verify wrote them beside the record."""
    try:
        listed = json.loads((cloudevents.header(one.headers, cloudevents.REASONS) or ("", b"[]"))[1])
        return ", ".join(" ".join(filter(None, (str(this["code"]), str(this["field"])))) for this in listed)
    except (ValueError, TypeError, KeyError):
        return ""
