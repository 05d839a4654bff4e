"""What a connection application reacts to, and its timers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.cases.case import Case
from hub.cases.connection import recount
from hub.cases.connection.command import Application
from hub.cases.evidence import needs
from hub.cases.procedure import Answered, Command, Due, Heard, Hears, Moment, PutOff, Restored, Verified, Withdraw
from hub.records.identifiers import Identity

NAME = "connection"
RECOUNTS_MIN = 2
"""Cases whose dates are computed again in one transaction, also while many needs are due."""


@dataclass(frozen=True, slots=True)
class Submit:
    """Register an application. ``ids``: its identities → their opaque ids."""

    application: Application
    ids: Mapping[Identity, bytes]


@dataclass(frozen=True, slots=True)
class Settle:
    """Records arrived for needs of these kinds, or a source answered. Answers to older questions are ignored."""

    kinds: frozenset[str] = frozenset()
    answers: tuple[Answered, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """Some needs are due."""


@dataclass(frozen=True, slots=True)
class Recount:
    """The dates of the case must be computed again: the calendar has changed."""


ConnectionCommand = Submit | Settle | Look | Recount | Withdraw | PutOff


def _commands(connection: Connection, heard: Sequence[Heard]) -> Mapping[bytes, Command]:
    ids = list(frozenset().union(*(one.ids for one in heard if isinstance(one, Verified))))
    linked = needs.linked(connection, ids)
    if any(isinstance(one, Restored) for one in heard):
        linked = needs.all_open(connection)
    answers: dict[bytes, list[Answered]] = {}
    for one in heard:
        if isinstance(one, Answered):
            answers.setdefault(one.case_id, []).append(one)
    kinds: dict[bytes, set[str]] = {}
    for case_id, kind in linked:
        kinds.setdefault(case_id, set()).add(kind)
    return {
        case_id: Settle(frozenset(kinds.get(case_id, ())), tuple(answers.get(case_id, ())))
        for case_id in kinds.keys() | answers.keys()
    }


def _waits(connection: Connection, moment: Moment) -> bool:
    return needs.any_due(connection, NAME, moment.process_ms) or recount.any_due(connection, moment)


def _take(connection: Connection, moment: Moment, most: int) -> list[tuple[Case, Command]]:
    """Needs first: people wait for them. Each case once."""
    looks = {case.case_id: case for case in needs.take_due(connection, NAME, moment.process_ms, most)}
    counts = recount.take_due(connection, moment, max(RECOUNTS_MIN, most - len(looks)))
    work: list[tuple[Case, Command]] = [(case, Look()) for case in looks.values()]
    return [*work, *((case, Recount()) for case in counts if case.case_id not in looks)]


HEARS = Hears(frozenset({Verified, Answered, Restored}), _commands)
DUE = Due(_waits, _take)
