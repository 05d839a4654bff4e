"""The exchange table as a ``Source``."""

from collections.abc import Mapping
from typing import Any

from connectors.property_title.mapping import to_record
from hub.connect.context import Context
from hub.connect.table.rows import mapped_by
from hub.connect.table.source import TableSource, Timing
from hub.connect.table.spec import TableSpec

SPEC = TableSpec.model_validate(
    {
        "name": "ex_bdc_title",
        "key": "rowguid",
        "time": "update_time",
        "operation": "operatetype",
        "columns": [
            "bdcdyh",
            "bdcqzh",
            "zl",
            "ghyt",
            "mj",
            "djlx",
            "djyy",
            "djsj",
            "qszt",
            "gyfs",
            "cfzt",
            "dyzt",
            "xzqhdm",
            "djjg",
            "fj",
        ],
        "texts": ["bdcqzh", "zl", "ghyt", "djyy", "fj", "qlr"],
        "children": {
            "holders": {
                "table": "ex_bdc_qlr",
                "parent": "title_rowguid",
                "order": "sxh",
                "columns": ["qlr", "zjzl", "zjh", "qlbl"],
            }
        },
        "lookups": {
            "unit-no": {"column": "bdcdyh"},
            "resident-id": {"child": "holders", "column": "zjh"},
            "uscc": {"child": "holders", "column": "zjh"},
        },
        "in_force": {"column": "qszt", "in": ["1"]},
    }
)


def open_source(options: Mapping[str, Any], context: Context) -> TableSource:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    timing = Timing(options["lag_s"], options["sweep_s"], options["full_reload"])
    to_row = mapped_by(lambda row: to_record(row, context.codes))
    return TableSource(options["url"], SPEC, timing, context, to_row)
