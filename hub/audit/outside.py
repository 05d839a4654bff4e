"""Compares a case with what other systems say of it, and finds what only they have; and with the meter's first reading
as its steps tell it. Pure."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from hub.audit import values
from hub.audit.account import Account, shown, submission
from hub.audit.files import Row, Sort, Unread
from hub.audit.findings.finding import Finding, Shown
from hub.audit.questions.starts import START_DAYS
from hub.audit.values import Moment
from hub.cases.calendar import day_of
from hub.cases.steps.facts import ACCEPTANCE, COMPLETION, Action
from hub.cases.steps.judge import Round
from hub.clock import SKEW_S


def line(row: Row) -> Shown:
    """A line of a file: its number, and the numbers that it names."""
    at_ms = row.at.first_ms if row.at else None
    return Shown(row.sort, f"line {row.line}", at_ms, " ".join(filter(None, (row.application_no, row.app_no))))


def unreadable(one: Unread) -> Finding:
    """A line or a cell that cannot be read."""
    told = ": ".join(filter(None, (one.numbers, one.why)))
    return Finding("FILE_ROW_UNREADABLE", None, (Shown(one.sort, f"line {one.line}", None, told),))


def unknown(row: Row) -> Finding:
    """A line with a number that no case has. One whose digits a spreadsheet may have rounded is not said to be of a
    connection that the hub does not have."""
    if any(map(values.may_be_rounded, (row.application_no, row.app_no))):
        numbers = " ".join(filter(None, (row.application_no, row.app_no)))
        return unreadable(Unread(row.sort, row.line, "a number that a spreadsheet may have rounded", numbers))
    return Finding("NOT_IN_HUB", None, (line(row),))


def of_two(row: Row, cases: Sequence[bytes]) -> Finding:
    """A line whose numbers are those of two cases or more."""
    return Finding("LINE_OF_TWO", None, (line(row), *(Shown("submission", one.hex(), None) for one in cases)))


def findings(account: Account, rows: Sequence[Row], readings: Mapping[int, bytes] | None = None) -> Iterator[Finding]:
    """What the lines about one case show, and its ``readings``: time of a first reading → the step that told it.
    None of them is later than the last day of the audit."""
    for row in rows:
        yield from _OF[row.sort](account, row)
    yield from _readings(account, rows, readings or {})
    contacts = [(row.at, row.line, row) for row in rows if row.sort is Sort.CONTACTS and row.at]
    if contacts:
        at, _, first = min(contacts)
        yield from _begun(account, first, at)
    archived = [row for row in rows if row.sort is Sort.ARCHIVE]
    if len(archived) > 1:
        yield Finding("ARCHIVED_TWICE", account.case_id, (submission(account), *map(line, archived)))


def _found(code: str, account: Account, row: Row, *more: Shown) -> Finding:
    return _with(code, account, line(row), *more)


def _with(code: str, account: Account, *events: Shown) -> Finding:
    return Finding(code, account.case_id, tuple(sorted(events, key=lambda one: (one.at_ms or 0, one.sort))))


# ---- the archive ---------------------------------------------------------------------------------------------------


def _archived(account: Account, row: Row) -> Iterator[Finding]:
    history = account.history
    if history.end is not Action.END or history.ended_ms is None:
        if row.at and not account.still_untold(row.at.last_ms):
            yield _found("ARCHIVED_OPEN", account, row, submission(account))
    elif row.at and day_of(row.at.first_ms) != day_of(history.ended_ms):
        yield _found("DATES_DIFFER", account, row, *_closing(account, _last(account, COMPLETION)))
    if row.accepted and day_of(row.accepted.first_ms) not in _accepted(account):
        yield _found("DATES_DIFFER", account, row, submission(account), *_closing(account, history.rounds[0]))
    if row.accepted:
        yield from _begun(account, row, row.accepted)
    made_later = account.rating is None and row.goes_on
    if row.rating is not None and row.rating != account.rating and not made_later:
        yield _found("RATING_NOT_MADE", account, row)
    if row.rating is None and account.rating is not None and "rating" not in row.unread:
        yield _found("RATING_MISSING", account, row)


def _begun(account: Account, row: Row, began: Moment) -> Iterator[Finding]:
    """The first that the utility did for the customer, too long after the submission."""
    submitted_on, began_on = day_of(account.submitted_ms), day_of(began.first_ms)
    if began_on > submitted_on:
        waited = account.counted(submitted_on, began_on)
        if waited > START_DAYS:
            late = _found("STARTED_LATE", account, row, submission(account))
            yield late._replace(figures=(("working_days", waited),))


def _accepted(account: Account) -> set[object]:
    """The days that may be meant: of the submission, of the begin and of the end of acceptance."""
    first = account.history.rounds[0]
    return {day_of(at_ms) for at_ms in (first.opened_ms, first.started_ms, first.closed_ms) if at_ms is not None}


def _last(account: Account, segment: str) -> Round | None:
    return next((one for one in reversed(account.history.rounds) if one.segment == segment), None)


def _closing(account: Account, run: Round | None) -> tuple[Shown, ...]:
    event = account.event(run.closed_by) if run else None
    return (shown(event),) if event else ()


# ---- readings, contacts, complaints --------------------------------------------------------------------------------


def _read(account: Account, row: Row) -> Iterator[Finding]:
    if row.at:
        yield from _energised(account, row.at, line(row))


def _readings(account: Account, rows: Sequence[Row], readings: Mapping[int, bytes]) -> Iterator[Finding]:
    """First readings as the steps tell them: beside the segment, and beside the lines of the metering system."""
    told = [(at_ms, Shown("step", readings[at_ms].hex(), at_ms, "first reading")) for at_ms in sorted(readings)]
    for at_ms, event in told:
        yield from _energised(account, values.whole(at_ms), event)
    for row in rows:
        at = row.at if row.sort is Sort.FIRST_READINGS else None
        if at and told and not any(_same_day(at, at_ms) for at_ms, _ in told):
            yield _found("READING_DIFFERS", account, row, *(event for _, event in told))


def _same_day(at: Moment, told_ms: int) -> bool:
    near = at.first_ms - SKEW_S * 1000 <= told_ms <= at.last_ms + SKEW_S * 1000
    return near or day_of(at.first_ms) == day_of(told_ms)


def _energised(account: Account, at: Moment, event: Shown) -> Iterator[Finding]:
    """The first reading of a meter is no earlier than its segment, and no later than the day on which this ended."""
    run = _last(account, COMPLETION)
    if run is None and account.still_untold(at.last_ms):
        return
    if run is None or at.last_ms < run.opened_ms - SKEW_S * 1000:
        opened = account.event(run.opened_by) if run else None
        yield _with("ENERGISED_EARLY", account, event, shown(opened) if opened else submission(account))
    elif run.closed_ms is not None and not run.returned and day_of(at.first_ms) > day_of(run.closed_ms):
        yield _with("ENDED_BEFORE_ENERGISED", account, event, *_closing(account, run))


def _contacted(account: Account, row: Row) -> Iterator[Finding]:
    if row.at is None:
        return
    if row.at.last_ms < account.submitted_ms - SKEW_S * 1000:
        yield _found("CONTACT_BEFORE_APPLICATION", account, row, submission(account))
        return
    first = account.history.rounds[0]
    began_ms = first.started_ms
    if first.segment == ACCEPTANCE and began_ms and day_of(row.at.last_ms) < day_of(began_ms):
        began = [one for one in account.reported if one.at_ms == began_ms and one.fact.segment == ACCEPTANCE]
        yield _found("CONTACT_BEFORE_ACCEPTANCE", account, row, submission(account), *map(shown, began[:1]))


def _complained(account: Account, row: Row) -> Iterator[Finding]:
    early = row.at is not None and row.at.last_ms < account.submitted_ms - SKEW_S * 1000
    if early:
        yield _found("COMPLAINT_BEFORE_APPLICATION", account, row, submission(account))
    if row.about is not None or not early:
        yield _found("COMPLAINED", account, row)._replace(named=row.about)


_OF: Final[dict[Sort, Callable[[Account, Row], Iterator[Finding]]]] = {
    Sort.ARCHIVE: _archived,
    Sort.FIRST_READINGS: _read,
    Sort.CONTACTS: _contacted,
    Sort.COMPLAINTS: _complained,
}
