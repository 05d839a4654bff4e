"""The desk where tickets are presented: they are checked here, and one ticket belongs to one case."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select

from hub.cases.identity import ticket as tickets
from hub.cases.identity.kinds import BY_SERIAL, KINDS, RESIDENT_ID, led_to
from hub.cases.identity.tables import ticket
from hub.cases.identity.ticket import APPLICANT, KeyOf, Matter, Ticket
from hub.errors import RecordRejected
from hub.ports import Clock, KeyVault


class Presented(NamedTuple):
    """A ticket that was checked, with its opaque id, and the evidence that it leads to: its kind, the type of
    identifier, and the opaque id that a matching record is linked to."""

    ticket: Ticket
    ticket_id: bytes
    kind: str
    wanted_by: str
    wanted_id: bytes


@dataclass(frozen=True, slots=True)
class Desk:
    """Checks tickets. ``key_of``: the keys of the identity services that are set up now."""

    vault: KeyVault
    clock: Clock
    key_of: KeyOf

    def check(self, text: str, matter: Matter) -> Presented:
        """The ticket in ``text``, good for ``matter``. Raises ``RecordRejected`` as ``ticket.check``, ``Unavailable``
        when the vault is."""
        found = tickets.check(text, matter, self.key_of, self.clock.process_ms())
        kind, by, identity = led_to(found, matter.persons[found.person])
        ticket_id, wanted_id = self.vault.identify([(BY_SERIAL, found.serial), identity])
        return Presented(found, ticket_id, kind, by, wanted_id)


def claim(connection: Connection, presented: Presented, case_id: bytes) -> bool:
    """Whether the ticket is new; False when the case has used it already. Raises ``RecordRejected`` (TICKET_USED) when
    another case has (P2)."""
    query = select(ticket.c.case_id).where(ticket.c.ticket_id == presented.ticket_id)
    holder = connection.execute(query).scalar_one_or_none()
    if holder is not None and bytes(holder) != case_id:
        raise RecordRejected("TICKET_USED", "ticket")
    return holder is None


def of_cases(connection: Connection, ids: Collection[bytes]) -> dict[bytes, list[Row[Any]]]:
    """The tickets of these cases, those that are good longest first."""
    found: dict[bytes, list[Row[Any]]] = {}
    query = select(ticket).where(ticket.c.case_id.in_(ids)).order_by(ticket.c.until_ms.desc())
    for row in connection.execute(query) if ids else ():
        found.setdefault(bytes(row.case_id), []).append(row)
    return found


def fitting(rows: Collection[Row[Any]], kind: str) -> Row[Any] | None:
    """The ticket that leads to evidence of ``kind``; ``None`` for evidence that no ticket leads to."""
    if kind not in KINDS:
        return None
    return next((row for row in rows if (kind == RESIDENT_ID) == _names(row)), None)


def _names(row: Row[Any]) -> bool:
    """Whether a source may name the person on this ticket."""
    return bool(row.person == APPLICANT and row.mode != tickets.FACE_RESULT)
