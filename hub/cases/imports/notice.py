"""A notice about the working days of a year, as a file: what it may say, and its bounds."""

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any, NamedTuple

from hub.errors import Misconfigured
from hub.records.text import fault, is_blank

NOTICE_BYTES_MAX = 64 * 1024
NOTICE_DAYS_MAX = 120
"""Most days that a notice may name. Those of the last twenty years name about 40."""
SOURCE_CHARACTERS_MAX = 200
YEAR_MIN, YEAR_MAX = 2008, 2199
"""The first year of the days off that the law gives today's form, and the last that a notice may be about."""
_KEYS = {"year", "source", "days_off", "make_up_days"}
_ALWAYS_OFF = ((1, 1), (5, 1), (10, 1))
_REMEDY = "write the file as docs/operating.md shows: year, source, days_off, make_up_days"


class Notice(NamedTuple):
    """What a file says: the document that it comes from, the days off, and the days of weekends on which people
    work. ``digest`` is the SHA-256 of the file, hexadecimal."""

    year: int
    source: str
    days_off: tuple[date, ...]
    make_up_days: tuple[date, ...]
    digest: str

    @property
    def days(self) -> dict[date, bool]:
        """Day that it names → whether it is a working day."""
        return dict.fromkeys(self.days_off, False) | dict.fromkeys(self.make_up_days, True)

    @property
    def version(self) -> str:
        """Its name in every date that is counted by it."""
        return f"{self.year}-{self.digest[:12]}"


def read(content: bytes) -> Notice:
    """A notice from the bytes of a TOML file. Raises ``Misconfigured`` with what is wrong."""
    if len(content) > NOTICE_BYTES_MAX:
        raise _wrong(f"it is larger than {NOTICE_BYTES_MAX} bytes")
    try:
        document = tomllib.loads(content.decode("utf-8-sig"))
    except (ValueError, RecursionError):
        raise _wrong("it is no TOML in UTF-8") from None
    if document.keys() != _KEYS:
        raise _wrong(f"it must have exactly {', '.join(sorted(_KEYS))}")
    year, source = document["year"], document["source"]
    if type(year) is not int or not YEAR_MIN <= year <= YEAR_MAX:
        raise _wrong(f"year must be a number from {YEAR_MIN} to {YEAR_MAX}")
    if not isinstance(source, str) or is_blank(source) or fault(source.strip(), SOURCE_CHARACTERS_MAX):
        raise _wrong(f"source must be a line of at most {SOURCE_CHARACTERS_MAX} characters")
    days_off, make_up_days = (_days(document, name, year) for name in ("days_off", "make_up_days"))
    _check(year, days_off, make_up_days)
    return Notice(year, source.strip(), days_off, make_up_days, hashlib.sha256(content).hexdigest())


def _days(document: Mapping[str, Any], name: str, year: int) -> tuple[date, ...]:
    """The days of one list: dates, or texts ``FIRST/LAST`` for all days from one to another."""
    given = document[name]
    if not isinstance(given, list):
        raise _wrong(f"{name} must be a list of days")
    found: list[date] = []
    for one in given:
        found += _span(one, name)
        if len(found) > NOTICE_DAYS_MAX:
            raise _wrong(f"{name} names more than {NOTICE_DAYS_MAX} days")
    if strange := [day for day in found if not date(year - 1, 12, 1) <= day <= date(year, 12, 31)]:
        raise _wrong(f"{name} names {strange[0]}, which is not in {year} nor in the December before it")
    if len(set(found)) < len(found):
        raise _wrong(f"{name} names a day twice")
    return tuple(sorted(found))


def _span(given: Any, name: str) -> list[date]:
    try:
        if type(given) is date:
            return [given]
        first, _, last = str(given).partition("/")
        begin, end = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError:
        raise _wrong(f"{name} has an entry that is no day: write 2027-01-01 or 2027-01-01/2027-01-03") from None
    if not 0 <= (end - begin).days < NOTICE_DAYS_MAX:
        raise _wrong(f"{name}: {begin}/{end} is no span of days")
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


def _check(year: int, days_off: Sequence[date], make_up_days: Sequence[date]) -> None:
    """Catch a list that was cut, or is of another year."""
    if both := sorted({*days_off} & {*make_up_days}):
        raise _wrong(f"{both[0]} is a day off and a make-up day")
    if weekday := [day for day in make_up_days if day.weekday() < 5]:
        raise _wrong(f"the make-up day {weekday[0]} is no Saturday or Sunday")
    always = [date(year, month, day) for month, day in _ALWAYS_OFF]
    if missing := [str(day) for day in always if day not in days_off]:
        raise _wrong(f"days_off does not name {', '.join(missing)}, which the law makes days off")


def _wrong(what: str) -> Misconfigured:
    return Misconfigured(f"this is no notice about working days: {what}", _REMEDY)
