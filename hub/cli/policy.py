"""``hub policy list|show|diff|try``: the policy's tables."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.bootstrap import reading
from hub.cases import notices, policy
from hub.cases.calendar import china_day
from hub.cases.connection import views
from hub.cases.policies.compare import differences, plain
from hub.cases.policies.files import read
from hub.cases.policies.model import VOLTAGES, CaseType, Policy
from hub.cases.policies.trial import Group, trial
from hub.cli.shown.console import console
from hub.clock import SystemClock

_WITH_WORKS = "（有外线工程）"
_JSON = click.option("--json", "as_json", is_flag=True, help="JSON, one object per line.")


@click.group("policy")
@click.pass_obj
def command(config: Path | None) -> None:
    """The policy as data: steps, time limits, materials and fees, one table a year.

    A case keeps the table that it began with. Every figure has the clause that it comes from. Beside the tables of this
    release there are those of the folder policies_dir of the settings.
    """
    policy.install(hub_settings.load(config).policies_dir)


@command.command("list")
@_JSON
def list_(as_json: bool) -> None:
    """The tables of this release and of policies_dir, and which one a case that begins today gets."""
    today = china_day(SystemClock().now())
    now = policy.in_force(today)
    shown = Table("version", "from", "to", "successor", Column("state", overflow="fold"), "source")
    for one in policy.known():
        state = _state(one, now, today)
        if as_json:
            said = {name: plain(one)[name] for name in ("version", "effective_from", "effective_to", "successor")}
            click.echo(json.dumps({**said, "source": one.source, "state": state}, ensure_ascii=False))
        days = (str(one.effective_from), str(one.effective_to))
        shown.add_row(*map(escape, (one.version, *days, one.successor or "—", state, one.source)))
    if not as_json:
        console().print(shown)


def _state(one: Policy, now: Policy, today: Any) -> str:
    if one is not now:
        return "over" if one.effective_from <= today else "not yet in force"
    return "in force" if today <= one.effective_to else "in force after its end: no successor is known"


@command.command("show")
@click.argument("version", required=False)
@_JSON
def show(version: str | None, as_json: bool) -> None:
    """One table: steps, limits, materials, fees, with their clauses. Without VERSION the one in force today."""
    one = policy.by_version(version) if version else policy.in_force(china_day(SystemClock().now()))
    if as_json:
        click.echo(json.dumps(plain(one), ensure_ascii=False))
        return
    out = console()
    out.print(escape(f"{one.version}  {one.zh}  {one.en}"))
    out.print(escape(f"{one.effective_from} to {one.effective_to}; {one.source}; {_counting(one)}"), highlight=False)
    out.print(_limits(one))
    out.print(_segments(one))
    out.print(_materials(one))
    out.print(_money(one))
    permits = ", ".join(f"{voltage} {_days(one.permit_days(voltage))}" for voltage in VOLTAGES)
    out.print(escape(f"permits for grid works, working days as a whole: {permits}"), highlight=False)
    for note in one.notes:
        out.print(escape(f"note: {note}"), highlight=False)


def _limits(one: Policy) -> Table:
    shown = Table("customer", "city", "national", "average", Column("clause", overflow="fold"))
    for row in one.cases.values():
        shown.add_row(*map(escape, (row.zh, *_whole(row, one))))
        if row.with_works:
            shown.add_row(*map(escape, (f"{row.zh}{_WITH_WORKS}", *_whole(row.with_works, one))))
    return shown


def _segments(one: Policy) -> Table:
    shown = Table("customer", "step", "segment", "days")
    for row in one.cases.values():
        for segment in row.segments:
            star = "*" if segment.starred else ""
            step = row.step_of(segment.name)
            seen = " / ".join((step.zh, *step.also)) if step else ""
            shown.add_row(*map(escape, (row.zh, seen, segment.zh, f"{segment.days or '—'}{star}")))
    return shown


def _whole(row: CaseType, one: Policy) -> tuple[str, str, str, str]:
    """The limit of the whole, the national one, the average, and the clause."""
    plain_days, starred = row.total(False), row.total(True)
    total = f"{plain_days}" if plain_days == starred else f"{plain_days} ({starred}*)"
    city = f"{total}, whole process" if row.whole_process else total
    ceiling = row.ceiling(one.effective_to)
    average = f"{row.average.days} ({', '.join(row.average.voltages)})" if row.average else "—"
    return city, str(ceiling.days) if ceiling else "—", average, row.clause


def _materials(one: Policy) -> Table:
    shown = Table("customer", "segment", "materials: nothing else may be asked for", "from")
    for row in one.cases.values():
        for segment in row.segments:
            for name in segment.materials:
                found = one.materials[name]
                origin = "fetched by the hub" if found.kinds else "the customer"
                shown.add_row(row.zh, segment.zh, escape(f"{found.zh} {found.en}"), origin)
    return shown


def _money(one: Policy) -> Table:
    shown = Table("for", Column("fees and investment", overflow="fold"), Column("clause", overflow="fold"))
    for row in one.cases.values():
        shown.add_row(*map(escape, (row.zh, f"{row.fee.zh} {row.fee.en}", row.fee.clause)))
    for found in one.boundaries.values():
        shown.add_row(*map(escape, (found.name, f"{found.zh} {found.en}", found.clause)))
    return shown


def _days(days: int | None) -> str:
    return str(days) if days else "no limit set"


@command.command("diff")
@click.argument("before")
@click.argument("after")
@_JSON
def diff(before: str, after: str, as_json: bool) -> None:
    """What the table AFTER says otherwise than BEFORE. Each is a version, or a file. Exit 1 when they differ."""
    found = differences(_table(before), _table(after))
    shown = Table("entry", Column(before, overflow="fold"), Column(after, overflow="fold"))
    for one in found:
        if as_json:
            click.echo(json.dumps(one._asdict(), ensure_ascii=False))
        shown.add_row(*(escape(text if text is not None else "—") for text in one))
    if not as_json:
        console().print(shown)
    raise click.exceptions.Exit(bool(found))


def _table(name: str) -> Policy:
    """The table of a version, or of a file."""
    if any(one.version == name for one in policy.known()):
        return policy.by_version(name)
    if not Path(name).is_file():
        versions = ", ".join(one.version for one in policy.known())
        raise click.UsageError(f"{name!r} is no version ({versions}), and no file")
    return read(Path(name))


@command.command("try")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_JSON
@click.pass_obj
def try_(config: Path | None, file: Path, as_json: bool) -> None:
    """What the table in FILE (TOML) would change for the applications that are open. It changes none of them.

    Open applications are counted by their kind and by the table that they began with: which limits would be others,
    what else (steps, materials, fees, ceilings, averages, works, investment), and for how many the next date, by the
    clock of each, would be earlier or later. Exit 1 when any would change, 78 for a table that a hub would refuse at
    its start (`policies_dir`), with the remedy.
    """
    settings = hub_settings.load(config)
    table = policy.tried(file, settings.policies_dir)
    with reading(settings) as hub, hub.store.read() as connection:
        policies = {one.version: one for one in policy.known()}
        groups = trial(views.open_cases(connection), table, policies, notices.calendar(connection))
    if as_json:
        for one in groups:
            click.echo(json.dumps(_plain(one), ensure_ascii=False))
    else:
        console().print(_tried(groups, table))
    raise click.exceptions.Exit(any(one.changed for one in groups))


def _plain(one: Group) -> dict[str, Any]:
    limits = [{"limit": name, "before": before, "after": after} for name, before, after in one.limits]
    counted = {"cases": one.cases, "earlier": one.earlier, "later": one.later}
    kind = {"case_type": one.case_type, "starred": one.starred, "external_works": one.external_works}
    said = {"limits": limits, "entries": [entry._asdict() for entry in one.entries]}
    return {"policy": one.policy, **kind, **said, **counted}


def _tried(groups: Iterable[Group], table: Policy) -> Table:
    shown = Table("began with", "customer", "open", "earlier", "later", Column("working days", overflow="fold"))
    shown.add_column("else", overflow="fold")
    for one in groups:
        star = f"{'*' if one.starred else ''}{_WITH_WORKS if one.external_works else ''}"
        limits = ", ".join(f"{name} {before or '—'} → {after or '—'}" for name, before, after in one.limits)
        counted = (str(one.cases), str(one.earlier), str(one.later))
        others = "\n".join(f"{place}: {before or '—'} → {after or '—'}" for place, before, after in one.entries)
        told = (escape(limits) or "the same", escape(others) or "the same")
        shown.add_row(one.policy, f"{table.cases[one.case_type].zh}{star}", *counted, *told)
    return shown


def _counting(one: Policy) -> str:
    starting = "is counted" if one.starting_day_counts else "is not counted"
    return f"工作日 working days, the starting day {starting}"
