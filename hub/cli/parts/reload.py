"""``hub connectors reload``: changed settings, mapping, codes, trusted keys and grant, on every hub."""

import json
import time
from contextlib import closing
from pathlib import Path

import click
from rich.markup import escape
from rich.table import Table

from hub import settings as hub_settings
from hub.bootstrap import Hub, open_hub
from hub.cli.shown.console import console
from hub.errors import Misconfigured
from hub.ingest.reload import Loaded, Reloads

WITHIN_S = 20.0
"""Longest wait for the hubs, seconds: one that backs off looks again within this time."""
_LOOK_S = 0.2


@click.command("reload")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="JSON, for programs.")
@click.pass_obj
def reload(config: Path | None, name: str, as_json: bool) -> None:
    """Let every running hub read the settings, the mapping, the code tables, the trusted keys and the grant of NAME
    again, without a new start. No feed stops, and its cursor stays.

    Each hub reads the files of its own machine: change them on all machines first. The command waits until all have
    answered, and compares what they have in force. Exit 1 when a hub has something else than this machine's files say,
    or could not use them: it works as before, with the reason shown. A changed connector.toml that says another kind,
    transport, authority or way to look up, and changed Python, need a new start.
    """
    with closing(open_hub(hub_settings.load(config))) as hub:
        _check(hub, name)
        wanted = hub.connectors.digest(name, hub.connectors_key)
        reloads = Reloads(hub.store, hub.clock)
        hubs = _answers(reloads, name, reloads.order(name), hub)
    _show(name, wanted, hubs, as_json)
    click.get_current_context().exit(0 if all(_same(one, wanted) for one in hubs) else 1)


def _check(hub: Hub, name: str) -> None:
    """Raises ``Misconfigured`` for what this machine's own files say and no hub could use."""
    if name not in hub.connectors.infos:
        raise Misconfigured(f"no connector {name!r} is configured", f"configured: {', '.join(hub.connectors.infos)}")
    hub.connectors.reload(name)


def _answers(reloads: Reloads, name: str, token: int, hub: Hub) -> list[Loaded]:
    """What the running hubs have after the order, or at the end of the time."""
    until_s = hub.clock.monotonic_s() + WITHIN_S
    while True:
        hubs = reloads.running(name)
        if all(one.token >= token for one in hubs) or hub.clock.monotonic_s() > until_s:
            return [one if one.token >= token else one._replace(trouble="no answer yet") for one in hubs]
        time.sleep(_LOOK_S)


def _same(one: Loaded, wanted: str) -> bool:
    return not one.trouble and one.digest == wanted


def _show(name: str, wanted: str, hubs: list[Loaded], as_json: bool) -> None:
    if as_json:
        shown = [{**one._asdict(), "same": _same(one, wanted)} for one in hubs]
        click.echo(json.dumps({"name": name, "digest": wanted, "hubs": shown}, ensure_ascii=False))
        return
    if not hubs:
        click.echo(f"{name}: no hub is running; each reads its settings when it starts")
        return
    table = Table("hub", "digest", "")
    for one in hubs:
        told = one.trouble or ("in force" if _same(one, wanted) else "other settings than this machine's files")
        table.add_row(*map(escape, (one.worker, one.digest, told)))
    console().print(table)
