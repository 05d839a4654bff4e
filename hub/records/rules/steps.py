"""Rules for what the utility reports about the steps of an application. They refuse only what cannot be read as a step
at all. What is merely implausible, such as an end before its beginning, is shown as a claim
(``hub.cases.steps.judge``)."""

from typing import Final

from hub.ports import Plain
from hub.records.kinds import STEP_SEGMENTS
from hub.records.rules.base import NOTHING, Context, Finding, Findings, found, rule

KIND: Final = "utility.step"
_OF_A_SEGMENT: Final = ("START", "END", "RETURN")
_TIMES: Final = (
    "occurred_at_ms",
    "requested_at_ms",
    "started_at_ms",
    "recorded_at_ms",
    "appointment_at_ms",
    "contract_signed_at_ms",
    "first_reading_at_ms",
)
_YEARS: Final = range(946_684_800_000, 4_102_444_800_000)
"""From 2000 to 2099. Systems write 0, 1970 or 2147483647 seconds where they have no time, and 2038 is allowed."""
NO_TIME: Final = 2_147_483_647_000
"""2147483647 seconds: what 营销2.0 writes for null."""


@rule("STEP_UNKNOWN", kinds=(KIND,))
def step_known(record: Plain, _context: Context) -> Findings:
    """The utility's code of the step is in the connector's ``codes.csv``.

    >>> step_known({"step": {"action": "UNKNOWN"}}, None)
    (Fault(code='STEP_UNKNOWN', field='step.code'),)
    """
    return found("STEP_UNKNOWN", "step.code") if record["step"]["action"] == "UNKNOWN" else NOTHING


@rule("STEP_NO_NUMBER", kinds=(KIND,))
def step_names_an_application(record: Plain, _context: Context) -> Findings:
    """The step names an application, by the hub's number or by the utility's own, also by that before it accepts.

    >>> step_names_an_application({"step": {"application_no": None, "app_no": " ", "pre_app_no": None}}, None)
    (Fault(code='STEP_NO_NUMBER', field='step.application_no'),)
    """
    step = record["step"]
    named = any((step[name] or "").strip() for name in ("application_no", "app_no", "pre_app_no"))
    return NOTHING if named else found("STEP_NO_NUMBER", "step.application_no")


@rule("STEP_SEGMENT", kinds=(KIND,))
def step_of_a_segment(record: Plain, _context: Context) -> Findings:
    """Start, end and return are of one of the five segments; what concerns the whole case may name none.

    >>> step_of_a_segment({"step": {"action": "END", "segment": ""}}, None)
    (Fault(code='STEP_SEGMENT', field='step.segment'),)
    """
    step = record["step"]
    good = step["segment"] in STEP_SEGMENTS or (step["segment"] == "" and step["action"] not in _OF_A_SEGMENT)
    return NOTHING if good else found("STEP_SEGMENT", "step.segment")


@rule("STEP_TIME", kinds=(KIND,))
def step_times(record: Plain, _context: Context) -> Findings:
    """Every time is one of the years 2000 to 2099, and not the number that means none.

    >>> [one.field for one in step_times({"step": dict.fromkeys(_TIMES) | {"occurred_at_ms": 0}}, None)]
    ['step.occurred_at_ms']
    """
    step = record["step"]
    given = ((name, step[name]) for name in _TIMES)
    return [Finding("STEP_TIME", f"step.{name}") for name, at in given if at is not None and not is_time(at)]


def is_time(at_ms: int) -> bool:
    """Whether a time (ms since the epoch) can be one that a utility's system wrote."""
    return at_ms in _YEARS and at_ms != NO_TIME


@rule("STEP_AMENDS", kinds=(KIND,))
def step_amends(record: Plain, _context: Context) -> Findings:
    """A correction names the event that it corrects, and no other step does.

    >>> step_amends({"step": {"action": "AMEND", "amends": None}}, None)
    (Fault(code='STEP_AMENDS', field='step.amends'),)
    """
    step = record["step"]
    return NOTHING if bool(step["amends"]) == (step["action"] == "AMEND") else found("STEP_AMENDS", "step.amends")
