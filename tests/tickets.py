"""Tickets of the identity service for tests, by a clock that the test moves."""

from base64 import b64decode
from datetime import UTC, datetime
from typing import Any

from hub.ports import Clock
from sandbox.identity.tickets import Issuer, holder
from tests import samples

ISSUER = Issuer(7)
KEYS = {ISSUER.key_id: b64decode(ISSUER.public_key)}


def ticket(clock: Clock, external_no: str = "A-1", mode: str = "FACE_RESULT", **other: Any) -> str:
    """A ticket for an application of ``gov-platform``, made now and good for 600 s; ``person`` is a resident ID,
    ``other`` replaces parts of the statement."""
    person = other.pop("person", samples.PERSON)
    now_s = clock.process_ms() / 1000
    times = {
        name: datetime.fromtimestamp(at, UTC).isoformat() for name, at in (("time", now_s), ("until", now_s + 600))
    }
    said = ISSUER.read(ISSUER.ticket("gov-platform", external_no, person, mode)) or {}
    digest = {"holder": holder(other["serial"], person)} if "serial" in other else {}
    return ISSUER.sign(said | times | digest | other)


def serial(text: str) -> str:
    """The serial number of a ticket."""
    said = ISSUER.read(text)
    assert said
    return str(said["serial"])
