"""Needs: the evidence that applications still wait for, as it stands in the tables; found by time, by the ids that a
record is linked to, and with the application locked."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, Select, select

from hub.cases import reasons
from hub.stores.tables import application, application_need

_CHUNK = 5_000
_AWAITED = (reasons.NEW, reasons.ASKED, reasons.FOUND_CHECKING)


@dataclass(slots=True)
class Need:
    """One open need. ``record_id`` is one that was withdrawn and will not do."""

    kind: str
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
    number: int
    pieces: int
    needs: dict[str, Need] = field(default_factory=dict)


class Wanted(NamedTuple):
    """A need whose time has come: by what its record is wanted, and how often it was asked for."""

    by: str
    attempt: int


class Due(NamedTuple):
    """An application with needs whose time has come, by kind; ``sealed`` is what was submitted."""

    application_id: bytes
    applicant_id: bytes
    sealed: bytes
    wanted: dict[str, Wanted]


def lock(connection: Connection, ids: Collection[bytes], *, skip_locked: bool = False) -> dict[bytes, Case]:
    """Lock these applications in one order everywhere; with ``skip_locked``, only those that nobody else has."""
    if not ids:
        return {}
    case, need = application.c, application_need.c
    columns = select(
        case.application_id, case.applicant_id, case.purpose, case.legal_basis, case.number, case.pieces
    ).where(case.application_id.in_(ids))
    locked = columns.order_by(case.application_id).with_for_update(skip_locked=skip_locked)
    cases = {bytes(row.application_id): _case(row) for row in connection.execute(locked)}
    if cases:
        query = select(application_need).where(need.application_id.in_(cases), need.state == "open")
        for row in connection.execute(query.order_by(need.kind)):
            cases[bytes(row.application_id)].needs[row.kind] = _need(row)
    return cases


def _case(row: Any) -> Case:
    ids = bytes(row.application_id), bytes(row.applicant_id)
    return Case(*ids, row.purpose, row.legal_basis, row.number, row.pieces)


def _need(row: Row[Any]) -> Need:
    wanted, refused = (bytes(one) if one else None for one in (row.wanted_id, row.record_id))
    return Need(row.kind, wanted, refused, row.reason, row.attempt, row.next_ask_ms)


def due(connection: Connection, now_ms: int, most: int) -> list[Due]:
    """The applications whose needs are longest overdue, ``most`` needs in all."""
    need, case = application_need.c, application.c
    columns = select(need.application_id, need.kind, need.wanted_by, need.attempt, case.applicant_id, case.sealed)
    query = _due(columns.join(application, case.application_id == need.application_id), now_ms)
    found: dict[bytes, Due] = {}
    for row in connection.execute(query.order_by(need.next_ask_ms).limit(most)):
        identity = bytes(row.application_id)
        one = found.setdefault(identity, Due(identity, bytes(row.applicant_id), bytes(row.sealed), {}))
        one.wanted[row.kind] = Wanted(row.wanted_by, row.attempt)
    return list(found.values())


def _due(query: Select[Any], now_ms: int) -> Select[Any]:
    need = application_need.c
    return query.where(need.state == "open", need.next_ask_ms <= now_ms, need.wanted_id.is_not(None))


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
