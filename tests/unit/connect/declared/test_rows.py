"""Declared rows: mapped by ``mapping.toml``, without what the grant does not have, all faults told."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from hub.connect.context import Context
from hub.connect.declared.models import read_mapping
from hub.connect.declared.rows import DeclaredRow, row_of
from hub.connect.folder import Folder
from hub.connect.spec import ConnectorInfo, Limits
from hub.errors import Misconfigured
from hub.ports import Fault
from tests.clocks import HandClock
from tests.grants import granted

MAPPING = """
[fields]
authority = { from = "org", as = "identifier" }
region = { as = "constant", value = "120000" }
status = { from = "zt", as = "code", unknown = "UNKNOWN" }
"unit.area_m2" = { from = "mj", as = "decimal", units = ["㎡"], required = false }
"unit.issued_on" = { from = "data.day.0", as = "day", required = false }
"unit.seized" = { from = "cf", as = "flag", required = false, default = false }
"unit.names" = { from = "names", as = "split", required = false }
"unit.usage" = { from = "yt", required = false, default = "", when = { column = "zt", in = ["1"] } }

[each.holders]
from = "qlr"
fields.name = { from = "xm" }
fields.id_number = { from = "zjh", as = "identifier", required = false }

[each.pairs]
zip = ["as", "bs"]
fields.a = { from = "as" }
fields.b = { from = "bs", required = false }
"""
CODES = "column,code,value,meaning\nzt,1,CURRENT,x\n"
ROW: Mapping[str, Any] = {
    "org": "1112 ０", "zt": 1, "mj": "89.5㎡", "data": {"day": ["2021年3月4日"]},
    "cf": True, "names": "甲；乙;", "yt": "住宅",
    "qlr": [{"xm": " 张三 ", "zjh": None}, {"xm": "李四", "zjh": "12 x"}], "as": "a1,a2", "bs": "b1,，",
}  # fmt: skip
Make = Callable[..., Context]


@pytest.fixture
def make(info: ConnectorInfo, clock: HandClock, tmp_path: Path) -> Make:
    def made(mapping: str = MAPPING, grant: Any = None, **files: str) -> Context:
        for name, text in ({"mapping.toml": mapping, "codes.csv": CODES} | files).items():
            (tmp_path / name).write_text(text, "utf-8")
        return Context(info, Limits(), clock, Folder("sample", tmp_path), grant)

    return made


def row(**changes: Any) -> DeclaredRow:
    return DeclaredRow("k", 7, "UPSERT", {**ROW, **changes})


def test_a_row_becomes_a_record(make: Make) -> None:
    found = row_of(make(), row())
    assert found.faults == ()
    assert found.record is not None
    assert found.record["source"] == {"system": "sample", "key": "k", "version": 7, "operation": "UPSERT"}
    assert found.record["assurance"] == "SIGNED_RESPONSE"
    assert (found.record["authority"], found.record["region"]) == ("11120", "120000")
    assert found.record["status"] == "CURRENT"
    unit = found.record["unit"]
    assert (unit["area_m2"], str(unit["issued_on"])) == ("89.5", "2021-03-04")
    assert (unit["seized"], unit["usage"]) == (True, "住宅")
    assert unit["names"] == ["甲", "乙"]
    assert found.record["holders"] == [{"name": "张三", "id_number": None}, {"name": "李四", "id_number": "12X"}]
    assert found.record["pairs"] == [{"a": "a1", "b": "b1"}, {"a": "a2", "b": None}]


@pytest.mark.parametrize("given", ["0.00kWh", "0.00KWH", "0.00 ｋＷｈ", "0.00kwh", "0.00", "0.00kvarh"])
def test_a_unit_is_left_out_however_it_is_written(make: Make, given: str) -> None:
    """A unit that is not known for one is a fault of the whole row."""
    found = row_of(make(MAPPING.replace('units = ["㎡"]', 'units = ["kWh"]')), row(mj=given))
    if given.endswith("kvarh"):
        assert found.faults == (("SHAPE_TYPE", "unit.area_m2"),)
    else:
        assert found.record is not None and found.record["unit"]["area_m2"] == "0.00", found.faults


@pytest.mark.parametrize("given", [1614830400000, "1614830400000", 1614830400, "2021-03-04 12:00:00", "20210304"])
def test_a_day_may_be_a_moment(make: Make, given: Any) -> None:
    found = row_of(make(), row(data={"day": [given]}))
    assert found.record is not None
    assert str(found.record["unit"]["issued_on"]) == "2021-03-04"


def test_all_faults_of_a_row_are_told(make: Make) -> None:
    """P1: the reasons of a rejected row are complete."""
    bad = row(org=None, mj="many", data={"day": ["soon"]}, qlr=[{"xm": ""}, 3], bs="b1,b2,b3")
    assert set(row_of(make(), bad).faults) == {
        ("SHAPE_MISSING", "authority"), ("SHAPE_TYPE", "unit.area_m2"), ("SHAPE_TYPE", "unit.issued_on"),
        ("SHAPE_MISSING", "holders.0.name"), ("SHAPE_MISSING", "holders.0.id_number"), ("SHAPE_TYPE", "holders.1"),
        ("SHAPE_TYPE", "pairs"),
    }  # fmt: skip


def test_an_absent_column_is_a_fault_or_null_as_declared(make: Make) -> None:
    without = DeclaredRow("k", 7, "UPSERT", {name: value for name, value in ROW.items() if name not in ("mj", "qlr")})
    assert set(row_of(make(), without).faults) == {("SHAPE_MISSING", "unit.area_m2"), ("SHAPE_MISSING", "holders")}
    found = row_of(make('absent = "null"\n' + MAPPING), without)
    assert found.record is not None
    assert found.record["holders"] == []


def test_what_the_grant_does_not_have_is_in_no_part_of_the_row(make: Make) -> None:
    """P3: not in the record, not in the original; a signature over it is left out."""
    context = make(grant=granted("any", fields=[*(ROW.keys() - {"data", "qlr"}), "qlr.xm"]))
    found = row_of(context, row(), b"signed whole", b"proof")
    assert found.record is not None
    assert found.record["assurance"] == "CHANNEL_ONLY"
    assert found.record["unit"]["issued_on"] is None
    assert [one["id_number"] for one in found.record["holders"]] == [None, None]
    assert found.proof == b""
    assert "2021" not in found.raw.decode()
    assert "zjh" not in found.raw.decode()
    assert context.dropped.take() == {"data": 1, "qlr.zjh": 1}


@pytest.mark.parametrize(
    ("raw", "stays"),
    [
        (b'{"org": 1, "qlr": [{"xm": "a"}], "zt": NaN}', True),
        (b'{"org": 1, "org": 2}', True),
        (b'{"org": NaN, "phone": "13800000000"}', False),
        (b'{"qlr": [{"phone": "13800000000"}], "qlr": []}', False),
        (b'{"org": 1, "phone": "138000000', False),
        (b"13800000000", False),
        (b"[" * 100_000, False),
    ],
)
def test_p3_bytes_that_cannot_be_read_stay_only_where_the_grant_has_every_column(
    make: Make, raw: bytes, stays: bool
) -> None:
    """A source may send more than the connector reads: no mapping has dropped it from such bytes."""
    context = make(grant=granted("any", fields=[*(ROW.keys() - {"qlr"}), "qlr.xm"]))
    found = row_of(context, DeclaredRow("", 0, "UPSERT", {}, Fault("NUMBER_NOT_FINITE")), raw, b"proof")
    assert (found.raw == raw, found.proof == b"proof") == (stays, stays)
    assert b"138" not in found.raw
    assert found.faults == (("NUMBER_NOT_FINITE", ""),)


def test_a_hook_finishes_a_record_and_its_error_is_a_fault_of_the_row_alone(make: Make) -> None:
    hook = (
        "def after(record, columns):\n"
        "    if columns['yt'] == 'x':\n"
        "        raise RuntimeError('secret')\n"
        "    return record | {'region': '1'}\n"
    )
    context = make(**{"hook.py": hook})
    found = row_of(context, row())
    assert found.record is not None
    assert found.record["region"] == "1"
    assert row_of(context, row(yt="x")).faults == (("UNREADABLE", ""),)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[fields]\nx = 3", "fields.x"),
        ('[fields]\nx = { from = "a", as = "words" }', "fields.x.as"),
        ('[fields]\nx = { from = "a", formula = "1+1" }', "fields.x.formula"),
        ("[fields]\nx = {}", "fields.x"),
        ('[fields]\nx = { from = "a" }\n[each.y]\nfields.z = { from = "b" }', "each.y"),
    ],
)
def test_a_wrong_mapping_is_told_with_its_key(text: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=f"mapping.toml: {told}"):
        read_mapping(text, "sample/mapping.toml")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('[fields]\na = { from = "a" }\n"a.b" = { from = "a" }', "maps a and also a.b"),
        ('[fields]\na = { from = "zz", as = "code" }', "codes.csv has no column 'zz'"),
    ],
)
def test_a_mapping_that_contradicts_itself_is_told_when_it_is_opened(make: Make, text: str, told: str) -> None:
    with pytest.raises(Misconfigured, match=told):
        assert make(text).mapper
