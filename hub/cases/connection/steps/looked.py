"""That a person looked at what the sealed records of an application's steps say (P3, P4), and how often persons looked
at an application: each look is an event, so that their number has a bound."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, Row, func, update

from hub.cases.connection.tables import application
from hub.cases.events import Entry, Event, ToSeal
from hub.errors import RecordRejected
from hub.topics.declared import CONNECTION_EVENTS

LOOKS_MAX: Final = 1_000
"""Most looks at one application: at both texts of its site, and at its steps."""


@dataclass(frozen=True, kw_only=True)
class StepsLooked(Event):
    """A person looked at the steps. ``purpose``: that of the application, which they were shown for. ``sealed``: JSON
    with the ``person``'s name, under the applicant's key."""

    SCHEMA = "connection.steps-looked"
    TOPIC = CONNECTION_EVENTS
    purpose: str
    sealed: bytes | ToSeal


def looked(purpose: str, person: str) -> StepsLooked:
    """The event about a look."""
    return StepsLooked(purpose=purpose, sealed=ToSeal(json.dumps({"person": person}, ensure_ascii=False).encode()))


def check(row: Row[Any]) -> None:
    """Raises ``RecordRejected`` (LOOKS_FULL) where an application was looked at too often. ``row``: its row."""
    if (row.looks or 0) >= LOOKS_MAX:
        raise RecordRejected("LOOKS_FULL")


def project(connection: Connection, entries: Sequence[Entry]) -> None:
    """Count these looks. The running hub and ``hub rebuild`` both call it."""
    for entry in entries:
        about = application.c.case_id == entry.case_id
        connection.execute(update(application).where(about).values(looks=func.coalesce(application.c.looks, 0) + 1))
