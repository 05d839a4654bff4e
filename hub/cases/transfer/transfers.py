"""Joint transfers: submit, show, list, cancel. The API and ``hub transfer`` call this service."""

import json
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice
from typing import Any, Final, NamedTuple

from sqlalchemy import Connection, Row, Select, select
from sqlalchemy.exc import IntegrityError

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.calendar import china_day
from hub.cases.case import Case
from hub.cases.evidence import titles
from hub.cases.journal import Journal
from hub.cases.procedure import Opens
from hub.cases.tables import case
from hub.cases.transfer import command, declared, views
from hub.cases.transfer.command import NEW, Submission, Transfer, canonical, holder_identity
from hub.cases.transfer.events import Person
from hub.cases.transfer.hears import Cancel, Submit
from hub.cases.transfer.procedure import PROCEDURE
from hub.cases.transfer.states import ENDED, State
from hub.cases.transfer.tables import transfer
from hub.cases.views import LIST_MAX
from hub.clock import SKEW_S
from hub.errors import RecordRejected
from hub.ports import Fault, KeyVault, Store
from hub.privacy.purposes import Purposes
from hub.records.identifiers import Identity
from hub.records.text import callers_fault, strip
from hub.stores import partition_locks

LOCKS_MAX: Final = 64
"""Locks for all accounts together: a submission has up to 10,000 accounts, and a database has a bound for locks."""
_CHUNK = 500
Check = Callable[[Submission], None]
Json = dict[str, Any]


def _anything(wanted: Submission) -> None:
    """The default of ``check``."""


class Submitted(NamedTuple):
    """The answer to a submission: its transfers, in their order. ``created`` is False when it was submitted before."""

    case_ids: tuple[bytes, ...]
    created: bool


@dataclass(frozen=True, slots=True)
class Transfers:
    """The service. ``channels`` are those of the installation."""

    store: Store
    vault: KeyVault
    opener: Opens
    purposes: Purposes
    channels: frozenset[str]
    journal: Journal

    def submit(
        self,
        document: Mapping[str, Any],
        by: By,
        check: Check = _anything,
        channels: Collection[str] | None = None,
    ) -> Submitted:
        """Register all matters of a submission, or none. The same one again gets the same answer (P2). ``check`` is
        given what was read and raises ``RecordRejected`` when the caller may not ask for it. ``channels``: those whose
        transfers the caller may know; ``None``: all.

        Raises ``RecordRejected``: the codes of ``command.parse``; CHANNEL_UNKNOWN; EXTERNAL_NO_TAKEN when the channel
        has used the number for another submission; TRANSFER_OPEN when one of the transfers is open under another
        number; ERASED or KEY_DAMAGED when a holder has no key. Raises ``Unavailable`` when database or vault is.
        """
        today = china_day(self.journal.clock.now() + timedelta(seconds=SKEW_S))
        wanted = command.parse(document, self.purposes, today)
        if wanted.channel not in self.channels:
            raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self.channels)))
        check(wanted)
        work, no_key = self._new(wanted)
        ids = tuple(one.case_id for one, _ in work)
        try:
            with self.store.write() as connection:
                _lock_accounts(connection, [one for _, one in work])
                if not cases.lock(connection, ids[:1]):
                    if no_key:
                        raise RecordRejected(no_key)
                    _refuse_open(connection, [one for _, one in work], channels)
                    channel = by._replace(channel=wanted.channel)
                    refusals = self.journal.run(connection, PROCEDURE, work, by=channel)
                    assert not any(refusals), "a submission is never refused after it was read"
                    return Submitted(ids, True)
        except IntegrityError:
            # The same number was submitted at the same moment: the other one is the submission.
            pass
        self._same_or_refused(ids[0], wanted)
        return Submitted(ids, False)

    def find(self, channel: str, external_no: str) -> list[bytes]:
        """The ids of the transfers that a channel submitted under this number; empty when there are none."""
        number = strip(external_no)
        if callers_fault(channel + number):
            return []
        submission_id = self.vault.find([_submission(channel, number)])[0]
        query = select(transfer.c.case_id).where(transfer.c.submission_id == submission_id)
        if submission_id is None:
            return []
        with self.store.read() as connection:
            return [bytes(one) for one in connection.execute(query.order_by(transfer.c.place)).scalars()]

    def submitted(self, case_id: bytes) -> Sequence[Json]:
        """Summaries of all transfers of the submission that a transfer came with, in their order."""
        mine = select(transfer.c.submission_id).where(transfer.c.case_id == case_id).scalar_subquery()
        query = _all().where(transfer.c.submission_id == mine).order_by(transfer.c.place)
        with self.store.read() as connection:
            return views.summaries(connection.execute(query).all(), self.opener, self._today())

    def story(self, case_id: bytes) -> Sequence[Json]:
        """What happened to one transfer, by the tables. Raises ``RecordRejected`` (NO_SUCH_TRANSFER)."""
        return views.story(self.show(case_id))

    def show(self, case_id: bytes) -> Json:
        """Everything that a person may see of one transfer. Raises ``RecordRejected`` (NO_SUCH_TRANSFER)."""
        with self.store.read() as connection:
            row = connection.execute(_all().where(transfer.c.case_id == case_id)).one_or_none()
            return views.full(connection, _required(row), self.opener, self.journal.given.log, self._today())

    def cancel(self, case_id: bytes, by: By) -> None:
        """Take the electricity side back, as the applicant wants. The registry's side stays as it is. Again changes
        nothing (P2). Raises ``RecordRejected``: NO_SUCH_TRANSFER; TRANSFER_ENDED when it is done or has failed."""
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id]).get(case_id)
            if locked is None or locked.procedure != PROCEDURE.name:
                raise RecordRejected("NO_SUCH_TRANSFER")
            state = connection.execute(select(transfer.c.state).where(transfer.c.case_id == case_id)).scalar_one()
            if state in ENDED - {State.CANCELLED}:
                raise RecordRejected("TRANSFER_ENDED")
            self.journal.run(connection, PROCEDURE, [(locked, Cancel())], by=by)

    def _today(self) -> date:
        return china_day(self.journal.clock.now())

    def _new(self, wanted: Submission) -> tuple[list[tuple[Case, Submit]], str]:
        """Cases that do not exist yet, and their commands, and why they cannot be opened, if so: ``_sealed``."""
        transfers, submission = wanted.transfers(), _submission(wanted.channel, wanted.external_no)
        persons = [holder_identity(one) for each in transfers for _, _, one in each.holders()]
        numbers = [(PROCEDURE.name, f"{submission[1]}\0{one.place}") for one in transfers]
        named = list(
            dict.fromkeys([submission, *numbers, *persons, *(name for one in transfers for name in _named(one))])
        )
        ids = dict(zip(named, self.vault.identify(named), strict=True))
        opened_ms = self.journal.clock.now_ms()
        sealed, no_key = self._sealed(transfers, ids)
        work = [
            (
                Case(ids[number], PROCEDURE.name, ids[one.holder_identities()[0]], opened_ms),
                Submit(one, ids, ids[submission], held),
            )
            for number, one, held in zip(numbers, transfers, sealed, strict=True)
        ]
        return work, no_key

    def _sealed(
        self, transfers: Sequence[Transfer], ids: Mapping[Identity, bytes]
    ) -> tuple[list[tuple[Person, ...]], str]:
        """The holders of each transfer, each under the own key, with one call; and the code of the reason (ERASED,
        KEY_DAMAGED) where one has no key. Other new holders than the first have the matter with them: it is theirs too
        when the first one is erased."""
        holders = [one for each in transfers for one in each.holders()]
        owners = [ids[holder_identity(one)] for _, _, one in holders]
        theirs = [
            each.shared() if side == NEW and place else {} for each in transfers for side, place, _ in each.holders()
        ]
        texts = [canonical(one.plain() | more) for (_, _, one), more in zip(holders, theirs, strict=True)]
        sealed = self.journal.sealer.seal_values(list(zip(owners, texts, strict=True)))
        if faults := [one for one in sealed if isinstance(one, Fault)]:
            return [() for _ in transfers], faults[0].code
        values = iter(zip(holders, owners, sealed, strict=True))
        return [
            tuple(
                Person(own, side, place, value)
                for (side, place, _), own, value in islice(values, len(each.holders()))
                if isinstance(value, bytes)
            )
            for each in transfers
        ], ""

    def _same_or_refused(self, case_id: bytes, wanted: Submission) -> None:
        """The first transfer of a submission says what the whole was."""
        with self.store.read() as connection:
            row = _required(connection.execute(_all().where(transfer.c.case_id == case_id)).one_or_none())
        opened = self.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])[0]
        if isinstance(opened, Fault) or json.loads(opened)["whole"] != wanted.transfers()[0].sealed()["whole"]:
            raise RecordRejected("EXTERNAL_NO_TAKEN", "external_no")

    def list(
        self, after: bytes = b"", limit: int = 50, channels: Collection[str] | None = None, **wanted: str
    ) -> list[Json]:
        """Summaries, newest first; at most ``limit``, never more than 200. ``after``: the last transfer of the page
        before. ``wanted``: channel, state. Raises ``RecordRejected``: NO_SUCH_TRANSFER, FIELD_INVALID for an unknown
        state, CHANNEL_UNKNOWN."""
        if (channel := wanted.get("channel")) is not None and channel not in self.channels:
            raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self.channels)))
        if wanted.get("state", State.DONE) not in [one.value for one in State]:
            raise RecordRejected("FIELD_INVALID", "state", allowed=tuple(State))
        query = _all().order_by(case.c.opened_ms.desc(), case.c.case_id.desc()).limit(min(limit, LIST_MAX))
        for name, value in wanted.items():
            query = query.where(transfer.c[name] == value)
        if channels is not None:
            query = query.where(transfer.c.channel.in_(channels))
        with self.store.read() as connection:
            if after:
                last = _required(connection.execute(_all().where(transfer.c.case_id == after)).one_or_none())
                same = (case.c.opened_ms == last.opened_ms) & (case.c.case_id < after)
                query = query.where((case.c.opened_ms < last.opened_ms) | same)
            return views.summaries(connection.execute(query).all(), self.opener, self._today())


def _lock_accounts(connection: Connection, wanted: Sequence[Submit]) -> None:
    """Let no other submission of these accounts be between its look and its commit."""
    parts = (_account(one)[0] % LOCKS_MAX for one in wanted)
    partition_locks.take(connection, parts, partition_locks.ACCOUNTS)


def _refuse_open(connection: Connection, wanted: Sequence[Submit], channels: Collection[str] | None) -> None:
    """Raises ``RecordRejected`` (TRANSFER_OPEN) where a transfer of the same account and unit to the same holders is
    open under another number: a second one would be a second order at the utility for one change of hands (P2). The
    refusal has the first one's id where its channel is one of ``channels`` (``None``: any). One that has ended
    blocks nothing."""
    there = _open_ones(connection, sorted({_account(one) for one in wanted}))
    for one in wanted:
        for row in there.get(_account(one), ()):
            if _same_unit(connection, one, row) and _same_holders(connection, one, row):
                known = channels is None or row.channel in channels
                raise RecordRejected(
                    "TRANSFER_OPEN", one.transfer.field(), existing=bytes(row.case_id).hex() if known else ""
                )


def _open_ones(connection: Connection, accounts: Sequence[bytes]) -> dict[bytes, list[Row[Any]]]:
    found: dict[bytes, list[Row[Any]]] = {}
    for chunk in _chunks(accounts):
        here = transfer.c.account_id.in_(chunk), transfer.c.state.not_in([one.value for one in ENDED])
        for row in connection.execute(select(transfer).where(*here).order_by(transfer.c.case_id)):
            found.setdefault(bytes(row.account_id), []).append(row)
    return found


def _chunks(ids: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))


def _same_unit(connection: Connection, one: Submit, row: Row[Any]) -> bool:
    """By the old title's number, or by the unit, also where one of both names the unit and the other the title."""
    unit, title = one.transfer.unit_identity(), one.transfer.title_identity()
    title_id = one.ids[title] if title else None
    if title_id is not None and row.title_id is not None and title_id == bytes(row.title_id):
        return True
    unit_id = one.ids[unit] if unit else titles.unit_of(connection, title_id) if title_id else None
    known = row.unit_id or (titles.unit_of(connection, bytes(row.title_id)) if row.title_id else None)
    return unit_id is not None and known is not None and unit_id == bytes(known)


def _same_holders(connection: Connection, one: Submit, row: Row[Any]) -> bool:
    found = declared.matters(connection, select(transfer.c.case_id).where(transfer.c.case_id == row.case_id))
    return [each.holders for each in found] == [frozenset(one.ids[each] for each in one.transfer.holder_identities())]


def _account(one: Submit) -> bytes:
    return one.ids[one.transfer.account_identity()]


def _named(one: Transfer) -> list[Identity]:
    found = (one.account_identity(), one.unit_identity(), one.title_identity(), *one.holder_identities())
    return [name for name in found if name]


def _submission(channel: str, external_no: str) -> Identity:
    return "transfer-submission", f"{channel}\0{external_no}"


def _all() -> Select[Any]:
    columns = [one for one in case.c if one.name != "case_id"]
    return select(transfer, *columns).join(case, case.c.case_id == transfer.c.case_id)


def _required(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise RecordRejected("NO_SUCH_TRANSFER")
    return row
