"""What the hub refused about a case, and the grade that its customer gave."""

from collections.abc import Collection, Iterable

from sqlalchemy import Connection, select

from hub.audit.codes import Shown
from hub.cases.connection.materials.tables import request
from hub.cases.ratings.tables import rating, rating_refusal

Refused = dict[bytes, tuple[Shown, ...]]
"""Case → what was refused, by the number of its event in the case."""


def requests(connection: Connection, ids: Collection[bytes], until_ms: int) -> Refused:
    """Requests for materials beyond the list, or that the hub has fetched, and second notices."""
    wanted = request.c.case_id.in_(ids), request.c.code != "", request.c.asked_ms <= until_ms
    query = select(request).where(*wanted)
    rows = connection.execute(query.order_by(request.c.case_id, request.c.number))
    return _by_case(
        (bytes(row.case_id), _shown("request", row.number, row.asked_ms, row.code, row.segment, row.client))
        for row in rows
    )


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
