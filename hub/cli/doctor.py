"""``hub doctor``: is this installation sound?"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click

from hub import settings as hub_settings
from hub.bootstrap import Hub
from hub.cases.worktime import china_day, is_working_day
from hub.clock import SystemClock
from hub.errors import HubError, Misconfigured
from hub.records.topics import declared
from hub.settings import Settings
from hub.stores.migrate import current_revision, head


class Finding(NamedTuple):
    """One thing looked at; ``remedy`` is empty when it is sound."""

    what: str
    sound: bool
    detail: str
    remedy: str = ""


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def command(config: Path | None, as_json: bool) -> None:
    """Look at everything the hub stands on, and say what to mend. Changes nothing that is there. Exit 1 when
    something is wrong."""
    sound = True
    for one in _findings(config):
        sound &= one.sound
        if as_json:
            click.echo(json.dumps(one._asdict(), ensure_ascii=False))
        else:
            mark = click.style("ok  ", fg="green") if one.sound else click.style("BAD ", fg="red")
            click.echo(
                f"{mark} {one.what:12} {one.detail}" + (f"\n                  → {one.remedy}" if one.remedy else "")
            )
    sys.exit(0 if sound else 1)


def _findings(config: Path | None) -> Iterator[Finding]:
    try:
        settings = hub_settings.load(config)
        hub = Hub(settings, SystemClock())
    except HubError as error:
        yield _bad("settings", error)
        return
    yield Finding("settings", True, f"{settings.instance}, {len(settings.connectors)} connectors")
    for check in (_log, _topics, _store, _vault, _connectors, _calendar):
        what = check.__name__.removeprefix("_")
        try:
            yield Finding(what, True, check(hub, settings))
        except HubError as error:
            yield _bad(what, error)
    hub.close()


def _bad(what: str, error: HubError) -> Finding:
    remedy = error.remedy if isinstance(error, Misconfigured) else "see that it runs and can be reached from here"
    return Finding(what, False, str(error).removesuffix(f" — {remedy}"), remedy)


def _log(hub: Hub, settings: Settings) -> str:
    return f"{hub_settings.without_secrets(settings.log_url)}, {len(hub.log.topics())} topics"


def _topics(hub: Hub, settings: Settings) -> str:
    there, wanted = hub.log.topics(), declared(settings.partitions)
    missing = [spec.name for spec in wanted if spec.name not in there]
    if missing:
        raise Misconfigured(
            f"{len(missing)} topics are missing: {', '.join(missing[:3])} …", "start `hub run` once: it creates them"
        )
    uneven = [spec.name for spec in wanted if there[spec.name] != spec.partitions]
    if uneven:
        raise Misconfigured(
            f"{uneven[0]} has {there[uneven[0]]} partitions, not {settings.partitions}",
            "set `partitions` to what the topics have: a record must keep its partition along its path",
        )
    return f"{len(wanted)} declared, {settings.partitions} partitions each"


def _store(hub: Hub, settings: Settings) -> str:
    with hub.store.read() as connection:
        found = current_revision(connection)
    if found is None or found < head():
        raise Misconfigured(
            f"the tables are at revision {found}, this hub needs {head()}", "start `hub run`: it migrates"
        )
    return f"{hub_settings.without_secrets(settings.store_url)}, revision {found}"


def _vault(hub: Hub, settings: Settings) -> str:
    hub.vault.find("doctor", ["probe"])
    return f"{hub_settings.without_secrets(settings.vault_url)}, master key opens it"


def _connectors(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    hub.check_connectors()
    return ", ".join(hub.connectors) or "none configured"


def _calendar(hub: Hub, settings: Settings) -> str:  # noqa: ARG001
    today = china_day(hub.clock.now())
    is_working_day(today)
    return f"working days of {today.year} are known"
