"""The kinds of evidence about a person's identity, and which of them a ticket leads to."""

from typing import Final

from hub.cases.identity.ticket import APPLICANT, FACE_RESULT, Ticket
from hub.records.identifiers import Identity, identity_of

CHECK: Final = "identity.check"
RESIDENT_ID: Final = "licence.resident-id"
KINDS: Final = (CHECK, RESIDENT_ID)
BY_SERIAL: Final = "identity.serial"
"""A check is found by the serial number of its ticket: one that was made for another application is not taken."""


def led_to(ticket: Ticket, resident_id: str) -> tuple[str, str, Identity]:
    """(Kind, type of identifier, identity) of the evidence that a ticket leads to: the card where the person agreed to
    be named or was at a counter, otherwise the result of the check. Of an agent it is always the result only."""
    if ticket.mode == FACE_RESULT or ticket.person != APPLICANT:
        by, value = BY_SERIAL, ticket.serial
    else:
        by, value = "resident-id", resident_id
    identity = identity_of(by, value)
    assert identity is not None, "the number was checked, and a serial number has its form"
    return (CHECK if by == BY_SERIAL else RESIDENT_ID), by, identity
