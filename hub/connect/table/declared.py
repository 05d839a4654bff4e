"""A declared source of the transport ``table``."""

from collections.abc import Mapping
from typing import Any

from hub.connect.context import Context
from hub.connect.table.report import TableReport
from hub.connect.table.source import TableSource, Timing
from hub.connect.table.spec import REPORT_URL
from hub.errors import Misconfigured


def open_table(options: Mapping[str, Any], context: Context) -> TableSource:
    """Open the source that the folder declares. Makes no call. Raises ``Misconfigured``.

    Its settings are ``url``, an SQLAlchemy URL, and where the connector declares them ``lag_s``, ``sweep_s`` and
    ``full_reload`` in place of those of ``[table]``; ``report_url``, by which verdicts are written back.
    """
    info, spec = context.info, context.info.table
    if spec is None:
        raise Misconfigured(f"{info.name} has no section [table]", "describe the table: docs/connectors.md")
    if "url" not in options:
        raise Misconfigured(f"{info.name} declares no setting 'url'", "its connector.toml needs a [[settings]] of it")
    if strange := sorted({*info.lookup_by} ^ {*spec.lookups}):
        raise Misconfigured(
            f"{info.name}: lookup_by and [table.lookups] differ by {strange[0]}", "name the same questions in both"
        )
    timing = Timing(*(options.get(name, getattr(spec, name)) for name in ("lag_s", "sweep_s", "full_reload")))
    written = options.get(REPORT_URL)
    report = TableReport(written, spec, spec.report, context) if written and spec.report else None
    return TableSource(options["url"], spec, timing, context, report)
