"""What an application learns from the utility: the numbers by which it is known there, and steps."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, Select, select

from hub.cases import case as cases
from hub.cases.case import Case, PieceState
from hub.cases.connection.steps.histories import judged, with_new
from hub.cases.connection.tables import application
from hub.cases.events import REGISTRATION, Event
from hub.cases.procedure import Given
from hub.cases.steps import read
from hub.cases.steps.events import CaseNumber, Numbered, Sort, fact_of
from hub.cases.steps.facts import Fact
from hub.cases.steps.gather import Reported, reported
from hub.cases.steps.judge import History
from hub.cases.tables import case, piece
from hub.privacy.names import utility_number
from hub.records.identifiers import Identity


def any_due(connection: Connection) -> bool:
    """Whether there is an application whose numbers are not known yet."""
    return connection.execute(_due(select(case.c.case_id)).limit(1)).first() is not None


def take_due(connection: Connection, most: int) -> list[Case]:
    """At most ``most`` of them, locked; those that another transaction holds are left out."""
    return cases.lock_free(connection, _due(select(case)).limit(most))


def _due(query: Select[Any]) -> Select[Any]:
    joined = query.join_from(application, case, application.c.case_id == case.c.case_id)
    return joined.where(application.c.numbered.is_(None))


def gather(given: Given, connection: Connection, found: Sequence[Case]) -> dict[bytes, Reported]:
    """Case → the numbers and steps that it has not heard; the cases are locked. Nothing where the installation has no
    names for them."""
    if given.names is None:
        return {}
    wanted = {one.case_id: list(_numbers(given, connection, one)) for one in found}
    named = [identity for numbers in wanted.values() for _, identity in numbers]
    ids = dict(zip(named, given.names.identify(named), strict=True))
    heard: dict[bytes, Reported] = {}
    others: set[bytes] = set()
    for case_id, numbers in wanted.items():
        own = [CaseNumber(ids[one], sort) for sort, one in numbers]
        heard[case_id] = reported(given, connection, case_id, own, others)
        others |= {one.number_id for one in heard[case_id].numbers}
    return heard


def _numbers(given: Given, connection: Connection, found: Case) -> Iterator[tuple[Sort, Identity]]:
    """The hub's number at each sink that the case is registered at, and the utility's own where it said one."""
    assert given.names is not None
    for sink, number in found.sinks.items():
        if number is not None:
            yield Sort.HUB, given.names.hub_number(sink, found.case_id)
    authorities = {one.name: one.authority for one in (*given.sinks, *given.absent)}
    for name, app_no in _receipts(given, connection, found):
        if identity := utility_number(authorities.get(name, ""), app_no):
            yield Sort.UTILITY, identity


def _receipts(given: Given, connection: Connection, found: Case) -> Iterator[tuple[str, str]]:
    """The sinks that acknowledged the registration of a case, each with its own number."""
    there = piece.c.state == PieceState.ACKNOWLEDGED.value, piece.c.sealed_receipt.is_not(None)
    rows = connection.execute(
        select(piece.c.sink, piece.c.sealed_receipt).where(
            piece.c.case_id == found.case_id, piece.c.kind == REGISTRATION, *there
        )
    ).all()
    sealed = [(found.subject_id, bytes(row.sealed_receipt)) for row in rows]
    for row, opened in zip(rows, given.opener.open_values(sealed) if sealed else (), strict=True):
        if isinstance(opened, bytes) and opened:
            yield row.sink, json.loads(opened)["number"]


def history(
    connection: Connection,
    rows: Mapping[bytes, Row[Any]],
    found: Case,
    more: Reported | None = None,
    asked: Sequence[Fact] = (),
) -> History:
    """The history of a locked case after it has heard ``more``, and its customer has ``asked``."""
    new = [fact_of(one) for one in more.steps] if more else []
    told = with_new(read.facts_of(connection, found.case_id), new, more.left if more else ())
    requests = read.requests(connection, [found.case_id])[found.case_id]
    return judged(rows[found.case_id], found.opened_ms, [*told, *requests, *asked])


def events(more: Reported, row: Row[Any]) -> list[Event]:
    """What is written down of it. That the numbers are known is said once, also where there are none."""
    known = more.numbers or (row.numbered is None and not more.disputed)
    numbers: list[Event] = [Numbered(numbers=tuple(more.numbers))] if known else []
    return [*numbers, *more.steps, *more.dispute()]
