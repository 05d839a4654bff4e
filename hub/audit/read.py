"""Reads cases as accounts from the tables, a page at a time, always in the same order.

An account is as it was at the end of the last day: what was received, refused, rated or imported later is left out, so
that the same days give the same bytes at any time.
"""

import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Connection, Row, Select, select

from hub.audit import places, refused, rejected
from hub.audit.account import Account, Cancel, Paper, end_ms
from hub.audit.files import Row as FileRow
from hub.audit.findings.finding import Finding, Shown
from hub.audit.questions import again
from hub.audit.questions.records import Said
from hub.cases import notices, policy
from hub.cases.by import By
from hub.cases.connection.command import TITLE, Application
from hub.cases.connection.events import Cancelled
from hub.cases.connection.materials.tables import document
from hub.cases.connection.steps import sites as sites_of
from hub.cases.connection.tables import application
from hub.cases.evidence.tables import need
from hub.cases.procedure import installed
from hub.cases.steps import gather
from hub.cases.steps import read as steps
from hub.cases.steps.facts import Fact, Kind
from hub.cases.steps.gather import STEP
from hub.cases.steps.tables import case_number, number_dispute, step
from hub.cases.tables import case
from hub.errors import RecordRejected
from hub.parts import Parts
from hub.ports import LogRecord, RecordLog
from hub.privacy.names import utility_number
from hub.privacy.references import read_number
from hub.records.tables import record, record_link
from hub.topics import cloudevents
from hub.topics.declared import CONNECTION_EVENTS

PAGE: Final = 500
"""Cases that are read at once."""


class Book:
    """The cases of a hub at the end of ``today``, China's date. One ``connection``, one snapshot, beside the ``log``.
    ``until_ms``: the last millisecond of that day."""

    def __init__(self, parts: Parts, connection: Connection, today: date) -> None:
        self._parts = parts
        self.log = parts.log
        self.connection = connection
        self._today = today
        self.until_ms = end_ms(today)
        self._calendar = notices.calendar(connection, self.until_ms)

    def ids(self, since_ms: int) -> list[bytes]:
        """The ids of the cases of this time, as ``accounts`` chooses them, ascending."""
        return sorted(one.case_id for page in self._pages() for _, one in self._made(page) if one.touches(since_ms))

    def accounts(self, since_ms: int) -> Iterator[Account]:
        """The cases that were open at ``since_ms`` or later, or of which something was told or refused then, by their
        submission. When a case ended is computed from what was reported."""
        for page in self._pages():
            yield from self._placed([(row, one) for row, one in self._made(page) if one.touches(since_ms)])

    def _pages(self) -> Iterator[Sequence[Row[Any]]]:
        """All cases that were submitted by now, by their submission."""
        after: tuple[int, bytes] | None = None
        while True:
            query = _all().where(case.c.opened_ms <= self.until_ms)
            if after is not None:
                later, same = case.c.opened_ms > after[0], case.c.opened_ms == after[0]
                query = query.where(later | (same & (case.c.case_id > after[1])))
            page = self.connection.execute(query.order_by(case.c.opened_ms, case.c.case_id).limit(PAGE)).all()
            yield page
            if len(page) < PAGE:
                return
            after = page[-1].opened_ms, bytes(page[-1].case_id)

    def chosen(self, ids: Sequence[bytes]) -> list[Account]:
        """The cases with these ids, in their order."""
        found: dict[bytes, Account] = {}
        for first in range(0, len(ids), PAGE):
            query = _all().where(application.c.case_id.in_(ids[first : first + PAGE]))
            page = self.connection.execute(query).all()
            found |= {one.case_id: one for one in self._placed(list(self._made(page)))}
        return [found[one] for one in ids if one in found]

    def of_procedure(self, name: str, ids: Sequence[bytes]) -> Mapping[bytes, Mapping[str, str]]:
        """The cases of one procedure among these, ``PAGE`` at most: id → the hub's number at each sink."""
        query = select(case.c.case_id, case.c.sinks).where(case.c.procedure == name, case.c.case_id.in_(ids))
        rows = self.connection.execute(query)
        return {bytes(row.case_id): self._numbers(bytes(row.case_id), row.sinks) for row in rows}

    def _made(self, page: Sequence[Row[Any]]) -> Iterator[tuple[Row[Any], Account]]:
        """The accounts of these rows, without their districts and without what they follow."""
        ids, until_ms = [bytes(row.case_id) for row in page], self.until_ms
        facts = steps.facts(self.connection, ids) if page else {}
        asked = steps.requests(self.connection, ids) if page else {}
        requests = refused.requests(self.connection, ids, until_ms, self._parts.opener)
        rounds = refused.second_rounds(self.connection, ids, until_ms, self._parts.opener)
        ratings = refused.ratings(self.connection, ids, until_ms)
        grades = refused.grades(self.connection, ids, until_ms)
        papers = _papers(self.connection, ids, until_ms)
        for row, of in zip(page, ids, strict=True):
            known = tuple(one for one in (*facts[of], *asked[of]) if one.received_ms <= until_ms)
            refusals = requests.get(of, ()), rounds.get(of, ()), ratings.get(of, ())
            yield row, replace(self._account(row, known, *refusals, grades.get(of)), papers=papers[of])

    def _account(
        self,
        row: Row[Any],
        facts: tuple[Fact, ...],
        requests: tuple[Shown, ...],
        second_rounds: tuple[Shown, ...],
        ratings: tuple[Shown, ...],
        grade: int | None,
    ) -> Account:
        case_id = bytes(row.case_id)
        return Account(
            case_id=case_id,
            submitted_ms=steps.to_minute(row.opened_ms),
            kind=Kind(row.case_type, bool(row.starred)),
            facts=facts,
            policy=policy.of_case(row),
            calendar=self._calendar,
            today=self._today,
            channel=row.channel,
            voltage=row.voltage,
            customer_class=row.customer_class,
            numbers=self._numbers(case_id, row.sinks),
            cancelled=self._cancels.get(case_id),
            rating=grade,
            requests=requests,
            second_rounds=second_rounds,
            ratings=ratings,
        )

    def _placed(self, made: Sequence[tuple[Row[Any], Account]]) -> Iterator[Account]:
        """The accounts with the districts of their sites, and with what they follow."""
        opened = self._opened([row for row, _ in made])
        earlier = self._earlier([row for row, _ in made])
        for (_, one), wanted in zip(made, opened, strict=True):
            yield replace(
                one,
                district=places.district_of(wanted.site) if wanted else "",
                follows=again.follows(one, earlier.get(one.case_id, ())),
            )

    def _earlier(self, page: Sequence[Row[Any]]) -> dict[bytes, list[Account]]:
        """Case → those of the same holder for the same that were submitted before it, the oldest first."""
        theirs = self._of_holders(sorted({bytes(row.subject_id) for row in page}))
        alike: dict[again.Same, list[Row[Any]]] = {}
        units = self._units([bytes(row.case_id) for row in theirs])
        for row, wanted in zip(theirs, self._opened(theirs), strict=True):
            if wanted:
                same = again.same(bytes(row.subject_id), wanted, units.get(bytes(row.case_id)))
                alike.setdefault(same, []).append(row)
        ids = {bytes(row.case_id) for row in page}
        before = {
            bytes(row.case_id): [one for one in rows if one.opened_ms < row.opened_ms]
            for rows in alike.values()
            for row in rows
            if bytes(row.case_id) in ids
        }
        wanted_rows = list({bytes(row.case_id): row for rows in before.values() for row in rows}.values())
        pages = (wanted_rows[first : first + PAGE] for first in range(0, len(wanted_rows), PAGE))
        made = {one.case_id: one for rows in pages for _, one in self._made(rows)}
        return {case_id: [made[bytes(row.case_id)] for row in rows] for case_id, rows in before.items()}

    def _units(self, ids: Sequence[bytes]) -> dict[bytes, bytes]:
        """Case → the unit that the titles of its site are of, where all are of one."""
        found: dict[bytes, bytes] = {}
        for first in range(0, len(ids), PAGE):
            query = select(need.c.case_id, need.c.wanted_id).where(
                need.c.case_id.in_(ids[first : first + PAGE]), need.c.kind == TITLE, need.c.wanted_id.is_not(None)
            )
            sites = {bytes(case_id): bytes(site) for case_id, site in self.connection.execute(query)}
            units = sites_of.units(self.connection, {*sites.values()})
            found |= {case_id: units[site] for case_id, site in sites.items() if site in units}
        return found

    def _of_holders(self, subjects: Sequence[bytes]) -> list[Row[Any]]:
        """The cases by now of each of these holders that has several, by holder and submission."""
        query = _all().where(case.c.subject_id.in_(subjects), case.c.opened_ms <= self.until_ms)
        rows = self.connection.execute(query.order_by(case.c.subject_id, case.c.opened_ms, case.c.case_id))
        holders = (list(theirs) for _, theirs in groupby(rows, lambda row: bytes(row.subject_id)))
        return [row for theirs in holders if len(theirs) > 1 for row in theirs]

    @cached_property
    def _cancels(self) -> Mapping[bytes, Cancel]:
        """Case → that it was taken back by now; read from the topic, since no table has its time."""
        return _cancels(self.log, self.until_ms)

    def _numbers(self, case_id: bytes, sinks: str) -> Mapping[str, str]:
        """The hub's number at each sink that the case is registered with (``case.sinks``)."""
        registered = sorted(sink for sink, piece in json.loads(sinks).items() if piece is not None)
        return {sink: self._parts.references(sink).hub_number(case_id) for sink in registered}

    def _opened(self, page: Sequence[Row[Any]]) -> list[Application | None]:
        """The applications as submitted; ``None`` where one does not open any more."""
        sealed = [(bytes(row.subject_id), bytes(row.sealed)) for row in page]
        opened = self._parts.opener.open_values(sealed) if sealed else []
        return [Application.model_validate_json(one) if isinstance(one, bytes) else None for one in opened]

    def said(self, account: Account) -> list[Said]:
        """What the records of its steps say, in the order of their ids; none of one that does not open. What the log
        has not is no matter of this: ``hub rebuild --check`` finds it."""
        known = {one.record_id for one in account.facts}
        places = select(step.c.record_id, step.c.topic, step.c.partition, step.c.offset).distinct()
        query = places.where(step.c.case_id == account.case_id).order_by(step.c.record_id)
        rows = [row for row in self.connection.execute(query).all() if bytes(row.record_id) in known]
        messages = [self.log.read(row.topic, row.partition, row.offset) for row in rows]
        opened = self._parts.opener.open([one.value if one else None for one in messages]) if rows else []
        found = zip(rows, opened, strict=True)
        return [Said(bytes(row.record_id), one.record["step"]) for row, one in found if one.record]

    # ---- numbers of other systems --------------------------------------------------------------------------------

    def named(self, rows: Collection[FileRow]) -> dict[str, tuple[bytes, ...]]:
        """The connection system's own number → the case, for those that a step or a receipt has told; several cases
        where they have told it of several."""
        wanted = sorted({row.app_no for row in rows if row.app_no})
        found: dict[str, tuple[bytes, ...]] = {}
        for first in range(0, len(wanted), PAGE):
            found |= self._named(wanted[first : first + PAGE])
        return found

    def _named(self, app_nos: Sequence[str]) -> dict[str, tuple[bytes, ...]]:
        pairs = [(no, one) for no in app_nos for by in self._authorities() if (one := utility_number(by, no))]
        ids = self._parts.vault.find([one for _, one in pairs]) if pairs else []
        known = {one: no for (no, _), one in zip(pairs, ids, strict=True) if one is not None}
        found: dict[str, set[bytes]] = {}
        for table in (case_number, number_dispute):
            query = select(table.c.number_id, table.c.case_id).where(table.c.number_id.in_(known))
            for number_id, case_id in self.connection.execute(query):
                found.setdefault(known[bytes(number_id)], set()).add(bytes(case_id))
        return {no: tuple(sorted(cases)) for no, cases in found.items()}

    def numbered(self, wanted: Collection[str]) -> dict[str, bytes]:
        """The hub's number at any sink → the case. The numbers are computed again: also a case whose numbers no table
        has yet is found."""
        if not wanted:
            return {}
        query = select(case.c.case_id, case.c.sinks).join(application, application.c.case_id == case.c.case_id)
        found: dict[str, bytes] = {}
        for case_id, sinks in self.connection.execute(query):
            for number in self._numbers(bytes(case_id), sinks).values():
                if number in wanted:
                    found[number] = bytes(case_id)
        return found

    def _authorities(self) -> list[str]:
        """Whose numbers there are: of the sinks, and of who reports steps."""
        given = self._parts.journal().given
        reporting = self.connection.execute(select(record.c.authority).where(record.c.kind == STEP).distinct())
        return sorted({one.authority for one in (*given.sinks, *given.absent)} | set(reporting.scalars()))

    # ---- of no case ----------------------------------------------------------------------------------------

    def unlinked(self, since_ms: int) -> Iterator[Finding]:
        """Verified steps of this time that are those of no case."""
        columns = record.c.record_id, record.c.source, record.c.read_at_ms
        query = select(*columns).where(
            record.c.kind == STEP,
            record.c.state == "verified",
            record.c.read_at_ms.between(since_ms, self.until_ms),
            ~select(step.c.record_id).where(step.c.record_id == record.c.record_id).exists(),
        )
        for record_id, source, read_at_ms in self.connection.execute(query.order_by(record.c.record_id)):
            code = self._why_unlinked(bytes(record_id))
            yield Finding(code, None, (Shown("step", bytes(record_id).hex(), read_at_ms, source),))

    def _why_unlinked(self, record_id: bytes) -> str:
        """The code of a verified step that no case has: of its numbers one may be that of two cases, or that of a case
        that has as many steps as it can."""
        named = select(case_number.c.case_id, number_dispute.c.number_id).join_from(
            record_link, case_number, case_number.c.number_id == record_link.c.link_id
        )
        named = named.outerjoin(number_dispute, number_dispute.c.number_id == case_number.c.number_id)
        rows = self.connection.execute(named.where(record_link.c.record_id == record_id)).all()
        if any(row.number_id for row in rows):
            return "STEP_OF_TWO_CASES"
        full = (gather.first_beyond(self.connection, bytes(row.case_id)) for row in rows)
        return "STEP_BEYOND_MAX" if any(one and record_id > one for one in full) else "STEP_OF_NO_CASE"

    def rejected(self, since_ms: int) -> Iterator[Finding]:
        """Steps of this time that the rules rejected."""
        return rejected.steps(self.log, self.connection, since_ms, self.until_ms)

    def disputed(self) -> Iterator[Finding]:
        """Numbers that two cases have, of each of these cases."""
        query = select(number_dispute).order_by(number_dispute.c.case_id, number_dispute.c.number_id)
        for number_id, case_id in self.connection.execute(query):
            shown = (Shown("number", bytes(number_id).hex(), None),)
            yield Finding("NUMBER_OF_TWO_CASES", bytes(case_id), shown)

    def asked(self, since_ms: int) -> Iterator[Finding]:
        """Submissions of this time that were refused because they had more than the policy's list."""
        return refused.submissions(self.log, since_ms, self.until_ms)


def number_of(text: str) -> str:
    """The hub's number as a person or a system wrote it; another text unchanged."""
    return read_number(text) or text


def _all() -> Select[Any]:
    columns = [one for one in case.c if one.name != "case_id"]
    return select(application, *columns).join(case, case.c.case_id == application.c.case_id)


def _papers(connection: Connection, ids: Collection[bytes], until_ms: int) -> Mapping[bytes, tuple[Paper, ...]]:
    """Case → what its customer handed in, in the order of the hub's times."""
    found: dict[bytes, tuple[Paper, ...]] = dict.fromkeys(ids, ())
    query = select(document).where(document.c.case_id.in_(ids), document.c.handed_ms <= until_ms)
    for row in connection.execute(query.order_by(document.c.handed_ms, document.c.number)):
        found[bytes(row.case_id)] += (Paper(row.material, row.number, row.handed_ms),)
    return found


def _cancels(log: RecordLog, until_ms: int) -> dict[bytes, Cancel]:
    """The first of each case. Raises ``Unavailable`` when the log is."""
    found: dict[bytes, Cancel] = {}
    for partition in range(log.topics().get(CONNECTION_EVENTS, 0)):
        for batch in log.scan(CONNECTION_EVENTS, partition):
            for case_id, one in filter(None, map(_cancel, batch.records)):
                if one.at_ms <= until_ms:
                    found.setdefault(case_id, one)
    return found


_CANCELLED: Final = cloudevents.type_of(Cancelled.SCHEMA).encode()


def _cancel(message: LogRecord) -> tuple[bytes, Cancel] | None:
    """Of an event that says so; only those are decoded."""
    if (cloudevents.header(message.headers, cloudevents.TYPE) or ("", b""))[1] != _CANCELLED:
        return None
    try:
        entry = installed().types.read(message.value or b"")
    except RecordRejected:
        return None
    return entry.case_id, Cancel(entry.number, entry.occurred_at_ms, _who(entry.by))


def _who(by: By) -> str:
    """The channel or the client; of an operator only that it was one (P5)."""
    return by.channel or by.client or by.principal.partition(":")[0]
