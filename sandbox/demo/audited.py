"""The audit of the demonstration's cases, beside the files of the utility's other systems. Some of these files have
off-system work in them, and the audit has to find each."""

from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import cycle
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import func, select

from hub.audit import report
from hub.audit.files import Sort
from hub.audit.findings.classes import Class
from hub.audit.findings.codes import CODES
from hub.audit.read import Book, number_of
from hub.bootstrap import Hub
from hub.cases.calendar import china_day
from hub.cases.connection.warnings.tables import warning
from hub.cases.ratings.tables import rating
from sandbox.demo import steps
from sandbox.steps import archive
from sandbox.steps.server import case_of

SORTS = {
    "crm-archive": Sort.ARCHIVE,
    "first-readings": Sort.FIRST_READINGS,
    "contacts": Sort.CONTACTS,
    "complaints": Sort.COMPLAINTS,
}


class Audited(NamedTuple):
    """What the audit found. ``findings``: code → how many; ``missed``: planted codes that it did not find; ``paths``:
    the files, by the options of ``hub audit offsystem``."""

    findings: Mapping[str, int]
    planted: int
    missed: tuple[str, ...]
    paths: Mapping[str, Path]

    def told(self) -> list[tuple[Class, str, int]]:
        """(Class, code, how many), in the order of the classes."""
        found = [(CODES[code].of, code, number) for code, number in self.findings.items()]
        return sorted(found, key=lambda one: (list(Class).index(one[0]), one[1]))


def audit(hub: Hub, folder: Path, shown: Sequence[Mapping[str, Any]]) -> Audited:
    """Write the files of these applications, and audit the hub beside them."""
    with hub.store.read() as connection:
        grades = {bytes(row.case_id).hex(): row.grade for row in connection.execute(select(rating))}
        played = zip(shown, cycle(steps.PLAYED), strict=False)
        cases = [(case_of(steps.wish(one, *how)), grades[one["application_id"]]) for one, how in played]
        known = archive.cheat(archive.known(cases))
        paths = known.write(folder)
        book = Book(hub.parts, connection, china_day(hub.clock.now()))
        found = report.findings(book, {SORTS[name]: path for name, path in paths.items()}, 0).found
    seen = {(one.finding.code, one.numbers) for one in found}
    missed = tuple(sorted(code for code, number in known.planted.items() if (code, number_of(number)) not in seen))
    return Audited(Counter(one.finding.code for one in found), len(known.planted), missed, paths)


def warnings(hub: Hub) -> dict[str, int]:
    """Warnings of limits that the hub has given: level → how many."""
    with hub.store.read() as connection:
        rows = connection.execute(select(warning.c.level, func.count()).group_by(warning.c.level))
        return {str(row[0]): int(row[1]) for row in rows}
