"""``hub client create|change|list|end``: the systems that use the HTTP API, and what is theirs."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cases.times import iso
from hub.cli.shown.console import console
from hub.clock import in_china
from hub.web.auth.clients import Client, Clients

_OPTIONS = (
    click.option("--channel", "channels", multiple=True, help="Its channel, one of the setting `channels`."),
    click.option("--purpose", "purposes", multiple=True, help="A purpose that it may ask for."),
    click.option("--division", "divisions", multiple=True, help="Its division: 120104, or 120000 for a province."),
)


def _owned(function: Callable[..., None]) -> Callable[..., None]:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


@click.group("client")
def command() -> None:
    """Clients of the HTTP API. A client is a system, never a person. It owns channels and sees the applications of
    these channels only; it may ask for its registered purposes, in its divisions."""


@command.command("create")
@click.argument("name")
@_owned
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def create(config: Path | None, /, name: str, as_json: bool, **owned: tuple[str, ...]) -> None:
    """Register a client. Each option may be given several times; without --division it may ask for every division."""
    with _clients(config) as clients:
        _print(clients.create(name, **owned), as_json)


@command.command("change")
@click.argument("name")
@_owned
@click.option("--every-division", is_flag=True, help="No list of divisions any more.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def change(config: Path | None, /, name: str, every_division: bool, as_json: bool, **owned: tuple[str, ...]) -> None:
    """Replace the channels, purposes or divisions of a client by those that are given; the others remain."""
    changes = {key: values for key, values in owned.items() if values} | ({"divisions": ()} if every_division else {})
    with _clients(config) as clients:
        _print(clients.change(name, **changes), as_json)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, as_json: bool) -> None:
    """List every client."""
    with reading(hub_settings.load(config)) as hub:
        found = _of(hub).all()
    table = Table("client", "channels", "purposes", "divisions", "made (China)", "ended (China)")
    for one in found:
        if as_json:
            _print(one, True)
        ended = in_china(one.ended_ms) if one.ended_ms else ""
        table.add_row(*_texts(one), in_china(one.created_ms), ended)
    if not as_json:
        console().print(table)


@command.command("end")
@click.argument("name")
@click.pass_obj
def end(config: Path | None, name: str) -> None:
    """End a client: none of its tokens is valid any more. Exit 1 when there is no such client."""
    with _clients(config) as clients:
        ended = clients.end(name)
    click.echo(f"client {name} ended" if ended else f"there is no client {name}", err=not ended)
    if not ended:
        raise click.exceptions.Exit(1)


@contextmanager
def _clients(config: Path | None) -> Iterator[Clients]:
    hub = open_hub(hub_settings.load(config))
    try:
        yield _of(hub)
    finally:
        hub.close()


def _of(hub: Hub) -> Clients:
    return Clients(hub.store, hub.clock, hub.settings.channels, hub.purposes.names())


def _texts(one: Client) -> list[str]:
    lists = (" ".join(sorted(values)) for values in (one.channels, one.purposes, one.divisions))
    channels, purposes, divisions = lists
    return [one.name, channels, purposes, divisions or "every"]


def _print(one: Client, as_json: bool) -> None:
    if not as_json:
        name, channels, purposes, divisions = _texts(one)
        owned = f"channels {channels or 'none'}; purposes {purposes or 'none'}; divisions {divisions}"
        click.echo(f"Client {name}: {owned}.")
        return
    shown: dict[str, Any] = {
        "client": one.name,
        "channels": sorted(one.channels),
        "purposes": sorted(one.purposes),
        "divisions": sorted(one.divisions),
        "created_at": iso(one.created_ms),
        "ended_at": iso(one.ended_ms),
    }
    click.echo(json.dumps(shown))
