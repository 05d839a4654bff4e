"""The last look at what a source gave, before anything is written (P3): declared sources leave out what the grant does
not have where they map their rows, a connector in Python does it itself (``Context.granted``)."""

from collections.abc import Collection
from dataclasses import replace

from hub.errors import Misconfigured
from hub.grants.dropped import Dropped
from hub.grants.grant import Grant
from hub.grants.originals import UNREADABLE, is_json, names, withheld
from hub.ports import Page, SourceRow


def within(page: Page, grant: Grant, columns: Collection[str], dropped: Dropped, mapped: bool) -> Page:
    """The page without the bytes of rows that cannot be read, where a column outside the grant may be in them: those
    that are no JSON, and those with one of the connector's ``columns`` that the grant does not have. Their digest and
    size stay. ``mapped``: rows that were read have been mapped without what is outside the grant (``row_of``). Where
    they were not, raises ``Misconfigured`` when the original of one has a column outside it."""
    beyond = frozenset(one.rpartition(".")[2] for one in grant.beyond(columns))
    if not beyond and all(row.record is not None for row in page.rows):
        return page
    return replace(
        page, rows=[row if mapped and row.record else _row(row, grant, beyond, dropped) for row in page.rows]
    )


def _row(row: SourceRow, grant: Grant, beyond: frozenset[str], dropped: Dropped) -> SourceRow:
    found = _found(row.raw, beyond)
    if row.record is None and (found or not is_json(row.raw)):
        dropped.add((UNREADABLE,))
        return replace(row, raw=withheld(row.raw), proof=b"")
    if found:
        raise Misconfigured(
            f"{grant.source}: the connector gives {', '.join(sorted(found))}, outside its grant {grant.approval}",
            "its author must leave them out (docs/connectors.md), or add them to `fields` where they were approved",
        )
    return row


def _found(raw: bytes, beyond: frozenset[str]) -> frozenset[str]:
    """Those of ``beyond`` that the original has, or may have."""
    if not beyond:
        return beyond
    there = names(raw, 1)
    return beyond if there is None else beyond & there
