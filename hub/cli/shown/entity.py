"""What is known of one thing, as JSON and as tables. Personal values are shown by their form only (P5)."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table

from hub.cli.shown.console import console
from hub.connect.host.forms import masked
from hub.operate.entity import Entity
from hub.operate.filed import Filed


def plain(found: Entity) -> dict[str, Any]:
    """The thing as plain JSON."""
    records = [{**asdict(one), "record_id": one.record_id.hex()} for one in found.records]
    said = {
        name: {"value": masked({name: one.value})[name], "record_id": records[one.by]["record_id"]}
        for name, one in found.fields.items()
    }
    head = {"entity_id": found.entity_id.hex(), "kind": found.kind, "more": found.more}
    return {**head, "records": records, "fields": said}


def show_entity(found: Entity) -> None:
    """Print the thing: its records by rank, then its fields with the source that says each."""
    told = plain(found)
    click.echo(f"{found.kind} {told['entity_id']}" + (" (it has more records than are shown)" if found.more else ""))
    records = Table("rank 次序", "source 来源", "authority 机构", "status 状态", "version 版本", "record 记录")
    for one in found.records:
        status = one.status if one.operation == "UPSERT" else one.operation
        cells = str(one.rank), one.source, one.authority, status, str(one.version), one.record_id.hex()
        records.add_row(*cells)
    console().print(records)
    fields = Table("field 字段", "value 值(脱敏)", "said by 依据")
    for name, one_said in found.fields.items():
        value = told["fields"][name]["value"]
        text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        fields.add_row(name, text, found.records[one_said.by].source)
    console().print(fields)


def plain_files(files: Sequence[Filed]) -> list[dict[str, Any]]:
    """The files of licences as plain JSON."""
    return [one._asdict() | {"record_id": one.record_id.hex(), "case_id": one.case_id.hex()} for one in files]


def show_files(files: Sequence[Filed]) -> None:
    """Print the files of licences; nothing where there are none."""
    if not files:
        return
    table = Table("file of record 证照文件", "case 办件", "state 状态", "type 类型", "bytes 字节", "digest 摘要")
    for one in files:
        state = f"{one.state} {one.reason}" if one.reason else one.state
        cells = one.record_id.hex(), one.case_id.hex(), state, one.media_type or "", str(one.size or ""), one.digest
        table.add_row(*cells)
    console().print(table)
