"""What a ``[table]`` may say."""

import tomllib
from typing import Any

import pytest
from pydantic import ValidationError

from hub.connect.table.spec import TableSpec

WHOLE = """
name = "spgl.xmjbxxb"
key = ["xmdm", "gcdm"]
time = "sjgxsj"
time_as = "datetime"
columns = ["xmmc", "jsdd"]
deleted_when = { column = "sjyxbs", in = ["0"] }
miscoded = ["jsdd"]

[children.units]
table = "spgl.xmdwxxb"
parent = "xmdm"
of = ["xmdm"]
order = ["dwlx", "lsh"]
columns = ["dwmc", "dwtyshxydm"]

[lookups.uscc]
child = "units"
column = "dwtyshxydm"
"""


def spec(**changes: Any) -> TableSpec:
    return TableSpec.model_validate(tomllib.loads(WHOLE) | changes)


def test_the_columns_that_are_read_are_known_by_table() -> None:
    assert spec().names() == {
        "spgl.xmjbxxb": {"xmdm", "gcdm", "sjgxsj", "xmmc", "jsdd", "sjyxbs"},
        "spgl.xmdwxxb": {"xmdm", "dwlx", "lsh", "dwmc", "dwtyshxydm"},
    }


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"key": []}, "key"),
        ({"name": "a.b.c"}, "name"),
        ({"colums": ["x"]}, "colums"),
        ({"texts": ["no"]}, "no is not"),
        (
            {"children": {"xmmc": {"table": "t", "parent": "p", "order": "o", "columns": ["x"]}}},
            "a column has this name",
        ),
        ({"children": {"u": {"table": "t", "parent": "p", "order": "o", "columns": ["x"]}}}, "as many columns"),
        ({"lookups": {"uscc": {"child": "nobody", "column": "x"}}}, "no child 'nobody'"),
        ({"operations": {"I": "INSERT"}}, "operations"),
        ({"optional": ["no"]}, "no is not"),
        ({"columns": ["xmmc", "jsdd", "xmdm"], "optional": ["xmdm"]}, "the hub itself needs xmdm"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ValidationError, match=told):
        spec(**changes)
