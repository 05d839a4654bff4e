"""Needs: the evidence that cases wait for. They are found by their time, and by the ids that a record is linked to."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, Select, select

from hub.cases import case as cases
from hub.cases import reasons
from hub.cases.case import Case
from hub.cases.evidence.tables import need
from hub.cases.tables import case
from hub.records.tables import current, record_link

_CHUNK = 5_000
_AWAITED = (reasons.NEW, reasons.ASKED, reasons.FOUND_CHECKING)
ANSWERED = (reasons.ASKED, reasons.FOUND_CHECKING, reasons.NOT_VERIFIED)
"""The reasons of a need whose source was asked: records of the applicant may be its answer."""


NEVER_MS = 253_370_764_800_000
"""The time of a need that is not asked for any more, 9999-01-01: until a new record concerns it."""


class NeedState(StrEnum):
    """Whether a record has met the need."""

    OPEN = "open"
    MET = "met"
    CANCELLED = "cancelled"
    """The application was taken back: it is looked for no more."""


@dataclass(frozen=True, slots=True)
class Need:
    """One open need. A record that matches is linked to ``wanted_id``. ``record_id`` and ``reading`` name a record that
    was withdrawn and does not match. ``attempt`` counts the questions so far, ``answers`` those that a source answered;
    ``next_ask_ms`` is process time."""

    kind: str
    wanted_by: str
    wanted_id: bytes | None
    record_id: bytes | None
    reading: int | None
    reason: str
    attempt: int
    next_ask_ms: int
    answers: int = 0

    @classmethod
    def from_row(cls, row: Row[Any]) -> "Need":
        """A row of the table ``need``."""
        wanted, refused = (bytes(one) if one else None for one in (row.wanted_id, row.record_id))
        counted = row.attempt, row.next_ask_ms, row.answers or 0
        return cls(row.kind, row.wanted_by, wanted, refused, row.reading, row.reason, *counted)

    @property
    def of_site(self) -> bool:
        """Whether it is found by the site, so that the applicant may have other records of this kind."""
        return self.wanted_by in ("unit-no", "address")

    @property
    def given_up(self) -> bool:
        """Whether it is not asked for any more."""
        return self.next_ask_ms >= NEVER_MS

    def is_due(self, process_ms: int) -> bool:
        """Whether to look for it now. A need without an id is never due."""
        return self.wanted_id is not None and self.next_ask_ms <= process_ms


def open_needs(connection: Connection, case_ids: Collection[bytes]) -> dict[bytes, dict[str, Need]]:
    """The open needs of these cases: case → kind → need."""
    found: dict[bytes, dict[str, Need]] = {one: {} for one in case_ids}
    query = select(need).where(need.c.case_id.in_(case_ids), need.c.state == NeedState.OPEN.value)
    for row in connection.execute(query.order_by(need.c.kind)):
        found[bytes(row.case_id)][row.kind] = Need.from_row(row)
    return found


def met(connection: Connection, wanted: Mapping[bytes, Collection[str]]) -> dict[bytes, list[Need]]:
    """Those needs of these cases (case → kinds) that a record has met, which ``record_id`` and ``reading`` name."""
    found: dict[bytes, list[Need]] = {one: [] for one in wanted}
    query = select(need).where(need.c.case_id.in_(wanted), need.c.state == NeedState.MET.value)
    for row in connection.execute(query.order_by(need.c.kind)) if wanted else ():
        if row.kind in wanted[bytes(row.case_id)]:
            found[bytes(row.case_id)].append(Need.from_row(row))
    return found


def read_again(connection: Connection, readings: Mapping[bytes, int]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that were met by an earlier reading of a record. ``readings``: record id → the
    reading that it has now."""
    if not readings:
        return []
    columns = need.c.case_id, need.c.kind, need.c.record_id, need.c.reading
    query = select(*columns).where(need.c.state == NeedState.MET.value, need.c.record_id.in_(sorted(readings)))
    rows = connection.execute(query.order_by(need.c.case_id, need.c.kind)).all()
    return [(bytes(row.case_id), row.kind) for row in rows if (row.reading or 0) < readings[bytes(row.record_id)]]


def all_read_again(connection: Connection) -> list[tuple[bytes, str]]:
    """(case's id, kind) of every need that was met by an earlier reading of a record that counts: of every procedure's
    cases."""
    query = (
        select(need.c.case_id, need.c.kind)
        .join(current, current.c.record_id == need.c.record_id)
        .where(need.c.state == NeedState.MET.value, current.c.reading > need.c.reading)
    )
    return [(bytes(row.case_id), row.kind) for row in connection.execute(query)]


def any_due(connection: Connection, procedure: str, process_ms: int) -> bool:
    """Whether any need of a case of this procedure is due at that process time."""
    return connection.execute(_due(select(need.c.kind), procedure, process_ms).limit(1)).first() is not None


def take_due(connection: Connection, procedure: str, process_ms: int, most: int) -> list[Case]:
    """The cases of this procedure with at most ``most`` needs that are due, oldest first. They are locked; cases that
    another transaction holds are left out."""
    query = _due(select(case), procedure, process_ms).order_by(need.c.next_ask_ms).limit(most)
    return cases.lock_free(connection, query)


def _due(query: Select[Any], procedure: str, process_ms: int) -> Select[Any]:
    return query.join_from(need, case, need.c.case_id == case.c.case_id).where(
        need.c.state == NeedState.OPEN.value,
        need.c.next_ask_ms <= process_ms,
        need.c.wanted_id.is_not(None),
        case.c.procedure == procedure,
    )


def awaited(connection: Connection, process_ms: int, within_ms: int) -> bool:
    """Whether a case waits for a question to be asked, for its answer or for the verdict on its records, and is looked
    at again within ``within_ms`` in any case."""
    query = select(need.c.kind).where(
        need.c.state == NeedState.OPEN.value,
        need.c.next_ask_ms <= process_ms + within_ms,
        need.c.reason.in_(_AWAITED),
    )
    return connection.execute(query.limit(1)).first() is not None


def linked(connection: Connection, ids: Sequence[bytes]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the open needs that wait for a record linked to any of ``ids``: of every procedure's
    cases."""
    query = select(need.c.case_id, need.c.kind).where(need.c.state == NeedState.OPEN.value)
    if not ids or connection.execute(query.limit(1)).first() is None:
        return []
    found: set[tuple[bytes, str]] = set()
    for start in range(0, len(ids), _CHUNK):
        rows = connection.execute(query.where(need.c.wanted_id.in_(ids[start : start + _CHUNK])))
        found.update((bytes(row.case_id), row.kind) for row in rows)
    return sorted(found)


def given_up(connection: Connection, new: Mapping[str, Collection[bytes]]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that are not asked for any more and that a new record concerns. ``new``: kind →
    the ids that such records are linked to, and their subjects."""
    over = need.c.next_ask_ms >= NEVER_MS
    return [*_concerned(connection, need.c.wanted_id, new, over), *_concerned(connection, case.c.subject_id, new, over)]


def of_applicants(connection: Connection, subjects: Mapping[str, Collection[bytes]]) -> list[tuple[bytes, str]]:
    """(case's id, kind) of the needs that a source was asked for, of cases whose applicant is one of the subjects of a
    record. ``subjects``: kind → ids."""
    return _concerned(
        connection, case.c.subject_id, subjects, (need.c.next_ask_ms < NEVER_MS) & need.c.reason.in_(ANSWERED)
    )


def _concerned(
    connection: Connection, column: Any, ids: Mapping[str, Collection[bytes]], which: ColumnElement[bool]
) -> list[tuple[bytes, str]]:
    open_ = (need.c.state == NeedState.OPEN.value) & which
    if not ids or connection.execute(select(need.c.kind).where(open_).limit(1)).first() is None:
        return []
    query = select(need.c.case_id, need.c.kind).join(case, case.c.case_id == need.c.case_id).where(open_)
    found: set[tuple[bytes, str]] = set()
    for kind, wanted in ids.items():
        listed = sorted(wanted)
        for start in range(0, len(listed), _CHUNK):
            rows = connection.execute(query.where(need.c.kind == kind, column.in_(listed[start : start + _CHUNK])))
            found.update((bytes(row.case_id), row.kind) for row in rows)
    return sorted(found)


def all_open(connection: Connection) -> list[tuple[bytes, str]]:
    """(case's id, kind) of every open need that a record can be found for: of every procedure's cases."""
    query = select(need.c.case_id, need.c.kind).where(
        need.c.state == NeedState.OPEN.value, need.c.wanted_id.is_not(None)
    )
    return [(bytes(row.case_id), row.kind) for row in connection.execute(query)]


def records(connection: Connection, case_id: bytes, most: int) -> list[bytes]:
    """At most ``most`` records that the needs of a case have, had, or may wait for: those that are linked to an id of
    one of its needs."""
    of_case = need.c.case_id == case_id
    had = select(need.c.record_id).where(of_case, need.c.record_id.is_not(None))
    linked = select(record_link.c.record_id).join(need, need.c.wanted_id == record_link.c.link_id).where(of_case)
    found = [bytes(one) for query in (had, linked.limit(most)) for one in connection.execute(query).scalars()]
    return list(dict.fromkeys(found))[:most]
