"""The titles that a person holds, masked, to choose one from. Nothing of them is written, on no topic and in no table
(P3, P5); that a source was asked is (P4). The chosen one is fetched when the application is there."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import StringConstraints, ValidationError

from hub.cases.by import By
from hub.cases.connection import command
from hub.cases.connection.command import TITLE, Applicant, Short, Text
from hub.cases.identity import desk
from hub.cases.identity.choices import Choices
from hub.cases.identity.desk import Desk
from hub.cases.identity.ticket import APPLICANT, TICKET_CHARACTERS_MAX, Matter
from hub.cases.procedure import LookupSource
from hub.errors import RecordRejected
from hub.ports import LookupQuery, Page, Plain, Store
from hub.privacy.purposes import Purposes
from hub.records.identifiers import resident_id_18

BY = "resident-id"
LISTED_MAX = 50
"""Most titles that are listed for one person."""
Ask = Callable[[str, LookupQuery, Mapping[str, str]], Page]
"""(Source, question, who asks: principal, client and channel) → its answer, of which an event tells. Raises as
``Source.look_up``."""
Json = dict[str, Any]


class Enquiry(command.Part):
    """Which titles does the applicant hold? For the application that ``channel`` will make under ``external_no``, with
    a ticket of the identity service about the applicant."""

    external_no: Short
    channel: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    applicant: Applicant
    ticket: Annotated[str, StringConstraints(min_length=1, max_length=TICKET_CHARACTERS_MAX)]
    purpose: Text
    legal_basis: Short


@dataclass(frozen=True, slots=True)
class Holdings:
    """The service. ``sources`` are those that can be asked; ``find``: (channel, number) → the application's id."""

    desk: Desk
    store: Store
    purposes: Purposes
    channels: frozenset[str]
    sources: Sequence[LookupSource]
    choices: Choices
    ask: Ask
    find: Callable[[str, str], bytes | None]

    def titles(
        self, document: Mapping[str, Any], by: By, check: Callable[[Enquiry], None] = lambda _: None
    ) -> list[Json]:
        """The titles of the person in ``document`` (an ``Enquiry`` as JSON values), masked, each with the choice that
        an application names as ``site.choice``. ``by`` asks, through the document's channel. ``check`` raises
        ``RecordRejected`` when the caller may not ask.

        Raises ``RecordRejected``: the codes of ``command.parse`` and of ``ticket.check``; TICKET_USED; NO_SOURCE when
        no source can be asked; the code of a source that refuses. Raises ``Unavailable`` when a source is.
        """
        wanted = self._read(document)
        check(wanted)
        number = wanted.applicant.resident_id or ""
        matter = Matter(wanted.channel, wanted.external_no, {APPLICANT: number})
        presented = self.desk.check(wanted.ticket, matter)
        with self.store.read() as connection:
            desk.claim(connection, presented, self.find(wanted.channel, wanted.external_no) or b"")
        able = [one for one in self.sources if one.kind == TITLE and BY in one.by and not one.ticket]
        if not able:
            raise RecordRejected("NO_SOURCE", "", f"no source of {TITLE} can be asked by {BY}")
        found = [record for one in able for record in self._held(one, wanted, by._replace(channel=wanted.channel))]
        return [self._shown(record, wanted) for record in _once(found)[:LISTED_MAX]]

    def _read(self, document: Mapping[str, Any]) -> Enquiry:
        try:
            read = Enquiry.model_validate(document)
        except ValidationError as error:
            raise command.refusal(error, Enquiry) from None
        if read.applicant.resident_id is None:
            raise RecordRejected("FIELD_MISSING", "applicant.resident_id")
        if read.channel not in self.channels:
            raise RecordRejected("CHANNEL_UNKNOWN", "channel", allowed=tuple(sorted(self.channels)))
        purpose = self.purposes.get(read.purpose)
        basis = purpose.basis(read.legal_basis).code
        applicant = command.tidy_applicant(read.applicant)
        return read.model_copy(update={"applicant": applicant, "purpose": purpose.name, "legal_basis": basis})

    def _held(self, source: LookupSource, wanted: Enquiry, by: By) -> Iterable[Plain]:
        """The current titles of this person at one source. A title of another person is left out (P2)."""
        item, number = self.purposes.get(wanted.purpose).service_item, wanted.applicant.resident_id or ""
        query = LookupQuery(BY, number, wanted.purpose, wanted.legal_basis, item, wanted.external_no)
        rows = self.ask(source.name, query, by._asdict()).rows
        records = (row.record for row in rows if row.record is not None)
        return [one for one in records if _current(one) and any(_is(number, holder) for holder in one["holders"])]

    def _shown(self, record: Plain, wanted: Enquiry) -> Json:
        unit = record["unit"]
        return {
            "choice": self.choices.seal(unit["unit_no"], wanted.channel, wanted.external_no),
            "unit_no": masked(unit["unit_no"], 6, 4),
            "title_no": masked(unit["title_no"], 6, 3),
            "address": masked(unit["address"]["text"], 6, 5),
            "usage": unit["usage"],
            "holders": len(record["holders"]),
        }


def _current(record: Plain) -> bool:
    return bool(record["status"] == "CURRENT" and record["source"]["operation"] == "UPSERT")


def _is(number: str, holder: Plain) -> bool:
    given = holder["id_number"]
    return given is not None and resident_id_18(given) == resident_id_18(number)


def _once(records: Iterable[Plain]) -> list[Plain]:
    """One record for each unit: the city and a district may both have it."""
    return list({record["unit"]["unit_no"]: record for record in records}.values())


def masked(text: str, first: int, last: int) -> str:
    """The text with stars between its first and last characters; only stars where too few would be hidden.

    >>> masked("120101001001GB00001F00010001", 6, 4), masked("南京路", 6, 5)
    ('120101******************0001', '***')
    """
    hidden = len(text) - first - last
    return "*" * len(text) if hidden < 1 else f"{text[:first]}{'*' * hidden}{text[-last:]}"
