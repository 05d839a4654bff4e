"""``hub replay TOPIC``: committed records as they lie, the sealed parts sealed."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import click

from hub.cli.topics import json_option, known, log_option, opened
from hub.errors import RecordRejected
from hub.ports import LogRecord, RecordLog
from hub.records import wire
from hub.records.catalogue import catalogue

SEALED = frozenset({"ciphertext", "original", "sealed", "sealed_reason"})
"""Fields that hold sealed bytes: only their size is shown."""


class Wanted(NamedTuple):
    """Which records to show; offsets and times from–to, the end left out."""

    topic: str
    partition: int | None
    from_offset: int | None
    to_offset: int | None
    since: datetime | None
    until: datetime | None
    key: bytes | None


class Hex(click.ParamType[bytes]):
    """Bytes in hex."""

    name = "hex"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> bytes:
        try:
            return bytes.fromhex(value)
        except ValueError:
            self.fail(f"{value!r} is not hexadecimal", param, ctx)


@click.command("replay")
@click.argument("topic")
@click.option("--partition", type=click.IntRange(0), help="Only this partition.")
@click.option("--from-offset", type=click.IntRange(0), help="From this offset on.")
@click.option("--to-offset", type=click.IntRange(0), help="Up to before this offset.")
@click.option("--since", type=click.DateTime(), help="Records of this time or later, UTC.")
@click.option("--until", type=click.DateTime(), help="Records before this time, UTC.")
@click.option("--key", type=Hex(), metavar="HEX", help="Only records with this key (entity id).")
@click.option("--limit", type=click.IntRange(0), default=50, show_default=True, help="Records shown; 0 for all.")
@log_option
@json_option
@click.pass_obj
def command(config: Path | None, /, limit: int, url: str | None, as_json: bool, **wanted: Any) -> None:
    """Show the committed records of TOPIC, decoded, partition by partition. May run beside `hub run`; changes nothing.

    What is sealed stays sealed: its size is shown, never its content.
    """
    with opened(config, url) as (log, _):
        shown = _limited(_views(log, Wanted(**wanted)), limit)
        if as_json:
            for view in shown:
                click.echo(json.dumps(view, ensure_ascii=False, default=str))
        else:
            _print_lines(shown)


def _limited(views: Iterator[dict[str, Any]], limit: int) -> Iterator[dict[str, Any]]:
    for number, view in enumerate(views, 1):
        yield view
        if number == limit:
            return


def _print_lines(views: Iterator[dict[str, Any]]) -> None:
    """One block a record, as it comes: a table would have to wait for the last."""
    for view in views:
        click.echo(f"{view['partition']}/{view['offset']}  {view['time']}  key {view['key']}  {view['schema'] or ''}")
        for name, value in {**view["headers"], **_lines(view["value"])}.items():
            click.echo(f"    {name:24} {json.dumps(value, ensure_ascii=False, default=str)}")


def _lines(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {"value": value}


def _views(log: RecordLog, wanted: Wanted) -> Iterator[dict[str, Any]]:
    bounds = known(log, wanted.topic)
    for partition in bounds if wanted.partition is None else [wanted.partition]:
        start, stop = _range(log, wanted, partition)
        for batch in log.scan(wanted.topic, partition, start, stop):
            for record in batch.records:
                if _matches(record, wanted):
                    yield view(wanted.topic, partition, record)


def _range(log: RecordLog, wanted: Wanted, partition: int) -> tuple[int, int | None]:
    """Offsets to read. Times only grow roughly, so the end of a span of time is found by looking at each record."""
    start = wanted.from_offset or 0
    if wanted.since:
        start = max(start, log.offset_at(wanted.topic, partition, _ms(wanted.since)))
    return start, wanted.to_offset


def _matches(record: LogRecord, wanted: Wanted) -> bool:
    return (
        (wanted.key is None or record.key == wanted.key)
        and (wanted.since is None or record.timestamp >= _ms(wanted.since))
        and (wanted.until is None or record.timestamp < _ms(wanted.until))
    )


def _ms(moment: datetime) -> int:
    return int(moment.replace(tzinfo=UTC).timestamp() * 1000)


def view(topic: str, partition: int, record: LogRecord) -> dict[str, Any]:
    """A record as plain JSON: key in hex, headers as text, value decoded by its schema, what is sealed as its size."""
    schema, value = _decoded(record.value)
    return {
        "topic": topic,
        "partition": partition,
        "offset": record.offset,
        "time": datetime.fromtimestamp(record.timestamp / 1000, UTC).isoformat(timespec="milliseconds"),
        "key": record.key.hex() if record.key is not None else None,
        "headers": {name: _text(content) for name, content in record.headers},
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


def _text(content: bytes) -> str:
    try:
        return content.decode()
    except UnicodeDecodeError:
        return content.hex()
