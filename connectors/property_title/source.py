"""The exchange table as a ``Source``."""

from collections.abc import Mapping
from typing import Any

from connectors.property_title.mapping import to_record
from hub.connect.context import Context
from hub.connect.table.source import Child, Layout, TableSource, Timing
from hub.ports import LookupQuery, Page
from hub.records.identifiers import tidy

LAYOUT = Layout(
    table="ex_bdc_title",
    key="rowguid",
    time="update_time",
    operation="operatetype",
    columns=(
        "bdcdyh", "bdcqzh", "zl", "ghyt", "mj", "djlx", "djyy", "djsj", "qszt", "gyfs", "cfzt", "dyzt", "xzqhdm",
        "djjg", "fj",
    ),
    texts=frozenset({"bdcqzh", "zl", "ghyt", "djyy", "fj", "qlr"}),
    children={"holders": Child("ex_bdc_qlr", "title_rowguid", "sxh", ("qlr", "zjzl", "zjh", "qlbl"))},
)  # fmt: skip
_FULL_WIDTH = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}


class TitleTable(TableSource):
    """Titles of the registry, read from its exchange table."""

    def look_up(self, query: LookupQuery) -> Page:
        """Titles in force of a holder, or on a unit."""
        in_force = self.column("qszt") == "1"
        if query.by == "unit-no":
            return self.rows_by("bdcdyh", spellings(query.value), in_force)
        numbers = [spelling for number in _numbers(query.by, query.value) for spelling in spellings(number)]
        return self.rows_by_child("holders", "zjh", numbers, in_force)


def _numbers(by: str, value: str) -> list[str]:
    """The numbers that old rows may have for a holder: also the 15-digit number, or the organisation code."""
    number = tidy(value)
    if by == "uscc":
        code = number[8:17]
        return [number, code, f"{code[:8]}-{code[8:]}"]
    return [number, number[:6] + number[8:17]] if number[6:8] == "19" else [number]


def spellings(number: str) -> list[str]:
    """The ways in which a number is found in the table: as it should be, in small letters, in groups of four, in full
    width.

    >>> spellings("12X4 5")
    ['12X45', '12x45', '12X4 5', '12X4 5 ', '１２Ｘ４５']
    """
    clean = tidy(number)
    groups = " ".join(clean[start : start + 4] for start in range(0, len(clean), 4))
    return list(dict.fromkeys((clean, clean.lower(), groups, f"{groups} ", clean.translate(_FULL_WIDTH))))


def open_source(options: Mapping[str, Any], context: Context) -> TitleTable:
    """Open the connector with its settings (``connector.toml``). It makes no call. Raises ``Misconfigured``."""
    timing = Timing(options["lag_s"], options["sweep_s"], options["full_reload"])
    return TitleTable(options["url"], LAYOUT, timing, context, lambda row: to_record(row, context.codes))
