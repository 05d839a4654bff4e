"""What a connection application reacts to, and its timers."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from hub.cases.case import Case
from hub.cases.connection import recount
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.handed import gather as handed
from hub.cases.connection.placed import near
from hub.cases.connection.recall import denied
from hub.cases.connection.recall import shown as recalls
from hub.cases.connection.steps import reports
from hub.cases.connection.warnings import due as warnings
from hub.cases.evidence import needs, over
from hub.cases.identity.desk import Presented
from hub.cases.procedure import (
    Answered,
    Command,
    Delivered,
    Due,
    Heard,
    Hears,
    Moment,
    PutOff,
    Restored,
    Verified,
    Withdraw,
)
from hub.cases.ratings.decide import Rate
from hub.cases.steps.facts import Fact
from hub.cases.steps.gather import STEP, unheard, with_steps
from hub.cases.steps.read import TAKEN_BACK
from hub.records.identifiers import Identity

NAME = "connection"
RECOUNTS_MIN = 2
"""Cases whose dates are computed again, that learn their numbers, or that are warned of, in one transaction, also while
many needs are due."""


@dataclass(frozen=True, slots=True)
class Submit:
    """Register an application. ``ids``: its identities → their opaque ids. ``presented``: the ticket that it came
    with."""

    application: Application
    ids: Mapping[Identity, bytes]
    presented: Presented | None = None


@dataclass(frozen=True, slots=True)
class Present:
    """A ticket of the identity service for an application that is registered."""

    presented: Presented


@dataclass(frozen=True, slots=True)
class Settle:
    """Records arrived for needs of these kinds, or a source answered. Answers to older questions are ignored. ``new``:
    kinds of new records that concern the site or the applicant, of needs that are not asked for any more; ``others``:
    kinds of records of the applicant; ``again``: kinds of needs whose record has a new reading; ``steps``: the utility
    reported steps; ``over``: kinds of needs whose record has a later version, or was denied; ``handed``: a title of
    the site may have changed hands since electricity is on; ``near``: titles of the applicant."""

    kinds: frozenset[str] = frozenset()
    answers: tuple[Answered, ...] = ()
    new: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()
    again: frozenset[str] = frozenset()
    steps: bool = False
    over: frozenset[str] = frozenset()
    handed: bool = False
    near: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Look:
    """Some needs are due."""


@dataclass(frozen=True, slots=True)
class Recount:
    """The dates of the case must be computed again: the calendar has changed."""


@dataclass(frozen=True, slots=True)
class Number:
    """Numbers of the case at a sink may be known now, and with them steps that were reported before."""


@dataclass(frozen=True, slots=True)
class Warn:
    """A last day is near or over."""


@dataclass(frozen=True, slots=True)
class AskAgain:
    """Ask again for needs that are not asked for any more: an operator has corrected the cause."""


@dataclass(frozen=True, slots=True)
class Cancel:
    """The applicant takes the application back."""


@dataclass(frozen=True, slots=True)
class AskFor:
    """The customer asks for a segment. ``refused``: the code of the answer; "": it is taken."""

    segment: str
    asked_ms: int
    refused: str = ""

    def facts(self, case: Case) -> list[Fact]:
        """What the next event of the case will say; nothing of an application that was taken back."""
        if self.refused == TAKEN_BACK:
            return []
        return [Fact.request(case.case_id, case.number + 1, self.segment, self.asked_ms)]


ConnectionCommand = (
    Submit | AskFor | Cancel | Present | Settle | Look | Recount | Number | Warn | AskAgain | Rate | Withdraw | PutOff
)


def _commands(connection: Connection, heard: Sequence[Heard]) -> Mapping[bytes, Command]:
    verified = [one for one in heard if isinstance(one, Verified)]
    linked = needs.linked(connection, list(frozenset().union(*(one.ids for one in verified))))
    read_again = needs.read_again(connection, {one.record_id: one.reading for one in verified if one.reading})
    records = [one.record_id for one in verified]
    replaced = [
        *over.replaced(connection, records),
        *near.replaced(connection, records),
        *recalls.of_words(connection, records),
    ]
    titles = near.heard(connection, verified, replaced)
    if any(isinstance(one, Restored) for one in heard):
        linked, read_again = needs.all_open(connection), needs.all_read_again(connection)
        replaced = [*over.all_replaced(connection), *recalls.all_of_words(connection)]
    answers: dict[bytes, list[Answered]] = {}
    for one in heard:
        if isinstance(one, Answered):
            answers.setdefault(one.case_id, []).append(one)
    new = _by_case(needs.given_up(connection, _ids(one for one in verified if one.new)))
    others = _by_case(needs.of_applicants(connection, _ids(verified)))
    again, ended = _by_case(read_again), _by_case(replaced)
    kinds = _by_case(linked)
    steps = _stepped(connection, heard)
    hands = _handed(connection, heard)
    delivered = [one.case_id for one in heard if isinstance(one, Delivered)]
    return dict.fromkeys(delivered, Number()) | {
        case_id: Settle(
            kinds.get(case_id, _NONE) | new.get(case_id, _NONE) | others.get(case_id, _NONE),
            tuple(answers.get(case_id, ())),
            new.get(case_id, _NONE),
            others.get(case_id, _NONE),
            again.get(case_id, _NONE),
            case_id in steps,
            ended.get(case_id, _NONE),
            case_id in hands,
            titles.get(case_id, ()),
        )
        for case_id in {*kinds, *answers, *new, *others, *again, *steps, *ended, *hands, *titles}
    }


def _stepped(connection: Connection, heard: Sequence[Heard]) -> frozenset[bytes]:
    """The cases that steps were reported about."""
    if any(isinstance(one, Restored) for one in heard):
        return unheard(connection)
    steps = [one for one in heard if isinstance(one, Verified) and one.kind == STEP]
    return frozenset(with_steps(connection, frozenset().union(*(one.ids for one in steps))).values())


def _handed(connection: Connection, heard: Sequence[Heard]) -> set[bytes]:
    """The cases whose title may have changed hands, or whose new holders have declared a transfer: the utility has its
    registration."""
    if any(isinstance(one, Restored) for one in heard):
        return handed.every(connection)
    entered = [one.ids for one in heard if isinstance(one, Verified) and one.kind == TITLE]
    delivered = [one.case_id for one in heard if isinstance(one, Delivered)]
    return handed.of_units(connection, frozenset().union(*entered)) | handed.of_transfers(connection, delivered)


_NONE: frozenset[str] = frozenset()


def _by_case(found: Iterable[tuple[bytes, str]]) -> dict[bytes, frozenset[str]]:
    kinds: dict[bytes, frozenset[str]] = {}
    for case_id, kind in found:
        kinds[case_id] = kinds.get(case_id, _NONE) | {kind}
    return kinds


def _ids(verified: Iterable[Verified]) -> dict[str, set[bytes]]:
    """Kind → the ids that these records are linked to, and their subjects."""
    found: dict[str, set[bytes]] = {}
    for one in verified:
        found.setdefault(one.kind, set()).update(one.ids, one.subjects)
    return found


def _waits(connection: Connection, moment: Moment) -> bool:
    needed = needs.any_due(connection, NAME, moment.process_ms) or recount.any_due(connection, moment)
    return (
        needed
        or reports.any_due(connection)
        or warnings.any_due(connection, moment)
        or handed.any_due(connection, moment)
        or denied.any_due(connection)
    )


def _take(connection: Connection, moment: Moment, most: int) -> list[tuple[Case, Command]]:
    """Needs first: people wait for them. Each case once."""
    work: dict[bytes, tuple[Case, Command]] = {}
    least = min(RECOUNTS_MIN, most - 1)  # one case alone, when one of several fails
    for take, command in _TIMERS:
        for case in take(connection, moment, max(least, most - len(work))):
            work.setdefault(case.case_id, (case, command))
    return list(work.values())


_TIMERS: tuple[tuple[Callable[[Connection, Moment, int], list[Case]], Command], ...] = (
    (lambda connection, moment, most: needs.take_due(connection, NAME, moment.process_ms, most), Look()),
    (recount.take_due, Recount()),
    (lambda connection, _, most: reports.take_due(connection, most), Number()),
    (warnings.take_due, Warn()),
    (handed.take_due, Settle(handed=True)),
    (denied.take_due, Settle(over=frozenset({TITLE}))),
)


HEARS = Hears(frozenset({Verified, Answered, Delivered, Restored}), _commands)
DUE = Due(_waits, _take)
