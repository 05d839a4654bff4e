"""P3, P4: every place that opens sealed values is listed with whom it opens them for. What a source's or the utility's
record says is shown to a person only where an event says who looked and for which purpose."""

import re
from pathlib import Path
from typing import Final

import pytest

HUB = Path(__file__).parents[2] / "hub"
OPENS: Final = re.compile(r"\b_?opener\.open(?:_values|_unreadable)?\(|\bopener\(\)\.open")
LOOKS: Final = {
    "cases/connection/placed/service.py": ("cases/connection/placed/service.py", "PlaceLooked("),
    "cases/connection/steps/details.py": ("cases/connection/applications.py", "looked("),
}
"""Shows a person what records say → where the event about the look is written."""
OTHERS: Final = {
    "a machine decides, judges, matches or counts; nothing of it is printed": (
        *("cases/connection/agreed/gather.py", "cases/connection/gather.py"),
        *("cases/connection/placed/door.py", "cases/connection/placed/gather.py", "cases/connection/placed/near.py"),
        "cases/evidence/titles.py",
        *("cases/connection/steps/again.py", "cases/connection/steps/changes.py", "cases/connection/steps/reports.py"),
        *("cases/steps/gather.py", "cases/transfer/gather.py", "ingest/deletions.py", "pipeline/again/remap.py"),
        *("pipeline/lookup.py", "pipeline/reconcile.py", "pipeline/verdicts/report.py", "pipeline/verify.py"),
    ),
    "a piece for a sink, reduced to what the purpose allows": (
        *("cases/connection/bodies.py", "cases/transfer/bodies.py", "delivery/sending.py", "delivery/pickup.py"),
        "delivery/files/fetch.py",
    ),
    "what the caller itself said, or what a sink answered about the caller's own application": (
        *("cases/connection/applications.py", "cases/connection/materials/shown.py", "cases/connection/views.py"),
        *("cases/customer/service.py", "cases/transfer/transfers.py", "cases/transfer/views.py", "cli/shown/story.py"),
    ),
    "the customer, by the application's token: why the utility sent it back": ("cases/customer/answers.py",),
    "the auditor's report: times, codes, the names of what was asked for beyond the list": (
        *("audit/read.py", "audit/refused.py"),
    ),
    "an operator, who sees personal values by their form only, and digests": ("operate/entity.py", "operate/filed.py"),
}


def openers() -> set[str]:
    files = (file for file in HUB.rglob("*.py") if OPENS.search(file.read_text("utf-8")))
    return {file.relative_to(HUB).as_posix() for file in files}


def test_every_opener_is_listed_with_whom_it_opens_for() -> None:
    listed = [*LOOKS, *(file for files in OTHERS.values() for file in files)]
    assert len(listed) == len(set(listed))
    assert openers() - set(listed) == set(), "say for whom it opens; a person's look is an event"
    assert set(listed) - openers() == set(), "it opens nothing any more"


@pytest.mark.parametrize("file", LOOKS)
def test_a_look_at_records_writes_its_event(file: str) -> None:
    where, call = LOOKS[file]
    assert call in (HUB / where).read_text("utf-8")
