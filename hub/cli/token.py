"""``hub token create|list|revoke``: who may use the HTTP API, and for what."""

import json
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cases.times import iso
from hub.cli._console import console
from hub.errors import Misconfigured
from hub.web.auth.tokens import SCOPES, Tokens


@click.group("token")
def command() -> None:
    """Bearer tokens of the HTTP API. Only a hash is stored; the token itself is shown once, when it is created."""


@command.command("create")
@click.option("--client", required=True, help="The system that will use it, never a person.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=click.Choice(SCOPES),
    default=("applications:write", "applications:read"),
    show_default=True,
    help="What it may do; give the option several times for several scopes.",
)
@click.option(
    "--channel",
    "channels",
    multiple=True,
    help="Channel of the client, one of the setting `channels`; give the option several times for several channels.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def create(config: Path | None, client: str, scopes: tuple[str, ...], channels: tuple[str, ...], as_json: bool) -> None:
    """Make a token for a client. It may submit and read applications of its channels only."""
    hub = _open(config)
    try:
        known = hub.settings.channels
        if strange := sorted(set(channels) - set(known)):
            raise Misconfigured(f"no channel {strange[0]!r}", f"the setting `channels` has {', '.join(known)}")
        token_id, text = Tokens(hub.store, hub.clock).create(client, frozenset(scopes), frozenset(channels))
    finally:
        hub.close()
    if as_json:
        made = {"id": token_id, "token": text, "client": client}
        click.echo(json.dumps(made | {"scopes": sorted(scopes), "channels": sorted(channels)}))
    else:
        click.echo(text)
        may = " ".join((*scopes, *channels))
        click.echo(f"Token {token_id} for {client}: {may}. It is not shown again.", err=True)


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, as_json: bool) -> None:
    """List every token, without its text."""
    with reading(hub_settings.load(config)) as hub:
        rows = Tokens(hub.store, hub.clock).all()
    table = Table("id", "client", "scopes", "channels", "made", "revoked")
    for row in rows:
        made, revoked = iso(row.created_ms), iso(row.revoked_ms)
        if as_json:
            may = {"scopes": row.scopes.split(), "channels": row.channels.split()}
            shown = {"id": row.token_id, "client": row.client, **may, "created_at": made, "revoked_at": revoked}
            click.echo(json.dumps(shown))
        table.add_row(row.token_id, row.client, row.scopes, row.channels, made, revoked or "")
    if not as_json:
        console().print(table)


@command.command("revoke")
@click.argument("token_id")
@click.pass_obj
def revoke(config: Path | None, token_id: str) -> None:
    """Revoke a token at once. Exit 1 when no valid token has that id."""
    hub = _open(config)
    try:
        ended = Tokens(hub.store, hub.clock).revoke(token_id)
    finally:
        hub.close()
    click.echo(f"token {token_id} revoked" if ended else f"no valid token has the id {token_id}", err=not ended)
    if not ended:
        raise click.exceptions.Exit(1)


def _open(config: Path | None) -> Hub:
    return open_hub(hub_settings.load(config))
