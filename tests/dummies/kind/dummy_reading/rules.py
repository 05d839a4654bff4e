"""The rules about a meter reading."""

from hub.ports import Plain
from hub.records.rules.base import NOTHING, Context, Findings, found, rule

LARGE_KWH = 100_000


@rule("READING_BACKWARDS", "READING_LARGE")
def runs_forwards(record: Plain, _context: Context) -> Findings:
    """A meter counts up, and not by more than a household can use."""
    used = record["reading"]["kwh"] - record["reading"]["previous_kwh"]
    if used < 0:
        return found("READING_BACKWARDS", "reading.kwh")
    return found("READING_LARGE", "reading.kwh") if used > LARGE_KWH else NOTHING
