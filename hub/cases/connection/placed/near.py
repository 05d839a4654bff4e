"""Titles of the applicant that the ids of the site do not find: a person is asked whether one is the site's, and a yes
matches it (P3). No table leads from a person to titles, so that they are known when their verdict is heard only."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, select

from hub.cases.connection.command import TITLE
from hub.cases.connection.placed.decide import Near
from hub.cases.connection.placed.gather import title_of
from hub.cases.connection.placed.questions import YES
from hub.cases.connection.placed.tables import place
from hub.cases.events import Relation
from hub.cases.evidence import matching, over
from hub.cases.evidence.matching import Match, Wanted
from hub.cases.evidence.needs import Need, NeedState
from hub.cases.evidence.tables import need
from hub.cases.procedure import Given, Verified
from hub.cases.tables import case
from hub.topics.places import read_value

NEAR_MAX = 20
"""Most titles of one applicant that are compared with the site of a case at once."""
_OF_SITE = ("unit-no", "address")
_CHUNK = 5_000


def heard(
    connection: Connection, verified: Iterable[Verified], ended: Iterable[tuple[bytes, str]]
) -> dict[bytes, tuple[bytes, ...]]:
    """Case → titles of its applicant that were verified now, where its title is looked for by the site, or is again
    since its record is one of those that ``ended`` (case, kind)."""
    titles: dict[bytes, list[bytes]] = {}
    for one in verified:
        for subject in one.subjects if one.kind == TITLE else ():
            titles.setdefault(subject, []).append(one.record_id)
    if not titles:
        return {}
    subjects, again = sorted(titles), sorted({case_id for case_id, kind in ended if kind == TITLE})
    found: dict[bytes, tuple[bytes, ...]] = {}
    for column, ids, state in ((case.c.subject_id, subjects, NeedState.OPEN), (case.c.case_id, again, NeedState.MET)):
        for start in range(0, len(ids), _CHUNK):
            for row in connection.execute(_waiting(column.in_(ids[start : start + _CHUNK]), state)):
                if mine := titles.get(bytes(row.subject_id)):
                    found[bytes(row.case_id)] = tuple(dict.fromkeys(mine))[:NEAR_MAX]
    return found


def _waiting(which: ColumnElement[bool], state: NeedState) -> Select[Any]:
    return (
        select(need.c.case_id, case.c.subject_id)
        .join(case, case.c.case_id == need.c.case_id)
        .where(need.c.kind == TITLE, need.c.state == state.value, need.c.wanted_by.in_(_OF_SITE), which)
    )


def of_site(found: Mapping[str, object], needs: Iterable[Need]) -> Need | None:
    """Of these needs, the title that nothing matches and that the site leads to. ``found``: what was found, by kind."""
    if isinstance(found.get(TITLE), Match):
        return None
    return next((need for need in needs if need.kind == TITLE and need.of_site), None)


def gather(
    given: Given, connection: Connection, wanted: Sequence[tuple[bytes, Wanted, Sequence[bytes]]]
) -> dict[bytes, tuple[Near, ...]]:
    """Case → those of the titles that would match if a person confirmed them, and of which the applicant is a holder.
    ``wanted``: case, what it looks for, and the titles."""
    asked = [(case_id, record_id, one) for case_id, one, titles in wanted for record_id in titles]
    tried = [one._replace(confirmed=record_id) for _, record_id, one in asked]
    matches = matching.find(connection, given.log, tried, given.authorities) if tried else []
    near = [
        (case_id, match)
        for (case_id, record_id, _), match in zip(asked, matches, strict=True)
        if isinstance(match, Match) and match.record_id == record_id and match.holder_relation != Relation.OTHER
    ]
    values = [read_value(given.log, one.topic, one.partition, one.offset) for _, one in near]
    found: dict[bytes, tuple[Near, ...]] = {}
    for (case_id, match), opened in zip(near, given.opener.open(values) if values else (), strict=True):
        if title := title_of(opened):
            found[case_id] = (*found.get(case_id, ()), Near(match.record_id, match.reading, title))
    return found


def confirmed(connection: Connection, ids: Collection[bytes]) -> dict[bytes, bytes]:
    """Case → the title that a person said is that of its site: the last one that was."""
    query = select(place.c.case_id, place.c.record_id).where(
        place.c.case_id.in_(ids), place.c.answer == YES, place.c.record_id.is_not(None)
    )
    rows = connection.execute(query.order_by(place.c.answered_ms, place.c.nth)) if ids else ()
    return {bytes(row.case_id): bytes(row.record_id) for row in rows}


def replaced(connection: Connection, record_ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that were met because a person said so, by a record that one of these may have
    displaced: the ids that they are looked for by do not lead to them."""
    query = select(place.c.case_id).where(place.c.answer == YES).limit(1)
    if not record_ids or connection.execute(query).first() is None:
        return []
    former = over.displaced(connection, record_ids)
    met = (need.c.case_id == place.c.case_id) & (need.c.record_id == place.c.record_id)
    rows = (
        select(need.c.case_id, need.c.kind)
        .join(place, met)
        .where(place.c.record_id.in_(former), place.c.answer == YES, need.c.state == NeedState.MET.value)
    )
    return sorted({(bytes(row.case_id), row.kind) for row in connection.execute(rows)}) if former else []
