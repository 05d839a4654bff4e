"""Decisions about joint transfers: from a case, a command, facts and rules to events. No clock, no database."""

from collections.abc import Mapping, Sequence
from datetime import date
from itertools import groupby

from hub.cases import policy, reasons
from hub.cases.calendar import china_day, day_of
from hub.cases.case import Case
from hub.cases.events import REGISTRATION, Piece, ToSeal
from hub.cases.evidence.over import Now
from hub.cases.evidence.titles import Title
from hub.cases.policy import Rules
from hub.cases.procedure import Decision, Moment, PutOff, Withdraw
from hub.cases.transfer.command import NAME, canonical
from hub.cases.transfer.deciding.pieces import Drafts
from hub.cases.transfer.declared import Matter, declare_until, fits, in_charge
from hub.cases.transfer.events import (
    CANCELLATION,
    CHECK,
    NOTICE,
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
from hub.cases.transfer.gather import Facts, Over, Report, Unsent, Waiting
from hub.cases.transfer.hears import Cancel, Submit, TransferCommand
from hub.cases.transfer.states import ENDED, Ask, Said, Standing, State, take

OTHER_HOLDERS = "OTHER_HOLDERS"
HOLDER_UNCONFIRMED = "HOLDER_UNCONFIRMED"
OTHER_TRANSFER = "OTHER_TRANSFER"
_OVER = (State.CANCELLED, State.FAILED)


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


class _Decider(Drafts):
    """Decides about one transfer: collects events, and how it stands after them."""

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
        self.due_on = date.fromisoformat(row.due_on) if row.due_on else None
        self.old_title = bytes(row.title_id) if row.title_id else None
        self.mandate, self.first = bool(row.mandate), row.cause == "FIRST_REGISTRATION"
        return self

    # ---- commands ----

    def _open(self, command: Submit) -> None:
        one, facts = command.transfer, self.facts
        taking = [sink.name for sink in facts.sinks if sink.takes(NAME, REGISTRATION)]
        registrations = [Piece(nth, name, REGISTRATION) for nth, name in enumerate(taking)]
        self.sinks = {sink.name: None for sink in facts.sinks} | {piece.sink: piece.piece for piece in registrations}
        dated = self._clock(Ask.CHECK)
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
                due_on=self.due_on,
                pieces=(*registrations, *self._pieces(CHECK, 1, len(registrations))),
                sealed=ToSeal(canonical(one.sealed())),
                persons=command.persons,
            )
        )
        self.events += dated

    def lose(self, command: Withdraw) -> None:
        """The title of a piece changed before it left. Nothing when the piece has ended already."""
        lost = self.facts.unsent.get(command.piece)
        if lost is None:
            return
        ended = self._with_followers({command.piece})
        if lost.kind == NOTICE:
            self._not_told(lost, ended, command.reason)
        else:
            self._lost(ended, command.reason)
        self.facts.unsent = {one: after for one, after in self.facts.unsent.items() if one not in ended}

    def _not_told(self, lost: Unsent, withdrawn: tuple[int, ...], reason: str) -> None:
        """The entry stays what it was. Whether there is still something to tell is looked at again."""
        self.events.append(Withdrawn(withdrawn=withdrawn, reason=reason, state=self.standing.state.value))
        day = self.facts.notices.get(lost.nth)
        if day is not None:
            self.facts.noticed.discard(day)
            same = [title for title in self._entries() if title.registered_on == day]
            self.facts.seen -= {one.place[:2] for title in same for one in (title, *title.earlier)}

    def _lost(self, withdrawn: tuple[int, ...], reason: str) -> None:
        self.standing = take(self.standing, Said.LOST).standing
        if self.standing.state not in ENDED:
            self.registered_on = None
        self._clock(None)
        self.events.append(Withdrawn(withdrawn=withdrawn, reason=reason, state=self.standing.state.value))

    def recall(self) -> None:
        """The title that was entered has changed. The sinks that were told of it are told so, once; where no question
        is open, the title as it is now is looked for at once. One that others have now is no correction."""
        over = self.facts.over
        if over is None or self.registered_on is None:
            return
        if over.told and not self._went_on(over):
            self._recall(over.now, over.told)
        if self.standing.state in (State.ENTERED, State.OWING) and not over.again:
            self._lost((), over.now.reason)

    def _went_on(self, over: Over) -> bool:
        """Whether the title passed on to others, in the same row or in one of its own: that is told of by itself. Where
        the source says that another title is instead of it, that one is awaited."""
        if self.registered_on is None or self.standing.state in (State.ENTERED, State.OWING):
            return False
        if over.replaced and not any(self._comes_after(one) for one in self.facts.titles):
            return True
        later = [one for one in self._entries() if over.replaced or one.place.record_id == over.now.record_id]
        return any(one.registered_on > self.registered_on and not self._fits(one.holders) for one in later)

    def _comes_after(self, title: Title) -> bool:
        """Whether it may be instead of the title that was entered: another co-owner's of that day is not."""
        assert self.registered_on is not None
        same_day = title.registered_on == self.registered_on
        return title.registered_on >= self.registered_on and not (same_day and title.holders <= self.facts.holders)

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
                **now.said(),
                pieces=tuple(pieces),
            )
        )

    def hear(self) -> None:
        """What the calendar, the utility and the registry said, and what is due."""
        self._count_again()
        if self.facts.unit_id is not None:
            self.events.append(Located(unit_id=self.facts.unit_id))
        for report in self.facts.reports:
            self._report(report)
        for other in self.facts.conflicts:
            told = {name: getattr(other, name) for name in ("event", "result", "question")}
            self.events.append(Conflicted(**other.place._asdict(), **told, reported_at_ms=other.at_ms))
        self._titles()
        self._tell()

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
                break
        self._titles()

    # ---- what is said ----

    def _report(self, report: Report) -> None:
        step = take(self.standing, Said(report.result), report.question, report.at_ms)
        pieces = self._questions(step)
        self.standing = step.standing
        after, dated = self.standing, self._clock(step.ask)
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
                due_on=self.due_on,
                pieces=pieces,
            )
        )
        self.events += dated

    def _titles(self) -> None:
        """Titles of one day belong together: each co-owner may have one."""
        for day, same_day in groupby(self._entries(), key=lambda one: one.registered_on):
            titles = list(same_day)
            if not self._taken(titles):
                self._other_hands(day, titles)

    def _entries(self) -> list[Title]:
        """Those that are the entry of a transfer at all, by its date, as its row says now or said. A mortgage or a
        change of particulars is none."""
        kinds = self.table.transfer
        known = (*kinds.transfers, *kinds.firsts) if self.first else kinds.transfers
        new = [one for one in self.facts.titles if self.old_title is None or self.old_title not in one.numbers]
        found = [entry for one in new if (entry := one.entry(known, kinds.corrections))]
        return sorted(found, key=lambda one: one.registered_on)

    def _awaits_the_entry(self) -> bool:
        """Also after the utility has told that the account is transferred: there is no date without the entry."""
        return self.registered_on is None and self.standing.state not in _OVER

    def _taken(self, titles: Sequence[Title]) -> bool:
        """Whether these titles are the entry of this transfer. It is taken then."""
        declared, mandate = self.facts.holders, self.mandate
        titles = [one for one in titles if not self._held_before(one)]
        if not self._awaits_the_entry() or not fits(declared, mandate, [one.holders for one in titles]):
            return False
        self._entered(next((one for one in titles if self._fits(one.holders)), titles[0]))
        return True

    def _held_before(self, entry: Title) -> bool:
        """Whether the new holders had this title before the transfer: it names an old holder who gives it away, or such
        a one held the unit after it, or beside it, until the transfer was submitted."""
        gives, opened = self.facts.old_holders - self.facts.holders, day_of(self.case.opened_ms)
        known = [version for one in (*self.facts.titles, *self.facts.ended) for version in (one, *one.earlier)]
        held = [one for one in known if one.holders & gives and one.registered_on <= opened]
        row = {one.place.record_id for one in (entry, *entry.earlier)}
        beside = entry.holders & self.facts.old_holders
        return bool(entry.holders & gives) or any(
            one.registered_on > entry.registered_on
            or (one.registered_on == entry.registered_on and (beside or one.place.record_id in row))
            for one in held
        )

    def _fits(self, holders: frozenset[bytes]) -> bool:
        return fits(self.facts.holders, self.mandate, [holders])

    def _entered(self, title: Title) -> None:
        step = take(self.standing, Said.ENTRY)
        pieces = self._questions(step)
        self.standing, self.registered_on = step.standing, title.registered_on
        dated = self._clock(step.ask)
        self.events.append(
            Entered(
                **title.place._asdict(),
                registered_on=title.registered_on,
                state=self.standing.state.value,
                checks=self.standing.checks,
                transfers=self.standing.transfers,
                due_on=self.due_on,
                pieces=pieces,
            )
        )
        self.events += dated

    # ---- titles that went to others ----

    def _other_hands(self, day: date, titles: Sequence[Title]) -> None:
        """The title changed hands and this is not its transfer. Where it is for this one to tell, an ended one tells at
        once; one that is open waits for a transfer to be declared, and so does one while it is another's to tell."""
        new = [one for one in titles if not one.told(self.facts.seen)]
        if not new or self._nothing_follows(day, titles):
            return
        other = self._other(day, titles)
        if self.standing.state in ENDED and other is None:
            self._notify(new[0])
            return
        alone = HOLDER_UNCONFIRMED if self.facts.holders & _all(titles) else OTHER_HOLDERS
        until = declare_until(self.table, self.facts.calendar, max(day, day_of(self.case.opened_ms)))
        for one in new:
            record_id, reading = one.place[:2]
            self._overlook(Waiting(record_id, reading, day, OTHER_TRANSFER if other else alone, until, other))
            self.facts.seen.add((record_id, reading))

    def _nothing_follows(self, day: date, titles: Sequence[Title]) -> bool:
        """Whether that entry was before this transfer, was told of, is that of some of the co-owners, or is to those
        who get the account anyway, or to one who has it; or there is no such account."""
        holders, state = _all(titles), self.standing.state
        no_account = state is State.FAILED and not self.standing.transfers
        if no_account or day in self.facts.noticed or not self._matter().follows(day):
            return True
        theirs = (holders == self.facts.holders and state not in _OVER) or bool(holders & self._of_the_account())
        return theirs or (self._awaits_the_entry() and holders < self.facts.holders)

    def _of_the_account(self) -> frozenset[bytes]:
        """Those who have the account, or get it by the entry that is there."""
        gets = self.standing.state is State.DONE or (self.registered_on and self.standing.state not in _OVER)
        return self.facts.holders if gets else self.facts.old_holders

    def _matter(self) -> Matter:
        cancelled = self.standing.state is State.CANCELLED
        return Matter(
            self.case.case_id, self.facts.holders, self.mandate, self.case.opened_ms, self.registered_on, cancelled
        )

    def _other(self, day: date, titles: Sequence[Title]) -> bytes | None:
        """The other transfer of the account and unit that this change of hands belongs to."""
        found = in_charge((self._matter(), *self.facts.others), day, [one.holders for one in titles])
        return found.case_id if found and found.case_id != self.case.case_id else None

    def _tell(self) -> None:
        """The titles whose days to declare a transfer are over. Each day is told of once."""
        entries = {day: list(titles) for day, titles in groupby(self._entries(), key=lambda one: one.registered_on)}
        due = [one for one in self.facts.waiting if one.notice_on and one.notice_on < self.today]
        for day, rows in groupby(sorted(due, key=lambda one: one.registered_on), key=lambda one: one.registered_on):
            titles = entries.get(day, [])
            if not titles or self._nothing_follows(day, titles):
                self._overlook(*(one._replace(notice_on=None) for one in rows))
            elif other := self._other(day, titles):
                changed = (one for one in rows if one.declared_by != other)
                self._overlook(*(one._replace(reason=OTHER_TRANSFER, declared_by=other) for one in changed))
            else:
                self._notify(titles[0])

    def _overlook(self, *titles: Waiting) -> None:
        self.events += [Overlooked(**one._asdict()) for one in titles]

    def _notify(self, title: Title) -> None:
        first = self._next()
        notices = self._pieces(NOTICE, first, first)
        self.events.append(
            Undeclared(**title.place._asdict(), registered_on=title.registered_on, pieces=tuple(notices))
        )
        self.facts.noticed.add(title.registered_on)


def _all(titles: Sequence[Title]) -> frozenset[bytes]:
    return frozenset[bytes]().union(*(one.holders for one in titles))
