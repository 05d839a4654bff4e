"""What is known of one thing, as JSON and as tables. Personal values are shown by their form only (P5)."""

import json
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table

from hub.cli._console import console
from hub.connect.host.forms import masked
from hub.operate.entity import Entity


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
