"""Reason codes: those of the hub, and those that a package declares."""

from pathlib import Path
from typing import Any

import pytest

from hub.codec.packages import Package
from hub.errors import Misconfigured
from hub.records.declarations import read
from hub.records.rules import CODES, REJECTING, STEPS
from hub.records.rules.codes import WARNINGS, declared_codes

CODE = {"step": "agreement", "severity": "reject", "clause": "IEC 62056", "en": "Runs backwards.", "zh": "读数倒走"}


def codes(table: dict[str, Any]) -> Any:
    return list(declared_codes(read(Package("alpha", Path("/nowhere")), {"code": table})))


def test_a_declared_code_has_everything_that_is_published() -> None:
    (code,) = codes({"METER_BACKWARDS": CODE})
    assert (code.code, code.step, code.severity) == ("METER_BACKWARDS", "agreement", "reject")
    assert (code.english, code.chinese, code.clause) == ("Runs backwards.", "读数倒走", "IEC 62056")


@pytest.mark.parametrize(
    "table",
    [
        {"backwards": CODE},
        {"BACKWARDS": CODE},
        {"METER_BACKWARDS": {**CODE, "step": "later"}},
        {"METER_BACKWARDS": {**CODE, "severity": "fatal"}},
        {"METER_BACKWARDS": {name: text for name, text in CODE.items() if name != "zh"}},
        {"METER_BACKWARDS": "x"},
    ],
)
def test_what_is_no_code_is_refused_by_name(table: dict[str, Any]) -> None:
    with pytest.raises(Misconfigured, match=next(iter(table))):
        codes(table)


def test_every_code_of_the_hub_has_a_known_step_and_both_languages() -> None:
    for code in CODES.values():
        assert code.step in STEPS
        assert code.english.isascii() and not code.chinese.isascii()
        assert (code.code in REJECTING) == (code.severity == "reject")
    assert CODES.keys() > WARNINGS
