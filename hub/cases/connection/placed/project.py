"""Writes the events about sites into their table. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, func, insert, select, update

from hub.cases.connection.command import TITLE
from hub.cases.connection.placed.events import PlaceAnswered, Placed, PlaceLooked
from hub.cases.connection.placed.questions import YES
from hub.cases.connection.placed.tables import place, place_answer
from hub.cases.connection.steps import looked
from hub.cases.events import Entry, Event
from hub.cases.evidence.needs import NeedState
from hub.cases.evidence.tables import need


def _placed(connection: Connection, entries: Sequence[Entry]) -> None:
    rows = []
    for entry in entries:
        event = entry.event
        assert isinstance(event, Placed)
        copied = {
            name: getattr(event, name) for name in ("nth", "record_id", "reading", "verdict", "compared_by", "question")
        }
        found = {"case_id": entry.case_id, "parts": ",".join(event.parts), "placed_ms": entry.occurred_at_ms}
        rows.append(copied | found)
    connection.execute(insert(place), rows)


def _answered(connection: Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        event = entry.event
        assert isinstance(event, PlaceAnswered)
        about = (place.c.case_id == entry.case_id) & (place.c.nth == event.nth)
        told = {"answer": event.answer, "answered_ms": entry.occurred_at_ms, "sealed": event.sealed}
        connection.execute(update(place).where(about).values(**told))
        to = {"case_id": entry.case_id, "nth": event.nth}
        before = select(func.count()).where(place_answer.c.case_id == entry.case_id, place_answer.c.nth == event.nth)
        number = connection.execute(before).scalar_one() + 1
        connection.execute(insert(place_answer), to | told | {"number": number})
        if event.answer == YES:
            _look_now(connection, entry.case_id)


def _look_now(connection: Connection, case_id: bytes) -> None:
    """A title that a person confirmed is looked for at once, where the case still waits for one."""
    about = need.c.case_id == case_id, need.c.kind == TITLE, need.c.state == NeedState.OPEN.value
    connection.execute(update(need).where(*about).values(next_ask_ms=0))


PROJECT: Mapping[type[Event], Callable[[Connection, Sequence[Entry]], None]] = {
    Placed: _placed,
    PlaceAnswered: _answered,
    PlaceLooked: looked.project,
}
