"""What other systems of the utility know of the cases that were played: the archive of its connection system, the first
readings of its meters, its telephones, and the complaints. An auditor compares these files with the hub."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

from sandbox.steps.plans import Case, moments

TITLES: Final[Mapping[str, tuple[str, ...]]] = {
    "crm-archive": ("application_no", "app_no", "completed_at", "accepted_at", "rating"),
    "first-readings": ("application_no", "app_no", "read_at"),
    "contacts": ("application_no", "app_no", "contacted_at"),
    "complaints": ("application_no", "app_no", "complained_at", "about"),
}
"""File, as the option of ``hub audit offsystem`` names it → its columns."""
NEVER_TOLD: Final = "120104000009999999"
"""The number of a connection that was made beside every system."""
DAY: Final = timedelta(days=1)
_PLACES: Final = {
    "RATING_NOT_MADE": 0,
    "DATES_DIFFER": 1,
    "CONTACT_BEFORE_APPLICATION": 2,
    "ENERGISED_EARLY": 3,
    "READING_DIFFERS": 3,
    "COMPLAINED": 4,
}
"""Code → the case that shows it."""
Files = dict[str, list[dict[str, Any]]]


@dataclass(slots=True)
class Known:
    """What they know. ``planted``: code of a finding → the number of the case that it is planted in."""

    files: Files
    planted: dict[str, str] = field(default_factory=dict)

    def write(self, folder: Path) -> dict[str, Path]:
        """Write the four files. Returns where each one is."""
        folder.mkdir(parents=True, exist_ok=True)
        paths = {name: folder / f"{name}.csv" for name in TITLES}
        for name, path in paths.items():
            with path.open("w", encoding="utf-8", newline="") as stream:
                out = csv.DictWriter(stream, TITLES[name])
                out.writeheader()
                out.writerows(self.files[name])
        return paths


def known(cases: Sequence[tuple[Case, int]]) -> Known:
    """What they know of cases that were played, each with the grade that its customer gave; all of it is true."""
    files: Files = {name: [] for name in TITLES}
    for case, grade in cases:
        at = {(one.step, one.kind): one.at for one in moments(case)}
        numbers = {"application_no": case.numbers.get("externalAppNo", ""), "app_no": case.numbers.get("appNo", "")}
        done = at["150", "END"]
        accepted = {"accepted_at": _day(at["010", "END"]), "rating": grade}
        files["crm-archive"].append({**numbers, "completed_at": _time(at["160", "END"]), **accepted})
        files["first-readings"].append({**numbers, "read_at": _time(done)})
        files["contacts"].append({**numbers, "contacted_at": _time(at["010", "START"])})
    return Known(files)


def cheat(told: Known) -> Known:
    """The same with off-system work: what was told of a case is not what these systems know. Wants five cases."""
    files = {name: [dict(row) for row in rows] for name, rows in told.files.items()}
    archive, readings, contacts = files["crm-archive"], files["first-readings"], files["contacts"]
    archive[0]["rating"] = 1 if archive[0]["rating"] == 5 else 5
    archive[1]["completed_at"] = _moved(archive[1]["completed_at"], -2 * DAY)
    contacts[2]["contacted_at"] = _moved(contacts[2]["contacted_at"], -2 * DAY)
    readings[3]["read_at"] = _moved(readings[3]["read_at"], -2 * DAY)
    numbers = {name: archive[4][name] for name in ("application_no", "app_no")}
    complained_at = contacts[4]["contacted_at"]
    files["complaints"].append({**numbers, "complained_at": complained_at, "about": "重复或延迟启动流程"})
    archive.append({"application_no": "", "app_no": NEVER_TOLD, "completed_at": complained_at})
    planted = {code: archive[place]["application_no"] for code, place in _PLACES.items()}
    return Known(files, planted | {"NOT_IN_HUB": ""})


def _time(at: datetime) -> str:
    return at.isoformat(" ", "seconds")


def _day(at: datetime) -> str:
    return at.date().isoformat()


def _moved(at: str, by: timedelta) -> str:
    return _time(datetime.fromisoformat(at) + by)
