"""``hub connectors new``, ``lint`` and ``reference``: for those who write a connector's folder."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Column, Table

from hub import settings as hub_settings
from hub.cli.shown.console import console
from hub.clock import SystemClock
from hub.connect.declared.fitting import Finding
from hub.connect.declared.lint import becomes
from hub.connect.declared.lint import lint as findings
from hub.connect.declared.reference import reference as made
from hub.connect.declared.scaffold import scaffold
from hub.connect.folder import Folder
from hub.connect.host.granted import compare
from hub.connect.host.registry import located
from hub.errors import Misconfigured
from hub.grants.grant import Grant, load, today
from hub.privacy.purposes import shipped
from hub.records.kinds import KINDS, find_kind
from hub.settings import Settings


@click.command("lint")
@click.argument("name", metavar="NAME|FOLDER")
@click.option(
    "--accept", is_flag=True, help="Save what each sample becomes as samples/NAME.expected.json, where that is missing."
)
@click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")
@click.pass_obj
def lint(config: Path | None, name: str, accept: bool, as_json: bool) -> None:
    """Check a connector's folder: its files, its mapping against the schema of its kind, its codes, its samples, its
    grant. NAME is a connector that the hub finds, FOLDER a path.

    Makes no call. Each finding says file, key and remedy. Exit 1 when something must be corrected;
    a note alone is no error.
    """
    settings = hub_settings.load(config)
    folder = _folder(name, settings)
    last = folder.name.rpartition(".")[2]
    clock, grant = SystemClock(), load(settings.grants).get(last)
    if accept:
        _accept(folder, clock)
    own = settings.connectors.get(last, {})
    found = [*findings(folder, clock, grant, own), *_of_grant(folder, grant, clock)]
    if as_json:
        click.echo(json.dumps([asdict(one) for one in found], ensure_ascii=False))
    else:
        _show(found, folder)
    sys.exit(1 if any(one.grave for one in found) else 0)


@click.command("new")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--kind", required=True, metavar="KIND", help="The kind of record that the source gives: docs/kinds.md.")
@click.option("--transport", required=True, type=click.Choice(["table", "rest"]), help="How the source is read.")
def new(folder: Path, kind: str, transport: str) -> None:
    """Write a FOLDER for a declared source: connector.toml, mapping.toml with every field of KIND, codes.csv, samples/.

    Complete it with the names of the source's columns; `hub connectors lint FOLDER` says what is left.
    """
    found = find_kind(kind)
    if found is None:
        raise click.BadParameter(f"{kind!r} is none of {', '.join(KINDS)}", param_hint="--kind")
    for file in scaffold(folder, found, transport):
        click.echo(f"wrote {file}")
    click.echo(f"next: complete them, add samples/NAME.json, and run `hub connectors lint {folder}`")


@click.command("reference")
def reference() -> None:
    """Print every key of connector.toml and mapping.toml, in Markdown: docs/declarations.md."""
    click.echo(made(), nl=False)


def _accept(folder: Folder, clock: SystemClock) -> None:
    """Write what each sample without an expected file becomes."""
    root = Path(str(folder.root))
    for name, plain in becomes(folder, clock).items():
        file = root / "samples" / f"{name}.expected.json"
        if not file.exists():
            file.write_text(json.dumps(plain, ensure_ascii=False, indent=1) + "\n", "utf-8")
            click.echo(f"wrote {file}: read it, it is what the hub will store")


def _of_grant(folder: Folder, grant: Grant | None, clock: SystemClock) -> list[Finding]:
    """What `hub grants check` finds of the grant itself: its purposes, its term."""
    if grant is None:
        return []
    try:
        sources = {grant.source: folder.info}
    except Misconfigured:
        return []  # the first finding of the folder says so
    found = compare({grant.source: grant}, sources, shipped().names(), today(clock))
    return [Finding("grants", one.key, one.told, one.remedy, one.grave) for one in found if one.key != "fields"]


def _folder(name: str, settings: Settings) -> Folder:
    path = Path(name)
    return Folder(path.resolve().name, path) if path.is_dir() else located(name, settings.connectors_dir)


def _show(found: list[Finding], folder: Folder) -> None:
    if found:
        table = Table("", "file", *(Column(name, overflow="fold") for name in ("key", "what", "remedy")))
        for one in found:
            level = "error" if one.grave else "note"
            table.add_row(level, one.file, escape(one.key), escape(one.problem), escape(one.remedy))
        console().print(table)
    grave = sum(one.grave for one in found)
    click.echo(f"{folder.name}: {grave} to correct, {len(found) - grave} notes")
