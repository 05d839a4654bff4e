"""Imports notices about working days. An import is an event: every case that has counted a changed day is then due, and
its dates are computed again."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import NamedTuple

from sqlalchemy.exc import IntegrityError

from hub.cases import notices
from hub.cases.by import By
from hub.cases.calendar import Calendar, Edition
from hub.cases.case import Case
from hub.cases.events import CalendarImported
from hub.cases.imports.notice import Notice, read
from hub.cases.journal import Decided, Journal
from hub.errors import Unavailable
from hub.ports import Store


class Imported(NamedTuple):
    """The result of an import. ``created`` is False when the year is counted by this file already."""

    edition: int
    version: str
    year: int
    created: bool


@dataclass(frozen=True, slots=True)
class Notices:
    """The service: imports notices."""

    store: Store
    journal: Journal

    def import_file(self, content: bytes, by: By) -> Imported:
        """Import a notice. The same file again gets the same answer (P2).

        Raises ``Misconfigured`` for a file that is no notice, ``Unavailable`` when another import runs at the same
        moment or the database is away.
        """
        given = read(content)
        try:
            with self.store.write() as connection:
                before = notices.calendar(connection)
                if before.version(given.year) == given.version:
                    return Imported(before.number, given.version, given.year, False)
                event = _event(given, before)
                case_id = _entry_id(event)
                case = Case(case_id, "", case_id, self.journal.clock.now_ms())
                self.journal.append(connection, [Decided(case, [event], by)])
                return Imported(event.edition, event.version, event.year, True)
        except IntegrityError:
            raise Unavailable("another notice was imported at this moment: import this one again") from None


def _event(given: Notice, before: Calendar) -> CalendarImported:
    edition = before.number + 1
    after = Calendar((*before.editions, Edition(edition, given.version, given.year, given.days)))
    changed = before.changed(after, date(given.year - 1, 12, 1), date(given.year, 12, 31)) or (None, None)
    return CalendarImported(
        edition=edition,
        version=given.version,
        year=given.year,
        source=given.source,
        digest=given.digest,
        days_off=given.days_off,
        make_up_days=given.make_up_days,
        changed_from=changed[0],
        changed_to=changed[1],
    )


def _entry_id(event: CalendarImported) -> bytes:
    """The id of its entry: the same file may be imported again after another one."""
    return hashlib.sha256(f"{event.edition}\0{event.digest}".encode()).digest()[:16]
