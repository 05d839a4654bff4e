"""A second procedure: watches a property unit. It reacts to a record about the unit, to a meter reading (a report from
outside) and to a timer; of a record it tells a sink."""

from dataclasses import dataclass

from sqlalchemy import BigInteger, Boolean, Column, ForeignKey, Integer, Table, bindparam, insert, select, update

from hub.cases import case as cases
from hub.cases.events import Deciding, Event, Opening, Piece
from hub.cases.procedure import Due, Hears, Procedure, PutOff, Refusal, Restored, Verified
from hub.cases.tables import case
from hub.stores.tables import ID, metadata

NAME, TOPIC, READING = "watch", "watch.events", "dummy.reading"

watch = Table(
    "watch",
    metadata,
    Column("case_id", ID, ForeignKey("case.case_id"), primary_key=True),
    Column("unit_id", ID, nullable=False, index=True),
    Column("remind_ms", BigInteger, nullable=False),
    Column("reminded", Boolean, nullable=False),
    Column("seen", Integer, nullable=False),
    Column("readings", Integer, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Opened(Opening):
    SCHEMA, TOPIC = "watch.opened", TOPIC
    remind_ms: int


@dataclass(frozen=True, kw_only=True)
class Seen(Deciding):
    SCHEMA, TOPIC = "watch.seen", TOPIC
    record_id: bytes


@dataclass(frozen=True, kw_only=True)
class Reminded(Event):
    SCHEMA, TOPIC = "watch.reminded", TOPIC


@dataclass(frozen=True, kw_only=True)
class Read(Event):
    SCHEMA, TOPIC = "watch.read", TOPIC
    record_id: bytes


@dataclass(frozen=True)
class Open:
    """Watch the unit of the case for so many seconds."""

    seconds: float


@dataclass(frozen=True)
class Hear:
    """Records about the unit, and readings."""

    seen: tuple[bytes, ...] = ()
    read: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Remind:
    """The time has come."""


def commands(connection, heard):
    found: dict[bytes, Hear] = {}
    verified = [one for one in heard if isinstance(one, Verified)]
    ids = {link: one.record_id for one in verified if one.kind != READING for link in one.ids}
    for row in connection.execute(select(watch).where(watch.c.unit_id.in_(ids))):
        found[bytes(row.case_id)] = Hear(seen=(ids[bytes(row.unit_id)],))
    if read := tuple(one.record_id for one in verified if one.kind == READING):
        for row in connection.execute(select(watch.c.case_id)):
            before = found.get(bytes(row.case_id), Hear())
            found[bytes(row.case_id)] = Hear(before.seen, read)
    return found


def waits(connection, moment):
    return connection.execute(_due(select(watch.c.case_id), moment.process_ms).limit(1)).first() is not None


def take(connection, moment, most):
    query = _due(select(case).join(watch, watch.c.case_id == case.c.case_id), moment.process_ms).limit(most)
    return [(one, Remind()) for one in cases.lock_free(connection, query)]


def _due(query, process_ms):
    return query.where(watch.c.reminded.is_(False), watch.c.remind_ms <= process_ms)


def gather(given, connection, work, moment):
    return [given.sinks] * len(work)


def decide(one, command, sinks, rules, moment):
    if isinstance(command, Open):
        if command.seconds <= 0:
            return Refusal("FIELD_INVALID", "seconds")
        names = tuple(sink.name for sink in sinks)
        until_ms = moment.process_ms + int(command.seconds * 1000)
        return [Opened(subject_id=one.subject_id, sinks=names, remind_ms=until_ms)]
    if isinstance(command, Hear):
        told = [sink.name for sink in sinks if sink.name in one.sinks and sink.takes(NAME, "notice")]
        seen, number = [], one.pieces
        for record_id in command.seen:
            pieces = tuple(Piece(number + n, name, "notice", reading=number) for n, name in enumerate(told))
            number += len(pieces)
            seen.append(Seen(record_id=record_id, pieces=pieces))
        return [*seen, *(Read(record_id=record_id) for record_id in command.read)]
    return [] if isinstance(command, PutOff) else [Reminded()]


_CHANGES: dict[type[Event], dict] = {
    Seen: {"seen": watch.c.seen + 1},
    Reminded: {"reminded": True},
    Read: {"readings": watch.c.readings + 1},
}


def project(connection, entries):
    for entry in entries:
        event = entry.event
        if isinstance(event, Opened):
            row = {"case_id": entry.case_id, "unit_id": event.subject_id, "remind_ms": event.remind_ms}
            connection.execute(insert(watch), [row | {"reminded": False, "seen": 0, "readings": 0}])
        else:
            about = update(watch).where(watch.c.case_id == bindparam("of"))
            connection.execute(about.values(**_CHANGES[type(event)]), [{"of": entry.case_id}])


def notice(given, connection, sending, moment):
    return {"what": "a record about a watched unit", "of": sending.piece.piece}


PROCEDURE = Procedure(
    name=NAME,
    events=(Opened, Seen, Reminded, Read),
    hears=Hears(frozenset({Verified, Restored}), commands),
    due=Due(waits, take),
    gather=gather,
    decide=decide,
    project=project,
    tables=(watch,),
    sinks={"notice": notice},
)
