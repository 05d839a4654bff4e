"""A declared source on a table that a test makes: each column is a field of its record, each child a list."""

from pathlib import Path
from typing import Any

from hub.connect.context import Context
from hub.connect.declared.opening import open_declared
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Limits, Title
from hub.connect.table.source import TableSource
from hub.ports import Clock


def table_source(home: Path, url: str, clock: Clock, spec: dict[str, Any], **limits: Any) -> TableSource:
    """The source that ``spec`` describes, opened as the hub opens it."""
    info = ConnectorInfo(
        name="sample", kind="licence.property-title", title=Title(zh="样例", en="Sample"), direction="source",
        transport="table", lookup_by=tuple(spec.get("lookups", ())), table=spec,  # type: ignore[arg-type]
    )  # fmt: skip
    assert info.table
    lines = ["[fields]", *(_field(column) for column in info.table.columns)]
    for name, child in info.table.children.items():
        lines += [f"[each.{name}]", f'from = "{name}"', f"[each.{name}.fields]"]
        lines += [_field(column) for column in child.columns]
    (home / "mapping.toml").write_text("\n".join(lines), "utf-8")
    source = open_declared({"url": url}, Context(info, Limits(**limits), clock, Folder("sample", home)))
    assert isinstance(source, TableSource)
    return source


def _field(column: str) -> str:
    return f'{column.lower()} = {{ from = "{column}", required = false }}'
