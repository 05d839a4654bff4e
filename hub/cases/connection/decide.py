"""Decisions about connection applications: from a case, a command, facts and rules to events. No clock, no database."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date
from typing import Any

from hub.cases import policy, reasons
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.clocks import Clock, clock, dates
from hub.cases.connection.agreed.events import Agreed
from hub.cases.connection.command import Needed, needs_of
from hub.cases.connection.events import (
    CANCELLATION,
    DATES,
    Cancelled,
    Dated,
    Identified,
    Matched,
    Submitted,
    Waiting,
    Wanted,
    Withdrawn,
)
from hub.cases.connection.gather import Facts
from hub.cases.connection.handed import decide as handed
from hub.cases.connection.hears import (
    NAME,
    AskAgain,
    AskFor,
    Cancel,
    ConnectionCommand,
    Look,
    Number,
    Present,
    Recount,
    Settle,
    Submit,
    Warn,
)
from hub.cases.connection.materials import reported as asked
from hub.cases.connection.placed.decide import placed
from hub.cases.connection.recall import decide as recall
from hub.cases.connection.recount import dates_of
from hub.cases.connection.steps import reports
from hub.cases.connection.warnings import decide as warnings
from hub.cases.connection.warnings.events import WARNING, About, Level, Warned
from hub.cases.events import REGISTRATION, Deciding, Event, Piece, ToSeal
from hub.cases.evidence import decide as evidence
from hub.cases.evidence.decide import Met, Wait
from hub.cases.identity.desk import Presented
from hub.cases.policies.model import Dates
from hub.cases.policy import CaseOpening, Rules
from hub.cases.procedure import Decision, Moment, PutOff, Question, SinkInfo, Withdraw
from hub.cases.ratings import decide as ratings
from hub.cases.ratings.decide import Rate
from hub.cases.steps.events import Requested
from hub.ports import DESK


def decide(case: Case, command: ConnectionCommand, facts: Facts, rules: Rules, moment: Moment) -> Decision:
    """The events and questions that follow from a command. It is never refused: a submission was checked before."""
    if isinstance(command, Submit):
        return _opened(case, command, facts, rules, moment)
    if isinstance(command, AskFor):
        asked = Requested(segment=command.segment, asked_at_ms=command.asked_ms, refused=command.refused)
        return [asked, *_dated(case, facts, moment)]
    if isinstance(command, Recount | Number | Warn):
        return _on_time(case, command, facts, rules, moment)
    if isinstance(command, Withdraw):
        return _withdrawn(command, facts, moment)
    if isinstance(command, Present | Rate | Cancel):
        return [] if facts.cancelled else [_of_customer(case, command, facts, moment), *facts.reapplied]
    decided = _events(case, _needs(command, facts, moment), facts)
    decided += placed(decided, facts.placing)
    decided += [Agreed(**one._asdict()) for one in facts.agreed]
    decided += _recalled(case, facts, _decided(decided), moment)
    decided += _handed(case, facts, _decided(decided), rules, moment)
    return [*decided, *_reported(replace(case, pieces=case.pieces + _decided(decided)), facts, moment)]


def _of_customer(case: Case, command: Present | Rate | Cancel, facts: Facts, moment: Moment) -> Event:
    if isinstance(command, Present):
        return _identified(command.presented)
    if isinstance(command, Cancel):
        return _cancelled(case, facts)
    return ratings.rated(case, command, facts.sinks + facts.absent, facts.calendar, china_day(moment.now))


def _on_time(case: Case, command: Recount | Number | Warn, facts: Facts, rules: Rules, moment: Moment) -> list[Event]:
    """What follows of a timer that is about no evidence."""
    if isinstance(command, Warn):
        return _warned(case, facts, rules, moment)
    return _reported(case, facts, moment) if isinstance(command, Number) else _dated(case, facts, moment)


def _reported(case: Case, facts: Facts, moment: Moment) -> list[Event]:
    """What the utility reported, the dates that follow from it, and what the case continues."""
    if facts.reported is None:
        return [*facts.reapplied]
    assert facts.row is not None
    told = reports.events(facts.reported, facts.row)
    if facts.materials is not None and facts.history is not None:
        told += asked.events(facts.materials, facts.reported.asking, facts.history)
    return [*told, *facts.reapplied, *(_dated(case, facts, moment) if facts.reported.changes else ())]


def _needs(command: Settle | Look | AskAgain | PutOff, facts: Facts, moment: Moment) -> Sequence[Met | Wait | Question]:
    """What follows for the needs that the command is about."""
    if isinstance(command, Settle):
        settled = evidence.settle(facts.needs, facts.found, moment, command.new, command.others)
        return [*settled, *evidence.correct(facts.again, facts.found)]
    due = [need for need, _ in facts.needs]
    if isinstance(command, AskAgain):
        return evidence.ask_again(due, moment)
    if isinstance(command, PutOff):
        return evidence.put_off(due, command.seconds, moment)
    return evidence.look(due, facts.found, facts.asks, facts.asker, moment)


def _opened(case: Case, command: Submit, facts: Facts, rules: Rules, moment: Moment) -> list[Event]:
    """The registration; why some evidence cannot be looked for; and the ticket that came with it."""
    opening = policy.open_case(command.application, china_day(moment.now), rules.policies, facts.calendar)
    needs = needs_of(command.application, opening.materials, rules.kinds)
    events: list[Event] = [_submitted(case, command, facts, opening, needs)]
    events += [*facts.reapplied, *(_cannot(one, moment) for one in needs if one.reason)]
    return [*events, _identified(command.presented)] if command.presented else events


def _cannot(need: Needed, moment: Moment) -> Waiting:
    """It is looked at again later: a source may have been set up by then."""
    later_ms = moment.process_ms + evidence.ASK_AGAIN_MAX_S * 1000
    return Waiting(kind=need.kind, reason=need.reason, attempt=0, next_ask_ms=later_ms, answers=0)


def _identified(presented: Presented) -> Identified:
    ticket = presented.ticket
    return Identified(
        ticket_id=presented.ticket_id,
        mode=ticket.mode,
        person=ticket.person,
        until_ms=ticket.until_ms,
        kind=presented.kind,
        wanted_by=presented.wanted_by,
        wanted_id=presented.wanted_id,
        sealed=ToSeal(ticket.text.encode()),
    )


def _submitted(case: Case, command: Submit, facts: Facts, opening: CaseOpening, needs: Sequence[Needed]) -> Submitted:
    application, ids = command.application, command.ids
    accepting = [sink for sink in facts.sinks if sink.takes(NAME, REGISTRATION)]
    return Submitted(
        subject_id=case.subject_id,
        sinks=tuple(sink.name for sink in facts.sinks),
        customer_class=application.customer_class,
        voltage=application.voltage,
        starred=opening.starred,
        purpose=application.purpose,
        legal_basis=application.legal_basis,
        policy=opening.policy,
        case_type=opening.case_type,
        external_works=application.external_works,
        needs=tuple(Wanted(one.kind, one.wanted_by, ids[one.identity] if one.identity else None) for one in needs),
        pieces=tuple(Piece(number, sink.name, REGISTRATION) for number, sink in enumerate(accepting)),
        sealed=ToSeal(application.canonical()),
        **_at_first(opening.dates),
    )


def _at_first(dates: Dates) -> dict[str, Any]:
    """The first segment cannot use up more than its own limit of the total, as far as its date goes."""
    return {name: value for name, value in dates._asdict().items() if name != "total_due_on"}


def _dated(case: Case, facts: Facts, moment: Moment) -> list[Event]:
    """The dates by the calendar and the steps of now. The sinks are told when what they know has changed. Nothing when
    another process has computed them already."""
    assert facts.row is not None and facts.history is not None
    row, before = facts.row, dates_of(facts.row)
    found = clock(facts.history, policy.of_case(row), facts.calendar, china_day(moment.now))
    now = warnings.with_former(dates(found), found, facts.escalated)
    if now == before:
        return []
    told = now.promised != before.promised
    return [Dated(**now._asdict(), pieces=_dates_pieces(case, facts) if told else ())]


def _warned(case: Case, facts: Facts, rules: Rules, moment: Moment) -> list[Event]:
    """What is due of the limits that run. Nothing when another process has warned already."""
    assert facts.row is not None
    today = china_day(moment.now)
    days = warnings.window(today, facts.calendar)
    clocks = clock(facts.history, policy.of_case(facts.row), facts.calendar, today) if facts.history else None
    limits = warnings.limits(facts.row, warnings.of_kinds(clocks) if clocks else None)
    found = ((one, warnings.level(one, case.opened_ms, days)) for one in limits)
    due = [(one, what) for one, what in found if what and not (facts.cancelled and what is Level.BEFORE)]
    if facts.follow_up is not None:
        due.append((warnings.Limit(About.FOLLOW_UP, "", date.fromisoformat(facts.follow_up), 0), Level.AFTER))
    next_piece, events = case.pieces, list[Event]()
    for nth, (limit, what) in enumerate(due, facts.warnings + 1):
        recipients = rules.recipients.before if what is Level.BEFORE else rules.recipients.after
        # The contract has three things that a warning can be of: a follow-up is told to its recipients only.
        told = recipients and limit.about is not About.FOLLOW_UP
        accepting = {name: case.sinks[name] for name in _accepting(case, facts, WARNING)} if told else {}
        desks = dict.fromkeys(f"{DESK}{name}" for name in recipients if name in rules.recipients.desks)
        to = (accepting | desks).items()
        pieces = [Piece(next_piece + n, name, WARNING, after, reading=nth) for n, (name, after) in enumerate(to)]
        next_piece += len(pieces)
        events.append(
            Warned(
                nth=nth,
                level=what,
                about=limit.about,
                segment=limit.segment,
                due_on=limit.due_on,
                working_days=warnings.working_days(limit, what, today, facts.calendar),
                provisional=bool(facts.row.provisional),
                recipients=recipients,
                pieces=tuple(pieces),
            )
        )
    return [*events, *_next_of_kinds(facts, clocks, {one.due_on for one, what in due if what is Level.AFTER})]


def _next_of_kinds(facts: Facts, clocks: Clock | None, over: Collection[date]) -> list[Event]:
    """After an escalation of an application that was of several kinds: the next last day of all of them."""
    assert facts.row is not None
    before = dates_of(facts.row)
    if clocks is None or not over:
        return []
    now = warnings.with_former(before, clocks, facts.escalated.union(over))
    return [Dated(**now._asdict())] if now != before else []


def _accepting(case: Case, facts: Facts, kind: str) -> list[str]:
    """The sinks that the case was opened with and that accept this kind."""
    return [one.name for one in facts.sinks + facts.absent if one.name in case.sinks and one.takes(NAME, kind)]


def _dates_pieces(case: Case, facts: Facts) -> tuple[Piece, ...]:
    assert facts.row is not None
    nth = (facts.row.told or 0) + 1
    accepting = enumerate(_accepting(case, facts, DATES))
    return tuple(Piece(case.pieces + n, name, DATES, case.sinks[name], reading=nth) for n, name in accepting)


def _events(case: Case, decided: Iterable[Met | Wait | Question], facts: Facts) -> list[Event | Question]:
    sinks = facts.sinks + facts.absent
    next_piece, found = case.pieces, list[Event | Question]()
    for one in decided:
        if isinstance(one, Met):
            matched = _matched(case, one, next_piece, sinks)
            next_piece += len(matched.pieces)
            found.append(matched)
        elif isinstance(one, Wait):
            found.append(Waiting(**asdict(one)))
        else:
            found.append(one)
    return found


def _matched(case: Case, met: Met, first: int, sinks: Sequence[SinkInfo]) -> Matched:
    """One piece for each sink that accepts this kind and existed when the case opened. It comes after the case's
    registration at that sink, where there is one."""
    kind, match = met.need.kind, met.match
    place = match._asdict()
    accepting = [sink.name for sink in sinks if sink.name in case.sinks and sink.takes(NAME, kind)]
    pieces = [Piece(first + n, name, kind, case.sinks[name], **place) for n, name in enumerate(accepting)]
    return Matched(
        kind=kind,
        record_id=match.record_id,
        reading=match.reading,
        holder_relation=match.holder_relation,
        pieces=tuple(pieces),
    )


def _decided(events: Iterable[Event | Question]) -> int:
    """How many pieces these events decide."""
    return sum(len(one.pieces) for one in events if isinstance(one, Deciding))


def _recalled(case: Case, facts: Facts, decided: int, moment: Moment) -> list[Event]:
    """What follows of the evidence whose record is not in force any more."""
    there = {sink.name: sink for sink in facts.sinks + facts.absent}
    takes = lambda sink, kind: sink in there and there[sink].takes(NAME, kind)  # noqa: E731
    first = case.pieces + decided
    if facts.is_over:
        return recall.recalled(facts.over, first, takes, facts.told)
    return recall.retracted(facts.over, first, takes, moment)


def _handed(case: Case, facts: Facts, decided: int, rules: Rules, moment: Moment) -> list[Event]:
    """What follows of a title that changed hands after electricity was on."""
    if facts.handed is None:
        return []
    today = china_day(moment.now)
    table, sinks = policy.in_force(today, rules.policies), facts.sinks + facts.absent
    hands = handed.hands(case, facts.handed, table)
    told = handed.told(case, facts.handed, hands, case.pieces + decided, sinks, today)
    return told + handed.handed_over(facts.handed, hands, table, facts.calendar)


def _cancelled(case: Case, facts: Facts) -> Cancelled:
    """One piece for each sink that has the registration, or gets it."""
    sinks = [one.name for one in facts.sinks + facts.absent if one.name in case.sinks and one.takes(NAME, CANCELLATION)]
    pieces = [Piece(case.pieces + n, name, CANCELLATION, case.sinks[name]) for n, name in enumerate(sinks)]
    return Cancelled(reason=reasons.CANCELLED, withdrawn=facts.behind, pieces=tuple(pieces))


def _withdrawn(command: Withdraw, facts: Facts, moment: Moment) -> list[Event]:
    """Nothing when the piece has ended already: another process may have asked too. Pieces of one record for several
    sinks are withdrawn one by one: a sink that has its piece already keeps it."""
    if facts.pending is None:
        return []
    withdrawn = (command.piece, *facts.behind)
    return [Withdrawn(kind=facts.pending, withdrawn=withdrawn, reason=command.reason, next_ask_ms=moment.process_ms)]
