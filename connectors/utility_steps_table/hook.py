"""What ``mapping.toml`` cannot say: a row tells of one moment while its step runs, and of two when it is done."""

from collections.abc import Mapping
from typing import Any, Final

_CODE_DIGITS: Final = 3
_RUNNING: Final = "RUNNING"
_RECEIVED: Final = "-RECEIVED"
_NULL: Final = "2147483647"
"""What this layer writes for no time, as a number or as digits."""


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """``acmp_time`` becomes the time of the event: when the step was done, or, while it runs, when it was received.
    ``rcv_time`` and ``req_time`` stay, without the nulls: so the start has one event of its own while the step runs and
    when it is done. ``step_stat`` becomes RUNNING-010 or DONE-010, by the times."""
    received, done, asked = (_time(columns.get(name)) for name in ("rcv_time", "acmp_time", "req_time"))
    code, runs = _padded(columns.get("step_no")), done is None
    times = {"acmp_time": received if runs else done, "rcv_time": received, "req_time": asked}
    return {**columns, **times, "step_no": code, "step_stat": f"{_RUNNING if runs else 'DONE'}-{code or ''}"}


def after(record: dict[str, Any], columns: Mapping[str, Any]) -> dict[str, Any]:
    """A step that opens and closes nothing was received, and was done later: two events, of which the first one has an
    id of its own. Under one id they would be two contents of one event, a conflict."""
    step = record["step"]
    if str(columns["step_stat"]).startswith(_RUNNING) and step["action"] == "WITHIN":
        return {**record, "step": {**step, "event_id": f"{step['event_id']}{_RECEIVED}"}}
    return record


def _time(given: Any) -> Any:
    return None if given is None or str(given).strip() in ("", _NULL) else given


def _padded(code: Any) -> Any:
    """A code of digits with its leading zeros, which this layer has in some tables only."""
    text = "" if code is None or isinstance(code, bool) else str(code).strip()
    return text.zfill(_CODE_DIGITS) if text.isascii() and text.isdigit() else text or None
