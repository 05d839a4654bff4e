"""``codes.csv``: the source's codes in our words. Columns: ``column,code,value,meaning``."""

import csv
from collections.abc import Mapping

from hub.errors import Misconfigured


class Codes:
    """Code tables by the source's column. Immutable."""

    def __init__(self, tables: Mapping[str, Mapping[str, str]]) -> None:
        self._tables = tables

    @classmethod
    def read(cls, text: str) -> "Codes":
        """The tables of a ``codes.csv``.

        >>> Codes.read("column,code,value,meaning\\nzzzt,1,CURRENT,有效\\n").find("zzzt", "1")
        'CURRENT'
        """
        tables: dict[str, dict[str, str]] = {}
        for row in csv.DictReader(text.splitlines()):
            if tables.setdefault(row["column"], {}).setdefault(row["code"], row["value"]) != row["value"]:
                raise Misconfigured(f"codes.csv: {row['column']} {row['code']} stands in it twice", "keep one line")
        return cls(tables)

    def find(self, column: str, code: object) -> str | None:
        """Our word for the source's code; ``None`` for one that is in no table."""
        return self._tables[column].get(str(code).strip())

    def knows(self, column: str) -> bool:
        return column in self._tables

    def columns(self) -> frozenset[str]:
        return frozenset(self._tables)
