"""How far a feed is, for people."""

from hub.clock import in_china
from hub.ingest.control import Report


def done_of_total(report: Report) -> str:
    """The rows taken since ever, and of how many, where the source says that.

    >>> done_of_total(Report("titles", done=312_000, total=1_000_000)), done_of_total(Report("titles", done=7))
    ('312,000 of 1,000,000 (31 %)', '7')
    """
    done = report.rows if report.done is None else report.done
    if not report.total:
        return f"{done:,}"
    return f"{done:,} of {report.total:,} ({min(100, 100 * done // report.total)} %)"


def ends_at(report: Report, now_ms: int) -> str:
    """When a feed that is behind will have all rows, China's time; "" where that is not known.

    >>> late = Report("titles", done=600_000, total=1_000_000, rate_per_s=100.0, behind_ms=1)
    >>> ends_at(late, 1_600_000_000_000), ends_at(Report("titles", done=7), 0)
    ('2020-09-13 21:33', '')
    """
    left_s = report.left_s
    return "" if left_s is None else in_china(now_ms + int(left_s * 1000))[:16]
