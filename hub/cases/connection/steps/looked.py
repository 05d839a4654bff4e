"""That a person looked at what the sealed records of an application's steps say (P3, P4)."""

import json
from dataclasses import dataclass

from hub.cases.events import Event, ToSeal
from hub.topics.declared import CONNECTION_EVENTS


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
