"""A title that a person's yes matched and a later no takes back: before the end of the case it is withdrawn, after it
the sinks are told. Only what no id of the site leads to rests on a person's word (P3)."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, exists, select

from hub.cases import case as cases
from hub.cases import reasons
from hub.cases.case import Case
from hub.cases.connection.command import TITLE
from hub.cases.connection.placed.questions import NO, YES
from hub.cases.connection.placed.tables import place, place_answer
from hub.cases.connection.recall.tables import recall
from hub.cases.evidence import needs, over
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.over import Now, Over, Told
from hub.cases.evidence.tables import need
from hub.cases.procedure import Moment
from hub.cases.tables import case
from hub.records.authorities import Authorities
from hub.records.tables import record_link


def any_due(connection: Connection) -> bool:
    """Whether a yes was taken back and its title was not."""
    return connection.execute(_due(select(place.c.case_id)).limit(1)).first() is not None


def take_due(connection: Connection, moment: Moment, most: int) -> list[Case]:  # noqa: ARG001
    """At most ``most`` of these cases, locked; those that another transaction holds are left out."""
    which = _due(select(place.c.case_id))
    return cases.lock_free(connection, select(case).where(case.c.case_id.in_(which)).limit(most))


def _due(query: Select[Any]) -> Select[Any]:
    """From the answers, which are few, to what they have matched."""
    said = (place_answer.c.case_id == place.c.case_id) & (place_answer.c.nth == place.c.nth)
    met = (need.c.case_id == place.c.case_id) & (need.c.record_id == place.c.record_id)
    joined = query.select_from(place_answer.join(place, said).join(need, met))
    is_met = need.c.kind == TITLE, need.c.state == NeedState.MET.value
    return joined.where(place_answer.c.answer == YES, place.c.answer == NO, *is_met, *_rests_on_it())


def _rests_on_it() -> tuple[ColumnElement[bool], ...]:
    """No id of the site leads to the record, no other answer says yes to it, and it was not told yet."""
    other = place.alias("other")
    by_id = exists().where(record_link.c.record_id == need.c.record_id, record_link.c.link_id == need.c.wanted_id)
    same = other.c.case_id == need.c.case_id, other.c.record_id == need.c.record_id
    told = recall.c.case_id == need.c.case_id, recall.c.record_id == need.c.record_id
    return (
        ~by_id,
        ~exists().where(*same, other.c.answer == YES),
        ~exists().where(*told, recall.c.reason == reasons.NOT_OF_SITE),
    )


def over_or_denied(
    connection: Connection,
    wanted: Mapping[bytes, Collection[str]],
    authorities: Authorities,
    told: Mapping[tuple[bytes, str], Told],
) -> dict[bytes, list[Over]]:
    """What is over of these needs (as ``hub.cases.evidence.over.over``), or was denied by a person."""
    found = over.over(connection, wanted, authorities, told)
    at = _denied(connection, list(wanted))
    for case_id, met in needs.met(connection, {one: {TITLE} for one in at}).items():
        there = {one.need.kind for one in found.get(case_id, [])}
        for one in met:
            if one.record_id and one.kind not in there:
                now = Now(one.record_id, False, None, at[case_id], reasons.NOT_OF_SITE)
                found.setdefault(case_id, []).append(Over(one, now, over.pieces(connection, case_id, one)))
    return found


def _denied(connection: Connection, case_ids: Sequence[bytes]) -> dict[bytes, int]:
    """Case → when a person said no, of those that are due."""
    query = _due(select(place.c.case_id, place.c.answered_ms)).where(place.c.case_id.in_(case_ids))
    return {bytes(row.case_id): int(row.answered_ms) for row in connection.execute(query)}


def of(connection: Connection, case_id: bytes, record_id: bytes) -> Row[Any] | None:
    """What was told of a title that a person denied, the last time; ``None`` for none."""
    about = recall.c.case_id == case_id, recall.c.record_id == record_id, recall.c.reason == reasons.NOT_OF_SITE
    return connection.execute(select(recall).where(*about).order_by(recall.c.number.desc()).limit(1)).first()
