"""The rules of version 1 that a later version changed, with all that they need. They judge history (P4): never change
them."""

from hub.ports import Plain
from hub.records.rules.base import Context, Finding, Findings, rule
from hub.records.rules.dates import validity

_TITLE = ("licence.property-title",)


@rule("DATE_ORDER", "DATE_FUTURE", "NOT_YET_VALID", kinds=_TITLE, until=2)
def title_validity(record: Plain, context: Context) -> Findings:
    """The dates on the title. A land-use term that ended before the day of issue was DATE_ORDER.

    >>> from datetime import date
    >>> unit = {"issued_on": date(2021, 3, 4), "valid_from": None, "valid_until": date(2016, 6, 30)}
    >>> record = {"unit": unit, "status": "CURRENT", "source": {"operation": "UPSERT"}}
    >>> title_validity(record, Context(date(2024, 1, 1), 1))
    [Fault(code='DATE_ORDER', field='unit.valid_until')]
    """
    unit = record["unit"]
    findings = validity(unit, "unit", record, context, expires=False)
    start, end = unit["valid_from"], unit["valid_until"]
    if end is not None and end < unit["issued_on"] and (start is None or end >= start):
        return [Finding("DATE_ORDER", "unit.valid_until"), *findings]
    return findings
