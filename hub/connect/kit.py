"""The certification kit: the rules for every connector, as functions that a connector's own tests call
(docs/connectors.md).

Each check raises ``AssertionError`` with a message that says what is wrong. The hub can run a connector that passes all
checks without losing rows, doubling them, or stopping.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hub.clock import CHINA
from hub.connect.codes import Codes
from hub.connect.folder import Folder, of_package
from hub.connect.mapping import plain_value
from hub.connect.spec import ConnectorInfo
from hub.errors import RecordRejected
from hub.grants.originals import is_withheld
from hub.ports import (
    Address,
    Cursor,
    LookupQuery,
    Page,
    Placed,
    Plain,
    Receipt,
    Remaps,
    Sink,
    Source,
    SourceRow,
    Stored,
)
from hub.records.kinds import KINDS
from hub.records.shape import check_shape

_PAGES_MAX = 10_000
_SECRET_WORDS = ("secret", "token", "password")


def check_package(package: str) -> ConnectorInfo:
    """As ``check_folder``, for an installed package."""
    return check_folder(of_package(package))


def check_folder(folder: Folder) -> ConnectorInfo:
    """Check that the folder has a valid ``connector.toml``, code tables, samples and a README, and that its secrets
    are marked as secret. Returns its description."""
    info = folder.info
    for name in ("README.md", "samples"):
        found = folder.root.joinpath(name)
        assert found.is_file() or found.is_dir(), f"{folder.name} has no {name}"
    for setting in info.settings:
        looks_secret = any(word in setting.name for word in _SECRET_WORDS)
        assert setting.secret or not looks_secret, f"setting {setting.name} looks secret and is not marked so"
        assert setting.doc, f"setting {setting.name} has no doc"
    if info.direction == "source":
        assert info.kind and info.assurance, "a source names its kind and its assurance"
        known = {*info.columns, *(name.rpartition(".")[2] for name in info.columns)}
        unknown = folder.codes.columns() - known
        assert not unknown, f"codes.csv has columns that connector.toml does not: {sorted(unknown)}"
    return info


def codes_of(package: str) -> Codes:
    """The code tables of a package; empty when it has no ``codes.csv``."""
    return of_package(package).codes


def read_all(source: Source, cursor: Cursor | None = None) -> list[Page]:
    """All pages from ``cursor`` (``None``: the beginning) until the source has no more rows."""
    pages: list[Page] = []
    for _ in range(_PAGES_MAX):
        page = source.fetch(cursor)
        pages.append(page)
        cursor = page.cursor
        if not page.more and not page.rows:
            return pages
    raise AssertionError(f"the source has more after {_PAGES_MAX} pages: does its cursor move?")


def check_feed(source: Source, info: ConnectorInfo) -> list[SourceRow]:
    """Check a whole feed: cursors are small JSON and move, a page that is fetched again is the same, and each row
    passes ``check_rows``. Returns the rows."""
    pages = read_all(source)
    cursors: list[Cursor | None] = [None, *(page.cursor for page in pages)]
    for before, page in zip(cursors, pages, strict=False):
        _check_cursor(page.cursor)
        if page.rows:
            assert page.cursor != before, "a page with rows leaves the cursor where it was: the feed would never end"
    for cursor, page in list(zip(cursors, pages, strict=False))[:3]:
        again = source.fetch(json.loads(json.dumps(cursor)))
        assert _names(again.rows) == _names(page.rows), (
            "a page fetched again, by a cursor that was stored, is not the same"
        )
        assert [row.raw for row in again.rows] == [row.raw for row in page.rows], "a row fetched again has other bytes"
    rows = [row for page in pages for row in page.rows]
    check_rows(rows, info)
    return rows


def _check_cursor(cursor: Cursor) -> None:
    text = json.dumps(cursor)
    assert len(text) < 4_096, "a cursor is a place, not a store: keep it under 4 kB"
    assert json.loads(text) == dict(cursor), "a cursor must survive being stored as JSON"


def _names(rows: Iterable[SourceRow]) -> list[tuple[str, int]]:
    return [(row.key, row.version) for row in rows]


def check_rows(rows: Sequence[SourceRow], info: ConnectorInfo) -> None:
    """Each row has a key, a version, its bytes, and either a record that says where it comes from, or faults with
    codes."""
    for row in rows:
        assert row.key, "a row without a key"
        assert row.version >= 0, "a version only grows from 0"
        assert row.raw, "a row without its bytes"
        assert row.revision >= 0, "a revision only grows from 0"
        assert (row.record is None) == bool(row.faults), "a row has a record or faults, and not both"
        if row.faults:
            assert all(fault.code.isupper() for fault in row.faults), "a fault's code is one of docs/codes.md"
            continue
        assert row.record is not None
        source = row.record["source"]
        assert (source["system"], source["key"], source["version"]) == (info.name, row.key, row.version), (
            "a record's source does not name its row"
        )
        assert row.record["assurance"] in (info.assurance, "CHANNEL_ONLY"), "a record claims more than its connector"
        if row.record["assurance"] == "SIGNED_RESPONSE":
            assert row.proof, "a signed source keeps the proof with each row"


def check_resumes(source: Source, at: int = 1) -> None:
    """Check that the cursor after page ``at`` leads to exactly the rows that came after it."""
    pages = read_all(source)
    rest = [name for page in pages[at:] for name in _names(page.rows)]
    assert rest, "the sandbox holds too little to test resuming: use smaller pages"
    again = [name for page in read_all(source, pages[at - 1].cursor) for name in _names(page.rows)]
    assert again == rest, "a stored cursor loses or repeats rows"


def check_isolation(mapping: Callable[[Mapping[str, Any]], SourceRow], row: Mapping[str, Any]) -> None:
    """Check that the mapping returns a row for any value in any column, and for a missing column: a bad row must not
    stop its neighbours."""
    strange: tuple[Any, ...] = (None, "", " ", [], {}, [1], -1, 1e308, True, "\ud800", "x" * 100_000, b"\xff")
    strange += (float("nan"), Decimal("1.50"), Decimal("NaN"), date(2021, 3, 4), datetime(2021, 3, 4, tzinfo=CHINA))
    for column in row:
        for value in strange:
            assert isinstance(mapping({**row, column: value}), SourceRow), f"{column}: the mapping gives up"
        assert isinstance(mapping({name: value for name, value in row.items() if name != column}), SourceRow)


def check_samples(folder: Path, kind: str, mapping: Callable[[Any], SourceRow]) -> int:
    """Check that each ``samples/NAME.json`` maps to ``samples/NAME.expected.json``, and that a record has the shape of
    its kind. Returns the number of samples.

    The expected file has the record, with or without what is the schema's default, or ``{"faults": [[code, field]]}``.
    Dates are ISO 8601 text in it.
    """
    found = 0
    for file in sorted(folder.glob("*.json")):
        if file.name.endswith(".expected.json"):
            continue
        row = mapping(json.loads(file.read_text("utf-8")))
        expected = json.loads(file.with_suffix(".expected.json").read_text("utf-8"))
        if row.record is not None:
            row = replace(row, record=KINDS[kind].complete(row.record))
            expected = KINDS[kind].complete(expected)
            assert not check_shape(kind, row.record), f"{file.name}: {check_shape(kind, row.record)}"
        assert plain(row) == expected, f"{file.name}: the mapping gives something else"
        found += 1
    assert found, f"no samples in {folder}"
    return found


def plain(row: SourceRow) -> Any:
    """A mapped row as plain JSON, as ``samples/*.expected.json`` holds it."""
    if row.faults:
        return {"faults": [list(fault) for fault in row.faults]}
    return plain_value(row.record)


def check_look_up(source: Source, info: ConnectorInfo, query: LookupQuery, found: Callable[[Plain], bool]) -> None:
    """Check that ``query`` finds rows, and only rows for which ``found`` is true. A query without purpose or legal
    basis, or by an unknown key, must be refused (P3)."""
    page = source.look_up(query)
    assert page.rows, "the look-up finds nothing"
    check_rows(page.rows, info)
    for row in page.rows:
        assert row.record is not None, "a look-up's row could not be read"
        assert found(row.record), "the look-up returns something that was not asked for"
    for refused in (replace(query, purpose=" "), replace(query, legal_basis=""), replace(query, by="hair-colour")):
        try:
            source.look_up(refused)
        except RecordRejected:
            continue
        raise AssertionError("a look-up without purpose or by an unknown key is answered")


def check_same_content(source: Source, query: LookupQuery) -> int:
    """Check that a look-up gives the bytes that the feed gives for the same version of a row: the record id depends on
    them (P2). Reads the whole feed. Returns the number of rows that both have."""
    fed = {(row.key, row.version): row for page in read_all(source) for row in page.rows}
    both = [(row, fed[row.key, row.version]) for row in source.look_up(query).rows if (row.key, row.version) in fed]
    assert both, "the feed has none of the rows that the look-up finds"
    for looked_up, row in both:
        assert (looked_up.raw, looked_up.revision) == (row.raw, row.revision), (
            "a look-up and the feed give other bytes for one version of a row: it would be two records"
        )
    return len(both)


def check_remap(source: Source, rows: Sequence[SourceRow]) -> int:
    """Check that each row, mapped again from the bytes that the hub keeps of it, gives the same record or faults, so
    that `hub records remap` changes only what a new mapping changes. Returns the number of rows."""
    assert isinstance(source, Remaps), "the source has no `remap`"
    for row in rows:
        operation = row.record["source"]["operation"] if row.record else "UPSERT"
        again = source.remap(Stored(row.key, row.version, operation, row.raw, row.proof))
        assert (again.key, again.version, again.raw, again.proof) == (row.key, row.version, row.raw, row.proof)
        assert again.record == row.record, f"{row.key}: mapped again, it is another record"
        if is_withheld(row.raw):
            continue  # the hub keeps nothing that could be mapped again
        assert again.faults == row.faults, f"{row.key}: mapped again, it has {again.faults} and not {row.faults}"
    return len(rows)


def check_sink(sink: Sink, address: Address, body: Mapping[str, Any]) -> Receipt | Placed:
    """Check that a push can be found by its key with the same receipt, and that nothing is found for a key that was
    not pushed or for another case's number (P2). What was placed is placed again, which must change nothing; the caller
    counts it there. Returns what the push did."""
    assert sink.find(address) is None, "found before it was pushed"
    receipt = sink.push(address, body)
    if isinstance(receipt, Placed):
        assert sink.push(address, body) == receipt, "a piece that was placed cannot be placed again"
    else:
        assert receipt.number, "a receipt without a number"
    assert sink.find(address) == receipt, "a push cannot be found by its key: it would be made twice"
    assert sink.find(replace(address, key=f"{address.key}-other")) is None, "another key finds it too"
    assert sink.find(replace(address, number=f"{address.number}-other")) is None, "another case's number finds it too"
    return receipt
