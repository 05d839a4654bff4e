"""Writes the events of ratings into their tables. The running hub and ``hub rebuild`` both call it."""

from collections.abc import Callable, Mapping, Sequence

from sqlalchemy import Connection, insert, update

from hub.cases.events import Entry, Event
from hub.cases.ratings.events import FollowedUp, Rated, RatingRefused
from hub.cases.ratings.tables import rating, rating_refusal


def _rated(connection: Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        event = entry.event
        assert isinstance(event, Rated)
        due_on = event.follow_up_due_on
        given = {"grade": event.grade, "sealed": event.sealed, "rated_ms": entry.occurred_at_ms}
        given |= {"checked": event.checked}
        more = {"case_id": entry.case_id, "follow_up_due_on": due_on.isoformat() if due_on else None}
        connection.execute(insert(rating), [given | more])


def _refused(connection: Connection, entries: Sequence[Entry]) -> None:
    rows = []
    for entry in entries:
        assert isinstance(entry.event, RatingRefused)
        by = {"code": entry.event.code, "principal": entry.by.principal, "refused_ms": entry.occurred_at_ms}
        rows.append({"case_id": entry.case_id, "number": entry.number, **by})
    connection.execute(insert(rating_refusal), rows)


def _followed_up(connection: Connection, entries: Sequence[Entry]) -> None:
    for entry in entries:
        event = entry.event
        assert isinstance(event, FollowedUp)
        ended = {"outcome": event.outcome, "followed_up_ms": entry.occurred_at_ms, "sealed_note": event.sealed}
        connection.execute(update(rating).where(rating.c.case_id == entry.case_id).values(**ended))


PROJECT: Mapping[type[Event], Callable[[Connection, Sequence[Entry]], None]] = {
    Rated: _rated,
    RatingRefused: _refused,
    FollowedUp: _followed_up,
}
