"""Probe: look at the first rows of a source before it is used. It writes nothing and shows no personal value."""

import json
import re
import threading
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

from hub.connect.declared.rows import columns_of
from hub.connect.host.forms import Seen, seen
from hub.connect.host.guard import GuardedSource
from hub.errors import Unavailable
from hub.logging import mask, visible
from hub.ports import Cursor, Page, SourceRow
from hub.records.text import is_blank
from hub.runtime.backoff import Backoff, attempt

_EMPTY_PAGES_MAX = 20
"""Pages without a row, one after the other, after which a probe ends."""
_ATTEMPTS = 3
_PATIENCE_S = 1.0
_ENCODINGS = ("utf-8", "gb18030")


@runtime_checkable
class Drifting(Protocol):
    """A source that can compare its columns with what its mapping reads."""

    def drift(self) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing)."""


@runtime_checkable
class Remarking(Protocol):
    """A source that can say what is wrong with it as a whole."""

    def remark(self) -> str:
        """What a person should know, "" for nothing."""


@dataclass(slots=True)
class Probe:
    """The result of a probe. ``rows``: the worst first. ``faults`` counts rows by (code, field without places),
    ``unknown_codes`` by (column, masked code), ``not_granted`` by the column that was dropped. ``remark``: what the
    source says of itself."""

    rows: list[Seen] = field(default_factory=list)
    faults: Counter[tuple[str, str]] = field(default_factory=Counter)
    unknown_codes: Counter[tuple[str, str]] = field(default_factory=Counter)
    not_granted: Counter[str] = field(default_factory=Counter)
    strange_columns: list[str] = field(default_factory=list)
    missing_columns: list[str] = field(default_factory=list)
    remark: str = ""

    @property
    def faulty(self) -> int:
        """The number of rows with a fault."""
        return sum(bool(row.faults) for row in self.rows)

    @property
    def clean(self) -> bool:
        """Whether there are no unknown codes, no differing columns, no faults and no remark."""
        drift = self.unknown_codes or self.strange_columns or self.missing_columns or self.remark
        return not drift and not self.faulty

    def plain(self) -> dict[str, Any]:
        """The result as plain JSON, for ``--json``."""
        return {
            "counts": {"rows": len(self.rows), "faulty": self.faulty},
            "faults": [
                {"code": code, "field": name, "rows": count} for (code, name), count in self.faults.most_common()
            ],
            "unknown_codes": [
                {"column": column, "code": code, "rows": count}
                for (column, code), count in self.unknown_codes.most_common()
            ],
            "strange_columns": self.strange_columns,
            "missing_columns": self.missing_columns,
            "not_granted": dict(self.not_granted.most_common()),
            "remark": self.remark,
            "rows": [row.plain() for row in self.rows],
        }


def probe(source: GuardedSource, limit: int) -> Probe:
    """Read up to ``limit`` rows from the beginning. Raises ``Unavailable`` or ``Misconfigured`` as the source does."""
    found, columns, context = Probe(), _Columns(), source.context
    context.dropped.take()
    for row in _first(source, limit):
        shown = seen(row, context.info.kind)
        found.rows.append(shown)
        found.faults.update({(fault.code, _field(fault.field)) for fault in shown.faults})
        columns.note(row.raw)
        _count_unknown(columns.last, source, found)
    found.rows.sort(key=lambda row: -len(row.faults))
    dropped = context.dropped.take()
    if isinstance(source.inner, Drifting):
        found.strange_columns, found.missing_columns = source.inner.drift()
    elif columns.names:
        found.strange_columns, found.missing_columns = columns.drift(context.info.columns, dropped)
        own = context.info.transport_columns
        found.strange_columns = [name for name in found.strange_columns if name not in own]
    found.not_granted = Counter({name: count for name, count in dropped.items() if name not in found.strange_columns})
    if isinstance(source.inner, Remarking):
        found.remark = source.inner.remark()
    return found


def _first(source: GuardedSource, limit: int) -> Iterator[SourceRow]:
    cursor: Cursor | None = None
    left = limit
    empty = 0
    while left > 0:
        page = _fetched(source, cursor)
        empty = 0 if page.rows else empty + 1
        if empty > _EMPTY_PAGES_MAX:
            raise Unavailable(
                f"{source.context.info.name}: {empty} pages without a row, and the source says it has more; "
                "where its feed asks by time, let `begin` be later or `span_s` longer"
            )
        yield from page.rows[:left]
        left -= len(page.rows)
        cursor = page.cursor
        if not page.more and not page.rows:
            return


def _fetched(source: GuardedSource, cursor: Cursor | None) -> Page:
    """The page, with some attempts: a system that is busy for a moment ends no probe."""
    return attempt(lambda: source.fetch(cursor), _ATTEMPTS, threading.Event().wait, Backoff(), _PATIENCE_S)


def _field(path: str) -> str:
    """A field's path without places in lists, so that the faults of all lines are counted together.

    >>> _field("holders.12.name")
    'holders.name'
    """
    return ".".join(part for part in path.split(".") if not part.isdigit())


class _Columns:
    """The columns of the rows that were read, as dotted paths without places in lists."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.last: list[tuple[str, Any]] = []

    def note(self, raw: bytes) -> None:
        """The columns of one row's original; ``last`` has them with their values."""
        self.last = list(_leaves(_content(raw), ""))
        self.names.update(path for path, _ in self.last)

    def drift(self, known: Sequence[str], dropped: Mapping[str, int]) -> tuple[list[str], list[str]]:
        """(Columns that are new, columns that are missing). A column of a list or object is missing only when the rows
        have lines there."""
        read = {*known}
        strange = sorted({mask(visible(path)) for path in {*self.names, *dropped} if not _is_known(path, read)})
        there = {*self.names, *dropped}
        missing = sorted(path for path in read if not any(_within(path, one) for one in there))
        return strange, missing


def _is_known(path: str, read: set[str]) -> bool:
    """A mapping in Python names the columns of lines without their list. An object that is read in part is known."""
    return path.rpartition(".")[2] in read or any(_within(path, one) or _within(one, path) for one in read)


def _within(path: str, other: str) -> bool:
    """Whether ``path`` is ``other``, above it or the last name of it; or below one that had no lines."""
    return path == other or other.startswith(f"{path}.") or path.startswith(f"{other}.") or other.endswith(f".{path}")


def _content(raw: bytes) -> Any:
    """The columns of a row's original, ``None`` where it is no JSON."""
    for encoding in _ENCODINGS:
        try:
            return columns_of(json.loads(raw.decode(encoding)))
        except (ValueError, RecursionError):
            continue
    return None


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict) and item:
            for name, inner in item.items():
                yield from _leaves(inner, f"{path}.{name}" if path else name)
        elif path:
            yield path, item
    if value == [] and path:
        yield path, None


def _count_unknown(columns: Sequence[tuple[str, Any]], source: GuardedSource, found: Probe) -> None:
    codes, joined = source.context.codes, _joined(source)
    for path, value in columns:
        for name in {path, path.rpartition(".")[2]}:
            if codes.knows(name) and value is not None:
                unknown = {part for part in _codes_in(str(value), joined.get(name)) if codes.find(name, part) is None}
                found.unknown_codes.update((name, mask(part)[:20]) for part in unknown)


def _codes_in(value: str, by: re.Pattern[str] | None) -> list[str]:
    """The codes in a column: those of a joined list, without blank ones."""
    return [value] if by is None else [part for part in by.split(value) if not is_blank(part)]


def _joined(source: GuardedSource) -> dict[str, re.Pattern[str]]:
    """Column that holds a joined list, by the mapping → what separates its items."""
    mapping = source.context.folder.mapping
    lists = mapping.each.values() if mapping else ()
    return {column: re.compile(f"[{re.escape(each.by)}]") for each in lists for column in each.zip}
