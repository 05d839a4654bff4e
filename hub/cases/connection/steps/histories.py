"""The histories of applications: what counts of all that the utility reported about them and their customers asked the
hub for."""

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases import policy
from hub.cases.clocks import timed
from hub.cases.connection.tables import application
from hub.cases.steps import read
from hub.cases.steps.facts import FACTS_MAX, Fact, Kind
from hub.cases.steps.judge import History, judge
from hub.cases.tables import case


def history_of(connection: Connection, case_id: bytes) -> History:
    """The history of one application. Raises ``KeyError`` for an id that is none's."""
    return histories(connection, [case_id])[case_id]


def histories(connection: Connection, ids: Collection[bytes]) -> dict[bytes, History]:
    """Application → its history."""
    columns = (application, case.c.opened_ms)
    query = select(*columns).join(case, case.c.case_id == application.c.case_id)
    rows = connection.execute(query.where(application.c.case_id.in_(ids))).all()
    found = [bytes(row.case_id) for row in rows]
    facts, requests = read.facts(connection, found), read.requests(connection, found)
    every = {one: [*facts[one], *requests[one]] for one in found}
    return {bytes(row.case_id): judged(row, row.opened_ms, every[bytes(row.case_id)]) for row in rows}


def with_request(connection: Connection, row: Row[Any], request: Fact) -> History:
    """The history of an application whose customer makes this request now."""
    case_id = bytes(row.case_id)
    told = read.facts_of(connection, case_id) + read.requests(connection, [case_id])[case_id]
    return judged(row, row.opened_ms, [*told, request])


def judged(row: Row[Any], opened_ms: int, facts: Collection[Fact]) -> History:
    """The history of an application, from its row, the time of its submission and its facts."""
    table = policy.of_case(row)
    return judge(facts, read.to_minute(opened_ms), Kind(row.case_type, bool(row.starred)), timed(table))


def with_new(known: Sequence[Fact], new: Sequence[Fact], left: Collection[bytes] = ()) -> list[Fact]:
    """The facts of a case after it has heard ``new`` and lost the records ``left``: a later reading takes the place of
    the earlier ones, and of too many records those with the smallest ids count."""
    replaced = {*left, *(one.record_id for one in new)}
    facts = [*(one for one in known if one.record_id not in replaced), *new]
    counted = frozenset(sorted({one.record_id for one in facts})[:FACTS_MAX])
    return [one for one in facts if one.record_id in counted]
