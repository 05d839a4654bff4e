"""The last look at what a source gave, before anything is written (P3): declared sources leave out what the grant does
not have where they map their rows, a connector in Python does it itself (``Context.granted``)."""

import json
from collections.abc import Collection
from dataclasses import replace
from hashlib import sha256
from typing import Any

from hub.errors import Misconfigured
from hub.grants.dropped import Dropped
from hub.grants.grant import Grant
from hub.ports import Page, SourceRow

UNREADABLE = "(row that cannot be read)"
"""What is counted where the bytes of a whole row are left out."""


def within(page: Page, grant: Grant, columns: Collection[str], dropped: Dropped, mapped: bool) -> Page:
    """The page without the bytes of rows that cannot be read, where the grant does not have all of the connector's
    ``columns``: which columns are in them cannot be told. Their digest and size stay. ``mapped``: rows that were read
    have been mapped without what is outside the grant (``row_of``). Where they were not, raises ``Misconfigured`` when
    the original of one has a column outside it."""
    beyond = frozenset(one.rpartition(".")[2] for one in grant.beyond(columns))
    if not beyond:
        return page
    return replace(
        page, rows=[row if mapped and row.record else _row(row, grant, beyond, dropped) for row in page.rows]
    )


def _row(row: SourceRow, grant: Grant, beyond: frozenset[str], dropped: Dropped) -> SourceRow:
    names = _names(row.raw)
    found = beyond if names is None else beyond & names
    if not found:
        return row
    if row.record is None:
        dropped.add((UNREADABLE,))
        told = {"withheld": sha256(row.raw).hexdigest(), "bytes": len(row.raw)}
        return replace(row, raw=json.dumps(told).encode(), proof=b"")
    raise Misconfigured(
        f"{grant.source}: the connector gives {', '.join(sorted(found))}, outside its grant {grant.approval}",
        "its author must leave them out (docs/connectors.md), or add them to `fields` where they were approved",
    )


def _names(raw: bytes) -> set[str] | None:
    """Every name of an object in the row's original, at any depth; ``None`` when it is no JSON."""
    try:
        waiting = [json.loads(raw)]
    except (ValueError, RecursionError):
        return None
    found: set[str] = set()
    while waiting:
        value: Any = waiting.pop()
        if isinstance(value, dict):
            found.update(value)
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
    return found
