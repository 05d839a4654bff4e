"""Applications: submit, show, list, hold, release. Submission registers at once and waits for nothing.

    (none) ──submit──▶ open ──hold──▶ held ──release──▶ open

A held application's deliveries wait; its clock does not.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, select
from sqlalchemy.exc import IntegrityError

from hub.cases import policy as limits
from hub.cases.calendar import china_day
from hub.cases.connection import command, events, views
from hub.cases.connection.command import Application
from hub.cases.connection.tables import application
from hub.cases.evidence.decide import Opens, Seals
from hub.errors import Misconfigured, RecordRejected
from hub.logging import get_logger
from hub.ports import Clock, KeyVault, Store
from hub.privacy.purposes import Purposes
from hub.records.identifiers import Identity

log = get_logger("cases")

LIST_MAX = 200
NAMESPACE = "application"


class Submitted(NamedTuple):
    """What a submission came to; ``created`` is False when the same one had come before."""

    application_id: bytes
    created: bool


@dataclass(frozen=True, slots=True)
class Applications:
    """The service behind the API and the command. ``kinds`` are those that a source exists for."""

    store: Store
    vault: KeyVault
    sealer: Seals
    opener: Opens
    clock: Clock
    purposes: Purposes
    kinds: frozenset[str]

    def submit(self, document: Mapping[str, Any]) -> Submitted:
        """Take an application. The same one again gets the same answer (P2).

        Raises ``RecordRejected`` for what cannot be taken (see ``command.parse``), and EXTERNAL_NO_TAKEN when the
        channel has used the number for another content.
        """
        wanted = command.parse(document, self.purposes)
        event = self._submission(wanted)
        application_id = event.application_id
        try:
            with self.store.write() as connection:
                known = events.lock(connection, application_id)
                if known is None:
                    events.happen(connection, [event])
                    return Submitted(application_id, True)
        except IntegrityError:
            # Somebody else submitted the same number at the same moment: theirs is the application.
            with self.store.read() as connection:
                known = _row(connection, application_id)
        self._same_or_refused(known, wanted)
        return Submitted(application_id, False)

    def find(self, channel: str, external_no: str) -> bytes | None:
        """The id under which a channel's number was submitted, if it was."""
        return self.vault.find([_number(channel, external_no)])[0]

    def show(self, application_id: bytes) -> dict[str, Any]:
        """Everything that a person may see of one application. Raises ``RecordRejected`` (NO_SUCH_APPLICATION)."""
        with self.store.read() as connection:
            row = _required(_row(connection, application_id))
            return views.full(connection, row, self._external_no(row), lambda sealed: self._text(row, sealed))

    def list(
        self, after: bytes = b"", limit: int = 50, channels: Collection[str] | None = None, **wanted: str
    ) -> list[dict[str, Any]]:
        """Summaries, newest first, after the application ``after``, at most 200. ``channels``: only of these.
        ``wanted``: channel, voltage, customer_class."""
        with self.store.read() as connection:
            query = _listing(connection, after, min(limit, LIST_MAX), wanted)
            if channels is not None:
                query = query.where(application.c.channel.in_(channels))
            rows = connection.execute(query).all()
            return views.summaries(connection, [(row, self._external_no(row)) for row in rows])

    def hold(self, application_id: bytes, by: str) -> None:
        """Stop its deliveries; what is on its way ends first. Raises NO_SUCH_APPLICATION."""
        self._set(application_id, "HELD", True, by)

    def release(self, application_id: bytes, by: str) -> None:
        """Let its deliveries go on, those that were refused or stopped too. Raises NO_SUCH_APPLICATION."""
        self._set(application_id, "RELEASED", None, by)

    def _set(self, application_id: bytes, what: str, held: bool | None, by: str) -> None:
        with self.store.write() as connection:
            case = _required(events.lock(connection, application_id))
            if case.held is not held:
                event = events.Event(application_id, case.number + 1, what, self.clock.now_ms(), {}, by)
                events.happen(connection, [event])

    def _submission(self, wanted: Application) -> events.Event:
        now = self.clock.now()
        policy = limits.in_force(china_day(now))
        case = policy.cases[wanted.case_type()]
        needs = command.needs(wanted, case.materials, self.kinds)
        number, applicant = _number(wanted.channel, wanted.external_no), wanted.applicant_identity()
        identities = [number, applicant, *(need.identity for need in needs if need.identity)]
        ids = dict(zip(identities, self.vault.identify(identities), strict=True))
        application_id, applicant_id = ids[number], ids[applicant]
        detail = {
            "channel": wanted.channel,
            "customer_class": wanted.customer_class,
            "voltage": wanted.voltage,
            "starred": wanted.starred(),
            "applicant_id": applicant_id,
            "purpose": wanted.purpose,
            "legal_basis": wanted.legal_basis,
            "policy": policy.version,
            "case_type": case.name,
            "due_on": _due_on(policy, wanted, now),
            "key": events.piece_key(application_id, events.REGISTRATION),
            "needs": [_need(need, ids) for need in needs],
            "sealed": self.sealer.seal_value(applicant_id, wanted.canonical()),
        }
        return events.Event(application_id, 1, "SUBMITTED", int(now.timestamp() * 1000), detail)

    def _same_or_refused(self, known: Row[Any] | None, wanted: Application) -> None:
        opened = self.opener.open_value(bytes(known.applicant_id), bytes(known.sealed)) if known is not None else None
        if opened != wanted.canonical():
            raise RecordRejected("EXTERNAL_NO_TAKEN", "external_no")

    def _text(self, row: Row[Any], sealed: bytes) -> str | None:
        opened = self.opener.open_value(bytes(row.applicant_id), sealed)
        return opened.decode() if opened is not None else None

    def _external_no(self, row: Row[Any]) -> str | None:
        opened = self.opener.open_value(bytes(row.applicant_id), bytes(row.sealed))
        return Application.model_validate_json(opened).external_no if opened else None


def _number(channel: str, external_no: str) -> Identity:
    return NAMESPACE, f"{channel}\0{external_no}"


def _need(need: command.Need, ids: Mapping[Identity, bytes]) -> dict[str, Any]:
    wanted_id = ids[need.identity] if need.identity else None
    return {"kind": need.kind, "wanted_by": need.wanted_by, "wanted_id": wanted_id}


def _due_on(policy: limits.Policy, wanted: Application, now: Any) -> Any:
    """The last day of the limit. An unknown calendar must not hold an application up: ``None``, and loudly."""
    try:
        return policy.due_on(wanted.case_type(), wanted.starred(), china_day(now))
    except Misconfigured as unknown:
        log.error("no due date for a new application", error=str(unknown))
        return None


def _row(connection: Connection, application_id: bytes) -> Row[Any] | None:
    return connection.execute(select(application).where(application.c.application_id == application_id)).one_or_none()


def _required(row: Row[Any] | None) -> Row[Any]:
    if row is None:
        raise RecordRejected("NO_SUCH_APPLICATION")
    return row


def _listing(connection: Connection, after: bytes, limit: int, wanted: Mapping[str, str]) -> Any:
    query = select(application).order_by(application.c.submitted_ms.desc(), application.c.application_id.desc())
    for name, value in wanted.items():
        query = query.where(application.c[name] == value)
    if after:
        last = _required(_row(connection, after))
        older = application.c.submitted_ms < last.submitted_ms
        same = (application.c.submitted_ms == last.submitted_ms) & (application.c.application_id < after)
        query = query.where(older | same)
    return query.limit(limit)
