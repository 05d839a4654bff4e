"""Decisions about joint transfers: from a case, a command, facts and rules to events. No clock, no database."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from typing import Any

from hub.cases import policy, reasons
from hub.cases.calendar import china_day, day_of
from hub.cases.case import Case
from hub.cases.events import REGISTRATION, Deciding, Event, Piece, ToSeal
from hub.cases.evidence.over import Now
from hub.cases.evidence.titles import Title
from hub.cases.policies.model import Policy
from hub.cases.policy import Rules
from hub.cases.procedure import Decision, Moment, PutOff, SinkInfo, Withdraw
from hub.cases.transfer.command import NAME, canonical
from hub.cases.transfer.declared import fits
from hub.cases.transfer.events import (
    CANCELLATION,
    CHECK,
    NOTICE,
    TRANSFER,
    Cancelled,
    Conflicted,
    Entered,
    Located,
    Overlooked,
    Recalled,
    Reported,
    Submitted,
    Undeclared,
    Withdrawn,
)
from hub.cases.transfer.gather import Facts, Report
from hub.cases.transfer.hears import Cancel, Submit, TransferCommand
from hub.cases.transfer.states import CHECKED, ENDED, TRANSFERRED, Ask, Said, Standing, State, Step, take

OTHER_HOLDERS = "OTHER_HOLDERS"
HOLDER_UNCONFIRMED = "HOLDER_UNCONFIRMED"
_ASKED = {Ask.CHECK: CHECK, Ask.TRANSFER: TRANSFER}


def decide(case: Case, command: TransferCommand, facts: Facts, rules: Rules, moment: Moment) -> Decision:
    """The events that follow from a command. It is never refused: a submission was checked before."""
    today = china_day(moment.now)
    if isinstance(command, PutOff):
        return []
    if isinstance(command, Submit):
        return _Decider.of_new(case, command, facts, rules, today).events
    decider = _Decider.of_known(case, facts, today)
    if isinstance(command, Withdraw):
        decider.lose(command)
    decider.recall()
    decider.hear()
    if isinstance(command, Cancel):
        decider.cancel()
    return decider.events


class _Decider:
    """Decides about one transfer: collects events, and how it stands after them."""

    def __init__(self, case: Case, facts: Facts, table: Policy, today: date) -> None:
        self.case, self.facts, self.table, self.today = case, facts, table, today
        self.events: list[Event] = []
        self.standing = Standing()
        self.registered_on: date | None = None
        self.sinks = dict(case.sinks)
        self.since = today
        self.old_title: bytes | None = None
        self.mandate = False
        self.first = False

    @classmethod
    def of_new(cls, case: Case, command: Submit, facts: Facts, rules: Rules, today: date) -> "_Decider":
        """Registers a transfer; a title that is entered already is taken at once."""
        self = cls(case, facts, policy.in_force(today, rules.policies), today)
        self._open(command)
        self._titles()
        return self

    @classmethod
    def of_known(cls, case: Case, facts: Facts, today: date) -> "_Decider":
        """Continues from the rows of a case."""
        row = facts.row
        assert row is not None
        self = cls(case, facts, policy.by_version(row.policy), today)
        self.standing = Standing(State(row.state), row.checks, row.transfers, row.owed_ms, row.paid_ms)
        self.registered_on = date.fromisoformat(row.registered_on) if row.registered_on else None
        self.since = day_of(case.opened_ms)
        self.old_title = bytes(row.title_id) if row.title_id else None
        self.mandate, self.first = bool(row.mandate), row.cause == "FIRST_REGISTRATION"
        return self

    # ---- commands ----

    def _open(self, command: Submit) -> None:
        one, facts = command.transfer, self.facts
        taking = [sink.name for sink in facts.sinks if sink.takes(NAME, REGISTRATION)]
        registrations = [Piece(nth, name, REGISTRATION) for nth, name in enumerate(taking)]
        self.sinks = {sink.name: None for sink in facts.sinks} | {piece.sink: piece.piece for piece in registrations}
        unit, title = one.unit_identity(), one.title_identity()
        self.old_title = command.ids[title] if title else None
        self.mandate, self.first = one.matter.mandate is not None, one.submission.reason == "FIRST_REGISTRATION"
        self.events.append(
            Submitted(
                subject_id=self.case.subject_id,
                sinks=tuple(sink.name for sink in facts.sinks),
                submission_id=command.submission_id,
                place=one.place,
                reason=one.submission.reason,
                purpose=one.submission.purpose,
                legal_basis=one.submission.legal_basis,
                policy=self.table.version,
                unit_id=command.ids[unit] if unit else facts.unit_id,
                title_id=self.old_title,
                account_id=command.ids[one.account_identity()],
                holders=tuple(sorted(facts.holders)),
                mandate=self.mandate,
                keep_tariff=one.matter.keep_tariff,
                number_ids=facts.numbers,
                due_on=self._due_on(),
                pieces=(*registrations, *self._pieces(CHECK, 1, len(registrations))),
                sealed=ToSeal(canonical(one.sealed())),
                persons=command.persons,
            )
        )

    def lose(self, command: Withdraw) -> None:
        """The title of a piece changed before it left. Nothing when the piece has ended already."""
        unsent = self.facts.unsent
        if command.piece in unsent:
            ended = (command.piece, *(one for one, after in unsent.items() if after == command.piece))
            self._lost(ended, command.reason)
            self.facts.unsent = {one: after for one, after in unsent.items() if one not in ended}

    def _lost(self, withdrawn: tuple[int, ...], reason: str) -> None:
        self.standing = take(self.standing, Said.LOST).standing
        if self.standing.state not in ENDED:  # otherwise it was a notice: the entry stays what it was
            self.registered_on = None
        self.events.append(Withdrawn(withdrawn=withdrawn, reason=reason, state=self.standing.state.value))

    def recall(self) -> None:
        """The title that was entered has changed. The sinks that were told of it are told so, once; where no question
        is open, the title as it is now is looked for at once. One that others have now is no correction."""
        over = self.facts.over
        if over is None or self.registered_on is None:
            return
        if over.told and not self._went_on(over.now.record_id):
            self._recall(over.now, over.told)
        if self.standing.state in (State.ENTERED, State.OWING) and not over.again:
            self._lost((), over.now.reason)

    def _went_on(self, record_id: bytes) -> bool:
        """Whether a transfer that is done was followed by another one in the same row."""
        if self.standing.state is not State.DONE or self.registered_on is None:
            return False
        later = [one for one in self._entries() if one.place.record_id == record_id]
        return any(one.registered_on > self.registered_on and not self._fits(one.holders) for one in later)

    def _recall(self, now: Now, told: Mapping[str, int]) -> None:
        row, first = self.facts.row, self._next()
        assert row is not None and self.registered_on is not None
        sinks = [one.name for one in self._known() if one.name in told and one.takes(NAME, NOTICE)]
        pieces = [Piece(first + nth, name, NOTICE, told[name], reading=first) for nth, name in enumerate(sinks)]
        self.events.append(
            Recalled(
                record_id=bytes(row.record_id),
                reading=row.reading,
                registered_on=self.registered_on,
                reason=now.reason,
                later_id=now.record_id,
                changed_ms=now.changed_ms,
                learned_ms=now.learned_ms,
                pieces=tuple(pieces),
            )
        )

    def hear(self) -> None:
        """What the utility reported, and what the registry entered."""
        if self.facts.unit_id is not None:
            self.events.append(Located(unit_id=self.facts.unit_id))
        for report in self.facts.reports:
            self._report(report)
        for other in self.facts.conflicts:
            told = {name: getattr(other, name) for name in ("event", "result", "question")}
            self.events.append(Conflicted(**other.place._asdict(), **told, reported_at_ms=other.at_ms))
        self._titles()

    def cancel(self) -> None:
        """Nothing where it has ended. After the entry the title has changed hands and the account stays: the utility is
        told that too."""
        step = take(self.standing, Said.CANCEL)
        if not step.counted:
            return
        self.standing = step.standing
        entered, first = self.registered_on is not None, self._next()
        cancellations = self._pieces(CANCELLATION, 0, first)
        self.events.append(
            Cancelled(
                reason=reasons.CANCELLED, withdrawn=self._withdrawn(), entered=entered, pieces=tuple(cancellations)
            )
        )
        for title in self._entries() if entered else ():
            if title.registered_on == self.registered_on:
                self._notify(title)
                return

    # ---- what is said ----

    def _report(self, report: Report) -> None:
        step = take(self.standing, Said(report.result), report.question, report.at_ms)
        pieces = self._questions(step)
        self.standing = step.standing
        after = self.standing
        self.events.append(
            Reported(
                **report.place._asdict(),
                event=report.event,
                result=report.result,
                question=report.question,
                account_holder=report.account_holder,
                reported_at_ms=report.at_ms,
                counted=step.counted,
                state=after.state.value,
                checks=after.checks,
                transfers=after.transfers,
                owed_ms=after.owed_ms,
                paid_ms=after.paid_ms,
                due_on=self._due_on(),
                pieces=pieces,
            )
        )

    def _titles(self) -> None:
        """Titles of one day belong together: each co-owner may have one."""
        for day, same_day in groupby(self._entries(), key=lambda one: one.registered_on):
            titles = list(same_day)
            if self.standing.state in ENDED:
                self._changed_hands(day, titles)
            elif self.registered_on is None:
                self._maybe_entered(day, titles)

    def _entries(self) -> list[Title]:
        """Those that are the entry of a transfer at all, by its date, as its row says now or said. A mortgage or a
        change of particulars is none."""
        kinds = self.table.transfer
        known = (*kinds.transfers, *kinds.firsts) if self.first else kinds.transfers
        new = [one for one in self.facts.titles if self.old_title is None or self.old_title not in one.numbers]
        found = [entry for one in new if (entry := one.entry(known))]
        return sorted(found, key=lambda one: one.registered_on)

    def _maybe_entered(self, day: date, titles: Sequence[Title]) -> None:
        holders, declared = frozenset[bytes]().union(*(one.holders for one in titles)), self.facts.holders
        alone = next((one for one in titles if self._fits(one.holders)), None)
        if alone or self._fits(holders):
            self._entered(alone or titles[0])
        elif day >= self.since and not holders < declared:
            reason = HOLDER_UNCONFIRMED if holders & declared else OTHER_HOLDERS
            for one in titles:
                if not one.told(self.facts.seen):
                    record_id, reading = one.place[:2]
                    self.events.append(
                        Overlooked(record_id=record_id, reading=reading, registered_on=day, reason=reason)
                    )

    def _fits(self, holders: frozenset[bytes]) -> bool:
        declared = self.facts.holders
        return holders == declared or (self.mandate and holders > declared)

    def _entered(self, title: Title) -> None:
        step = take(self.standing, Said.ENTRY)
        pieces = self._questions(step)
        self.standing, self.registered_on = step.standing, title.registered_on
        self.events.append(
            Entered(
                **title.place._asdict(),
                registered_on=title.registered_on,
                state=self.standing.state.value,
                checks=self.standing.checks,
                transfers=self.standing.transfers,
                due_on=self._due_on(),
                pieces=pieces,
            )
        )

    def _changed_hands(self, day: date, titles: Sequence[Title]) -> None:
        """The title changed hands after this transfer ended, and none to these holders was submitted since: the account
        did not."""
        new = [one for one in titles if not one.told(self.facts.seen)]
        sets = [one.holders for one in titles]
        declared = any(fits(one.holders, one.mandate, sets) for one in self.facts.later)
        if not new or declared or not self._knows_the_account():
            return
        last = max((one for one in (self.registered_on, self.facts.noticed_on) if one), default=None)
        later = day > last if last else day >= self.since
        same = frozenset[bytes]().union(*(one.holders for one in titles)) == self.facts.holders
        if later and not (same and self.standing.state is State.DONE):
            self._notify(new[0])

    def _knows_the_account(self) -> bool:
        """A transfer that failed before the entry did so because there is no such account."""
        return self.standing.state is not State.FAILED or self.registered_on is not None

    def _notify(self, title: Title) -> None:
        first = self._next()
        notices = self._pieces(NOTICE, first, first)
        self.events.append(
            Undeclared(**title.place._asdict(), registered_on=title.registered_on, pieces=tuple(notices))
        )
        self.facts.noticed_on = title.registered_on

    # ---- pieces ----

    def _questions(self, step: Step) -> tuple[Piece, ...]:
        if step.ask is None:
            return ()
        nth = step.standing.checks if step.ask is Ask.CHECK else step.standing.transfers
        return tuple(self._pieces(_ASKED[step.ask], nth, self._next()))

    def _pieces(self, kind: str, reading: int, first: int) -> Iterator[Piece]:
        """One for each sink that accepts the kind and existed when the case opened, after its registration there."""
        names = [sink.name for sink in self._known() if sink.name in self.sinks and sink.takes(NAME, kind)]
        return (Piece(first + nth, name, kind, self.sinks[name], reading=reading) for nth, name in enumerate(names))

    def _known(self) -> tuple[SinkInfo, ...]:
        return self.facts.sinks + self.facts.absent

    def _next(self) -> int:
        return self.case.pieces + sum(len(one.pieces) for one in self.events if isinstance(one, Deciding))

    def _withdrawn(self) -> tuple[int, ...]:
        """What was not sent yet, with what was decided just now."""
        new = [one for event in self.events if isinstance(event, Deciding) for one in event.pieces]
        return (*self.facts.unsent, *(one.piece for one in new if one.kind in (CHECK, TRANSFER)))

    def _due_on(self) -> date | None:
        """The last day for the utility's answer to the question that is open."""
        limits: Any = self.table.transfer
        state = self.standing.state
        days = limits.check_days if state in CHECKED else limits.transfer_days if state in TRANSFERRED else None
        if days is None:
            return None
        return self.facts.calendar.add(self.today, days, self.table.starting_day_counts).day
