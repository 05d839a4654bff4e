"""What the records of a case's steps say beside the steps: reasons, the contract, the first reading. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

from hub.audit.account import Account, shown, submission
from hub.audit.findings.finding import Finding, Shown
from hub.cases.calendar import day_of
from hub.cases.steps.facts import Fact
from hub.cases.steps.judge import FUTURE_S

_REASONS: Final = ("reason", "reason_code")
_CONTRACT: Final = "contract_signed_at_ms"
_READING: Final = "first_reading_at_ms"
_HAPPENED: Final = {_CONTRACT: "contract", _READING: "first reading"}
"""Times of what has happened when it is told. An appointment may be ahead."""


class Said(NamedTuple):
    """What the record of a step says; the fields of ``utility.step``."""

    record_id: bytes
    step: Mapping[str, Any]


def readings(said: Sequence[Said]) -> dict[int, bytes]:
    """When the meter was first read, as any of the steps says: time → the record that says it, or the first of them."""
    found: dict[int, bytes] = {}
    for one in said:
        if (at_ms := one.step.get(_READING)) is not None:
            found.setdefault(at_ms, one.record_id)
    return found


def findings(account: Account, said: Sequence[Said]) -> Iterator[Finding]:
    """What these records show."""
    facts = {one.record_id: one for one in sorted(account.facts, key=lambda one: (one.explained, one.occurred_ms))}
    for one in said:
        if fact := facts.get(one.record_id):
            yield from _asked(account, fact, one)
            yield from _times(account, fact, one)


def _asked(account: Account, fact: Fact, said: Said) -> Iterator[Finding]:
    """A reason that names what the policy forbids to ask for, in a step of any action. Of the reason only the policy's
    own words are shown (P5)."""
    meant = account.policy.meant([said.step.get(name) or "" for name in _REASONS])
    if meant:
        nevers = " ".join(f"{one.zh}（{one.clause}）" for one in map(account.policy.nevers.__getitem__, meant))
        event = shown(fact)
        yield Finding("ASKED_IN_STEP", account.case_id, (event._replace(told=f"{event.told} {nevers}"),))


def _times(account: Account, fact: Fact, said: Said) -> Iterator[Finding]:
    """A contract of a day before the application, and what is said to have happened after it was told."""
    for name, what in _HAPPENED.items():
        at_ms = said.step.get(name)
        if at_ms is None:
            continue
        event = Shown("step", said.record_id.hex(), at_ms, what)
        if name == _CONTRACT and day_of(at_ms) < day_of(account.submitted_ms):
            yield Finding("CONTRACT_BEFORE_APPLICATION", account.case_id, (event, submission(account)))
        if at_ms > fact.received_ms + FUTURE_S * 1000:
            yield Finding("TOLD_FUTURE", account.case_id, (event,))
