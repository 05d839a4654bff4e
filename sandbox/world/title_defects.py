"""The defects of exchange-table rows and how each is made."""

from collections.abc import Callable
from dataclasses import replace

from sandbox.world.defects import Defect, wrong_check
from sandbox.world.digits import resident_id
from sandbox.world.enterprises import Enterprises
from sandbox.world.owners import ENTERPRISE, PERSON, Owner
from sandbox.world.title_row import TitleRow

TITLE_DEFECTS = (
    Defect("unit-short", "UNIT_FORM"),
    Defect("unit-parcel-kind", "UNIT_FORM"),
    Defect("unit-missing", "SHAPE_MISSING"),
    Defect("registration-date-missing", "SHAPE_MISSING"),
    Defect("registration-date-impossible", "SHAPE_TYPE"),
    Defect("area-is-words", "SHAPE_TYPE"),
    Defect("registered-in-2099", "DATE_FUTURE"),
    Defect("status-code-unknown", "STATUS_UNKNOWN"),
    Defect("no-holders", "HOLDERS_EMPTY"),
    Defect("same-holder-twice", "HOLDER_TWICE"),
    Defect("shares-five-sixths", "SHARES_SUM"),
    Defect("shares-left-out", "SHARES_MISSING"),
    Defect("holder-id-wrong-check", "ID_CHECK"),
    Defect("holder-id-impossible-date", "ID_DATE"),
    Defect("holder-id-letters", "ID_FORM"),
    Defect("holder-uscc-wrong-check", "USCC_CHECK"),
    Defect("holder-uscc-letter-o", "USCC_FORM"),
    Defect("control-character-in-address", "TEXT_CONTROL"),
    Defect("endless-address", "TEXT_TOO_LONG"),
    Defect("address-not-gb18030", "TEXT_ENCODING"),
)
_SPARE = Owner("王建国", PERSON, resident_id("120101", "19660815", 115))
_OTHER = Owner("李秀英", PERSON, resident_id("120104", "19680302", 226))


def spoil(name: str, row: TitleRow, enterprises: Enterprises) -> None:
    """Apply a defect to ``row`` in place."""
    if name.startswith("holder-uscc"):
        company = enterprises.at(row.position, 1)
        _alone(row, Owner(company.name, ENTERPRISE, _USCC[name](company.uscc)))
    elif name.startswith("holder-id"):
        _alone(row, replace(_SPARE, number=_ID[name](_SPARE.number)))
    else:
        _ROW[name](row)


def _alone(row: TitleRow, owner: Owner) -> None:
    row.owners = [owner]
    row.columns["gyfs"] = "0"


def _pair(row: TitleRow, gyfs: str, first: Owner, second: Owner) -> None:
    row.owners = [first, second]
    row.columns["gyfs"] = gyfs


def _unit(row: TitleRow, change: Callable[[str], str]) -> None:
    row.columns["bdcdyh"] = change(row.columns["bdcdyh"] or "")


def _no_holders(row: TitleRow) -> None:
    row.owners = []
    row.columns["gyfs"] = "0"


def _control(row: TitleRow) -> None:
    row.texts["zl"] = (row.texts["zl"] or "").replace("区", "区\x01", 1)


def _undecodable(row: TitleRow) -> None:
    row.raw["zl"] = "天津市".encode("gb18030") + b"\xd6\xff\xff\x81"


_USCC: dict[str, Callable[[str], str]] = {
    "holder-uscc-wrong-check": wrong_check,
    "holder-uscc-letter-o": lambda code: code[:9] + "O" + code[10:],
}
_ID: dict[str, Callable[[str], str]] = {
    "holder-id-wrong-check": wrong_check,
    "holder-id-impossible-date": lambda number: resident_id(number[:6], "19810231", 121),
    "holder-id-letters": lambda number: number[:12] + "ABCD",
}
_ROW: dict[str, Callable[[TitleRow], None]] = {
    "unit-short": lambda row: _unit(row, lambda unit: unit[:20]),
    "unit-parcel-kind": lambda row: _unit(row, lambda unit: unit[:12] + "QQ" + unit[14:]),
    "unit-missing": lambda row: row.columns.update(bdcdyh=None),
    "registration-date-missing": lambda row: row.columns.update(djsj=None),
    "registration-date-impossible": lambda row: row.columns.update(djsj="2021-13-45"),
    "area-is-words": lambda row: row.columns.update(mj="一百二十"),
    "registered-in-2099": lambda row: row.columns.update(djsj="2099-03-01"),
    "status-code-unknown": lambda row: row.columns.update(qszt="9"),
    "no-holders": _no_holders,
    "same-holder-twice": lambda row: _pair(row, "1", _SPARE, _SPARE),
    "shares-five-sixths": lambda row: _pair(row, "2", replace(_SPARE, share="1/2"), replace(_OTHER, share="1/3")),
    "shares-left-out": lambda row: _pair(row, "2", _SPARE, _OTHER),
    "control-character-in-address": _control,
    "endless-address": lambda row: row.texts.update(zl="天津市" + "长" * 5_000),
    "address-not-gb18030": _undecodable,
}
