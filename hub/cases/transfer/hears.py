"""What a joint transfer reacts to. Nothing is asked again by the clock, only by what is told: the
timer is for titles that went to others, and for the days of the calendar."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from hub.cases.case import Case
from hub.cases.evidence.titles import TITLE
from hub.cases.procedure import Command, Due, Heard, Hears, Moment, PutOff, Restored, Verified, Withdraw
from hub.cases.transfer.command import NAME, Transfer
from hub.cases.transfer.deciding.due import any_due, take_due
from hub.cases.transfer.events import Person
from hub.cases.transfer.tables import transfer, transfer_number
from hub.records.identifiers import Identity

REPORT = "utility.transfer"
_CHUNK = 500

__all__ = ["DUE", "HEARS", "NAME", "REPORT", "Cancel", "Look", "Submit", "TransferCommand"]


@dataclass(frozen=True, slots=True)
class Submit:
    """Register the transfer of one account. ``ids``: its identities → their opaque ids; ``submission_id``: of all that
    came under one number; ``persons``: its holders, sealed."""

    transfer: Transfer
    ids: Mapping[Identity, bytes]
    submission_id: bytes
    persons: tuple[Person, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """A title of its unit was verified, the utility has reported, or a day is over: what is new is read from the
    tables."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The applicant takes the electricity side back."""


TransferCommand = Submit | Look | Cancel | Withdraw | PutOff


def _commands(connection: Connection, heard: Sequence[Heard]) -> Mapping[bytes, Command]:
    if any(isinstance(one, Restored) for one in heard):
        return dict.fromkeys(map(bytes, connection.execute(select(transfer.c.case_id)).scalars()), Look())
    verified = [one for one in heard if isinstance(one, Verified)]
    numbers = _ids(one for one in verified if one.kind == REPORT)
    things = _ids(one for one in verified if one.kind == TITLE)
    found: set[bytes] = set()
    for chunk in _chunks(numbers):
        found |= _cases(connection, transfer_number.c.case_id, transfer_number.c.number_id.in_(chunk))
    for chunk in _chunks(things):
        about = transfer.c.unit_id.in_(chunk) | (transfer.c.unit_id.is_(None) & transfer.c.title_id.in_(chunk))
        found |= _cases(connection, transfer.c.case_id, about)
    return dict.fromkeys(found, Look())


def _chunks(ids: Set[bytes]) -> Iterator[list[bytes]]:
    listed = sorted(ids)
    return (listed[start : start + _CHUNK] for start in range(0, len(listed), _CHUNK))


def _ids(verified: Any) -> Set[bytes]:
    return frozenset[bytes]().union(*(one.ids for one in verified))


def _cases(connection: Connection, column: Any, about: ColumnElement[bool]) -> set[bytes]:
    return {bytes(one) for one in connection.execute(select(column).where(about)).scalars()}


def _take(connection: Connection, moment: Moment, most: int) -> list[tuple[Case, Command]]:
    return [(one, Look()) for one in take_due(connection, moment, most)]


HEARS = Hears(frozenset({Verified, Restored}), _commands)
DUE = Due(any_due, _take)
