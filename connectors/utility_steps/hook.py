"""What ``mapping.toml`` cannot say: what an event means depends on its kind and on the code of the step together."""

import re
from collections.abc import Mapping
from typing import Any, Final

_CODE_DIGITS: Final = 3
_BY_CODE: Final = ("START", "END")
_AMOUNT: Final = re.compile(r"[0-9]{1,12}(\.[0-9]{1,6})?元?")
_TIMES: Final = (
    *("customerRequestedAt", "startedAt", "recordedAt"),
    *("appointmentAt", "contractSignedAt", "firstReadingAt", "promisedOn"),
)
"""Times that a step may leave out."""
_NO_TIME: Final = ("NULL", "NONE", "2147483647", "-", "/", "无")
"""What systems write for no time, in capitals."""
_CHARGE_ITEM_MAX: Final = 200
"""Most characters of what was charged; the record's kind takes no more."""


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Join the kind of an event with the code of its step where codes.csv decides by both: ``START-010``. A call-back
    by ``sendElectType`` names neither: ``SEND-3`` is both, and ``auditTime`` is its time. The hub's number has no
    hyphens in a record. A word for no time in a time that may be left out is null."""
    given = dict(columns) | _charge(columns) | {name: None for name in _TIMES if _is_no_time(columns.get(name))}
    code = _padded(given.get("stepCode"))
    kind, sent = str(given.get("eventType") or "").strip().upper(), str(given.get("sendElectType") or "").strip()
    if sent:
        code = kind = f"SEND-{sent.lstrip('0')}"
        given["occurredAt"] = given.get("occurredAt") or given.get("auditTime")
    elif kind in _BY_CODE:
        kind = f"{kind}-{code or ''}"
    return given | {
        "externalAppNo": _ungrouped(given.get("externalAppNo")),
        "stepCode": code,
        "eventType": kind or None,
    }


def _charge(columns: Mapping[str, Any]) -> dict[str, Any]:
    """What was charged, and how much. An amount that is no plain number of yuan stays as it was written, after the
    item: it never keeps the step from its case."""
    item, amount = (_text(columns.get(name)) for name in ("chargeItem", "chargeAmount"))
    plain = re.sub(r"[\s,，¥￥]", "", amount)
    if amount and not _AMOUNT.fullmatch(plain):
        item, plain = f"{item} {amount}".strip(), ""
    found = {"chargeItem": item[:_CHARGE_ITEM_MAX] or None, "chargeAmount": plain or None}
    return {name: text for name, text in found.items() if columns.get(name) is not None or text}


def _is_no_time(given: Any) -> bool:
    return _text(given).upper() in _NO_TIME


def _text(given: Any) -> str:
    return "" if given is None else str(given).strip()


def _ungrouped(number: Any) -> Any:
    """The hub's number without the hyphens that make it readable."""
    return number.replace("-", "") if isinstance(number, str) else number


def _padded(code: Any) -> Any:
    """A code of digits with its leading zeros, which systems lose where they hold it as a number."""
    text = "" if code is None or isinstance(code, bool) else str(code).strip()
    return text.zfill(_CODE_DIGITS) if text.isascii() and text.isdigit() else text or None
