"""Writes the events about sites into their table. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, insert, update

from hub.cases.connection.placed.events import PlaceAnswered, Placed
from hub.cases.connection.placed.tables import place
from hub.cases.events import Entry, Event


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


PROJECT: Mapping[type[Event], Callable[[Connection, Sequence[Entry]], None]] = {
    Placed: _placed,
    PlaceAnswered: _answered,
}
