"""``hub connectors probe`` and ``ask``: look at what a source gives, before it is used. No personal value is shown."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import is_made
from hub.cli.parts.applications import by_user
from hub.cli.shown.console import console
from hub.clock import SystemClock
from hub.connect.host.forms import Seen, seen
from hub.connect.host.guard import GuardedSource
from hub.connect.host.probe import Probe, probe
from hub.connect.host.registry import find, open_source
from hub.grants.grant import load
from hub.ingest.asked import Asked
from hub.ingest.control import StoredQuota
from hub.ports import LookupQuery, Page
from hub.settings import Settings
from hub.stores.database import Database

_SHOWN_ROWS = 20
_SHOWN_GOOD = 3
JSON = click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")


@contextmanager
def _opened(config: Path | None, name: str, rows: int | None = None) -> Iterator[tuple[GuardedSource, Database | None]]:
    """The source, and the store where there is a hub. Its calls count in the day's quota of all hubs (P3: a call beyond
    the grant is not made). ``rows``: it is asked for so many in a page, or for as many as its limits allow."""
    settings = hub_settings.load(config)
    info = find(name, settings.connectors_dir).info
    table = settings.connector(info.name)
    own = str(table.get("page_rows", info.limits.page_rows))
    if rows is not None and own.isdecimal():
        table["page_rows"] = min(rows, int(own))
    grant = load(settings.grants).get(name)
    with ExitStack() as opened:
        store = opened.enter_context(_store(settings))
        book = StoredQuota(store, at_once=1) if store else None
        found = open_source(name, table, SystemClock(), book, grant, settings.connectors_dir)
        yield opened.enter_context(closing(found)), store


@contextmanager
def _store(settings: Settings) -> Iterator[Database | None]:
    """The hub's store; ``None`` where there is no hub yet."""
    if not is_made(settings.store_url):
        yield None
        return
    with closing(Database(settings.store_url)) as store:
        yield store


@click.command("probe")
@click.argument("name")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1, 10_000), help="Largest number of rows to read."
)
@JSON
@click.pass_obj
def probe_(config: Path | None, name: str, limit: int, as_json: bool) -> None:
    """Read NAME's first rows and sum up what is wrong: faults, unknown codes, columns that differ, what the grant does
    not have. The worst rows are shown first, personal values by their form.

    Writes nothing, and does not move the cursor. For a source that only answers questions, use `hub connectors ask`.
    Exit 1 when there are faults, unknown codes or differing columns.
    """
    with _opened(config, name, limit) as (source, _):
        found = probe(source, limit)
    if as_json:
        click.echo(json.dumps(found.plain(), ensure_ascii=False))
    else:
        _show_probe(found)
    sys.exit(0 if found.clean else 1)


def _show_probe(found: Probe) -> None:
    _show_rows(found.rows[: min(_SHOWN_ROWS, max(_SHOWN_GOOD, found.faulty))])
    click.echo(f"{len(found.rows)} rows read, {found.faulty} with faults")
    for (code, name), count in found.faults.most_common():
        click.echo(f"fault         {code} {name}".rstrip() + f"  in {count} rows")
    for (column, code), count in found.unknown_codes.most_common():
        click.echo(f"unknown code  {column} = {code!r}  in {count} rows: add it to codes.csv")
    for column in found.strange_columns:
        click.echo(f"new column    {column}: the mapping does not read it")
    for column in found.missing_columns:
        click.echo(f"missing       {column}: the mapping reads it")
    for column, count in found.not_granted.most_common():
        click.echo(f"not granted   {column}: dropped from {count} rows")
    if found.remark:
        click.echo(f"remark        {found.remark}")
    if found.clean:
        click.echo("nothing to report")


def _show_rows(rows: Sequence[Seen]) -> None:
    table = Table("key", "version", "record or faults")
    for row in rows:
        faults = "; ".join(f"{fault.code} {fault.field}".strip() for fault in row.faults)
        record = json.dumps(row.record, ensure_ascii=False) if row.record else ""
        table.add_row(escape(row.key), str(row.version), escape(f"{faults}\n{record}".strip()))
    console().print(table)


@click.command("ask")
@click.argument("name")
@click.option("--by", required=True, help="Kind of question: uscc, resident-id, unit-no, address or title-no.")
@click.option("--value", required=True, help="What is asked for; - reads it from standard input.")
@click.option("--purpose", required=True, help="Name of a purpose that the grant of NAME has.")
@click.option("--basis", required=True, help="Legal basis: what the applicant agreed to, or the clause of the law.")
@click.option("--service-item", default="", help="Code of the service item, where NAME binds its answer to one.")
@click.option("--business-number", default="", help="Our number of the matter, where NAME binds its answer to one.")
@click.option("--ticket", default=None, help="Ticket of the identity service, where NAME wants one.")
@JSON
@click.pass_obj
def ask(
    config: Path | None,
    name: str,
    by: str,
    value: str,
    purpose: str,
    basis: str,
    service_item: str,
    business_number: str,
    ticket: str | None,
    as_json: bool,
) -> None:
    """Ask NAME one question, as a case would, and show the answer: personal values by their form.

    It is a real call at the source: it counts in the quota of all hubs, and needs a purpose and a legal basis that the
    grant allows. It writes no record; an event on `access.events` says who asked which source and why, and no value.
    With `--value -` the value is in no list of processes and in no history of a shell. Exit 1 when a record has faults.

    \b
      echo 91110000600037341L | hub connectors ask business_licence --by uscc --value - \\
        --purpose connection-application --basis consent
    """
    asked = (sys.stdin.readline() if value == "-" else value).strip()
    if not asked:
        raise click.UsageError("--value is empty")
    query = LookupQuery(by, asked, purpose, basis, service_item, business_number, ticket)
    with _opened(config, name) as (source, store):
        page = _answer(source, store, query)
        rows = [seen(row, source.context.info.kind) for row in page.rows]
        dropped = source.context.dropped.take()
    if as_json:
        shown = {"rows": [row.plain() for row in rows], "more": page.more, "not_granted": dict(dropped)}
        click.echo(json.dumps(shown, ensure_ascii=False))
    else:
        _show_answer(rows, page.more)
        for column, count in dropped.most_common():
            click.echo(f"not granted   {column}: dropped from {count} rows")
    sys.exit(1 if any(row.faults for row in rows) else 0)


def _answer(source: GuardedSource, store: Database | None, query: LookupQuery) -> Page:
    """The answer; the event about it is written first."""
    if store is None:
        click.echo("no event on access.events: this hub has no tables yet (`hub run` makes them)", err=True)
        return source.look_up(query)
    asked = Asked(store, SystemClock())
    return asked.answer(by_user()._asdict(), source.context.info, query, lambda: source.look_up(query))


def _show_answer(rows: Sequence[Seen], more: bool) -> None:
    if not rows:
        click.echo("nothing found")
        return
    _show_rows(rows)
    click.echo(f"{len(rows)} records" + (", and there are more" if more else ""))
