"""``samples/NAME.json`` of a declared source: one row as the source sends it, and what it becomes."""

import json
from collections.abc import Mapping
from importlib.resources.abc import Traversable
from typing import Any, Final

from hub.connect.declared.rows import DeclaredRow
from hub.connect.folder import Folder
from hub.connect.mapping import plain_value
from hub.errors import Misconfigured
from hub.ports import SourceRow
from hub.records.identifiers import tidy
from hub.records.kinds import KINDS
from hub.records.shape import check_shape

_EXPECTED: Final = ".expected.json"


def sample_names(root: Traversable) -> list[str]:
    """The names of the samples in a folder, in alphabetical order."""
    folder = root.joinpath("samples")
    files = [file.name for file in folder.iterdir()] if folder.is_dir() else []
    return sorted(name[: -len(".json")] for name in files if name.endswith(".json") and not name.endswith(_EXPECTED))


def sample_row(folder: Folder, name: str) -> DeclaredRow:
    """A sample as the transport would read it. Raises ``Misconfigured`` for a file that is no JSON object."""
    where = f"{folder.name}/samples/{name}.json"
    try:
        columns = json.loads(folder.root.joinpath("samples", f"{name}.json").read_text("utf-8"))
    except (ValueError, RecursionError) as error:
        raise Misconfigured(f"{where} is no JSON ({type(error).__name__})", "correct the file") from None
    if not isinstance(columns, dict):
        raise Misconfigured(f"{where} is no JSON object", "write one row: column → value; lines of a child as a list")
    return declared_sample(folder, columns)


def declared_sample(folder: Folder, columns: Mapping[str, Any]) -> DeclaredRow:
    """Columns as a row. Its key, version and operation are in the columns that the folder's section names; without
    them, they are "K", 1, and what a column `operation` says (UPSERT, DELETE)."""
    section: Any = folder.info.section
    head = getattr(section, "row", section)
    parts = [tidy(str(columns[name])) for name in getattr(head, "key", ()) if name in columns]
    version = columns.get(getattr(head, "version", ""), 1)
    return DeclaredRow(
        "-".join(parts) or "K", version if type(version) is int else 1, _operation(head, columns), columns
    )


def _operation(head: Any, columns: Mapping[str, Any]) -> str:
    rule = getattr(head, "deleted_when", None)
    if rule is not None and tidy(str(columns.get(rule.column, ""))) in rule.among:
        return "DELETE"
    code = columns.get(getattr(head, "operation", "") or "operation")
    if code in ("UPSERT", "DELETE"):
        return str(code)
    words: Mapping[str, str] = getattr(head, "operations", {})
    return "UPSERT" if code is None else words.get(tidy(str(code)), "UPSERT")


def plain_row(row: SourceRow, kind: str) -> Any:
    """A mapped row as plain JSON, as ``samples/NAME.expected.json`` holds it: the completed record, or the faults, also
    those of its shape."""
    record = KINDS[kind].complete(row.record) if row.record is not None else None
    faults = row.faults if record is None else check_shape(kind, record)
    return {"faults": [list(fault) for fault in faults]} if faults else plain_value(record)
