"""``hub token create|rotate|list|revoke``: who may use the HTTP API, and until when."""

import json
from pathlib import Path

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub, reading
from hub.cases.times import iso
from hub.cli.shown.console import console
from hub.clock import in_china
from hub.errors import Misconfigured
from hub.web.auth.tokens import (
    DELIVERIES,
    LIFETIME_DAYS,
    LIFETIME_DAYS_MAX,
    SCOPES,
    Made,
    Tokens,
    expires_ms,
    known,
)

_HOUR_MS = 3_600_000


class _Scope(click.ParamType[str]):
    """A scope of a token."""

    name = "scope"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:  # noqa: ARG002
        return f"[{'|'.join(SCOPES)}|{DELIVERIES}SINK]"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not known(value):
            self.fail(f"{value!r} is not one of {', '.join(SCOPES)}, {DELIVERIES}SINK", param, ctx)
        return value


_DAYS = click.option(
    "--days",
    type=click.IntRange(1, LIFETIME_DAYS_MAX),
    default=LIFETIME_DAYS,
    show_default=True,
    help="How long it is valid.",
)


@click.group("token")
def command() -> None:
    """Bearer tokens of the HTTP API. A token belongs to a client (`hub client`) and expires. Only a hash is stored; the
    token itself is shown once, when it is created."""


@command.command("create")
@click.option("--client", required=True, help="The client that will use it.")
@click.option(
    "--scope",
    "scopes",
    multiple=True,
    type=_Scope(),
    default=("applications:write", "applications:read"),
    show_default=True,
    help="What it may do; give the option several times for several scopes. deliveries:SINK lets the system of a sink "
    "fetch its pieces.",
)
@_DAYS
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def create(config: Path | None, client: str, scopes: tuple[str, ...], days: int, as_json: bool) -> None:
    """Make a token for a client. It may submit and read applications of the client's channels only."""
    hub = _open(config)
    try:
        _check_sinks(hub, scopes)
        made = Tokens(hub.store, hub.clock).create(client, frozenset(scopes), days)
    finally:
        hub.close()
    _show(made, as_json, client=client, scopes=sorted(scopes))


def _check_sinks(hub: Hub, scopes: tuple[str, ...]) -> None:
    """Raises ``Misconfigured`` for a scope that names no sink of these settings whose system fetches."""
    for name in (one.removeprefix(DELIVERIES) for one in scopes if one.startswith(DELIVERIES)):
        if name not in hub.connectors.fetching:
            there = ", ".join(sorted(hub.connectors.fetching)) or "none"
            raise Misconfigured(f"no sink {name} whose system fetches is in the settings", f"there are: {there}")


@command.command("rotate")
@click.argument("token_id")
@click.option(
    "--overlap-hours",
    type=click.IntRange(0, 24 * 30),
    default=24,
    show_default=True,
    help="How long the old one is valid beside the new one.",
)
@_DAYS
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def rotate(config: Path | None, token_id: str, overlap_hours: int, days: int, as_json: bool) -> None:
    """Make the next token of a client, with the scopes of the old one. TOKEN_ID is the old one."""
    hub = _open(config)
    try:
        made = Tokens(hub.store, hub.clock).rotate(token_id, overlap_hours * _HOUR_MS, days)
    finally:
        hub.close()
    _show(made, as_json, replaces=token_id)


def _show(made: Made, as_json: bool, **more: object) -> None:
    if as_json:
        click.echo(json.dumps({"id": made.token_id, "token": made.text, "expires_at": iso(made.expires_ms), **more}))
        return
    click.echo(made.text)
    click.echo(
        f"Token {made.token_id}, valid until {in_china(made.expires_ms)} (China). It is not shown again.", err=True
    )


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_obj
def list_(config: Path | None, as_json: bool) -> None:
    """List every token, without its text."""
    with reading(hub_settings.load(config)) as hub:
        rows = Tokens(hub.store, hub.clock).all()
    table = Table("id", "client", "scopes", "made (China)", "expires (China)", "revoked (China)")
    for row in rows:
        if as_json:
            shown = {"id": row.token_id, "client": row.client, "scopes": row.scopes.split()}
            times = {"created_at": row.created_ms, "expires_at": expires_ms(row), "revoked_at": row.revoked_ms}
            click.echo(json.dumps(shown | {name: iso(moment) for name, moment in times.items()}))
        revoked = in_china(row.revoked_ms) if row.revoked_ms else ""
        made, expires = in_china(row.created_ms), in_china(expires_ms(row))
        table.add_row(row.token_id, row.client, row.scopes, made, expires, revoked)
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
