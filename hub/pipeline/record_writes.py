"""Writes the changes of a batch into the tables of records, and adds its counts to the tallies."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import partial
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Table, delete, or_, select, tuple_, update

from hub.pipeline.standing import Row, rank
from hub.records.tables import RANK, current, reason_tally, record, record_link, tally
from hub.stores import bulk

Counts = Counter[tuple[str, str, str]]
_PLACES = ("received", "looked_up", "verified", "rejected", "duplicate", "readings", "revised")


@dataclass(slots=True)
class Changes:
    """What one batch changes, by record id. ``before`` and ``after``: the rows of its records; ``spoken``: records that
    a message of the batch describes; ``links``: the links of those that are verified; ``moved``: new numbers (``nth``)
    of other contents of a version."""

    before: dict[bytes, Row] = field(default_factory=dict)
    after: dict[bytes, Row] = field(default_factory=dict)
    spoken: set[bytes] = field(default_factory=set)
    links: dict[bytes, frozenset[bytes]] = field(default_factory=dict)
    moved: dict[bytes, int] = field(default_factory=dict)


def write(connection: Connection, changes: Changes) -> None:
    """Write the changes to the tables of records, except the tallies. Raises ``IntegrityError`` when another process
    wrote a record of the same version of a row at the same moment."""
    new = [row for one, row in changes.after.items() if one not in changes.before]
    changed = [row for one, row in changes.after.items() if one in changes.before and row != changes.before[one]]
    # The highest number first, so that no two records ever have the same number.
    for record_id, nth in sorted(changes.moved.items(), key=lambda one: -one[1]):
        connection.execute(update(record).where(record.c.record_id == record_id).values(nth=nth))
    bulk.upsert(connection, record, changed)
    bulk.insert_new(connection, record, new)
    _write_links(connection, changes)
    _write_current(connection, [*new, *changed], changes)


def _write_links(connection: Connection, changes: Changes) -> None:
    """A record can be found only by the links of the message that describes it."""
    old = [one for one in changes.spoken if one in changes.before and changes.before[one]["state"] == "verified"]
    if old:
        connection.execute(delete(record_link).where(record_link.c.record_id.in_(old)))
    links = [
        {"link_id": link, "record_id": record_id, "row_id": changes.after[record_id]["row_id"]}
        for record_id, found in changes.links.items()
        for link in found
    ]
    bulk.insert_new(connection, record_link, links)


def _write_current(connection: Connection, touched: Sequence[Row], changes: Changes) -> None:
    best = _best(row for row in touched if row["state"] == "verified")
    bulk.upsert(connection, current, _currents(best), where=_counts)
    fallen = [before for one, before in changes.before.items() if _fell(before, changes.after[one])]
    if fallen:
        _choose_again(connection, fallen)


def _counts(new: Any) -> Any:
    """Whether ``new`` replaces the current record of its row."""
    higher = tuple_(*(new[name] for name in RANK)) > tuple_(*(current.c[name] for name in RANK))
    return or_(higher, new.record_id == current.c.record_id)


def _fell(before: Row, after: Row) -> bool:
    """Whether a record that was the current one may not be any more."""
    return before["state"] == "verified" and (after["state"] != "verified" or rank(after) < rank(before))


def _choose_again(connection: Connection, fallen: Sequence[Row]) -> None:
    """Where one of ``fallen`` is the current record of its row, replace it with the highest verified one, or remove
    it."""
    wanted = sorted({row["row_id"] for row in fallen})
    counting = bulk.find(connection, [current.c.row_id, current.c.record_id], current.c.row_id, wanted, lock=True)
    ids = {row["record_id"] for row in fallen}
    rows = [row.row_id for row in counting if row.record_id in ids]
    columns = [record.c[column.name] for column in current.columns]
    verified = select(*columns).where(record.c.row_id.in_(rows), record.c.state == "verified")
    best = _best(dict(row._mapping) for row in connection.execute(verified))
    bulk.upsert(connection, current, _currents(best))
    if none := [row_id for row_id in rows if row_id not in best]:
        connection.execute(delete(current).where(current.c.row_id.in_(none)))


def _best(rows: Iterable[Row]) -> dict[bytes, Row]:
    """Row's id → its highest record."""
    best: dict[bytes, Row] = {}
    for row in rows:
        found = best.get(row["row_id"])
        if found is None or rank(row) > rank(found):
            best[row["row_id"]] = row
    return best


def _currents(best: dict[bytes, Row]) -> list[Row]:
    """Rows of ``current``, in the order of ids, so that two processes that write the same rows cannot block each other
    (deadlock)."""
    names = [column.name for column in current.columns]
    return [{name: row[name] for name in names} for _, row in sorted(best.items(), key=itemgetter(0))]


# ---- tallies -------------------------------------------------------------------------------------------------------


def _sum(table: Table, name: str, new: Any) -> Any:
    return table.c[name] + new[name]


_ADDED = {name: partial(_sum, tally, name) for name in _PLACES}
_ADDED_REASONS = {"verdicts": partial(_sum, reason_tally, "verdicts")}


def count(connection: Connection, counts: Counts, reasons: Counts) -> None:
    """Add to the tallies. ``counts``: (source, kind, column of ``tally``) → number; ``reasons``: (source, kind, reason
    code) → number."""
    lines: dict[tuple[str, str], dict[str, int]] = {}
    for (source, kind, what), number in counts.items():
        lines.setdefault((source, kind), dict.fromkeys(_PLACES, 0))[what] += number
    # Always in the same order, as above.
    rows = [{"source": source, "kind": kind, **line} for (source, kind), line in sorted(lines.items())]
    bulk.upsert(connection, tally, rows, _ADDED)
    verdicts = [{"source": one[0], "kind": one[1], "code": one[2], "verdicts": n} for one, n in sorted(reasons.items())]
    bulk.upsert(connection, reason_tally, verdicts, _ADDED_REASONS)
