"""The journal: the only way to change a case.

A decision is made while the case is locked. Its events are sealed, numbered, projected into the tables and put into
the outbox, all in the caller's transaction. When the process dies before the commit, nothing of it remains.

Each event's name is a crash point (``connection.stepped``, ``connection.warned``, …): the event is in the tables and
the outbox, and its transaction is not committed.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple, Protocol

from sqlalchemy import Connection

from hub.cases import case as cases
from hub.cases.by import HUB, By
from hub.cases.case import Case
from hub.cases.events import Deciding, Entry, Event, Opening, Piece, Released, ToSeal, headers, message
from hub.cases.procedure import (
    Command,
    Given,
    Heard,
    Moment,
    Procedure,
    Procedures,
    Question,
    Refusal,
    Work,
)
from hub.cases.project import project
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.crash import crash_point
from hub.errors import RecordRejected
from hub.ports import Clock, Fault
from hub.stores import outbox
from hub.topics.declared import LOOKUP_REQUESTS
from hub.topics.places import Reads


class Seals(Protocol):
    """Seals values about subjects: (subject's opaque id, value) → sealed value that may be stored."""

    def seal_values(self, values: Sequence[tuple[bytes, bytes]]) -> list[bytes | Fault]:
        """Seal each value under its subject's key, in order; a ``Fault`` where there is no key for it."""


OnPieces = Callable[[Connection, bytes, Sequence[Piece]], None]
"""Called with the pieces that were decided for a case, in the transaction of the decision."""
OnReleased = Callable[[Connection, bytes], None]
"""Called with the id of a case whose refused and stopped pieces become pending, in that transaction, before they do."""


class Decided(NamedTuple):
    """What was decided about one case, and who asked for it."""

    case: Case
    what: Sequence[Event | Question]
    by: By = HUB


@dataclass(frozen=True)
class Journal:
    """Runs decisions and writes their events. ``rules`` is given to every ``decide``; ``on_pieces`` is called with new
    pieces, ``on_released`` for a release."""

    procedures: Procedures
    given: Given
    rules: Any
    sealer: Seals
    clock: Clock
    on_pieces: OnPieces
    on_released: OnReleased

    def run(
        self,
        connection: Connection,
        procedure: Procedure,
        work: Sequence[Work],
        *,
        by: By = HUB,
        log: Reads | None = None,
    ) -> list[Refusal | None]:
        """Carry out commands on locked cases, one for each case. Returns for each the refusal, or ``None``. ``log``
        replaces the log where the caller has read the records already. Raises ``RecordRejected`` (ERASED, KEY_DAMAGED)
        when a case cannot be opened because its subject has no key."""
        if not work:
            return []
        moment = self.moment()
        given = replace(self.given, log=log) if log else self.given
        facts = procedure.gather(given, connection, work, moment)
        refusals: list[Refusal | None] = []
        decided: list[Decided] = []
        for (case, command), known in zip(work, facts, strict=True):
            answer = procedure.decide(case, command, known, self.rules, moment)
            if isinstance(answer, Refusal):
                refusals.append(answer)
            else:
                refusals.append(None)
                decided.append(Decided(case, answer, by))
        self.append(connection, decided)
        return refusals

    def hear(
        self,
        connection: Connection,
        heard: Sequence[Heard],
        log: Reads | None = None,
        only: frozenset[bytes] | None = None,
    ) -> None:
        """Let every procedure react to what was heard. All cases are locked first, in the order of ids, so that
        transactions never wait for each other. With ``only``, other cases are left alone."""
        commands = {one.name: self._commands(connection, one, heard) for one in self.procedures}
        wanted = frozenset[bytes]().union(*commands.values())
        locked = cases.lock(connection, wanted if only is None else wanted & only)
        for procedure in self.procedures:
            theirs = commands[procedure.name]
            own = (one for one in locked.values() if one.procedure == procedure.name)
            work = [(one, theirs[one.case_id]) for one in own if one.case_id in theirs]
            self.run(connection, procedure, work, log=log)

    def hearing(self, connection: Connection, heard: Sequence[Heard]) -> frozenset[bytes]:
        """The cases that may react to what was heard. Locks nothing."""
        return frozenset[bytes]().union(*(self._commands(connection, one, heard) for one in self.procedures))

    def _commands(
        self, connection: Connection, procedure: Procedure, heard: Sequence[Heard]
    ) -> Mapping[bytes, Command]:
        """What this procedure's cases must do: case's id → command. Cases of other procedures may be among them, where
        procedures share a table."""
        theirs = [one for one in heard if type(one) in procedure.hears.types]
        return procedure.hears.commands(connection, theirs) if theirs else {}

    def moment(self) -> Moment:
        """Now, as decisions see it."""
        return Moment(self.clock.now(), self.clock.process_ms())

    def append(self, connection: Connection, decided: Sequence[Decided]) -> None:
        """Write events of locked cases, and put questions to sources into the outbox."""
        sealed = self._sealed(decided)
        entries = [entry for one in sealed for entry in self._entries(one)]
        for entry in entries:
            if isinstance(entry.event, Released):
                self.on_released(connection, entry.case_id)
        project(connection, self.procedures, entries)
        for entry in entries:
            if isinstance(entry.event, Deciding) and entry.event.pieces:
                self.on_pieces(connection, entry.case_id, entry.event.pieces)
        questions = [what for one in sealed for what in one.what if isinstance(what, outbox.Message)]
        outbox.put(connection, [*questions, *map(message, entries)])
        for entry in entries:
            crash_point(entry.event.SCHEMA)

    def _entries(self, decided: "_Sealed") -> Iterable[Entry]:
        now_ms = self.clock.now_ms()
        for event in decided.what:
            if isinstance(event, Event):
                decided.case.number += 1
                decided.case.pieces += len(event.pieces) if isinstance(event, Deciding) else 0
                yield Entry(
                    case_id=decided.case.case_id,
                    number=decided.case.number,
                    by=decided.by,
                    occurred_at_ms=now_ms,
                    written_at_ms=now_ms,
                    event=event,
                )

    def _sealed(self, decided: Sequence[Decided]) -> list["_Sealed"]:
        """Seal everything that must be sealed, with one call. For an erased subject a value becomes empty, and a
        question is left out."""
        wanted = [
            (one.case.subject_id, plaintext) for one in decided for what in one.what for plaintext in _plaintexts(what)
        ]
        sealed = iter(self.sealer.seal_values(wanted) if wanted else ())
        return [
            _Sealed(one.case, [put for what in one.what if (put := self._put(one, what, sealed))], one.by)
            for one in decided
        ]

    def _put(
        self, one: Decided, what: Event | Question, sealed: Iterator[bytes | Fault]
    ) -> Event | outbox.Message | None:
        if isinstance(what, Question):
            value = next(sealed)
            return self._question(one.case, what, value) if isinstance(value, bytes) else None
        changed = {name: _stored(what, next(sealed)) for name in _to_seal(what)}
        return replace(what, **changed) if changed else what

    def _question(self, case: Case, question: Question, ciphertext: bytes) -> outbox.Message:
        value = {
            "request_id": question.request_id,
            "case_id": case.case_id,
            "source": question.source,
            "by": question.by,
            "service_item": question.service_item,
            "purpose": question.purpose,
            "legal_basis": question.legal_basis,
            "attempt": question.attempt,
            "query": {"subject_id": case.subject_id, "ciphertext": ciphertext},
        }
        now = self.clock.now()
        told = headers(question.request_id.hex(), "lookup.requested", now)
        frame = wire.encode(schema_id("lookup.request"), value)
        return outbox.Message(LOOKUP_REQUESTS, case.case_id, frame, told, int(now.timestamp() * 1000))


class _Sealed(NamedTuple):
    case: Case
    what: Sequence[Event | outbox.Message]
    by: By


def _stored(event: Event, sealed: bytes | Fault) -> bytes:
    """The sealed value. Where the subject was erased, or its key is damaged, the value is empty; for an event that
    opens a case it raises ``RecordRejected``.
    """
    if isinstance(sealed, bytes):
        return sealed
    if isinstance(event, Opening):
        raise RecordRejected(sealed.code)
    return b""


def _plaintexts(what: Event | Question) -> Iterable[bytes]:
    if isinstance(what, Question):
        query = {"value": what.value, "business_number": what.business_number, "ticket": what.ticket}
        yield wire.encode(schema_id("lookup.query"), query)
    else:
        yield from (getattr(what, name).plaintext for name in _to_seal(what))


def _to_seal(event: Event) -> list[str]:
    return [one.name for one in fields(event) if isinstance(getattr(event, one.name), ToSeal)]
