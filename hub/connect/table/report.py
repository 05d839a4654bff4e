"""Writes verdicts back into the rows of an exchange table: the two columns that are the receiver's, with a user of its
own."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, or_, update

from hub.connect.context import Context
from hub.connect.table.database import TableDatabase
from hub.connect.table.rows import Rows
from hub.connect.table.spec import REPORT_URL, ReportSpec, TableSpec
from hub.ports import UNVERSIONED, RowVerdict


class TableReport:
    """``Reports`` on the table that ``spec`` describes, in which ``report`` names the columns."""

    def __init__(self, url: str, spec: TableSpec, report: ReportSpec, context: Context) -> None:
        own = {spec.time, *spec.key, report.state, report.reason}
        lines = {one.table: {one.time, *one.parent} for one in spec.children.values() if one.time}
        self._lines = [one for one in spec.children.values() if one.reported]
        more = {spec.name: {report.state, report.reason}}
        more |= {one.table: {report.state, report.reason} for one in self._lines}
        own |= {name for one in self._lines for name in one.of}
        lines |= {one.table: {*lines.get(one.table, ()), *one.parent, *more[one.table]} for one in self._lines}
        names = {spec.name: own, **lines}
        self._database = TableDatabase(context.info.name, url, context.limits, names, writes=True, setting=REPORT_URL)
        self._rows = Rows(spec, self._database.dialect, more)
        self._report = report

    def report(self, verdicts: Sequence[RowVerdict]) -> None:
        """As the port says: in one transaction. A row that was written again since its verdict is left alone: its new
        version gets a verdict of its own. Its lines are accepted with it; a refusal says nothing of them."""
        with self._database.write() as connection:
            for verdict in verdicts:
                self._write(connection, verdict)

    def _write(self, connection: Connection, verdict: RowVerdict) -> None:
        report = self._report
        state = report.accepted if verdict.accepted else report.refused
        reason = verdict.reason[: report.reason_characters] or None
        changed = {report.state: state, report.reason: None if verdict.accepted else reason}
        which = self._which(verdict)
        for line in self._lines if verdict.accepted else ():
            table, belongs = self._rows.lines_of(line, which)
            connection.execute(update(table).where(belongs).values(changed))
        connection.execute(update(self._rows.main).where(*which).values(changed))

    def _which(self, verdict: RowVerdict) -> list[Any]:
        found = [self._rows.key.among([verdict.key])]
        if verdict.version != UNVERSIONED:
            # A version has whole milliseconds: the time may have more, or, as a text, less.
            time, bound = self._rows.time, self._rows.times.bound
            found.append(or_(time <= bound(verdict.version), time < bound(verdict.version + 1)))
        return found

    def close(self) -> None:
        """Close the pool's connections."""
        self._database.close()
