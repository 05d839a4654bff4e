"""``hub replay TOPIC``: committed history, as far as it lies in the open."""

import json
import sys
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from hub import settings as hub_settings
from hub.cli._console import console
from hub.clock import SystemClock
from hub.logs import open_log
from hub.pipeline.replay import Range, replay

_TABLE_ROWS = 50


@click.command("replay")
@click.argument("topic")
@click.option("--partition", type=click.IntRange(0), help="Only this partition.")
@click.option("--from-offset", default=0, type=click.IntRange(0), help="From this offset on.")
@click.option("--to-offset", type=click.IntRange(0), help="Up to this offset, excluded.")
@click.option("--since", type=click.DateTime(), help="From this time on, UTC.")
@click.option("--until", type=click.DateTime(), help="Before this time, UTC.")
@click.option("--key", metavar="HEX", help="Only records with this key (an entity id).")
@click.option(
    "--limit", type=click.IntRange(1), help=f"At most so many records. [default: {_TABLE_ROWS} as a table, all as JSON]"
)
@click.option(
    "--json", "as_json", is_flag=True, help="One JSON object a line: position, headers, and the open part of the value."
)
@click.pass_obj
def command(
    config: Path | None,
    /,
    topic: str,
    key: str | None,
    since: datetime | None,
    until: datetime | None,
    limit: int | None,
    as_json: bool,
    **span: Any,
) -> None:
    """Read a topic's history, in order, as it was committed. Reads only: `hub run` may go on.

    What is sealed is shown as sealed, with its length. Positions are the log's own, so that two people who replay the
    same range see the same.

    \b
      hub replay licence.business.verified --limit 10
      hub replay licence.business.rejected --since 2026-11-01 --json | jq .headers.hub_reasons
      hub replay application.events --key 82d731f90f88ed71c625fca9f44d39fc
    """
    wanted = Range(key=_key(key), since_ms=_ms(since), until_ms=_ms(until), **span)
    log = open_log(hub_settings.load(config).log_url, SystemClock())
    try:
        if topic not in log.topics():
            raise click.UsageError(f"no topic {topic!r}; `hub topics` lists them")
        found = islice(replay(log, topic, wanted), limit or (None if as_json else _TABLE_ROWS))
        if as_json:
            for one in found:
                sys.stdout.write(json.dumps(one, ensure_ascii=False) + "\n")
        else:
            console().print(_table(found))
    finally:
        log.close()


def _key(text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        raise click.UsageError(f"--key {text!r} is not hexadecimal") from None


def _ms(moment: datetime | None) -> int | None:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000) if moment else None


def _table(found: Any) -> Table:
    table = Table("partition", "offset", "time (UTC)", "key", "type", "what")
    for one in found:
        headers = one["headers"]
        table.add_row(
            str(one["partition"]),
            str(one["offset"]),
            one["time"][:23],
            (one["key"] or "")[:12],
            headers.get("ce_type", ""),
            _what(one),
        )
    return table


def _what(one: dict[str, Any]) -> str:
    """A record in a few words: its reasons, or what its open part says of it."""
    if reasons := one["headers"].get("hub_reasons"):
        return ", ".join(f"{reason['code']} {reason['field']}".strip() for reason in reasons)
    value = one["value"] or {}
    names = ("type", "kind", "status", "assurance", "region", "outcome", "source", "cursor")
    return " ".join(str(value[name]) for name in names if isinstance(value.get(name), str))
