"""A source with four rows: good, large, backwards, and one that cannot be read."""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

from hub.connect.context import Context
from hub.connect.mapping import Reader, to_row
from hub.errors import RecordRejected
from hub.ports import Cursor, DayCount, LookupQuery, Page, Plain, SourceRow

SYSTEM = "dummy_meter"
ROWS: tuple[Mapping[str, Any], ...] = (
    {"meter": " meter-00001 ", "kwh": "1200", "before": "1000"},
    {"meter": "METER-00002", "kwh": "900000", "before": "0"},
    {"meter": "METER-00003", "kwh": "10", "before": "20"},
    {"meter": "METER-00004", "kwh": "many", "before": "0"},
)


class Meters:
    """``Source`` on ``ROWS``."""

    def __init__(self, context: Context) -> None:
        self._context = context

    def fetch(self, cursor: Cursor | None) -> Page:
        start = int(cursor["at"]) if cursor else 0
        rows = ROWS[start : start + self._context.limits.page_rows]
        at = start + len(rows)
        return Page([self.row(start + place, row) for place, row in enumerate(rows)], {"at": at}, at < len(ROWS))

    def row(self, place: int, row: Mapping[str, Any]) -> SourceRow:
        """One row, mapped or with its fault."""
        raw = json.dumps(row, ensure_ascii=False).encode()
        return to_row(str(place + 1), 1, raw, lambda: self._record(place, row))

    def _record(self, place: int, row: Mapping[str, Any]) -> Plain:
        read = Reader(row, self._context.codes)
        return {
            "source": {"system": SYSTEM, "key": str(place + 1), "version": 1, "operation": "UPSERT"},
            "authority": "METERS",
            "region": "120104",
            "assurance": "CHANNEL_ONLY",
            "reading": {
                "meter_no": read.identifier("meter", "reading.meter_no"),
                "kwh": read.number("kwh", "reading.kwh"),
                "previous_kwh": read.number("before", "reading.previous_kwh"),
            },
        }

    def look_up(self, query: LookupQuery) -> Page:
        raise RecordRejected("UNREADABLE", "by", "this source is not asked")

    def day(self, day: date) -> DayCount:
        return DayCount(day, frozenset())

    def close(self) -> None:
        pass


def open(options: Mapping[str, Any], context: Context) -> Meters:  # noqa: A001
    """Open the source; it has no settings."""
    return Meters(context)
