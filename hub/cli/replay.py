"""``hub replay TOPIC``: shows committed records. Sealed parts stay sealed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click
from rich.markup import escape
from rich.table import Table

from hub.cli.shown.console import console
from hub.cli.shown.moments import MOMENT, TIME, shown_in_china
from hub.cli.topics import json_option, known, log_option, opened
from hub.codec import wire
from hub.codec.catalogue import catalogue
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.topics import cloudevents

SEALED = frozenset({"ciphertext", "original", "sealed", "sealed_reason", "sealed_receipt"})
"""Fields that hold sealed bytes: only their size is shown."""
_JSON_HEADERS = (cloudevents.REASONS, cloudevents.CURSOR)
_GIST = ("type", "kind", "status", "assurance", "region", "outcome", "source", "cursor", "unreadable")
_TABLE_ROWS = 50


class Wanted(NamedTuple):
    """Which records to show. Offsets and times (ms since the epoch): from the first value up to before the second."""

    topic: str
    partition: int | None
    from_offset: int | None
    to_offset: int | None
    since: int | None
    until: int | None
    key: bytes | None


def _hex(_: click.Context, __: click.Parameter, text: str | None) -> bytes | None:
    try:
        return bytes.fromhex(text) if text else None
    except ValueError:
        raise click.BadParameter(f"{text!r} is not hexadecimal") from None


@click.command("replay")
@click.argument("topic")
@click.option("--partition", type=click.IntRange(0), help="Only this partition.")
@click.option("--from-offset", type=click.IntRange(0), help="First offset.")
@click.option("--to-offset", type=click.IntRange(0), help="Offset after the last one.")
@click.option("--since", type=MOMENT, help="Records with this time or a later one, China's time.")
@click.option("--until", type=MOMENT, help="Records before this time, China's time.")
@click.option("--key", callback=_hex, metavar="HEX", help="Only records with this key (entity id).")
@click.option(
    "--limit", type=click.IntRange(0), help="Largest number of records. [default: 50 as a table, all as JSON]"
)
@log_option
@json_option
@click.pass_obj
def command(config: Path | None, /, limit: int | None, url: str | None, as_json: bool, **wanted: Any) -> None:
    """Show the committed records of TOPIC in order, one partition after the other. `hub run` may run meanwhile.

    Changes nothing. Sealed fields stay sealed: only their size is shown. --json gives the whole record, decoded by its
    schema. Two people who replay the same range of offsets see the same records.

    \b
      hub replay licence.business.verified --limit 10
      hub replay licence.business.rejected --since 2026-11-01 --json | jq .headers.hub_reasons
      hub replay connection.events --key 82d731f90f88ed71c625fca9f44d39fc
    """
    with opened(config, url) as (log, _):
        views = _views(log, Wanted(**wanted))
        if as_json:
            for view in _limited(views, limit or 0):
                click.echo(json.dumps(view, ensure_ascii=False, default=str))
        else:
            _print_table(_limited(views, _TABLE_ROWS if limit is None else limit))


def _limited(views: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    for number, view in enumerate(views, 1):
        yield view
        if number == limit:
            return


def _print_table(views: Iterator[dict[str, Any]]) -> None:
    table = Table("partition", "offset", TIME, "key", "type", "what")
    for view in views:
        cells = (view["partition"], view["offset"], shown_in_china(view["time"]), (view["key"] or "")[:12])
        table.add_row(*(escape(str(cell)) for cell in (*cells, view["headers"].get(cloudevents.TYPE, ""), gist(view))))
    console().print(table)


def gist(view: dict[str, Any]) -> str:
    """A record in a few words: its reasons if it was rejected, otherwise some fields of its open part."""
    reasons = view["headers"].get(cloudevents.REASONS)
    if isinstance(reasons, list):
        return ", ".join(f"{reason['code']} {reason['field']}".strip() for reason in reasons)
    value = view["value"] or {}
    return " ".join(str(value[name]) for name in _GIST if isinstance(value.get(name), str))


def _views(log: RecordLog, wanted: Wanted) -> Iterator[dict[str, Any]]:
    bounds = known(log, wanted.topic)
    for partition in bounds if wanted.partition is None else [wanted.partition]:
        start, stop = _range(log, wanted, partition)
        for batch in log.scan(wanted.topic, partition, start, stop):
            for record in batch.records:
                if _matches(record, wanted):
                    yield view(wanted.topic, partition, record)


def _range(log: RecordLog, wanted: Wanted, partition: int) -> tuple[int, int | None]:
    """(First offset, offset after the last) to read. Timestamps are not strictly in order, so ``until`` is compared
    with each record."""
    start = wanted.from_offset or 0
    if wanted.since:
        start = max(start, log.offset_at(wanted.topic, partition, wanted.since))
    return start, wanted.to_offset


def _matches(record: LogRecord, wanted: Wanted) -> bool:
    return (
        (wanted.key is None or record.key == wanted.key)
        and (wanted.since is None or record.timestamp >= wanted.since)
        and (wanted.until is None or record.timestamp < wanted.until)
    )


def view(topic: str, partition: int, record: LogRecord) -> dict[str, Any]:
    """A record as plain JSON: key in hexadecimal, headers as text, value decoded by its schema, sealed fields as their
    size."""
    schema, value = _decoded(record.value)
    return {
        "topic": topic,
        "partition": partition,
        "offset": record.offset,
        "time": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": record.key.hex() if record.key is not None else None,
        "headers": {name: _header(name, content) for name, content in record.headers},
        "schema": schema,
        "value": value,
    }


def _decoded(frame: bytes | None) -> tuple[str | None, Any]:
    if frame is None:
        return None, None
    try:
        number, value = wire.decode(frame)
    except RecordRejected as rejected:
        return None, {"unreadable": rejected.code, "bytes": len(frame)}
    schema = catalogue().by_id(number)
    return f"{schema.name}.v{schema.version}", _plain(value)


def _plain(value: Any, name: str = "") -> Any:
    if isinstance(value, dict):
        return {key: _plain(inner, key) for key, inner in value.items()}
    if isinstance(value, list):
        return [_plain(inner, name) for inner in value]
    if isinstance(value, bytes):
        return f"sealed, {len(value)} bytes" if name in SEALED else value.hex()
    return value


def _header(name: str, content: bytes | None) -> Any:
    try:
        text = (content or b"").decode()
        return json.loads(text) if name in _JSON_HEADERS else text
    except ValueError:
        return (content or b"").hex()
