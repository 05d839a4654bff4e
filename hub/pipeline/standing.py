"""Which message speaks for a record, and which record counts for a row. Pure: the answers depend on what was said,
never on the order in which it was read (ADR 0014).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

Row = dict[str, Any]
"""A row of the table ``record``."""

UNOPENED: Final = -1
"""The reading of a message whose seal could not be checked: nothing in it is believed, and any other outranks it."""
RANK: Final = ("version", "revision", "read_at_ms", "authority", "reading", "record_id")
"""By these columns, in this order, the highest verified record of a row is the one that counts."""

Group = tuple[bytes, int]
"""A row's id and a version of it."""


class Contested(NamedTuple):
    """Several contents of one version of a row between which the source gives no order: the one read later counts."""

    source: str
    kind: str
    version: int
    record_ids: tuple[bytes, ...]


def standing(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Of several messages about one record, the one that stands highest speaks for it: the highest reading, verified
    before rejected, then authority, and the latest verdict."""
    verified = row["state"] == "verified"
    return row["reading"], verified, row["authority"], row["judged_ms"], row["partition"], row["offset"]


def merged(before: Row, message: Row) -> Row:
    """A record after one more message about it. A later reading of the same content moves ``read_at_ms`` up."""
    first = message if standing(message) > standing(before) else before
    read_at_ms = max(one["read_at_ms"] for one in (before, message))
    return first | {"seen": before["seen"] + message["seen"], "read_at_ms": read_at_ms, "nth": before["nth"]}


def rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """The place of a verified record among those of its row."""
    return tuple(row[name] for name in RANK)


def group(row: Mapping[str, Any]) -> Group:
    """Whose contents it stands among."""
    return row["row_id"], row["version"]


def numbered(rows: Iterable[Row]) -> dict[bytes, int]:
    """``nth`` of each record of one group, by its id: the order of the ids, which says nothing but is the same for all
    who count."""
    return {record_id: nth for nth, record_id in enumerate(sorted(row["record_id"] for row in rows))}


def contested(rows: Iterable[Row], fresh: frozenset[bytes]) -> Iterator[Contested]:
    """Contents of one group between which there is no order, where one of ``fresh`` is among them."""
    by_revision: dict[int, list[Row]] = {}
    for row in rows:
        by_revision.setdefault(row["revision"], []).append(row)
    for same in by_revision.values():
        ids = tuple(sorted(row["record_id"] for row in same))
        if len(ids) > 1 and not fresh.isdisjoint(ids):
            yield Contested(same[0]["source"], same[0]["kind"], same[0]["version"], ids)
