"""Which message describes a record, and which record is the current one of a row. Pure functions: the result depends
on the messages, never on the order in which they were read (ADR 0014).
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from hub.records.tables import RANK

Row = dict[str, Any]
"""A row of the table ``record``."""

UNOPENED: Final = -1
"""The reading of a message whose seal could not be checked. Its fields are not used, and every other message ranks
higher."""

Group = tuple[bytes, int]
"""The id of a row, and one of its versions."""


class Contested(NamedTuple):
    """Several contents of one version of a row without an order from the source. The one that was read last counts."""

    source: str
    kind: str
    version: int
    record_ids: tuple[bytes, ...]


def standing(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key: of several messages about one record, the highest describes it. It compares the reading, then verified
    over rejected, then authority, then the time of the verdict and its place."""
    verified = row["state"] == "verified"
    return row["reading"], verified, row["authority"], row["judged_ms"], row["partition"], row["offset"]


def merged(before: Row, message: Row) -> Row:
    """The row of a record after one more message about it. ``read_at_ms`` is the latest of both."""
    first = message if standing(message) > standing(before) else before
    read_at_ms = max(one["read_at_ms"] for one in (before, message))
    return first | {"seen": before["seen"] + message["seen"], "read_at_ms": read_at_ms, "nth": before["nth"]}


def rank(row: Mapping[str, Any]) -> tuple[Any, ...]:
    """Sort key of the verified records of one row, by ``RANK``."""
    return tuple(row[name] for name in RANK)


def group(row: Mapping[str, Any]) -> Group:
    """The group that a record belongs to: contents of the same version of the same row."""
    return row["row_id"], row["version"]


def numbered(rows: Iterable[Row]) -> dict[bytes, int]:
    """Record id → ``nth`` for the records of one group. They are numbered in the order of ids; the order has no
    meaning, but every process computes the same one.
    """
    return {record_id: nth for nth, record_id in enumerate(sorted(row["record_id"] for row in rows))}


def contested(rows: Iterable[Row], fresh: frozenset[bytes]) -> Iterator[Contested]:
    """Sets of contents in one group with the same revision, if one of ``fresh`` is among them."""
    by_revision: dict[int, list[Row]] = {}
    for row in rows:
        by_revision.setdefault(row["revision"], []).append(row)
    for same in by_revision.values():
        ids = tuple(sorted(row["record_id"] for row in same))
        if len(ids) > 1 and not fresh.isdisjoint(ids):
            yield Contested(same[0]["source"], same[0]["kind"], same[0]["version"], ids)
