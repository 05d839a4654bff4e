"""The event of a finding. Fields as in schemas/connection/agreed.v1.avsc."""

from dataclasses import dataclass

from hub.cases.events import Event
from hub.topics.declared import CONNECTION_EVENTS


@dataclass(frozen=True, kw_only=True)
class Agreed(Event):
    """Two certificates were compared: codes of ``hub.cases.agreement``, and the versions that were compared, ``None``
    for what was submitted. It refuses nothing, and the clock runs."""

    SCHEMA = "connection.agreed"
    TOPIC = CONNECTION_EVENTS
    about: str
    result: str
    why: str
    one_id: bytes | None
    other_id: bytes | None
