"""What ``mapping.toml`` cannot say: what an event means depends on its kind and on the code of the step together."""

from collections.abc import Mapping
from typing import Any, Final

_CODE_DIGITS: Final = 3
_BY_CODE: Final = ("START", "END")


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Join the kind of an event with the code of its step where codes.csv decides by both: ``START-010``. A call-back
    by ``sendElectType`` names neither: ``SEND-3`` is both, and ``auditTime`` is its time. The hub's number has no
    hyphens in a record."""
    given = dict(columns)
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


def _ungrouped(number: Any) -> Any:
    """The hub's number without the hyphens that make it readable."""
    return number.replace("-", "") if isinstance(number, str) else number


def _padded(code: Any) -> Any:
    """A code of digits with its leading zeros, which systems lose where they hold it as a number."""
    text = "" if code is None or isinstance(code, bool) else str(code).strip()
    return text.zfill(_CODE_DIGITS) if text.isascii() and text.isdigit() else text or None
