"""Needs: the evidence that applications still wait for, as it stands in the tables; found by time, by the ids that a
record is linked to, and with the application locked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from hub.cases import reasons
from hub.cases.connection.tables import application, application_need

_CHUNK = 5_000
_AWAITED = (reasons.NEW, reasons.ASKED, reasons.FOUND_CHECKING)


@dataclass(slots=True)
class Need:
    """One open need. ``record_id`` is one that was withdrawn and will not do."""

    kind: str
    wanted_by: str
    wanted_id: bytes | None
    record_id: bytes | None
    reason: str
    attempt: int
    next_ask_ms: int


@dataclass(slots=True)
class Case:
    """An application that is locked until the transaction ends, with its open needs by kind. Whoever decides keeps it
    up to date."""

    application_id: bytes
    applicant_id: bytes
    purpose: str
    legal_basis: str
    sealed: bytes = field(repr=False)
    """What was submitted."""
    number: int
    pieces: int
    needs: dict[str, Need] = field(default_factory=dict)

    def due(self, now_ms: int) -> list[Need]:
        """The needs whose time has come. For one without an id nothing can be looked for."""
        return [need for need in self.needs.values() if need.wanted_id and need.next_ask_ms <= now_ms]


_CASE = tuple(
    application.c[name]
    for name in ("application_id", "applicant_id", "purpose", "legal_basis", "sealed", "number", "pieces")
)


def lock(connection: Connection, ids: Collection[bytes]) -> dict[bytes, Case]:
    """Lock these applications, in one order everywhere."""
    if not ids:
        return {}
    query = select(*_CASE).where(application.c.application_id.in_(ids)).order_by(application.c.application_id)
    return _cases(connection, query.with_for_update())


def any_due(connection: Connection, now_ms: int) -> bool:
    """Whether any need's time has come."""
    return connection.execute(_due(select(application_need.c.kind), now_ms).limit(1)).first() is not None


def due(connection: Connection, now_ms: int, most: int) -> list[Case]:
    """The applications whose needs are longest overdue, locked; those that another transaction has locked are passed
    over. ``most`` needs."""
    need = application_need.c
    joined = select(*_CASE).join(application_need, need.application_id == application.c.application_id)
    longest = _due(joined, now_ms).order_by(need.next_ask_ms).limit(most)
    cases = _cases(connection, longest.with_for_update(of=application, skip_locked=True))
    # Who had one of them until now may have moved its needs on.
    return [case for case in cases.values() if case.due(now_ms)]


def _due(query: Select[Any], now_ms: int) -> Select[Any]:
    need = application_need.c
    return query.where(need.state == "open", need.next_ask_ms <= now_ms, need.wanted_id.is_not(None))


def _cases(connection: Connection, query: Select[Any]) -> dict[bytes, Case]:
    need, cases = application_need.c, {bytes(row[0]): _case(row) for row in connection.execute(query)}
    if cases:
        wanted = select(application_need).where(need.application_id.in_(cases), need.state == "open")
        for row in connection.execute(wanted.order_by(need.kind)):
            cases[bytes(row.application_id)].needs[row.kind] = _need(row)
    return cases


def _case(row: Row[Any]) -> Case:
    ids, sealed = (bytes(row.application_id), bytes(row.applicant_id)), bytes(row.sealed)
    return Case(*ids, row.purpose, row.legal_basis, sealed, row.number, row.pieces)


def _need(row: Row[Any]) -> Need:
    wanted, refused = (bytes(one) if one else None for one in (row.wanted_id, row.record_id))
    return Need(row.kind, row.wanted_by, wanted, refused, row.reason, row.attempt, row.next_ask_ms)


def awaited(connection: Connection, now_ms: int, within_ms: int) -> bool:
    """Whether an application waits for a question to be put, for its answer, or for the verdict on what it brought:
    something about it will be looked at within so long, whatever happens."""
    need = application_need.c
    query = select(need.kind).where(
        need.state == "open", need.next_ask_ms <= now_ms + within_ms, need.reason.in_(_AWAITED)
    )
    return connection.execute(query.limit(1)).first() is not None


def linked(connection: Connection, ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(application, kind) of open needs for any of ``ids``."""
    need = application_need.c
    if not ids or connection.execute(select(need.kind).where(need.state == "open").limit(1)).first() is None:
        return []
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(ids), _CHUNK):
        query = select(need.application_id, need.kind).where(
            need.wanted_id.in_(ids[start : start + _CHUNK]), need.state == "open"
        )
        found.update((bytes(row.application_id), row.kind) for row in connection.execute(query))
    return sorted(found)
