"""The service for questions about sites. The API and ``hub application place`` call it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeVar

from pydantic import StringConstraints, ValidationError
from sqlalchemy import Connection, Row, select

from hub.cases import case as cases
from hub.cases.by import By
from hub.cases.connection.command import Application, Part, Short, Text, refusal
from hub.cases.connection.placed import shown
from hub.cases.connection.placed.events import PlaceAnswered, PlaceLooked
from hub.cases.connection.placed.gather import title_of
from hub.cases.connection.steps import looked
from hub.cases.connection.tables import row_of
from hub.cases.events import ToSeal
from hub.cases.journal import Decided, Journal
from hub.cases.places.compare import Place
from hub.cases.procedure import Opens
from hub.errors import RecordRejected
from hub.ports import Fault, Store
from hub.privacy.purposes import Purposes
from hub.records.tables import record
from hub.topics.places import Reads, read_value

Json = dict[str, Any]
TITLE_TEXT = "unit.address.text"
ANSWERS_MAX = 20
"""Most answers to one question."""
P = TypeVar("P", bound=Part)


class Answer(Part):
    """What a person says to a question. ``person``: who answers, by name; ``note``: on what it rests."""

    answer: Literal["YES", "NO", "UNKNOWN"]
    person: Short
    note: Annotated[Text, StringConstraints(max_length=200)] | None = None


class LookedAt(Part):
    """Who looks at both texts: ``person``, by name."""

    person: Short


@dataclass(frozen=True, slots=True)
class Places:
    """Shows the findings about the site of an application with both texts, and takes answers. All methods raise
    ``RecordRejected`` (NO_SUCH_APPLICATION)."""

    store: Store
    log: Reads
    opener: Opens
    purposes: Purposes
    journal: Journal

    def channel(self, case_id: bytes) -> str:
        """The channel that the application came through."""
        with self.store.read() as connection:
            found: str = row_of(connection, case_id).channel
            return found

    def look(self, case_id: bytes, given: Mapping[str, Any], by: By) -> Json:
        """What ``show`` gives, to a named person. The look is an event, with the purpose of the application; there is
        none where nothing was found yet. Raises ``RecordRejected``: LOOKS_FULL, NOT_ASKED, FIELD_MISSING,
        FIELD_INVALID, TEXT_CONTROL, TEXT_ENCODING."""
        person = _read(given, LookedAt).person
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id])
            row = row_of(connection, case_id)
            looked.check(row)
            if shown.rows(connection, case_id):
                sealed = ToSeal(json.dumps({"person": person}, ensure_ascii=False).encode())
                event = PlaceLooked(purpose=row.purpose, sealed=sealed)
                self.journal.append(connection, [Decided(locked[case_id], [event], by._replace(channel=row.channel))])
        return self.show(case_id)

    def show(self, case_id: bytes) -> Json:
        """The findings with the text of the site and of each title, side by side, as JSON values. A text that the
        purpose does not allow, or that does not open, is ``None``. Raises ``Unavailable`` when log or vault is."""
        with self.store.read() as connection:
            row = row_of(connection, case_id)
            findings = shown.rows(connection, case_id)
            answers = shown.answers(connection, case_id)
            stored = _records(connection, findings)
        site, people = self._opened(row, answers)
        titles = self._titles(row.purpose, findings, stored)
        said: dict[int, list[Json]] = {}
        for answer, person in zip(answers, people, strict=True):
            said.setdefault(answer.nth, []).append(shown.one_answer(answer, person))
        items = [
            shown.shown(one) | {"site": _side(site), "title": _side(title)} | _told(said.get(one.nth, []))
            for one, title in zip(findings, titles, strict=True)
        ]
        return {"application_id": case_id.hex(), "items": items}

    def answer(self, case_id: bytes, nth: int, given: Mapping[str, Any], by: By) -> Json:
        """Take a person's answer to the question of the ``nth`` finding; a later one is stored beside it and counts as
        long as nothing was matched. The last one again changes nothing (P2). Raises ``RecordRejected``:
        NO_SUCH_QUESTION; ANSWERS_FULL; NOT_ASKED for an unknown field, FIELD_MISSING, FIELD_INVALID, TEXT_CONTROL,
        TEXT_ENCODING."""
        said = _read(given, Answer)
        with self.store.write() as connection:
            locked = cases.lock(connection, [case_id])
            row = row_of(connection, case_id)
            asked = next((one for one in shown.rows(connection, case_id) if one.nth == nth and one.question), None)
            if asked is None:
                raise RecordRejected("NO_SUCH_QUESTION")
            content = json.dumps({"note": said.note, "person": said.person}, ensure_ascii=False, sort_keys=True)
            if not self._is_known(row, asked, said.answer, content):
                if sum(one.nth == nth for one in shown.answers(connection, case_id)) >= ANSWERS_MAX:
                    raise RecordRejected("ANSWERS_FULL")
                event = PlaceAnswered(nth=nth, answer=said.answer, sealed=ToSeal(content.encode()))
                self.journal.append(connection, [Decided(locked[case_id], [event], by._replace(channel=row.channel))])
        return self.show(case_id)

    def _is_known(self, row: Row[Any], asked: Row[Any], answer: str, content: str) -> bool:
        if asked.answer != answer or asked.sealed is None:
            return False
        return self.opener.open_values([(bytes(row.subject_id), bytes(asked.sealed))])[0] == content.encode()

    def _opened(self, row: Row[Any], answers: Sequence[Row[Any]]) -> tuple[Place | None, list[bytes | None]]:
        """The site as submitted, and what was sealed with each answer."""
        subject = bytes(row.subject_id)
        sealed = [bytes(row.sealed), *(bytes(one.sealed) for one in answers)]
        text, *told = self.opener.open_values([(subject, one) for one in sealed])
        people = [one if isinstance(one, bytes) else None for one in told]
        if isinstance(text, Fault):
            return None, people
        site = Application.model_validate_json(text).site
        return Place(site.unit_no or "", site.address or ""), people

    def _titles(
        self, purpose: str, findings: Sequence[Row[Any]], stored: Mapping[bytes, Row[Any]]
    ) -> list[Place | None]:
        """The title of each finding, as far as the purpose allows its address for any holder."""
        rules = self.purposes.get(purpose).evidence
        places = [stored.get(bytes(one.record_id)) if one.record_id else None for one in findings]
        found = [one if one and TITLE_TEXT in rules[one.kind].fields_other else None for one in places]
        values = [read_value(self.log, one.topic, one.partition, one.offset) for one in found if one]
        opened = iter(self.opener.open(values) if values else ())
        return [title_of(next(opened)) if one else None for one in found]


def _told(said: list[Json]) -> Json:
    """Who answered last, and every answer."""
    last = said[-1] if said else {"person": None, "note": None}
    return {"person": last["person"], "note": last["note"], "answers": said}


def _side(one: Place | None) -> Json:
    """One of both sides, for a person to compare."""
    return {"unit_no": (one.unit_no or None) if one else None, "address": (one.address or None) if one else None}


def _read(given: Mapping[str, Any], model: type[P]) -> P:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        raise refusal(error, model) from None


def _records(connection: Connection, findings: Sequence[Row[Any]]) -> dict[bytes, Row[Any]]:
    """Record id → where the title is."""
    ids = [bytes(one.record_id) for one in findings if one.record_id]
    columns: list[Any] = [record.c[name] for name in ("record_id", "kind", "topic", "partition", "offset")]
    rows = connection.execute(select(*columns).where(record.c.record_id.in_(ids))) if ids else ()
    return {bytes(row.record_id): row for row in rows}
