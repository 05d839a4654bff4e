"""Lint: each thing that would reject a source's rows is told before a call is made, with file, key and remedy."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.connect.declared.fitting import Finding
from hub.connect.declared.lint import lint
from hub.connect.folder import Folder
from hub.grants.grant import Grant
from tests.clocks import HandClock

INFO = """
name = "titles"
kind = "licence.property-title"
direction = "source"
transport = "table"
assurance = "CHANNEL_ONLY"
lookup_by = ["unit-no"]

[title]
zh = "产权"
en = "Titles"

[[settings]]
name = "url"
secret = true
doc = "Database."

[table]
name = "bdc"
key = "id"
time = "changed"
columns = ["org", "qh", "zt", "dyh", "zh", "zl", "djrq", "gy"]

[table.children.qlr]
table = "bdc_qlr"
parent = "bdc_id"
order = "xh"
columns = ["xm", "lx", "zjh"]

[table.lookups.unit-no]
column = "dyh"
"""
MAPPING = """
[fields]
authority = { from = "org", as = "identifier" }
region = { from = "qh", as = "identifier" }
status = { from = "zt", as = "code", unknown = "UNKNOWN" }
"unit.unit_no" = { from = "dyh", as = "identifier" }
"unit.title_no" = { from = "zh" }
"unit.address" = { from = "zl", as = "address" }
"unit.issued_on" = { from = "djrq", as = "day" }
"unit.co_ownership" = { from = "gy", as = "code", unknown = "OTHER" }

[each.holders]
from = "qlr"
fields.name = { from = "xm" }
fields.id_type = { from = "lx", as = "code", unknown = "OTHER" }
fields.id_number = { from = "zjh", as = "identifier", required = false }
"""
CODES = "column,code,value,meaning\nzt,1,CURRENT,x\ngy,0,SOLE,x\nlx,1,RESIDENT_ID,x\n"
SAMPLE: dict[str, Any] = {
    "id": 7, "org": "1", "qh": "120104", "zt": "1", "dyh": "120104001001GB00001F00010001", "zh": "津(2021)1号",
    "zl": "天津市南开区长江道12号", "djrq": "2021-03-04", "gy": "0", "qlr": [{"xm": "张三", "lx": "1", "zjh": "1"}],
}  # fmt: skip
COLUMNS = frozenset({*SAMPLE} - {"id", "qlr"} | {"qlr.xm", "qlr.lx", "qlr.zjh"})
Linted = Callable[..., list[Finding]]


@pytest.fixture
def linted(tmp_path: Path, clock: HandClock) -> Linted:
    def found(
        info: str = INFO,
        mapping: str = MAPPING,
        codes: str = CODES,
        sample: Any = SAMPLE,
        fields: Any = None,
        more: Any = None,
        settings: Any = None,
    ) -> list[Finding]:
        root = tmp_path / "titles"
        (root / "samples").mkdir(parents=True)
        (root / "README.md").write_text("Titles.", "utf-8")
        for name, text in {"connector.toml": info, "mapping.toml": mapping, "codes.csv": codes}.items():
            (root / name).write_text(text, "utf-8")
        (root / "samples" / "one.json").write_text(json.dumps(sample, ensure_ascii=False), "utf-8")
        return lint(Folder("titles", root), clock, granted(fields, **(more or {})) if fields else None, settings or {})

    return found


def granted(fields: frozenset[str], **more: Any) -> Grant:
    term = {"since": "2024-01-01", "until": "2030-01-01", "erase_after_days": 9}
    whole = {"source": "titles", "item": "i", "provider": "p", "approval": "a", "purposes": ["x"], "fields": fields}
    return Grant.model_validate(whole | term | more)


def test_a_good_folder_has_nothing_to_correct(linted: Linted) -> None:
    assert [(one.file, one.grave) for one in linted(fields=COLUMNS)] == [("samples/one.json", False)]


@pytest.mark.parametrize(
    ("what", "old", "new", "file", "key", "told"),
    [
        ("info", 'kind = "lic', 'kind = "xlic', "connector.toml", "kind", "is no kind of record"),
        ("info", "[table.lookups.unit-no]\n", "[table.lookups.uscc]\n", "connector.toml", "table.lookups", "unit-no"),
        ("info", "secret = true\n", "", "connector.toml", None, None),
        ("info", 'key = "id"\n', "", "connector.toml", "table.key", "is missing"),
        ("info", 'name = "titles"', 'name = "title"', "connector.toml", "name", "the folder is called titles"),
        ("mapping", "[fields]", "[fields]\nx = { colour = 1 }", "mapping.toml", "fields.x.colour", "no such key"),
        ("mapping", 'as = "day"', 'az = "day"', "mapping.toml", "fields.unit.issued_on.az", "keys are from, as"),
        ("info", 'parent = "bdc_id"', 'parents = "x"', "connector.toml", "table.children.qlr.parent", "is missing"),
        ("info", 'order = "xh"', 'orders = "xh"', "connector.toml", "table.children.qlr.order", "is missing"),
        ("mapping", "[fields]", "[fields", "mapping.toml", "", "is not valid TOML"),
        ("mapping", '"unit.title_no"', '"unit.titel_no"', "mapping.toml", "fields.unit.titel_no", "no such field"),
        ("mapping", '"unit.title_no" = { from = "zh" }', "", "mapping.toml", "fields.unit.title_no", "is not mapped"),
        ("mapping", 'fields.name = { from = "xm" }', "", "mapping.toml", "each.holders.fields.name", "is not mapped"),
        ("mapping", 'as = "day"', 'as = "text"', "mapping.toml", "fields.unit.issued_on", "the field is a day"),
        (
            "mapping",
            '{ from = "zh" }',
            '{ from = "zh", required = false }',
            "mapping.toml",
            "fields.unit.title_no",
            "null",
        ),
        ("mapping", 'unknown = "UNKNOWN"', 'unknown = "WHAT"', "mapping.toml", "fields.status.unknown", "no word"),
        ("mapping", '{ from = "zh" }', '{ from = "zhh" }', "mapping.toml", "zhh", "not among the table's columns"),
        ("codes", "zt,1,CURRENT", "zt,1,VALID", "codes.csv", "zt,1", "no word of status"),
        ("codes", "zt,1,CURRENT,x\n", "", "mapping.toml", "fields.status", "codes.csv has no lines for zt"),
        ("codes", "column,code", "col,code", "codes.csv", "", "another first line"),
        ("codes", "zt,1,CURRENT,x", "zt,1,,x", "codes.csv", "", "line 2"),
    ],
)
def test_each_mistake_is_told_with_its_place(
    linted: Linted, what: str, old: str, new: str, file: str, key: str | None, told: str | None
) -> None:
    """P1: a mistake here would reject every row."""
    text = {"info": INFO, "mapping": MAPPING, "codes": CODES}[what]
    assert old in text
    found = [one for one in linted(**{what: text.replace(old, new, 1)}) if one.grave]
    if key is None or told is None:
        assert found == []
        return
    assert (found[0].file, found[0].key) == (file, key)
    assert told in found[0].problem + found[0].remedy
    assert all(one.remedy for one in found)


def test_what_is_read_and_not_needed_is_noted(linted: Linted) -> None:
    """P6: nothing extra is asked for."""
    found = linted(info=INFO.replace('"gy"]', '"gy", "fj"]'), codes=CODES + "xx,1,y,z\n", fields=COLUMNS | {"tel"})
    notes = {(one.file, one.key) for one in found if not one.grave}
    assert {("connector.toml", "table.columns"), ("codes.csv", "xx"), ("grants", "tel")} <= notes


def test_a_column_outside_the_grant_is_to_be_corrected(linted: Linted) -> None:
    """P3: it would be null in every record."""
    found = [one for one in linted(fields=COLUMNS - {"qlr.zjh"}) if one.grave]
    assert [(one.file, one.key) for one in found] == [("mapping.toml", "qlr.zjh")]


@pytest.mark.parametrize(
    ("more", "settings", "told"),
    [
        ({"calls_a_day": 20_000}, {}, "poll_s = 5"),
        ({"calls_a_day": 20_000}, {"poll_s": 5.0}, None),
        ({"calls_a_day": 20_000}, {"feed_hours": "22:00-02:00"}, None),
        ({"calls_a_day": 20_000, "ways": ["look-up"]}, {}, None),
        ({}, {}, None),
    ],
)
def test_a_feed_that_would_use_up_its_quota_by_asking_for_nothing_new_is_noted(
    linted: Linted, more: dict[str, Any], settings: dict[str, Any], told: str | None
) -> None:
    found = linted(fields=COLUMNS, more={"ways": ["feed"]} | more, settings=settings)
    notes = [one for one in found if one.key == "limits.poll_s"]
    assert [one.grave for one in notes] == ([False] if told else [])
    assert all(str(told) in one.remedy and "5.0 hours" in one.problem for one in notes)


def test_a_folder_whose_samples_become_no_record_is_told_with_the_faults(linted: Linted) -> None:
    found = [one for one in linted(sample=SAMPLE | {"djrq": "soon", "zl": None}) if one.grave]
    assert [one.file for one in found] == ["samples"]
    assert "SHAPE_TYPE unit.issued_on" in found[0].problem
    assert "SHAPE_MISSING unit.address.text" in found[0].problem
