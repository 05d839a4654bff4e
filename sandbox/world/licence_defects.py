"""The defects of licence records and how each is made."""

import json
from collections.abc import Callable
from typing import Any

from sandbox.world.defects import Defect, wrong_check
from sandbox.world.digits import resident_id
from sandbox.world.draw import Draw

Record = dict[str, Any]
DEEP = 300
LARGE = 300_000
"""Characters: above the hub's default bound of one record (262,144 bytes)."""

LICENCE_DEFECTS = (
    Defect("uscc-wrong-check", "USCC_CHECK"),
    Defect("uscc-letter-o", "USCC_FORM"),
    Defect("uscc-short", "USCC_FORM"),
    Defect("head-id-wrong-check", "ID_CHECK"),
    Defect("head-id-impossible-date", "ID_DATE"),
    Defect("head-id-letters", "ID_FORM"),
    Defect("licence-id-wrong-check", "ELICENCE_CHECK"),
    Defect("licence-id-wrong-root", "ELICENCE_FORM"),
    Defect("ends-before-it-begins", "DATE_ORDER"),
    Defect("issued-in-2099", "DATE_FUTURE"),
    Defect("ran-out-but-current", "EXPIRED"),
    Defect("status-code-unknown", "STATUS_UNKNOWN"),
    Defect("text-changed-after-signing", "PROOF_INVALID"),
    Defect("name-missing", "SHAPE_MISSING"),
    Defect("issue-date-missing", "SHAPE_MISSING"),
    Defect("name-is-a-list", "SHAPE_TYPE"),
    Defect("issue-date-is-words", "SHAPE_TYPE"),
    Defect("bell-in-name", "TEXT_CONTROL"),
    Defect("endless-name", "TEXT_TOO_LONG"),
    Defect("lone-surrogate", "TEXT_ENCODING", anonymous=True),
    Defect("cut-off-text", "UNREADABLE", anonymous=True),
    Defect("same-field-twice", "DUPLICATE_KEY", anonymous=True),
    Defect("capital-of-400-digits", "NUMBER_TOO_LARGE", anonymous=True),
    Defect("capital-is-nan", "NUMBER_NOT_FINITE", anonymous=True),
    Defect("scope-too-deep", "TOO_DEEP", anonymous=True),
    Defect("scope-too-large", "TOO_LARGE", anonymous=True),
)


def _text(record: Record) -> str:
    return json.dumps(record, ensure_ascii=False, separators=(",", ":"))


def spoil(name: str, record: Record, draw: Draw) -> tuple[str, str]:
    """Apply a defect to ``record`` in place. Returns (the text that is served, the text of its Merkle leaf)."""
    if name in _FIELDS:
        _FIELDS[name](record, draw)
        text = _text(record)
        return text, text
    hashed = _text(record)
    served = _TEXTS[name](record, hashed)
    return served, hashed if name == "text-changed-after-signing" else served


def _uscc(change: Callable[[str], str]) -> Callable[[Record, Draw], None]:
    def apply(record: Record, draw: Draw) -> None:  # noqa: ARG001
        clean = _tidy(record["uniscid"])
        record["uniscid"] = record["czztdm"] = change(clean)

    return apply


def _head(change: Callable[[str], str]) -> Callable[[Record, Draw], None]:
    def apply(record: Record, draw: Draw) -> None:  # noqa: ARG001
        record["lerep_zjh"] = change(_tidy(record["lerep_zjh"]))

    return apply


def _put(**values: Any) -> Callable[[Record, Draw], None]:
    return lambda record, draw: record.update(values)  # noqa: ARG005


def _drop(field: str) -> Callable[[Record, Draw], None]:
    def apply(record: Record, draw: Draw) -> None:  # noqa: ARG001
        del record[field]

    return apply


def _tidy(code: str) -> str:
    """Undo the dirt, so that a row has one defect and not two."""
    half = "".join(chr(ord(char) - 0xFEE0) if ord(char) > 0xFF00 else char for char in code)
    return half.replace(" ", "").upper()


def _licence_id(change: Callable[[str], str]) -> Callable[[Record, Draw], None]:
    def apply(record: Record, draw: Draw) -> None:  # noqa: ARG001
        record["zzbs"] = change(record["zzbs"])

    return apply


def _bell(record: Record, draw: Draw) -> None:  # noqa: ARG001
    record["entname"] = record["czzt"] = record["entname"][:3] + "\x07" + record["entname"][3:]


_ORDER = {"zzyxqqsrq": "2019-05-01", "zzyxqjzrq": "2009-05-01", "zzzt": "2", "zzbfrq": "2019-05-01"}
_FUTURE = {"zzbfrq": "2099-03-01", "zzyxqqsrq": "2099-03-01", "zzyxqjzrq": "长期"}
_EXPIRED = {"zzyxqqsrq": "1999-03-01", "zzyxqjzrq": "2004-02-29", "zzzt": "1", "zzbfrq": "1999-03-01"}
_ENDLESS = "天津市" + "长" * 5_000 + "有限公司"

_FIELDS: dict[str, Callable[[Record, Draw], None]] = {
    "uscc-wrong-check": _uscc(wrong_check),
    "uscc-letter-o": _uscc(lambda code: code[:9] + "O" + code[10:]),
    "uscc-short": _uscc(lambda code: code[:15]),
    "head-id-wrong-check": _head(wrong_check),
    "head-id-impossible-date": _head(lambda code: resident_id(code[:6], "19810231", 121)),
    "head-id-letters": _head(lambda code: code[:12] + "ABCD"),
    "licence-id-wrong-check": _licence_id(wrong_check),
    "licence-id-wrong-root": _licence_id(lambda code: code.replace("1.2.156.3005.2.", "1.2.840.3005.", 1)),
    "ends-before-it-begins": _put(**_ORDER),
    "issued-in-2099": _put(**_FUTURE),
    "ran-out-but-current": _put(**_EXPIRED),
    "status-code-unknown": _put(zzzt="9"),
    "name-missing": _drop("entname"),
    "issue-date-missing": _drop("zzbfrq"),
    "name-is-a-list": _put(entname=["一", "二"]),
    "issue-date-is-words": _put(zzbfrq="去年春天"),
    "bell-in-name": _bell,
    "endless-name": _put(entname=_ENDLESS, czzt=_ENDLESS),
}


def _tampered(record: Record, text: str) -> str:  # noqa: ARG001
    return text.replace("号", "号甲", 1) if "号" in text else text + " "


def _capital(literal: str) -> Callable[[Record, str], str]:
    def apply(record: Record, text: str) -> str:
        written = "null" if record["regcap"] is None else str(record["regcap"])
        return text.replace(f'"regcap":{written}', f'"regcap":{literal}', 1)

    return apply


def _scope(literal: str) -> Callable[[Record, str], str]:
    def apply(record: Record, text: str) -> str:
        written = json.dumps(record["opscope"], ensure_ascii=False)
        return text.replace(f'"opscope":{written}', f'"opscope":{literal}', 1)

    return apply


_TEXTS: dict[str, Callable[[Record, str], str]] = {
    "text-changed-after-signing": _tampered,
    "lone-surrogate": lambda record, text: text.replace('"regstate":"', '"regstate":"\\ud83d', 1),  # noqa: ARG005
    "cut-off-text": lambda record, text: text[: len(text) * 2 // 3],  # noqa: ARG005
    "same-field-twice": lambda record, text: text[:-1] + f',"uniscid":"{record["uniscid"]}"}}',
    "capital-of-400-digits": _capital("9" * 400),
    "capital-is-nan": _capital("NaN"),
    "scope-too-deep": _scope("[" * DEEP + "]" * DEEP),
    "scope-too-large": _scope('"' + "经营" * (LARGE // 2) + '"'),
}
