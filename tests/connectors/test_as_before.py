"""The declarations of business licences and property titles give what the Python before them gave: the same record,
the same faults, whatever a row holds (P2)."""

import json
import sqlite3
from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.clock import CHINA, SystemClock
from hub.connect import kit
from hub.connect.context import Context
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import of_package
from hub.connect.host import registry
from hub.connect.mapping import to_row
from hub.ports import SourceRow
from hub.records.kinds import KINDS
from sandbox.launch import Running
from tests.clocks import HandClock
from tests.connectors.former import licence_record, title_record
from tests.grants import granted

ROOT = Path(__file__).parents[2] / "connectors"
Values = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**9), 10**9 - 1), st.floats(),
    st.text(max_size=12), st.binary(max_size=4),
    st.sampled_from(
        [
            "", " ", "１２０１０４", "x\u200b", "长期", "9999-12-31", "2021年3月4日", "89.5㎡", "1", "２", "0", "Ｙ",
            "\ud800", "600037341", "60003734-1", "91110000600037341L", "甲；乙; ;", "天津市南开区长江道12号", 10**19,
            Decimal("1.50"), date(2021, 3, 4), datetime(2021, 3, 4, 5, tzinfo=CHINA), [], {}, [1],
        ]
    ),
)  # fmt: skip


def samples(name: str) -> list[dict[str, Any]]:
    files = sorted((ROOT / name / "samples").glob("*.json"))
    return [json.loads(file.read_text("utf-8")) for file in files if "expected" not in file.name]


def context(name: str) -> Context:
    folder = of_package(f"connectors.{name}")
    return Context(folder.info, folder.info.limits, HandClock(), folder)


FLAGS = ("cfzt", "dyzt")
NAMES = "former_names"
LICENCES, TITLES = context("business_licence"), context("property_title")


def changed(row: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    """The row with some of its values replaced, and some columns missing. A truth value is a flag's only: as a code, a
    declaration reads it as true or false, where the Python refused it; and so it reads a list of former names."""
    some = st.dictionaries(st.sampled_from(sorted(row)), Values, max_size=4).map(
        lambda drawn: {
            name: value
            for name, value in drawn.items()
            if (name in FLAGS or not isinstance(value, bool)) and not (name == NAMES and isinstance(value, list))
        }
    )
    missing = st.sets(st.sampled_from(sorted(row)), max_size=2)
    return st.tuples(some, missing).map(
        lambda drawn: {name: drawn[0].get(name, value) for name, value in row.items() if name not in drawn[1]}
    )


def same(kind: str, new: SourceRow, old: SourceRow) -> None:
    assert set(new.faults) == set(old.faults)
    if old.record is not None:
        assert new.record is not None
        assert KINDS[kind].complete(new.record) == KINDS[kind].complete(old.record)
    assert (new.key, new.version, new.proof, new.revision) == (old.key, old.version, old.proof, old.revision)


@given(st.sampled_from(samples("business_licence")).flatmap(changed))
def test_a_licence_is_what_it_was(row: dict[str, Any]) -> None:
    new = row_of(LICENCES, DeclaredRow("k", 7, "UPSERT", row), b"raw", b"proof")
    old = to_row("k", 7, b"raw", lambda: licence_record(row, LICENCES.codes), b"proof")
    same("licence.business", new, old)


def holders(row: Mapping[str, Any]) -> st.SearchStrategy[dict[str, Any]]:
    plain = {name: value for name, value in row.items() if name not in ("holders", "rowguid", "operatetype")}
    lines = st.lists(st.sampled_from(row["holders"]).flatmap(changed)) if row["holders"] else st.just([])
    scalars = changed(plain).map(
        lambda drawn: {name: value for name, value in drawn.items() if not isinstance(value, (list, dict))}
    )
    return st.tuples(scalars, lines.map(lambda found: found[:3])).map(lambda two: {**two[0], "holders": two[1]})


@given(st.sampled_from(samples("property_title")).flatmap(holders), st.sampled_from(["UPSERT", "DELETE"]))
def test_a_title_is_what_it_was(row: dict[str, Any], operation: str) -> None:
    new = row_of(TITLES, DeclaredRow("k", 7, operation, row))
    plain = {name: value for name, value in row.items() if name != "holders"}
    raw = former_raw(operation, plain, {"holders": row["holders"]})
    old = to_row("k", 7, raw, lambda: title_record("k", 7, operation, row, TITLES.codes))
    same("licence.property-title", new, old)
    assert new.raw == raw


def former_raw(operation: str, columns: Mapping[str, Any], lines: Mapping[str, Any]) -> bytes:
    """The bytes of a row, as they were made before."""
    whole = {"operation": operation, "row": columns, **lines}
    return json.dumps(whole, ensure_ascii=False, separators=(",", ":"), default=former_value).encode(
        "utf-8", "surrogatepass"
    )


def former_value(value: Any) -> Any:
    return {"hex": bytes(value).hex()} if isinstance(value, (bytes, bytearray, memoryview)) else str(value)


TITLE_COLUMNS = (
    "bdcdyh", "bdcqzh", "zl", "ghyt", "mj", "djlx", "djyy", "djsj", "qszt", "gyfs", "cfzt", "dyzt", "xzqhdm", "djjg",
    "fj",
)  # fmt: skip
TEXTS = ("bdcqzh", "zl", "ghyt", "djyy", "fj", "qlr")
OPERATIONS = {"I": "UPSERT", "U": "UPSERT", "D": "DELETE"}


def decoded(row: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Columns as the Python before read them: texts in GB 18030, other bytes in ASCII; bytes that are neither stay."""
    found = {}
    for name in names:
        value = row[name]
        if isinstance(value, bytes):
            with suppress(UnicodeDecodeError):
                value = value.decode("gb18030" if name in TEXTS else "ascii")
        found[name] = value
    return found


def test_the_world_gives_the_bytes_and_records_that_it_gave(sandbox: Running) -> None:
    """P2: after an upgrade, no row of the registry or of the gateway is another record."""
    fed = feed_of(sandbox, "property_title")
    database = sqlite3.connect(sandbox.urls["property_title"].removeprefix("sqlite:///"))
    database.row_factory = sqlite3.Row
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in database.execute("SELECT * FROM ex_bdc_qlr ORDER BY title_rowguid, sxh"):
        one = decoded(line, ("qlr", "zjzl", "zjh", "qlbl"))
        lines.setdefault(line["title_rowguid"], []).append(one)
    count = 0
    for row in database.execute("SELECT * FROM ex_bdc_title"):
        key, operation = row["rowguid"], OPERATIONS[row["operatetype"]]
        columns, holders = decoded(row, TITLE_COLUMNS), lines.get(key, [])
        new, version = fed[key], int(row["update_time"])
        assert new.raw == former_raw(operation, columns, {"holders": holders})
        whole = columns | {"holders": holders}
        old = to_row(key, version, new.raw, lambda: title_record(key, version, operation, whole, TITLES.codes))  # noqa: B023
        same("licence.property-title", new, old)
        count += 1
    assert count == len(fed) > 500


def test_the_gateways_records_are_those_that_they_were(sandbox: Running) -> None:
    for row in feed_of(sandbox, "business_licence").values():
        if not row.key.startswith("sha256:"):
            given = json.loads(row.raw)
            old = to_row(row.key, row.version, row.raw, lambda: licence_record(given, LICENCES.codes), row.proof)  # noqa: B023
            same("licence.business", row, old)


def feed_of(sandbox: Running, name: str) -> dict[str, SourceRow]:
    source = registry.open_source(name, sandbox.connectors()[name], SystemClock(), grant=granted(name))
    try:
        return {row.key: row for page in kit.read_all(source) for row in page.rows}
    finally:
        source.close()
