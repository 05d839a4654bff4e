"""``hub audit steps|sample|averages|offsystem|evidence``: the audit of the clock, for who trusts no one."""

import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click

from hub import settings as hub_settings
from hub.audit import averages, places, report, sample, segments, sheet
from hub.audit.account import Account, name_of
from hub.audit.evidence import shown as evidence
from hub.audit.evidence.lines import LATE_S, lines
from hub.audit.files import Sort
from hub.audit.read import Book
from hub.bootstrap import Hub, reading
from hub.cases.calendar import china_day
from hub.cases.policies.model import ROWS
from hub.cli.shown.files import opened
from hub.cli.shown.printed import visible
from hub.clock import CHINA, in_china
from hub.records.files.parse import ENCODINGS

Json = dict[str, Any]
_EVER = date(2000, 1, 1)
_CSV = click.option(
    "--csv",
    "csv_file",
    type=click.Path(path_type=Path),
    default="-",
    show_default=True,
    help="File; - is standard output.",
)
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one object per line, instead of CSV.")
_DRAWN = {
    "application_id": "申请",
    "numbers": "平台报装编号",
    "channel": "渠道",
    "district": "行政区划",
    "kind": "客户类型",
    "submitted_at": "提交时间（北京时间）",
    "ended": "结果",
    "rank": "抽样次序",
    "of": "总数",
    "digest": "总体摘要",
}
"""The columns of a sample: their name in JSON, and in Chinese."""
_OPTIONS = {
    Sort.ARCHIVE: "--crm-archive",
    Sort.FIRST_READINGS: "--first-readings",
    Sort.CONTACTS: "--contacts",
    Sort.COMPLAINTS: "--complaints",
}
_LATER = "{option}: 晚于 --to 的 {count} 行未作比对；{count} lines are later than --to and were left out"
_FILE = click.Path(exists=True, dir_okay=False, readable=True, path_type=Path)
_DIVISION = re.compile(r"[0-9]{6}")
_DAY = click.DateTime(["%Y-%m-%d"])


def _period(required: bool) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """The options for the days, China's dates, both included."""
    since = click.option("--from", "since", type=_DAY, required=required, help="First day, China's date.")
    until = click.option("--to", "until", type=_DAY, required=required, help="Last day: all is as it was at its end.")
    return lambda function: since(until(function))


@click.group("audit")
def command() -> None:
    """The audit of the clock: every segment with its events, a sample, and what does not agree.

    All is computed again from the steps as they were reported, by the table of the policy that each case began under;
    no stored verdict is believed. What came after the end of --to is left out, so the same days and files give the same
    bytes at any time. CSV is safe to open in a spreadsheet. Nothing is written, and no personal value is shown.
    docs/auditing.md explains every finding.
    """


@command.command("steps")
@_period(required=True)
@click.option("--district", help="Only sites in this division, six digits (GB/T 2260); 120000 is all of Tianjin.")
@click.option("--over", is_flag=True, help="Only what took longer than its limit.")
@click.option("--kind", type=click.Choice(ROWS), help="Only this row of the policy's table.")
@_CSV
@_JSON
@click.pass_obj
def steps(
    config: Path | None,
    since: datetime,
    until: datetime,
    district: str | None,
    over: bool,
    kind: str | None,
    csv_file: Path,
    as_json: bool,
) -> None:
    """Every segment that ran on a day of the time, with its clock and its events; then each case as a whole.

    A case that changed its kind has the rows of each kind. A claim is among the events and in no clock.

    \b
      hub audit steps --from 2026-01-01 --to 2026-03-31 --csv steps.csv
      hub audit steps --from 2026-01-01 --to 2026-03-31 --district 120104 --over --json
    """

    if district is not None and not _DIVISION.fullmatch(district):
        raise click.UsageError(f"--district {district!r} is no code of six digits, like 120104")

    def wanted(row: segments.Row) -> bool:
        fits = kind is None or row.kind.kind.case_type == kind
        return fits and row.within(since.date(), until.date()) and (row.span.over > 0 or not over)

    with _book(config, since, until) as book:
        accounts = book.accounts(_moment(since))
        chosen = (one for one in accounts if district is None or places.is_within(one.district, district))
        rows = (row for one in chosen for row in segments.rows(one) if wanted(row))
        _print(rows, segments.TITLES, segments.plain, segments.cells, csv_file, as_json)


@command.command("sample")
@click.option("--seed", required=True, help="Any text; name it after the figures were handed in.")
@click.option("-n", "count", required=True, type=click.IntRange(1, sample.DRAWN_MAX), help="Number of cases.")
@_period(required=False)
@_CSV
@_JSON
@click.pass_obj
def sample_(
    config: Path | None,
    seed: str,
    count: int,
    since: datetime | None,
    until: datetime | None,
    csv_file: Path,
    as_json: bool,
) -> None:
    """Draw cases by a seed. Who has the ids can draw them again without the hub.

    The rank of a case is SHA-256 over the seed, a line feed and its id in hexadecimal digits; the lowest are drawn.
    Each row has the number of all cases and the SHA-256 of their ids, in ascending order: so no case can be left out
    later.

    \b
      hub audit sample --seed 2026-Q1-regulator -n 30 --csv sample.csv
    """
    if len(seed) > sample.SEED_CHARACTERS_MAX:
        raise click.UsageError(f"--seed has more than {sample.SEED_CHARACTERS_MAX} characters")
    with _book(config, since, until) as book:
        drawn = sample.draw(book.ids(_moment(since)), seed, count)
        rows = [_drawn(one, seed, drawn) for one in book.chosen(drawn.drawn)]
    _print(rows, _DRAWN, lambda row: row, lambda row: [row[name] for name in _DRAWN], csv_file, as_json)


def _drawn(account: Account, seed: str, drawn: sample.Sample) -> Json:
    return {
        "application_id": account.case_id.hex(),
        "numbers": " ".join(account.numbers[sink] for sink in sorted(account.numbers)),
        "channel": account.channel,
        "district": account.district,
        "kind": name_of(account.clock.now.kind),
        "submitted_at": in_china(account.submitted_ms),
        "ended": account.history.end.value if account.history.end else None,
        "rank": sample.rank(seed, account.case_id).hex(),
        "of": drawn.of,
        "digest": drawn.digest,
    }


@command.command("averages")
@_period(required=True)
@_CSV
@_JSON
@click.pass_obj
def averages_(config: Path | None, since: datetime, until: datetime, csv_file: Path, as_json: bool) -> None:
    """How long the cases took that got electricity on a day of the time, beside the limits and annex 1's averages.

    One row for each voltage and kind, and one for all kinds of a voltage: annex 1 sets an average for these. A case is
    counted by the voltage and the kind that were in force at its end. One that changed on the way is told apart there
    (changed, mean_unchanged) and in the rows that it left, by the clock of their kind (left, left_over,
    mean_with_left).

    \b
      hub audit averages --from 2026-01-01 --to 2026-03-31
    """
    with _book(config, since, until) as book:
        found = averages.Averages(_moment(since), book.until_ms)
        for account in book.accounts(_moment(since)):
            found.add(account)
    _print(found.rows(), averages.TITLES, lambda row: row, averages.cells, csv_file, as_json)


@command.command("offsystem")
@click.option("--crm-archive", "archive", type=_FILE, help="Archived connections of the CRM.")
@click.option("--first-readings", "readings", type=_FILE, help="First readings of meters.")
@click.option("--contacts", type=_FILE, help="Contacts with customers.")
@click.option("--complaints", type=_FILE, help="Complaints of customers.")
@click.option(
    "--encoding", type=click.Choice(ENCODINGS), default=ENCODINGS[0], show_default=True, help="Encoding of the files."
)
@_period(required=False)
@_CSV
@_JSON
@click.pass_obj
def offsystem(
    config: Path | None,
    archive: Path | None,
    readings: Path | None,
    contacts: Path | None,
    complaints: Path | None,
    encoding: str,
    since: datetime | None,
    until: datetime | None,
    csv_file: Path,
    as_json: bool,
) -> None:
    """What does not agree, by the regulator's five classes, each finding with the events that show it.

    Each case is looked at by itself and beside the lines of the files; a file that is not given is not compared. The
    files are CSV with a line of titles; GBK is read as gb18030. Each line has application_no, the hub's number as
    it was registered (externalAppNo), or app_no, the CRM's own. Times are ISO 8601, China's unless they have an offset.

    \b
      --crm-archive     application_no,app_no,completed_at,accepted_at,rating
      --first-readings  application_no,app_no,read_at
      --contacts        application_no,app_no,contacted_at
      --complaints      application_no,app_no,complained_at,about

    Exit 1 when there is a finding. A finding is for a person to look at; it is no verdict.
    """
    given = {
        Sort.ARCHIVE: archive,
        Sort.FIRST_READINGS: readings,
        Sort.CONTACTS: contacts,
        Sort.COMPLAINTS: complaints,
    }
    paths = {sort: path for sort, path in given.items() if path is not None}
    with _book(config, since, until) as book:
        found, later = report.findings(book, paths, _moment(since), encoding)
    _print(found, report.TITLES, report.plain, report.cells, csv_file, as_json)
    for sort, count in sorted(later.items()):
        click.echo(_LATER.format(option=_OPTIONS[sort], count=count), err=True)
    sys.exit(1 if found else 0)


@command.command("evidence")
@_period(required=True)
@click.option("--late", is_flag=True, help=f"Only what a system had more than {LATE_S:g} s late, or waits for.")
@_CSV
@_JSON
@click.pass_obj
def evidence_(config: Path | None, since: datetime, until: datetime, late: bool, csv_file: Path, as_json: bool) -> None:
    """What the certificates of each case say of each other, and what was withdrawn or told after its delivery.

    \b
      AGREEMENT        who agrees with or differs from whom, by what, and the versions that were compared
      WITHDRAWAL       a record changed, and the hub had not been told of the case's end: evidence was taken back
      NOTICE           the hub had been told of the end: the systems were told
      HANDOVER         the title went to others after it, and no transfer of the account was declared
      HANDOVER_BACK    that was taken back: one was declared, or the title is in force no more
      TRANSFER_NOTICE  the title went to others, and the joint transfer that is there is not for them
      TRANSFER_RECALL  the title that a joint transfer was told of changed

    A change has two times: when it happened at its source, empty where the source gives none, and when the hub verified
    it; of an entry in the book, its day. Then when each system had it. Read from the topics: every finding is there,
    also one that a later one replaced.

    \b
      hub audit evidence --from 2026-01-01 --to 2026-03-31 --csv evidence.csv
      hub audit evidence --from 2026-01-01 --to 2026-03-31 --late --json
    """
    with _book(config, since, until) as book:
        found = (one for one in lines(book, _moment(since)) if one.is_late or not late)
        _print(found, evidence.TITLES, evidence.plain, evidence.cells, csv_file, as_json)


# ---- shared --------------------------------------------------------------------------------------------------------


@contextmanager
def _book(config: Path | None, since: datetime | None, until: datetime | None) -> Iterator[Book]:
    """The cases as they were at the end of a day that has begun; without one, of today."""
    if since is not None and until is not None and since > until:
        raise click.UsageError("--from is after --to")
    with reading(hub_settings.load(config)) as hub, hub.store.read() as connection:
        today = _today(hub)
        if until is not None and until.date() > today:
            raise click.UsageError(f"--to {until.date()} is after today, {today}: no clock runs ahead")
        yield Book(hub.parts, connection, until.date() if until else today)


def _today(hub: Hub) -> date:
    return china_day(hub.clock.now())


def _moment(since: datetime | None) -> int:
    """The first millisecond of a day in China; without one, long ago."""
    return int(datetime.combine(since.date() if since else _EVER, time(), CHINA).timestamp() * 1000)


def _told_when_none(rows: Iterable[Any]) -> Iterator[Any]:
    """The rows; where there are none, standard error says so."""
    none = True
    for row in rows:
        none = False
        yield row
    if none:
        click.echo("此期间没有内容 nothing was found for this time and these options", err=True)


def _print(
    rows: Iterable[Any],
    titles: Mapping[str, str],
    plain: Callable[[Any], Json],
    cells: Callable[[Any], Sequence[sheet.Cell]],
    file: Path,
    as_json: bool,
) -> None:
    rows = _told_when_none(rows)
    if as_json:
        with opened(file, "utf-8") as stream:
            for row in rows:
                stream.write(visible(json.dumps(plain(row), ensure_ascii=False)) + "\n")
        return
    with opened(file, sheet.ENCODING) as stream:
        written = sheet.write(stream, [f"{zh} {name}".strip() for name, zh in titles.items()], map(cells, rows))
    if written.rows > sheet.ROWS_MAX:
        click.echo(f"{written.rows} rows: a spreadsheet shows {sheet.ROWS_MAX}; audit a shorter time", err=True)
    if written.cut:
        click.echo(f"{written.cut} cells are cut, and say so: --json has all of their text", err=True)
