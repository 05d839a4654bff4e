"""The states of a joint transfer, and how what is said moves it. Pure.

The registry's side is only heard: an entry in the book moves the electricity side, and nothing here can hold the entry
back or undo it. Arrears leave the electricity side pending until the utility tells that they are paid.

What the utility says may arrive twice and in another order than it happened. An answer counts for the question that it
answers: one to an earlier question changes nothing. A payment counts for arrears that were told before it happened,
in either order. That the transfer is done counts always.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final


class State(StrEnum):
    """Where one account stands."""

    CHECKING = "checking"
    """The utility was asked to check the account (核验)."""
    ARREARS = "arrears"
    """The check found arrears. Nothing is entered in the book yet."""
    READY = "ready"
    """The account is clear; the entry in the book is awaited (登簿)."""
    ENTERED = "entered"
    """The entry is there, and the check is not answered."""
    OWING = "owing"
    """The entry is there, and arrears are open: only the electricity side is pending."""
    TRANSFERRING = "transferring"
    """The utility was asked to transfer the account (过户)."""
    APPLIED = "applied"
    """The utility has accepted the transfer."""
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class Said(StrEnum):
    """What moves a transfer: answers of the utility, the entry in the book, and the applicant."""

    CLEAR = "CLEAR"
    ARREARS = "ARREARS"
    NO_ACCOUNT = "NO_ACCOUNT"
    PAID = "PAID"
    APPLIED = "APPLIED"
    OWING = "OWING"
    DONE = "DONE"
    FAILED = "FAILED"
    ENTRY = "ENTRY"
    LOST = "LOST"
    """The title that was entered is not in force any more, before the utility was told of it."""
    CANCEL = "CANCEL"


class Ask(StrEnum):
    """What the utility is asked."""

    CHECK = "check"
    TRANSFER = "transfer"


RANK: Final = {said.value: rank for rank, said in enumerate(Said)}
"""What is said → its place in the procedure: the order of what the utility says happened in the same moment."""

S, W = State, Said
ENDED: Final = frozenset({S.DONE, S.FAILED, S.CANCELLED})
ON_CHECK: Final = frozenset({W.CLEAR, W.ARREARS, W.NO_ACCOUNT})
"""Answers to the question for a check."""
ON_TRANSFER: Final = frozenset({W.APPLIED, W.OWING, W.FAILED})
"""Answers to the question for the transfer. That it is done counts for any question."""

CHECKED: Final = frozenset({S.CHECKING, S.ENTERED})
"""The answer to the check is awaited."""
TRANSFERRED: Final = frozenset({S.TRANSFERRING, S.APPLIED})
"""The end of the transfer is awaited."""

TAKES: Final[Mapping[tuple[State, Said], State]] = {
    (S.CHECKING, W.CLEAR): S.READY,
    (S.CHECKING, W.ARREARS): S.ARREARS,
    (S.CHECKING, W.NO_ACCOUNT): S.FAILED,
    (S.CHECKING, W.ENTRY): S.ENTERED,
    (S.ARREARS, W.PAID): S.CHECKING,
    (S.ARREARS, W.ENTRY): S.OWING,
    (S.READY, W.ENTRY): S.TRANSFERRING,
    (S.ENTERED, W.CLEAR): S.TRANSFERRING,
    (S.ENTERED, W.ARREARS): S.OWING,
    (S.ENTERED, W.NO_ACCOUNT): S.FAILED,
    (S.ENTERED, W.LOST): S.CHECKING,
    (S.OWING, W.PAID): S.TRANSFERRING,
    (S.OWING, W.FAILED): S.FAILED,
    (S.OWING, W.LOST): S.ARREARS,
    (S.TRANSFERRING, W.APPLIED): S.APPLIED,
    (S.TRANSFERRING, W.OWING): S.OWING,
    (S.TRANSFERRING, W.FAILED): S.FAILED,
    (S.TRANSFERRING, W.LOST): S.READY,
    (S.APPLIED, W.OWING): S.OWING,
    (S.APPLIED, W.FAILED): S.FAILED,
    **{(state, W.DONE): S.DONE for state in State if state is not S.DONE},
    **{(state, W.CANCEL): S.CANCELLED for state in State if state not in ENDED},
}
"""(State, what is said) → the next state. What is not here changes nothing."""

_ASKS: Final[Mapping[tuple[State, State], Ask]] = {
    (S.ARREARS, S.CHECKING): Ask.CHECK,
    **{(before, S.TRANSFERRING): Ask.TRANSFER for before in (S.READY, S.ENTERED, S.OWING)},
}


@dataclass(frozen=True, slots=True)
class Standing:
    """How far one account is. ``checks`` and ``transfers`` count the questions to the utility; ``owed_ms`` and
    ``paid_ms``: when, as the utility says, arrears were found and paid last (ms since the epoch)."""

    state: State = State.CHECKING
    checks: int = 1
    transfers: int = 0
    owed_ms: int | None = None
    paid_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """What follows: the standing after it, whether it counted, and the question to the utility, if any."""

    standing: Standing
    counted: bool
    ask: Ask | None = None


def take(standing: Standing, said: Said, question: int = 0, at_ms: int = 0) -> Step:
    """What follows of something that is said. ``question``: the number of the question that it answers, from 1; 0 when
    the utility does not say which. ``at_ms``: when it happened.

    >>> take(Standing(), Said.ARREARS, 1, 50).standing.state, take(Standing(), Said.ENTRY).standing.state
    (<State.ARREARS: 'arrears'>, <State.ENTERED: 'entered'>)
    """
    if said is Said.PAID:
        return _paid(standing, at_ms)
    if not _answers_the_last(standing, said, question):
        return Step(standing, False)
    step = _move(standing, said)
    if step.counted and said in (Said.ARREARS, Said.OWING):
        owed = replace(step.standing, owed_ms=at_ms)
        # The payment may have been heard before the arrears that it settles.
        settled = owed.paid_ms is not None and owed.paid_ms >= at_ms
        again = _move(owed, Said.PAID) if settled else None
        return again or Step(owed, True)
    return step


def _paid(standing: Standing, at_ms: int) -> Step:
    latest = replace(standing, paid_ms=max(at_ms, standing.paid_ms or at_ms))
    if standing.state in (S.ARREARS, S.OWING) and at_ms >= (standing.owed_ms or 0):
        return _move(latest, Said.PAID)
    return Step(latest, False)


def _answers_the_last(standing: Standing, said: Said, question: int) -> bool:
    if said in ON_CHECK:
        return question in (0, standing.checks)
    if said in ON_TRANSFER:
        return standing.transfers > 0 and question in (0, standing.transfers)
    return True


def _move(standing: Standing, said: Said) -> Step:
    after = TAKES.get((standing.state, said))
    if after is None:
        return Step(standing, False)
    ask = _ASKS.get((standing.state, after))
    checks, transfers = standing.checks + (ask is Ask.CHECK), standing.transfers + (ask is Ask.TRANSFER)
    return Step(replace(standing, state=after, checks=checks, transfers=transfers), True, ask)
