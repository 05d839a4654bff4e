"""A registry's exchange table that a test writes by hand, read by the connector for it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, delete, insert

from hub.connect.host.guard import GuardedSource
from hub.connect.host.registry import open_source
from hub.ports import Clock, Page, SourceRow
from sandbox.exchange import tables
from sandbox.exchange.tables import HOLDER, TITLE
from tests.grants import granted

NAME = "property_title"
_COLUMNS = {
    "mj": "89.53", "djlx": "200", "djsj": "2021-03-04", "qszt": "1", "gyfs": "0", "cfzt": "0", "dyzt": "1",
    "xzqhdm": "120104", "djjg": "11120104000012345X", "operatetype": "U",
}  # fmt: skip
_TEXTS = {
    "bdcqzh": "津(2021)南开区不动产权第1000001号", "zl": "天津市南开区长江道12号美丽花园3号楼2门501室",
    "ghyt": "住宅", "djyy": "买卖", "fj": None,
}  # fmt: skip
OWNER = {"qlr": "王伟".encode("gb18030"), "zjzl": "1", "zjh": "360426199101010071", "qlbl": None}


def unit_no(number: int) -> str:
    return f"120104001001GB{number // 10000:05d}F{number % 10000:04d}0001"


def title(key: str, time_ms: Any, number: int = 1, **changes: Any) -> dict[str, Any]:
    """The values of one row of the title table."""
    texts = {name: text and text.encode("gb18030") for name, text in _TEXTS.items()}
    return {**_COLUMNS, **texts, "bdcdyh": unit_no(number), "rowguid": key, "update_time": time_ms, **changes}


class Table:
    """The two tables in ``folder``, and a cursor that reads them."""

    def __init__(self, folder: Path, clock: Clock, free: tuple[str, ...] = (), **settings: Any) -> None:
        self.url = f"sqlite:///{folder}/exchange.db"
        self.clock = clock
        self.engine: Engine = tables.engine_of(self.url)
        for name in free:
            TITLE.c[name].nullable = True
        try:
            tables.metadata.create_all(self.engine)
        finally:
            for name in free:
                TITLE.c[name].nullable = False
        self._settings = settings
        self.cursor: Any = None
        self.source = self.opened()

    def opened(self) -> GuardedSource:
        settings = {"url": self.url, "rate_per_s": 1e6, "burst": 10**6, **self._settings}
        return open_source(NAME, settings, self.clock, grant=granted(NAME))

    def put(self, key: str, time_ms: Any, number: int = 1, holders: int = 1, **changes: Any) -> None:
        """Write a row in place of the one with its key."""
        with self.engine.begin() as connection:
            connection.execute(delete(HOLDER).where(HOLDER.c.title_rowguid == key))
            connection.execute(delete(TITLE).where(TITLE.c.rowguid == key))
            connection.execute(insert(TITLE), [title(key, time_ms, number, **changes)])
            for place in range(holders):
                connection.execute(insert(HOLDER), [{**OWNER, "title_rowguid": key, "sxh": place + 1}])

    def put_holder(self, key: str, place: int, **changes: Any) -> None:
        self.put_holders(key, [{"sxh": place, **changes}])

    def put_holders(self, key: str, holders: Sequence[Mapping[str, Any]]) -> None:
        with self.engine.begin() as connection:
            connection.execute(insert(HOLDER), [{**OWNER, "title_rowguid": key, **holder} for holder in holders])

    def drop(self, *keys: str) -> None:
        with self.engine.begin() as connection:
            connection.execute(delete(TITLE).where(TITLE.c.rowguid.in_(keys)))

    def page(self) -> Page:
        page = self.source.fetch(self.cursor)
        self.cursor = json.loads(json.dumps(page.cursor))
        return page

    def drained(self) -> list[SourceRow]:
        """All rows until there is nothing more."""
        return [row for page in self.pages() for row in page.rows]

    def pages(self) -> Iterator[Page]:
        while (page := self.page()).rows or page.more:
            yield page
        yield page

    def keys(self) -> set[str]:
        return {row.key for row in self.drained()}


def faults(rows: list[SourceRow]) -> Mapping[str, tuple[str, ...]]:
    """Key → the faults of a row as ``CODE field``."""
    return {row.key: tuple(" ".join(fault) for fault in row.faults) for row in rows if row.faults}
