"""Rules for what the utility reports about joint transfers. They refuse only what cannot be read as a report at all."""

from hub.ports import Plain
from hub.records.rules.base import NOTHING, Context, Findings, found, rule
from hub.records.rules.steps import is_time

KIND = "utility.transfer"


@rule("TRANSFER_UNKNOWN", kinds=(KIND,))
def report_known(record: Plain, _context: Context) -> Findings:
    """The utility's code is in the connector's ``codes.csv``.

    >>> report_known({"report": {"result": "UNKNOWN"}}, None)
    (Fault(code='TRANSFER_UNKNOWN', field='report.code'),)
    """
    return found("TRANSFER_UNKNOWN", "report.code") if record["report"]["result"] == "UNKNOWN" else NOTHING


@rule("TRANSFER_TIME", kinds=(KIND,))
def report_time(record: Plain, _context: Context) -> Findings:
    """The time is one of the years 2000 to 2099, and the question that is answered is counted from 1.

    >>> report_time({"report": {"occurred_at_ms": 0, "question": 1}}, None)
    (Fault(code='TRANSFER_TIME', field='report.occurred_at_ms'),)
    """
    report = record["report"]
    if not is_time(report["occurred_at_ms"]):
        return found("TRANSFER_TIME", "report.occurred_at_ms")
    wrong = report["question"] is not None and report["question"] < 1
    return found("TRANSFER_TIME", "report.question") if wrong else NOTHING
