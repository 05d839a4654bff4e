"""What happens to a case from acceptance to electricity on, as a utility's system tells it: one event for each moment,
or one row for each step."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final
from zlib import crc32

SHORT: Final = (("010", "START"), ("010", "END"), ("140", "END"), ("150", "END"), ("160", "END"))
"""(Step, kind of event) of a case whose whole process is timed."""
LONG: Final = (
    *(("010", "START"), ("010", "END"), ("020", "START"), ("020", "END"), ("030", "END"), ("060", "END")),
    *(("120", "START"), ("120", "END"), ("125", "END"), ("150", "END"), ("160", "END")),
)
STARRED: Final = (
    *LONG[:6],
    *(("100", "START"), ("105", "END"), ("110", "START"), ("115", "END")),
    *LONG[6:],
)
"""With design review and mid inspection."""
PLANS: Final = {"short": SHORT, "long": LONG, "starred": STARRED}
STAFF: Final = {"manager": "客户经理司马望舒", "operator": "受理员欧阳听雨", "terminal": "TERMINAL-0715-NK"}
"""Who did it and where, in every event."""
_REQUESTED: Final = ("100", "110", "120")
"""Steps that the customer asks for."""


@dataclass(frozen=True, slots=True)
class Case:
    """A case to play. ``numbers``: what every event names it by, in the system's own words. ``since``: when the first
    step begins; ``every_s``: seconds between two events."""

    numbers: dict[str, str]
    plan: str
    since: datetime
    every_s: float

    @property
    def name(self) -> str:
        """What ids of its events begin with."""
        return self.numbers.get("externalAppNo") or self.numbers["appNo"]


@dataclass(frozen=True, slots=True)
class Moment:
    """One moment of a case."""

    event_id: str
    step: str
    kind: str
    at: datetime

    def event(self, case: Case) -> dict[str, Any]:
        """As an event."""
        told: dict[str, Any] = {"eventId": self.event_id, **case.numbers, "stepCode": self.step, "eventType": self.kind}
        told |= {"occurredAt": _written(self.at), "recordedAt": _written(self.at), **STAFF}
        if self.step in _REQUESTED and self.kind == "START":
            told["customerRequestedAt"] = _written(self.at)
        if (self.step, self.kind) == ("150", "END"):
            told |= {"meterBarcode": f"12{crc32(self.event_id.encode()):010d}", "firstReading": "0.00"}
            told["firstReadingAt"] = _written(self.at)
        return told


def moments(case: Case) -> list[Moment]:
    """The moments of a case, in their order."""
    plan = PLANS[case.plan]
    gap = timedelta(seconds=case.every_s)
    return [
        Moment(f"{case.name}-{number:02d}", step, kind, case.since + number * gap)
        for number, (step, kind) in enumerate(plan, 1)
    ]


def rows(case: Case, told: Sequence[Moment]) -> list[dict[str, Any]]:
    """The rows of the step table after these moments, one for each step."""
    found: dict[str, dict[str, Any]] = {}
    for one in told:
        row = found.setdefault(
            one.step,
            {
                "step_id": f"{crc32(case.name.encode()):010d}{one.step}",
                "app_no": case.numbers["appNo"],
                "step_no": one.step.lstrip("0"),
            }
            | {"handler_no": STAFF["operator"]}
            | {"rcv_time": _plain(one.at), "acmp_time": NULL}
            | {"req_time": _plain(one.at) if one.step in _REQUESTED else NULL},
        )
        if one.kind == "END":
            row["acmp_time"] = _plain(one.at)
    return list(found.values())


NULL: Final = "2147483647"
"""What the table has for no time."""


def _written(at: datetime) -> str:
    return at.isoformat(timespec="milliseconds")


def _plain(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


# ---- what goes wrong on demand -------------------------------------------------------------------------------------


def _end_before_start(told: list[Moment]) -> list[Moment]:
    return told[::-1]


def _duplicate(told: list[Moment]) -> list[Moment]:
    return [one for one in told for _ in range(2)]


def _conflict(told: list[Moment]) -> list[Moment]:
    return [*told, replace(told[0], at=told[0].at + timedelta(seconds=1))]


def _future(told: list[Moment]) -> list[Moment]:
    return [replace(one, at=one.at + timedelta(days=2)) if one.step == "150" else one for one in told]


def _late(told: list[Moment]) -> list[Moment]:
    return [*told[1:], told[0]]


def _off_system(told: list[Moment]) -> list[Moment]:
    return told[:2]


def _unknown_code(told: list[Moment]) -> list[Moment]:
    return [*told, replace(told[-1], event_id=f"{told[-1].event_id}-x", step="999")]


WRONG: Final = {
    "end-before-start": _end_before_start,
    "duplicate": _duplicate,
    "conflict": _conflict,
    "future": _future,
    "late": _late,
    "off-system": _off_system,
    "unknown-code": _unknown_code,
}
"""Name → what it makes of the moments that are reported, in the order of the reports. ``off-system``: the work
continues and is not reported; ``late``: the first one is reported last; ``future``: electricity on in two days."""
