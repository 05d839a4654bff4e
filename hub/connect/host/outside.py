"""A connector that reads its rows in Python leaves out itself what its grant does not have (``Context.granted``). Here
it is checked that it did, before anything is written (P3)."""

import json
from collections.abc import Collection, Iterator
from typing import Any

from hub.errors import Misconfigured
from hub.grants.grant import Grant
from hub.ports import Page


def check_page(page: Page, grant: Grant, columns: Collection[str]) -> Page:
    """The page. Raises ``Misconfigured`` when the original of one of its rows has one of the connector's ``columns``
    that the grant does not have. An original that is no JSON cannot be looked into."""
    beyond = frozenset(one.rpartition(".")[2] for one in grant.beyond(columns))
    for row in page.rows if beyond else ():
        if found := sorted(beyond.intersection(_names(row.raw))):
            raise Misconfigured(
                f"{grant.source}: the connector gives {', '.join(found)}, outside its grant {grant.approval}",
                "its author must leave them out (docs/connectors.md), or add them to `fields` where they were approved",
            )
    return page


def _names(raw: bytes) -> Iterator[str]:
    """Every name of an object in the row's original, at any depth."""
    try:
        waiting = [json.loads(raw)]
    except (ValueError, RecursionError):
        return
    while waiting:
        value: Any = waiting.pop()
        if isinstance(value, dict):
            yield from value
            waiting.extend(value.values())
        elif isinstance(value, list):
            waiting.extend(value)
