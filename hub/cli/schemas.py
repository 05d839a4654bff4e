"""``hub schemas list|show|check|asyncapi|openapi|publish``: the schema catalogue, for readers of topics."""

import json
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli.shown.console import console
from hub.codec.catalogue import Schema, catalogue
from hub.codec.compatibility import DEFAULT_MODE, breaks
from hub.errors import Misconfigured, RecordRejected
from hub.topics import asyncapi as asyncapi_document
from hub.topics import outside_registry
from hub.topics.messages import MESSAGES
from hub.web.api.document import openapi as openapi_document


@click.group("schemas", invoke_without_command=True)
@click.pass_context
def command(context: click.Context) -> None:
    """The Avro schemas of messages and of the sealed parts in them. Without a subcommand: list them."""
    if context.invoked_subcommand is None:
        context.invoke(list_)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_(as_json: bool = False) -> None:
    """List every schema: its id, name, version, and the topics that carry it."""
    table = Table("id", "name", "version", "record", "topics")
    for schema in catalogue():
        topics = [topic for topic, carried in MESSAGES.items() if schema.name in {one.schema for one in carried}]
        row = {"id": schema.id, "name": schema.name, "version": schema.version, "record": schema.record_name}
        if as_json:
            click.echo(json.dumps(row | {"topics": topics}))
        table.add_row(*map(str, row.values()), "\n".join(topics))
    if not as_json:
        console().print(table)


@command.command("show")
@click.argument("name")
@click.option("--version", type=int, help="Version of the schema. [default: the newest]")
def show(name: str, version: int | None) -> None:
    """Show one schema as JSON. NAME is a name or an id of `hub schemas list`."""
    click.echo(json.dumps(_find(name, version).json, ensure_ascii=False, indent=2))


@command.command("check")
@click.argument("name")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def check(name: str, file: Path, as_json: bool) -> None:
    """Check whether the schema in FILE could be the next version of NAME: FULL_TRANSITIVE compatible with all earlier
    versions. Exit 1 when it is not."""
    versions = catalogue().versions(_find(name, None).name)
    try:
        found = breaks(file.read_text("utf-8"), [schema.text for schema in versions])
    except (RecordRejected, UnicodeDecodeError):
        raise click.UsageError(f"{file} is no Avro schema") from None
    for one in found:
        row = one._asdict() | {"earlier": versions[one.earlier].version}
        click.echo(
            json.dumps(row, ensure_ascii=False)
            if as_json
            else f"{one.direction:8} against v{row['earlier']}: {one.what} at {one.path}: {one.message}"
        )
    if found:
        raise click.exceptions.Exit(1)
    if not as_json:
        click.echo(f"{DEFAULT_MODE} compatible with {len(versions)} version(s) of {versions[0].name}")


@command.command("openapi")
def openapi() -> None:
    """Print the HTTP API as an OpenAPI 3.1 document."""
    click.echo(openapi_document.text(), nl=False)


@command.command("asyncapi")
def asyncapi() -> None:
    """Print topics, messages, keys, headers and schemas as an AsyncAPI 3.0 document (YAML)."""
    click.echo(asyncapi_document.text(), nl=False)


@command.command("publish")
@click.pass_obj
def publish(config: Path | None) -> None:
    """Publish all schemas in the registry that `registry_url` names, under their own ids. Safe to run again."""
    url = hub_settings.load(config).registry_url
    if not url:
        raise Misconfigured("no other registry is named", "set `registry_url`; the hub serves its schemas itself")
    with outside_registry.opened(url) as registry:
        put = registry.publish()
    click.echo(f"{len(put)} published" + (f": {', '.join(put)}" if put else ", nothing was missing"))


def _find(name: str, version: int | None) -> Schema:
    try:
        return catalogue().by_id(int(name)) if name.isdecimal() else catalogue().by_name(name, version)
    except (KeyError, RecordRejected):
        raise click.UsageError(f"no schema {name!r} of that version; `hub schemas list` names them") from None
