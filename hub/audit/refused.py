"""What the hub refused: about a case, by its tables; and before there was a case, by the events on ``access.events``.
And the grade that a customer gave."""

import json
from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, Row, select

from hub.audit.findings.finding import Finding, Shown
from hub.cases import policy
from hub.cases.connection.materials.decide import GIVEN
from hub.cases.connection.materials.tables import request
from hub.cases.connection.tables import application
from hub.cases.procedure import Opens
from hub.cases.ratings.tables import rating, rating_refusal
from hub.cases.tables import case
from hub.codec import wire
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.topics.declared import ACCESS_EVENTS

NOT_ASKED: Final = "NOT_ASKED"
Refused = dict[bytes, tuple[Shown, ...]]
"""Case → what was refused, by the number of its event in the case."""


def requests(connection: Connection, ids: Collection[bytes], until_ms: int, opener: Opens) -> Refused:
    """Requests for materials beyond the list, or that the hub fetches: each with the names that were asked for, and
    with what the policy forbids by which clause."""
    return _requests(connection, ids, until_ms, opener, request.c.code != GIVEN)


def second_rounds(connection: Connection, ids: Collection[bytes], until_ms: int, opener: Opens) -> Refused:
    """Requests for what the one-time notice of the segment had to tell (一次性告知)."""
    return _requests(connection, ids, until_ms, opener, request.c.code == GIVEN)


def _requests(
    connection: Connection, ids: Collection[bytes], until_ms: int, opener: Opens, which: ColumnElement[bool]
) -> Refused:
    columns = request, case.c.subject_id, application.c.policy
    joined = request.join(case, case.c.case_id == request.c.case_id)
    joined = joined.join(application, application.c.case_id == request.c.case_id)
    wanted = request.c.case_id.in_(ids), request.c.code != "", request.c.asked_ms <= until_ms, which
    query = select(*columns).select_from(joined).where(*wanted)
    rows = connection.execute(query.order_by(request.c.case_id, request.c.number)).all()
    given = [(bytes(row.subject_id), bytes(row.sealed or b"")) for row in rows]
    opened = opener.open_values(given) if given else []
    return _by_case((bytes(row.case_id), _request(row, value)) for row, value in zip(rows, opened, strict=True))


def _request(row: Row[Any], opened: object) -> Shown:
    """The names are not there any more when the applicant was erased."""
    names: list[str] = json.loads(opened) if isinstance(opened, bytes) and opened else []
    nevers = [policy.by_version(row.policy).nevers[name] for name in json.loads(row.items)]
    clauses = [f"{one.name}（{one.clause}）" for one in nevers]
    return _shown("request", row.number, row.asked_ms, row.code, row.segment, row.client, *names, *clauses)


def ratings(connection: Connection, ids: Collection[bytes], until_ms: int) -> Refused:
    """Ratings without the customer's evidence, and second ones."""
    refusal = rating_refusal
    query = select(refusal).where(refusal.c.case_id.in_(ids), refusal.c.refused_ms <= until_ms)
    rows = connection.execute(query.order_by(refusal.c.case_id, refusal.c.number))
    return _by_case(
        (bytes(row.case_id), _shown("rating", row.number, row.refused_ms, row.code, row.principal)) for row in rows
    )


def grades(connection: Connection, ids: Collection[bytes], until_ms: int) -> dict[bytes, int]:
    """Case → the grade that the customer gave, 5 to 1."""
    wanted = rating.c.case_id.in_(ids), rating.c.rated_ms <= until_ms
    query = select(rating.c.case_id, rating.c.grade).where(*wanted)
    return {bytes(case_id): grade for case_id, grade in connection.execute(query)}


def _shown(sort: str, number: int, at_ms: int, *told: str) -> Shown:
    return Shown(sort, f"event {number}", at_ms, " ".join(filter(None, told)))


def _by_case(pairs: Iterable[tuple[bytes, Shown]]) -> Refused:
    found: Refused = {}
    for case_id, one in pairs:
        found[case_id] = (*found.get(case_id, ()), one)
    return found


# ---- submissions with more than the list -----------------------------------------------------------------------------


def submissions(log: RecordLog, since_ms: int, until_ms: int) -> Iterator[Finding]:
    """One finding for each submission of this time that had more than the list. Raises ``Unavailable``."""
    for partition in range(log.topics().get(ACCESS_EVENTS, 0)):
        start = log.offset_at(ACCESS_EVENTS, partition, since_ms)
        for batch in log.scan(ACCESS_EVENTS, partition, start):
            yield from (_finding(value) for one in batch.records if (value := _asked(one, since_ms, until_ms)))


def _asked(one: LogRecord, since_ms: int, until_ms: int) -> dict[str, Any] | None:
    try:
        value: dict[str, Any] = wire.decode(one.value or b"")[1]
    except RecordRejected:
        return None
    in_time = since_ms <= value.get("occurred_at_ms", 0) <= until_ms
    return value if in_time and value.get("code") == NOT_ASKED else None


def _finding(value: dict[str, Any]) -> Finding:
    by = value["by"]
    named = (NOT_ASKED, by["client"], by["channel"], *value.get("materials", ()))
    event = Shown("request", value["event_id"].hex(), value["occurred_at_ms"], " ".join(filter(None, named)))
    return Finding("REQUEST_REFUSED", None, (event,))
