"""Reads what is known of the sites of cases: the application, and the title that matches."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, select

from hub.cases.case import Case
from hub.cases.connection.command import Application
from hub.cases.connection.placed.decide import Near, Placing
from hub.cases.connection.placed.tables import place
from hub.cases.evidence.matching import Match
from hub.cases.places.compare import Place
from hub.cases.procedure import Given
from hub.privacy.opening import Opened
from hub.topics.places import read_value


def placings(
    given: Given,
    connection: Connection,
    titles: Sequence[tuple[Case, Match | None]],
    rows: Mapping[bytes, Row[Any]],
    near: Mapping[bytes, tuple[Near, ...]],
) -> dict[bytes, Placing]:
    """Case → what is known of its site. ``titles``: the cases, each with the title that matches it; all are opened
    with two calls. ``near``: other titles of the applicants. A case whose application does not open has none."""
    if not titles:
        return {}
    sealed = [(case.subject_id, bytes(rows[case.case_id].sealed)) for case, _ in titles]
    matches = [match for _, match in titles if match]
    values = [read_value(given.log, one.topic, one.partition, one.offset) for one in matches]
    opened = iter(given.opener.open(values) if values else ())
    found = {case.case_id: next(opened) if match else None for case, match in titles}
    before = _before(connection, list(found))
    return {
        case.case_id: _placing(text, found[case.case_id], before[case.case_id], near.get(case.case_id, ()))
        for (case, _), text in zip(titles, given.opener.open_values(sealed), strict=True)
        if isinstance(text, bytes)
    }


def _placing(text: bytes, opened: Opened | None, before: Sequence[Row[Any]], near: tuple[Near, ...]) -> Placing:
    wanted = Application.model_validate_json(text).site
    return Placing(
        site=Place(wanted.unit_no or "", wanted.address or ""),
        title=title_of(opened),
        seen=frozenset((bytes(one.record_id), one.reading) for one in before if one.record_id),
        asked=frozenset(one.question for one in before if one.question),
        findings=len(before),
        questions=sum(bool(one.question) for one in before),
        near=near,
    )


def title_of(opened: Opened | None) -> Place | None:
    """Where a title is; ``None`` where it does not open."""
    if opened is None or opened.record is None:
        return None
    unit = opened.record["unit"]
    return Place(unit["unit_no"], unit["address"]["text"])


def _before(connection: Connection, ids: Sequence[bytes]) -> dict[bytes, list[Row[Any]]]:
    found: dict[bytes, list[Row[Any]]] = {one: [] for one in ids}
    for row in connection.execute(select(place).where(place.c.case_id.in_(ids))):
        found[bytes(row.case_id)].append(row)
    return found
