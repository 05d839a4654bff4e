"""Reads what is compared: the application as submitted, and the record of each kind that its case has."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases.agreement.agree import IDENTITY, LICENCE, PROJECT, TITLE, Facts, Finding, Version, agree
from hub.cases.agreement.parties import Party
from hub.cases.case import Case
from hub.cases.connection.agreed.tables import agreement
from hub.cases.connection.command import Agent, Applicant, Application
from hub.cases.evidence.matching import Match
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given
from hub.ports import Fault
from hub.records.tables import record
from hub.topics.places import read_value

COMPARED = (IDENTITY, LICENCE, TITLE, PROJECT)
FORMER_MAX = 8
"""Most former versions of a business licence that are compared, the newest."""
_FORMER = tuple(f"former {LICENCE} {nth}" for nth in range(FORMER_MAX))
"""Oldest first, where there are so many."""


class Place(NamedTuple):
    """Where one version of a record lies."""

    record_id: bytes
    topic: str
    partition: int
    offset: int


def findings(
    given: Given, connection: Connection, work: Sequence[tuple[Case, Row[Any], Mapping[str, Match]]]
) -> dict[bytes, list[Finding]]:
    """For each (case, its row, the records that were found for it now): the findings that were not told before. What
    does not open, such as a record of an erased person, is compared with nothing. Raises ``Unavailable``."""
    places = {case.case_id: _places(connection, case, found) for case, _, found in work}
    every = [place for each in places.values() for place in each.values()]
    values = [read_value(given.log, one.topic, one.partition, one.offset) for one in every]
    opened = dict(zip(every, given.opener.open(values) if values else (), strict=True))
    sealed = given.opener.open_values([(case.subject_id, bytes(row.sealed)) for case, row, _ in work]) if work else []
    told = _told(connection, list(places))
    found: dict[bytes, list[Finding]] = {}
    for (case, _, _), submitted in zip(work, sealed, strict=True):
        if isinstance(submitted, Fault):
            continue
        versions = {
            kind: Version(place.record_id, one.record)
            for kind, place in places[case.case_id].items()
            if (one := opened[place]).record is not None
        }
        new = agree(_facts(Application.model_validate_json(submitted), versions))
        found[case.case_id] = [one for one in new if one not in told[case.case_id]]
    return found


def _facts(submitted: Application, versions: dict[str, Version]) -> Facts:
    former = [versions.pop(one) for one in _FORMER if one in versions]
    signed_on = submitted.agent.authorisation.signed_on if submitted.agent else None
    agent = _party(submitted.agent) if submitted.agent else None
    day = date.fromisoformat(signed_on) if signed_on else None
    return Facts(_party(submitted.applicant), agent, versions, former, day)


def _party(given: Applicant | Agent) -> Party:
    return Party(given.name, "USCC" if given.uscc else "RESIDENT_ID", given.uscc or given.resident_id)


def _places(connection: Connection, case: Case, found: Mapping[str, Match]) -> dict[str, Place]:
    """Kind → its record's place: what was found now, otherwise what has met the need before."""
    met = need.c.case_id == case.case_id, need.c.state == NeedState.MET.value, need.c.kind.in_(COMPARED)
    columns = need.c.kind, record.c.record_id, record.c.topic, record.c.partition, record.c.offset
    query = select(*columns).join(record, record.c.record_id == need.c.record_id).where(*met)
    places = {row.kind: _place(row) for row in connection.execute(query)}
    places |= {kind: _place(one) for kind, one in found.items() if kind in COMPARED}
    if LICENCE in places:
        places |= zip(_FORMER, _former(connection, places[LICENCE].record_id), strict=False)
    return places


def _place(row: Any) -> Place:
    return Place(bytes(row.record_id), row.topic, row.partition, row.offset)


def _former(connection: Connection, record_id: bytes) -> list[Place]:
    """The versions before this one of its row, oldest first."""
    this = record.alias("this")
    same = (this.c.row_id == record.c.row_id) & (record.c.version < this.c.version)
    columns = record.c.record_id, record.c.topic, record.c.partition, record.c.offset
    query = select(*columns).join(this, same).where(this.c.record_id == record_id, record.c.state == "verified")
    newest = query.order_by(record.c.version.desc(), record.c.nth.desc()).limit(FORMER_MAX)
    return [_place(row) for row in connection.execute(newest)][::-1]


def _told(connection: Connection, case_ids: Sequence[bytes]) -> dict[bytes, set[tuple[Any, ...]]]:
    told: dict[bytes, set[tuple[Any, ...]]] = {one: set() for one in case_ids}
    for row in connection.execute(select(agreement).where(agreement.c.case_id.in_(case_ids))) if case_ids else ():
        ids = (bytes(one) if one else None for one in (row.one_id, row.other_id))
        told[bytes(row.case_id)].add((row.about, row.result, row.why, *ids))
    return told
