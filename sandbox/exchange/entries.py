"""What the registry enters in the book of a unit: a transfer, a mortgage, a change of particulars, a revocation."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import NAMESPACE_OID, uuid5

from sqlalchemy import Connection, select

from sandbox.errors import Misconfigured
from sandbox.exchange.tables import HOLDER, TITLE
from sandbox.world.owners import ENTERPRISE, PERSON, Owner
from sandbox.world.title_row import TitleRow

_CHINA = timezone(timedelta(hours=8))
_TEXTS = ("bdcqzh", "zl", "ghyt", "djyy", "fj")
_COLUMNS = ("bdcdyh", "mj", "djlx", "djsj", "qszt", "gyfs", "cfzt", "dyzt", "xzqhdm", "djjg")
_TRANSFER, _CHANGE = "200", "300"
_Columns = dict[str, str | None]
_IN_FORCE, _SUPERSEDED, _CANCELLED = "1", "2", "3"


def entered(connection: Connection, wish: Mapping[str, Any], now_ms: int, nth: int) -> list[TitleRow]:
    """The rows that an entry writes, the one in force last. ``nth``: how many entries were made before. Raises
    ``Misconfigured`` for a unit without a title in force, an unknown kind, and a transfer without holders."""
    kind, make = str(wish.get("kind", "")), KINDS.get(str(wish.get("kind", "")))
    if make is None:
        raise Misconfigured(f"nothing is called {kind!r}", f"choose from {', '.join(KINDS)}")
    before = _in_force(connection, str(wish.get("unitNo", "")))
    before.operation, before.update_time = "U", now_ms
    today = datetime.fromtimestamp(now_ms / 1000, UTC).astimezone(_CHINA).date().isoformat()
    return make(before, str(wish.get("on") or today), _owners(wish.get("holders", ())), nth)


def _transfer(before: TitleRow, on: str, owners: list[Owner], nth: int) -> list[TitleRow]:
    if not owners:
        raise Misconfigured("a transfer without holders", 'name them: "holders": [{"name", "idNo"}]')
    number = f"津({on[:4]})不动产权第{9_000_001 + nth:07d}号"
    gyfs = "0" if len(owners) == 1 else "1"
    fresh: _Columns = {"djlx": _TRANSFER, "djsj": on, "qszt": _IN_FORCE, "gyfs": gyfs, "cfzt": "0", "dyzt": "0"}
    after = replace(
        before,
        key=str(uuid5(NAMESPACE_OID, f"{before.key} {nth}")).upper(),
        operation="I",
        columns=before.columns | fresh,
        texts=before.texts | {"bdcqzh": number, "djyy": "买卖", "fj": None},
        owners=owners,
    )
    return [replace(before, columns=before.columns | {"qszt": _SUPERSEDED}), after]


def _mortgage(before: TitleRow, on: str, owners: list[Owner], nth: int) -> list[TitleRow]:  # noqa: ARG001
    return [replace(before, columns=before.columns | {"dyzt": "1"})]


def _particulars(before: TitleRow, on: str, owners: list[Owner], nth: int) -> list[TitleRow]:  # noqa: ARG001
    changed: _Columns = {"djlx": _CHANGE, "djsj": on}
    return [replace(before, columns=before.columns | changed, texts=before.texts | {"djyy": "变更"})]


def _revoked(before: TitleRow, on: str, owners: list[Owner], nth: int) -> list[TitleRow]:  # noqa: ARG001
    return [replace(before, columns=before.columns | {"qszt": _CANCELLED})]


KINDS: Mapping[str, Callable[[TitleRow, str, list[Owner], int], list[TitleRow]]] = {
    "TRANSFER": _transfer,
    "MORTGAGE": _mortgage,
    "PARTICULARS": _particulars,
    "REVOKED": _revoked,
}
"""Kind of entry → what it makes of the title in force."""


def _in_force(connection: Connection, unit_no: str) -> TitleRow:
    wanted = TITLE.c.bdcdyh == unit_no, TITLE.c.qszt == _IN_FORCE, TITLE.c.operatetype != "D"
    row = connection.execute(select(TITLE).where(*wanted).limit(1)).one_or_none()
    if row is None:
        raise Misconfigured(f"no title in force of the unit {unit_no!r}", "name a unit of the exchange table")
    held = select(HOLDER).where(HOLDER.c.title_rowguid == row.rowguid).order_by(HOLDER.c.sxh)
    owners = [Owner(one.qlr.decode("gb18030"), one.zjzl, one.zjh, one.qlbl) for one in connection.execute(held)]
    texts = {name: value and value.decode("gb18030") for name in _TEXTS for value in (getattr(row, name),)}
    columns = {name: getattr(row, name) for name in _COLUMNS}
    return TitleRow(-1, row.rowguid, "U", row.update_time, columns, texts, owners)


def _owners(holders: Sequence[Mapping[str, str]]) -> list[Owner]:
    return [
        Owner(one["name"], ENTERPRISE if len(one["idNo"]) == 18 and one["idNo"][:2] == "91" else PERSON, one["idNo"])
        for one in holders
    ]
