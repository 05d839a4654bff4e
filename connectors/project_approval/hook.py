"""What ``mapping.toml`` cannot say: which of several lines counts."""

from collections.abc import Mapping
from typing import Any

BUILDER = "1"
"""dwlx of the unit that builds (建设单位)."""


def before(columns: Mapping[str, Any]) -> dict[str, Any]:
    """Leave the last line alone in each list: of the units the builder, of the progress the last by its time. A line
    that was taken back (sjyxbs 0) does not count."""
    found = dict(columns)
    for name in ("project", "units", "matter", "progress"):
        if isinstance(found.get(name), list):
            found[name] = _last(name, found[name])
    return found


def _last(name: str, lines: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    valid = [one for one in lines if str(one.get("sjyxbs")) != "0"]
    if name == "units":
        valid = [one for one in valid if str(one.get("dwlx")) == BUILDER]
    if name == "progress":
        valid.sort(key=lambda one: str(one.get("blsj") or ""))
    return valid[-1:]
