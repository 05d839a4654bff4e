"""``codes.csv``: translates a source's codes into the hub's words. Columns: ``column,code,value,meaning``."""

import csv
from collections.abc import Mapping

from hub.errors import Misconfigured
from hub.records.identifiers import tidy


class Codes:
    """Code tables: the source's column → its code → our word. Immutable."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        self._tables = tables

    @classmethod
    def read(cls, text: str) -> "Codes":
        """The tables of a ``codes.csv``. Raises ``Misconfigured`` for a line that is not complete, and when a code has
        two values.

        >>> Codes.read("column,code,value,meaning\\nzzzt,1,CURRENT,有效\\n").find("zzzt", "1")
        'CURRENT'
        """
        lines = csv.DictReader(text.splitlines())
        if not {"column", "code", "value"} <= {*(lines.fieldnames or ())}:
            raise Misconfigured("codes.csv has another first line", "it begins with column,code,value,meaning")
        tables: dict[str, dict[str, str]] = {}
        for row in lines:
            if not (row["column"] and row["code"] and row["value"]):
                raise Misconfigured(
                    f"codes.csv, line {lines.line_num}: a column, a code or a value is missing", "complete the line"
                )
            if tables.setdefault(row["column"], {}).setdefault(tidy(row["code"]), row["value"]) != row["value"]:
                raise Misconfigured(
                    f"codes.csv: {row['column']} {row['code']} has two values", "delete one of the lines"
                )
        return cls(tables)

    def find(self, column: str, code: object) -> str | None:
        """Our word for a code of ``column``, compared without the usual dirt; ``None`` for an unknown code. Raises
        ``KeyError`` for another column."""
        return self._tables[column].get(tidy(str(code)))

    def knows(self, column: str) -> bool:
        """Whether there is a table for this column."""
        return column in self._tables

    def table(self, column: str) -> Mapping[str, str]:
        """Code → our word, of one column. Raises ``KeyError`` for another column."""
        return self._tables[column]

    def columns(self) -> frozenset[str]:
        """The source's columns that have a table."""
        return frozenset(self._tables)
