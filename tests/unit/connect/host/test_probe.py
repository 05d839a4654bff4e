"""Looking at a source before it is trusted: what is shown tells the form of a value, and never the value (P5)."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.connect.codes import Codes
from hub.connect.context import Context
from hub.connect.declared.models import read_mapping
from hub.connect.folder import Folder
from hub.connect.host.forms import form, masked
from hub.connect.host.guard import Gate, GuardedSource
from hub.connect.host.probe import probe
from hub.errors import Unavailable
from hub.ports import Cursor, Fault, Page, SourceRow
from tests.grants import granted

Plain = Callable[[str], dict[str, Any]]


class Rows:
    """A source with these rows, three a page."""

    def __init__(self, rows: list[SourceRow]) -> None:
        self.rows = rows

    def fetch(self, cursor: Cursor | None) -> Page:
        start = int(cursor["at"]) if cursor else 0
        taken = self.rows[start : start + 3]
        return Page(taken, {"at": start + len(taken)}, False)

    def close(self) -> None: ...


class Drifted(Rows):
    def drift(self) -> tuple[list[str], list[str]]:
        return ["t.new"], ["t.old"]


class Busy(Rows):
    """It is busy at each second call."""

    calls = 0

    def fetch(self, cursor: Cursor | None) -> Page:
        self.calls += 1
        if self.calls % 2:
            raise Unavailable("busy")
        return super().fetch(cursor)


def source(inner: Rows, context: Context) -> GuardedSource:
    context = replace(context, info=context.info.model_copy(update={"columns": ("zt", "name")}))
    folder = Folder("sample", Path("no-folder"))
    folder.__dict__["codes"] = Codes.read("column,code,value,meaning\nzt,1,CURRENT,x\n")
    context = replace(context, folder=folder)
    return GuardedSource(inner, context, Gate(context))  # type: ignore[arg-type]


def raw(**columns: Any) -> bytes:
    return json.dumps(columns, ensure_ascii=False).encode()


def test_no_value_of_a_record_is_shown(plain: Plain, context: Context) -> None:
    record = plain("business")
    found = probe(source(Rows([SourceRow("91110000600037341L", 7, raw(zt="1", name="x"), record)]), context), 5)
    assert found.clean
    shown = json.dumps(found.plain(), ensure_ascii=False)
    for value in ("91110000600037341L", record["enterprise"]["uscc"], record["enterprise"]["name"]):
        assert value not in shown
    assert record["authority"] in shown, "the open part is open"
    assert found.rows[0].key == "99999999999999999A"
    assert found.rows[0].version == 7


def test_faults_unknown_codes_and_drift_are_counted(context: Context) -> None:
    rows = [
        SourceRow("1", 1, raw(zt="9", other="x"), None, (Fault("SHAPE_MISSING", "enterprise.name"),)),
        SourceRow("2", 1, raw(zt="9", inner=[{"zt": "１"}]), None, (Fault("UNREADABLE"),)),
        SourceRow("3", 1, b"\xff not JSON", {"enterprise": {}}),
    ]
    found = probe(source(Rows(rows), context), 10)
    assert not found.clean
    assert [len(row.faults) for row in found.rows][1:] == [1, 1], "the worst row is the first"
    assert found.faults["UNREADABLE", ""] == 1 and found.faults["SHAPE_MISSING", "enterprise.name"] == 2
    assert found.plain()["counts"] == {"rows": 3, "faulty": 3}
    assert found.unknown_codes == {("zt", "9"): 2}, "a full-width code is no unknown one"
    assert (found.strange_columns, found.missing_columns) == (["other"], ["name"])


def test_a_source_that_knows_its_columns_is_asked(context: Context) -> None:
    found = probe(source(Drifted([SourceRow("1", 1, raw(zt="1"), None, (Fault("UNREADABLE"),))]), context), 10)
    assert (found.strange_columns, found.missing_columns) == (["t.new"], ["t.old"])


def test_the_codes_of_a_joined_list_are_looked_at_one_by_one(context: Context) -> None:
    given = source(Rows([SourceRow("1", 1, raw(zt="1,１,9,"), None, (Fault("UNREADABLE"),))]), context)
    text = '[fields]\nregion = { from = "q" }\n[each.holders]\nzip = ["zt", "name"]\n'
    text += '[each.holders.fields]\nname = { from = "name" }\n'
    given.context.folder.__dict__.update(mapping=read_mapping(text, "mapping.toml"), info=given.context.info)
    assert probe(given, 10).unknown_codes == {("zt", "9"): 1}


def test_a_row_in_another_encoding_is_read_too(context: Context) -> None:
    rows = [SourceRow("1", 1, '{"zt": "9", "备注": "x"}'.encode("gb18030"), None, (Fault("UNREADABLE"),))]
    found = probe(source(Rows(rows), context), 10)
    assert found.unknown_codes == {("zt", "9"): 1}
    assert found.strange_columns == ["备注"]


def test_columns_of_lines_are_compared_by_their_path_and_none_is_missing_without_lines(context: Context) -> None:
    info = context.info.model_copy(update={"columns": ("zt", "holders.name", "notes.text")})
    grant = granted("sample", fields=["operation", "row", "zt", "holders", "notes"])
    context = replace(context, info=info, grant=grant)
    lines = {"operation": "UPSERT", "row": {"zt": "1"}, "holders": [{"name": "x", "sex": "1"}], "notes": []}
    guarded = GuardedSource(
        Rows([SourceRow("1", 1, raw(**lines), None, (Fault("UNREADABLE"),))]), context, Gate(context)
    )  # type: ignore[arg-type]
    found = probe(guarded, 10)
    assert (found.strange_columns, found.missing_columns) == (["holders.sex"], [])


@pytest.mark.parametrize(("limit", "calls"), [(2, 2), (3, 3), (4, 4), (50, 7)])
def test_no_more_rows_are_read_than_wanted(limit: int, calls: int, context: Context) -> None:
    rows = [SourceRow(str(n), 1, raw(), None, (Fault("UNREADABLE"),)) for n in range(7)]
    assert len(probe(source(Rows(rows), context), limit).rows) == calls


def test_our_own_words_and_numbers_stay_and_dates_go() -> None:
    shown = masked({"status": "CURRENT", "part": {"kind": "SOLE_OWNER", "day": date(2021, 1, 1), "names": ["王伟"]}})
    assert shown == {"status": "CURRENT", "part": {"kind": "SOLE_OWNER", "day": "9999-99-99", "names": ["字字"]}}


@given(st.text(st.characters(categories=("L", "N", "M", "P", "S", "Zs")), max_size=60))
def test_a_form_holds_no_letter_or_figure_of_its_text(text: str) -> None:
    shown = form(text)
    assert len(shown) == len(text)
    assert {one for one in shown if one.isalnum()} <= set("9９Aa字")


def test_a_source_that_is_busy_for_a_moment_ends_no_probe(context: Context) -> None:
    rows = [SourceRow(str(n), 1, raw(), None, (Fault("UNREADABLE"),)) for n in range(7)]
    assert len(probe(source(Busy(rows), context), 50).rows) == 7
