"""The applications that a title which changed hands concerns, and what is known for them.

ended with electricity on ── its own title ── the unit ── a later title of others ── a transfer that was declared
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import Connection, Row, Select, or_, select

from hub.cases import case as cases
from hub.cases import reasons
from hub.cases.calendar import china_day
from hub.cases.case import Case, PieceState
from hub.cases.connection.handed.events import HANDOVER
from hub.cases.connection.handed.tables import handover
from hub.cases.connection.tables import application
from hub.cases.evidence import over, titles
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.over import Now
from hub.cases.evidence.tables import need
from hub.cases.evidence.titles import TITLE, Title
from hub.cases.procedure import Given, Moment
from hub.cases.steps.facts import Action
from hub.cases.tables import case, piece
from hub.cases.transfer.declared import Matter, has_no_account, matters, of_no_account
from hub.cases.transfer.tables import transfer
from hub.records.tables import current, record, record_link

WAITING, TOLD, DECLARED, ENDED = "WAITING", "TOLD", "DECLARED", "ENDED"
"""A transfer may still be declared; the sinks were told that none was; one was; the change is in force no more."""
_CHUNK = 500
_OPEN = (WAITING, TOLD)


@dataclass(frozen=True, slots=True)
class Handed:
    """What is known for one application. ``former``: the title by which it was connected, ``None`` where it does not
    open, or the application did not end so; ``later``: those of its unit
    that are in force now; ``rows``: what was noted before; ``pieces``: (number of a
    notice, sink) → its piece, where the sink has it or may get it; ``declared``: date of an entry → the transfer of the
    unit for its holders that was submitted last, since the application; ``over``: date of an entry → what counts
    instead of the title that was noted; ``ended_ms``: when electricity was on."""

    former: Title | None
    later: tuple[Title, ...]
    rows: tuple[Row[Any], ...]
    pieces: Mapping[tuple[int, str], int]
    declared: Mapping[str, bytes]
    over: Mapping[str, Now]
    ended_ms: int


# ---- which applications --------------------------------------------------------------------------------------------


def of_units(connection: Connection, ids: Collection[bytes]) -> set[bytes]:
    """The applications that were connected at the units among these ids, by a title of the applicant's own."""
    listed, found = sorted(ids), set[bytes]()
    for start in range(0, len(listed), _CHUNK):
        about = current.c.entity_id.in_(listed[start : start + _CHUNK])
        found |= {bytes(one) for one in connection.execute(_connected().where(about)).scalars()}
    return found


def of_transfers(connection: Connection, case_ids: Collection[bytes]) -> set[bytes]:
    """The applications whose open handovers are of the units of these transfers."""
    query = select(handover.c.case_id).join(transfer, transfer.c.unit_id == handover.c.unit_id)
    query = query.where(transfer.c.case_id.in_(case_ids), handover.c.state.in_(_OPEN))
    return {bytes(one) for one in connection.execute(query).scalars()} if case_ids else set()


def every(connection: Connection) -> set[bytes]:
    """The applications that have, or may have, a handover: at whose unit there is another title, or was one."""
    other = current.alias("other")
    query = _connected().join(other, other.c.entity_id == current.c.entity_id)
    query = query.where(other.c.kind == TITLE, other.c.row_id != current.c.row_id)
    noted = select(handover.c.case_id).where(handover.c.state.in_((*_OPEN, ENDED)))
    return {bytes(one) for each in (query, noted) for one in connection.execute(each).scalars()}


def _connected() -> Select[Any]:
    """A record that meets a need is linked to its id. The account of one who is not the title's holder, such as a
    tenant, does not follow the title."""
    links = record_link.c.record_id == record.c.record_id
    met = (need.c.wanted_id == record_link.c.link_id) & (need.c.record_id == record.c.record_id)
    return (
        select(need.c.case_id)
        .select_from(current)
        .join(record, record.c.row_id == current.c.row_id)
        .join(record_link, links)
        .join(need, met)
        .join(application, application.c.case_id == need.c.case_id)
        .where(current.c.kind == TITLE, need.c.kind == TITLE, application.c.ended == Action.END.value)
        .where(need.c.state == NeedState.MET.value, need.c.reason == reasons.MET)
    )


def any_due(connection: Connection, moment: Moment) -> bool:
    """Whether a notice is due."""
    return connection.execute(_due(select(handover.c.case_id), moment).limit(1)).first() is not None


def take_due(connection: Connection, moment: Moment, most: int) -> list[Case]:
    """At most ``most`` applications with one, locked; those that another transaction holds are left out."""
    ids = _due(select(handover.c.case_id), moment)
    return cases.lock_free(connection, select(case).where(case.c.case_id.in_(ids)).limit(most))


def _due(query: Select[Any], moment: Moment) -> Select[Any]:
    """One whose transfer has turned out to be for an account that is none is due again."""
    open_again = (handover.c.state == DECLARED) & has_no_account(handover.c.transfer_id)
    late = handover.c.notice_on < china_day(moment.now).isoformat()
    return query.where(or_(handover.c.state == WAITING, open_again), late)


# ---- what is known for them ----------------------------------------------------------------------------------------


def handed(given: Given, connection: Connection, case_ids: Collection[bytes]) -> Mapping[bytes, Handed]:
    """For each of these applications. The cases are locked. Raises ``Unavailable`` when log or vault is."""
    return {case_id: _handed(given, connection, case_id) for case_id in case_ids}


def _handed(given: Given, connection: Connection, case_id: bytes) -> Handed:
    mine = need.c.case_id == case_id, need.c.kind == TITLE, need.c.reason == reasons.MET
    query = select(record).join(need, need.c.record_id == record.c.record_id).where(*mine)
    own = titles.read(given, connection.execute(query).all())
    columns = application.c.ended, application.c.ended_ms, case.c.opened_ms
    joined = select(*columns).join(case, case.c.case_id == application.c.case_id)
    row = connection.execute(joined.where(application.c.case_id == case_id)).one()
    noted = select(handover).where(handover.c.case_id == case_id).order_by(handover.c.registered_on)
    rows = tuple(connection.execute(noted).all())
    former = own[0] if own and row.ended == Action.END.value else None
    later = tuple(titles.in_force(given, connection, former.unit_id)) if former else ()
    return Handed(
        former,
        later,
        rows,
        _pieces(connection, case_id),
        _declared(connection, rows, later, row.opened_ms),
        _over(given, connection, rows),
        row.ended_ms or row.opened_ms,
    )


def _over(given: Given, connection: Connection, rows: Sequence[Row[Any]]) -> dict[str, Now]:
    found = {one.registered_on: over.instead(connection, bytes(one.record_id), given.authorities) for one in rows}
    return {day: now for day, now in found.items() if now}


def _pieces(connection: Connection, case_id: bytes) -> dict[tuple[int, str], int]:
    has_it = piece.c.state.in_((PieceState.ACKNOWLEDGED.value, PieceState.PENDING.value))
    query = select(piece).where(piece.c.case_id == case_id, piece.c.kind == HANDOVER, has_it)
    return {(row.reading, row.sink): row.piece for row in connection.execute(query)}


def _declared(
    connection: Connection, rows: Sequence[Row[Any]], later: Sequence[Title], since_ms: int
) -> dict[str, bytes]:
    """One that was taken back gives a notice of its own. Where no title of that day is in force any more, each transfer
    counts."""
    found: dict[str, bytes] = {}
    for row in rows:
        of_day = [one for one in later if row.registered_on in one.days()]
        for declared in _transfers(connection, bytes(row.unit_id), since_ms):
            day, sets = date.fromisoformat(row.registered_on), [one.holders for one in of_day]
            if not of_day or declared.declares(day, sets):
                found.setdefault(row.registered_on, declared.case_id)
    return found


def _transfers(connection: Connection, unit_id: bytes, since_ms: int) -> list[Matter]:
    """The last one first."""
    joined = select(transfer.c.case_id).join(case, case.c.case_id == transfer.c.case_id)
    of_unit = joined.where(transfer.c.unit_id == unit_id, case.c.opened_ms >= since_ms, ~of_no_account())
    return matters(connection, of_unit.order_by(case.c.opened_ms.desc(), case.c.case_id.desc()))
