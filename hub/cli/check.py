"""``hub check KIND FILE…``: the verdict on files of records, with no server and no log."""

import json
import stat
import sys
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import BinaryIO

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Column, Table

from hub.cli.shown.console import shown
from hub.clock import SystemClock
from hub.records.files.parse import ENCODINGS, FORMATS, SUFFIXES, Row, rows
from hub.records.kinds import KINDS, Kind, find_kind
from hub.records.rules import CODES, CURRENT, REJECTING, Context, Finding
from hub.records.rules.codes_page import page
from hub.records.verdict import judge

_ROWS_BETWEEN_STEPS = 1_000
_encode = json.JSONEncoder(ensure_ascii=False).encode


def _kind(_ctx: click.Context, _param: click.Parameter, name: str) -> Kind:
    """A kind by its full name or its last word."""
    kind = find_kind(name)
    if kind is None:
        raise click.BadParameter(f"{name!r} is none of {', '.join(KINDS)}")
    return kind


def _files(_ctx: click.Context, _param: click.Parameter, files: tuple[str, ...]) -> tuple[str, ...]:
    for file in files:
        if file != "-" and stat.S_IFMT(Path(file).stat().st_mode) in (stat.S_IFCHR, stat.S_IFBLK):
            raise click.BadParameter(f"{shown(file)} is a device: it has no end. Give a file, or - and a pipe.")
    return files


def _list_codes(ctx: click.Context, _param: click.Parameter, wanted: bool) -> None:
    if wanted and not ctx.resilient_parsing:
        click.echo(page(), nl=False)
        sys.exit(0)


@click.command("check")
@click.argument("kind", callback=_kind)
@click.argument(
    "files",
    nargs=-1,
    required=True,
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    callback=_files,
)
@click.option("--format", "form", type=click.Choice(FORMATS), help="Format of the files. [default: by their suffix]")
@click.option(
    "--encoding", type=click.Choice(ENCODINGS), default="utf-8", show_default=True, help="Encoding of CSV files."
)
@click.option(
    "--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Judge as on this day. [default: today in China]"
)
@click.option(
    "--rules", "version", type=click.IntRange(1, CURRENT), default=CURRENT, show_default=True, help="Rules version."
)
@click.option(
    "--limit",
    type=click.IntRange(min=0),
    default=50,
    show_default=True,
    help="Largest number of findings in the table.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON line for each record, then a line with the summary.")
@click.option(
    "--list-codes",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_list_codes,
    help="Print all reason codes and end.",
)
def command(
    *,
    kind: Kind,
    files: tuple[str, ...],
    form: str | None,
    encoding: str,
    day: datetime | None,
    version: int,
    limit: int,
    as_json: bool,
) -> None:
    """Judge records of KIND in FILES (JSON, JSON Lines, CSV, Avro; - is standard input).

    KIND is resident-id, business, property-title, approval, or a kind of an installed package. No value of a record
    is printed: only file, line, field and reason. A record may leave out `source` and `assurance`.

    Exit 1 if a record is rejected.
    """
    context = Context(day.date(), version) if day else Context.at(SystemClock().now(), version)
    named = [(file, form or _form_of(file)) for file in files]
    report: Report = JsonReport() if as_json else TableReport(limit)
    with Progress(console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as progress:
        for file, file_form in named:
            for row in _watched(progress, file, kind, file_form, encoding):
                report.add(file, row.number, _findings(kind, row, context))
    report.close(context.judged_on, context.rules_version)
    sys.exit(1 if report.rejected else 0)


def _form_of(file: str) -> str:
    form = SUFFIXES.get(Path(file).suffix.lower())
    if form is None:
        raise click.UsageError(f"{shown(file)}: the suffix names no format; say --format {'|'.join(FORMATS)}")
    return form


def _watched(progress: Progress, file: str, kind: Kind, form: str, encoding: str) -> Iterator[Row]:
    """The rows of one file. Shows progress in bytes."""
    with click.open_file(file, "rb") as stream:
        size = Path(file).stat().st_size if file != "-" else None
        task = progress.add_task(escape(shown(file)), total=size)
        binary: BinaryIO = stream  # type: ignore[assignment]
        for place, row in enumerate(rows(kind, binary, form, encoding)):
            if place % _ROWS_BETWEEN_STEPS == 0 and size:
                progress.update(task, completed=stream.tell())
            yield row
        progress.update(task, completed=size)


def _findings(kind: Kind, row: Row, context: Context) -> list[Finding]:
    if row.fault is not None:
        return [row.fault]
    return list(judge(kind, row.record, context).findings)


class Report(ABC):
    """Counts and shows findings. Its memory does not grow with the files.

    ``verified`` and ``rejected`` count records, ``codes`` counts findings by code.
    """

    def __init__(self) -> None:
        self.verified = self.rejected = 0
        self.codes: Counter[str] = Counter()

    def add(self, file: str, row: int, findings: list[Finding]) -> None:
        """Count and show the findings of one record. It is rejected if one of them has the severity reject."""
        bad = any(finding.code in REJECTING for finding in findings)
        self.rejected += bad
        self.verified += not bad
        self.codes.update(finding.code for finding in findings)
        self.show(file, row, bad, findings)

    @abstractmethod
    def show(self, file: str, row: int, bad: bool, findings: list[Finding]) -> None:
        """Show the findings of one record; ``bad``: it is rejected."""

    @abstractmethod
    def close(self, day: date, version: int) -> None:
        """Show the summary. ``day`` and ``version`` are the date and the rules version of the judgement."""


class JsonReport(Report):
    """One JSON line for each record. The last line has only ``summary``."""

    def show(self, file: str, row: int, bad: bool, findings: list[Finding]) -> None:
        """Write one line with file, row, verdict and findings."""
        described = [_described(finding) for finding in findings]
        line = {"file": shown(file), "row": row, "verdict": "rejected" if bad else "verified", "findings": described}
        sys.stdout.write(_encode(line) + "\n")

    def close(self, day: date, version: int) -> None:
        """Write the line ``summary``."""
        counts = {"records": self.verified + self.rejected, "verified": self.verified, "rejected": self.rejected}
        summary = {**counts, "codes": dict(self.codes.most_common()), "judged_on": day.isoformat(), "rules": version}
        sys.stdout.write(_encode({"summary": summary}) + "\n")


def _described(finding: Finding) -> dict[str, str]:
    code = CODES[finding.code]
    return {
        "code": code.code, "field": finding.field, "severity": code.severity,
        "message": code.english, "message_zh": code.chinese,
    }  # fmt: skip


class TableReport(Report):
    """A table of the first findings, then a table of all codes with their counts."""

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit
        self._listed = Table("文件 file", "行 row", "字段 field", "代码 code", Column("原因 reason", overflow="fold"))

    def show(self, file: str, row: int, bad: bool, findings: list[Finding]) -> None:  # noqa: ARG002
        """Add the findings to the table, up to the limit."""
        for finding in findings[: self._limit - self._listed.row_count]:
            code = CODES[finding.code]
            self._listed.add_row(escape(shown(file)), str(row), finding.field, finding.code, code.chinese)

    def close(self, day: date, version: int) -> None:
        """Print the tables and the totals."""
        console = Console()
        if self._listed.row_count:
            console.print(self._listed)
        if self.codes:
            counted = Table("代码 code", "处理 severity", "次数 count", "原因 reason")
            for name, count in self.codes.most_common():
                code = CODES[name]
                counted.add_row(name, code.severity, str(count), f"{code.chinese} / {code.english}")
            console.print(counted)
        console.print(
            f"通过 verified {self.verified}, 拒收 rejected {self.rejected}"
            f" (judged on {day.isoformat()}, rules {version})",
            highlight=False,
        )
