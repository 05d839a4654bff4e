"""Writes the events of connection applications into their tables. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import Connection, and_, bindparam, case, func, insert, select, update

from hub.cases import reasons
from hub.cases.connection.agreed import shown as agreed
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.command import TITLE
from hub.cases.connection.events import Cancelled, Dated, Identified, Matched, Submitted, Waiting, Withdrawn
from hub.cases.connection.handed import shown as handed
from hub.cases.connection.handed.events import EVENTS as HANDED
from hub.cases.connection.materials.events import Documented, Noticed, Overasked
from hub.cases.connection.materials.project import documented, requested
from hub.cases.connection.placed.project import PROJECT as PLACED
from hub.cases.connection.recall import shown as recalls
from hub.cases.connection.recall.events import Recalled, Retracted
from hub.cases.connection.steps import looked
from hub.cases.connection.steps.histories import histories
from hub.cases.connection.steps.looked import StepsLooked
from hub.cases.connection.tables import application
from hub.cases.connection.warnings import shown
from hub.cases.connection.warnings.events import Warned
from hub.cases.events import Entry, Event, Relation
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need
from hub.cases.identity.kinds import KINDS as IDENTITY_KINDS
from hub.cases.identity.tables import ticket
from hub.cases.identity.ticket import APPLICANT
from hub.cases.ratings.project import PROJECT as RATINGS
from hub.cases.steps import project as steps
from hub.cases.steps.events import Disputed, Numbered, Reapplied, Requested, Separated, Stepped
from hub.cases.tables import piece

_DATES = ("due_on", "segment", "segment_due_on", "counted_to", "provisional", "calendar", "edition", "total_due_on")
_MARKED = {"mark": ("segment", "counted_to"), "total_mark": ("total_due_on",)}
"""What was warned of → the columns that say of which last day."""
E = TypeVar("E", bound=Event)


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Write these entries into the tables, in their order. All are of one type."""
    _PROJECT[type(entries[0].event)](connection, entries)


def _submitted(connection: Connection, entries: Sequence[Entry]) -> None:
    connection.execute(insert(application), [_application(entry, _of(entry, Submitted)) for entry in entries])
    if needs := [row for entry in entries for row in _needs(entry, _of(entry, Submitted))]:
        connection.execute(insert(need), needs)


def _application(entry: Entry, event: Submitted) -> dict[str, Any]:
    copied = ("customer_class", "voltage", "purpose", "legal_basis", "policy", "case_type", "starred", "sealed")
    return (
        {name: getattr(event, name) for name in (*copied, "external_works")}
        | _dates(event)
        | {
            "case_id": entry.case_id,
            "channel": entry.by.channel,
            "counted_to": _iso(event.counted_to or event.due_on),
            "told": 0,
        }
    )


def _dated(connection: Connection, entries: Sequence[Entry]) -> None:
    about = application.c.case_id == bindparam("of")
    values: dict[str, Any] = {name: bindparam(f"new_{name}") for name in _DATES}
    values["told"] = func.coalesce(application.c.told, 0) + bindparam("more")
    for mark, columns in _MARKED.items():
        same = and_(*(application.c[name] == bindparam(f"new_{name}") for name in columns))
        values[mark] = case((same, application.c[mark]), else_=0)
    # What a former kind's last day was warned of stays, where a change of kind puts it in the place of the total.
    main = func.coalesce(application.c.due_on, application.c.segment_due_on) == bindparam("new_total_due_on")
    former = and_(main, application.c.voltage_now.is_not(None))
    same = application.c.total_due_on == bindparam("new_total_due_on")
    values["total_mark"] = case((same, application.c.total_mark), (former, application.c.mark), else_=0)
    rows = [_changed(entry, _of(entry, Dated)) for entry in entries]
    connection.execute(update(application).where(about).values(**values), rows)


def _changed(entry: Entry, event: Dated) -> dict[str, Any]:
    new = {f"new_{name}": value for name, value in _dates(event).items()}
    return new | {"of": entry.case_id, "more": int(bool(event.pieces))}


def _dates(event: Submitted | Dated) -> dict[str, Any]:
    given = {name: getattr(event, name, None) for name in _DATES}
    return {name: value.isoformat() if isinstance(value, date) else value for name, value in given.items()}


def _iso(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _needs(entry: Entry, event: Submitted) -> list[dict[str, Any]]:
    return [
        wanted._asdict()
        | {
            "case_id": entry.case_id,
            "state": NeedState.OPEN.value,
            "reason": reasons.NEW if wanted.wanted_id else reasons.ADDRESS_UNCLEAR,
            "attempt": 0,
            "next_ask_ms": 0,
            "answers": 0,
        }
        for wanted in event.needs
    ]


def _waiting(connection: Connection, entries: Sequence[Entry]) -> None:
    names = ("reason", "attempt", "next_ask_ms", "answers")
    about = (need.c.case_id == bindparam("of")) & (need.c.kind == bindparam("about"))
    values: dict[str, Any] = {name: bindparam(f"new_{name}", type_=need.c[name].type) for name in names}
    values["answers"] = func.coalesce(values["answers"], need.c.answers)
    rows = [_waits(entry, {f"new_{name}": getattr(entry.event, name) for name in names}) for entry in entries]
    connection.execute(update(need).where(about).values(**values), rows)


def _waits(entry: Entry, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"of": entry.case_id, "about": _of(entry, Waiting).kind, **values}


def _matched(connection: Connection, entries: Sequence[Entry]) -> None:
    _set_needs(connection, [(entry, _met(_of(entry, Matched))) for entry in entries])


def _met(event: Matched) -> dict[str, Any]:
    other = event.kind == TITLE and event.holder_relation == Relation.OTHER
    reason = reasons.HELD_BY_OTHER if other else reasons.MET
    return {
        "state": NeedState.MET.value,
        "record_id": event.record_id,
        "reading": event.reading,
        "reason": reason,
        "answers": 0,
    }


def _withdrawn(connection: Connection, entries: Sequence[Entry]) -> None:
    """Open the need of the piece again, unless another record has met it since. The id of the withdrawn record stays in
    the row, so that it is not found again."""
    of = (piece.c.case_id == bindparam("of")) & (piece.c.piece == bindparam("no"))
    record_id, reading = (select(column).where(of).scalar_subquery() for column in (piece.c.record_id, piece.c.reading))
    about = (need.c.case_id == bindparam("of")) & (need.c.kind == bindparam("about"))
    reopened: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("state", "reason", "next_ask_ms")}
    query = update(need).where(about, need.c.record_id == record_id, need.c.reading == reading).values(**reopened)
    connection.execute(query, [_reopened(entry, number) for entry in entries for number in _numbers(entry)])


def _retracted(connection: Connection, entries: Sequence[Entry]) -> None:
    """Open the needs again. The id of the record stays in the row, so that it is not found again."""
    recalls.project(connection, entries)
    about = (need.c.case_id == bindparam("of")) & (need.c.kind == bindparam("about"))
    same = (need.c.record_id == bindparam("was")) & (need.c.reading == bindparam("read"))
    reopened: dict[str, Any] = {
        name: bindparam(f"new_{name}") for name in ("state", "reason", "next_ask_ms", "answers")
    }
    rows = [
        {"of": entry.case_id, "about": event.kind, "was": event.record_id, "read": event.reading}
        | {"new_state": NeedState.OPEN.value, "new_reason": event.reason}
        | {"new_next_ask_ms": event.next_ask_ms, "new_answers": 0}
        for entry in entries
        for event in [_of(entry, Retracted)]
    ]
    connection.execute(update(need).where(about, same).values(**reopened), rows)


def _cancelled(connection: Connection, entries: Sequence[Entry]) -> None:
    """No evidence of these cases is found, or taken back, any more."""
    ids = [entry.case_id for entry in entries]
    ended = {"state": NeedState.CANCELLED.value, "reason": reasons.CANCELLED}
    connection.execute(update(need).where(need.c.case_id.in_(ids)).values(**ended))


def _identified(connection: Connection, entries: Sequence[Entry]) -> None:
    """The ticket, and the evidence that it leads to: instead of the applicant's evidence of identity that is looked for
    until now, if any. Nothing changes where the identity is known already."""
    for entry in entries:
        event = _of(entry, Identified)
        columns = ("ticket_id", "mode", "person", "until_ms", "sealed")
        connection.execute(insert(ticket), {"case_id": entry.case_id, **{one: getattr(event, one) for one in columns}})
        _look_for(connection, entry.case_id, event)


def _look_for(connection: Connection, case_id: bytes, event: Identified) -> None:
    there = {
        row.kind: row
        for row in connection.execute(select(need).where(need.c.case_id == case_id, need.c.kind.in_(IDENTITY_KINDS)))
    }
    fresh = {"reason": reasons.NEW, "next_ask_ms": 0, "answers": 0, "wanted_by": event.wanted_by}
    fresh |= {"kind": event.kind, "wanted_id": event.wanted_id}
    replaced = [event.kind] if event.kind in there or event.person != APPLICANT else list(there)
    about = need.c.case_id == case_id, need.c.kind.in_(replaced)
    if any(there[kind].state == NeedState.MET for kind in replaced if kind in there):
        return
    if not connection.execute(update(need).where(*about).values(**fresh)).rowcount:
        new = {"case_id": case_id, "state": NeedState.OPEN.value, "attempt": 0}
        connection.execute(insert(need), new | fresh)


def _numbered(connection: Connection, entries: Sequence[Entry]) -> None:
    steps.numbered(connection, [(entry.case_id, _of(entry, Numbered)) for entry in entries])
    about = application.c.case_id.in_([entry.case_id for entry in entries])
    connection.execute(update(application).where(about).values(numbered=True))


def _stepped(connection: Connection, entries: Sequence[Entry]) -> None:
    """The facts, the verdicts on all facts of these cases, and how they ended."""
    steps.stepped(connection, [(entry.case_id, _of(entry, Stepped)) for entry in entries])
    _judged(connection, {entry.case_id for entry in entries})


def _asked(connection: Connection, entries: Sequence[Entry]) -> None:
    """What the customers asked for, and what follows for all facts of their cases."""
    steps.requested(connection, [(entry.case_id, entry.number, _of(entry, Requested)) for entry in entries])
    _judged(connection, {entry.case_id for entry in entries})


def _disputed(connection: Connection, entries: Sequence[Entry]) -> None:
    """Numbers of two cases. The other cases that have them look at their own again, by their timer."""
    for entry in entries:
        steps.disputed(connection, entry.case_id, _of(entry, Disputed))
    ids = {entry.case_id for entry in entries}
    numbers = {one.number_id for entry in entries for one in _of(entry, Disputed).numbers}
    for about, known in ((ids, True), (steps.must_dispute(connection, numbers), None)):
        connection.execute(update(application).where(application.c.case_id.in_(about)).values(numbered=known))
    _judged(connection, ids)


def _judged(connection: Connection, ids: Collection[bytes]) -> None:
    """The verdicts on all facts of these cases, how they ended, and their voltage now."""
    found = histories(connection, ids)
    steps.judged(connection, found)
    ended = [
        {"of": case_id, "new_ended": one.end.value if one.end else None, "new_ended_ms": one.ended_ms}
        | {"new_voltage_now": next((change.becomes_voltage for change in one.changes[::-1]), None)}
        for case_id, one in found.items()
    ]
    about = application.c.case_id == bindparam("of")
    columns: dict[str, Any] = {name: bindparam(f"new_{name}") for name in ("ended", "ended_ms", "voltage_now")}
    connection.execute(update(application).where(about).values(**columns), ended)


def _reapplied(connection: Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        event = _of(entry, Reapplied)
        about = application.c.case_id == event.later_id
        connection.execute(update(application).where(about).values(first_id=event.first_id))


def _separated(connection: Connection, entries: Sequence[Entry]) -> None:
    later = [_of(entry, Separated).later_id for entry in entries]
    connection.execute(update(application).where(application.c.case_id.in_(later)).values(first_id=None))


def _numbers(entry: Entry) -> tuple[int, ...]:
    return _of(entry, Withdrawn).withdrawn


def _reopened(entry: Entry, number: int) -> dict[str, Any]:
    event = _of(entry, Withdrawn)
    again = {"new_state": NeedState.OPEN.value, "new_reason": event.reason, "new_next_ask_ms": event.next_ask_ms}
    return {"of": entry.case_id, "no": number, "about": event.kind, **again}


def _set_needs(connection: Connection, changes: Sequence[tuple[Entry, Mapping[str, Any]]]) -> None:
    """Set values of the needs that events are about. All changes have the same columns."""
    about = (need.c.case_id == bindparam("of")) & (need.c.kind == bindparam("about"))
    rows = [{"of": entry.case_id, "about": getattr(entry.event, "kind"), **values} for entry, values in changes]  # noqa: B009
    connection.execute(update(need).where(about), rows)


def _of(entry: Entry, kind: type[E]) -> E:
    assert isinstance(entry.event, kind)
    return entry.event


_PROJECT: dict[type[Event], Callable[[Connection, Sequence[Entry]], None]] = {
    Submitted: _submitted,
    Dated: _dated,
    Waiting: _waiting,
    Matched: _matched,
    Withdrawn: _withdrawn,
    Retracted: _retracted,
    Recalled: recalls.project,
    Agreed: agreed.project,
    Cancelled: _cancelled,
    Identified: _identified,
    Documented: documented,
    Noticed: requested,
    Overasked: requested,
    Numbered: _numbered,
    Stepped: _stepped,
    Requested: _asked,
    Reapplied: _reapplied,
    Disputed: _disputed,
    Separated: _separated,
    **RATINGS,
    StepsLooked: looked.project,
    **PLACED,
    Warned: shown.project,
    **dict.fromkeys(HANDED, handed.project),
}
