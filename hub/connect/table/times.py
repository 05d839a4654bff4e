"""The time of a row's last change, in the forms that owners have for it, as milliseconds since 1970 and back."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, Final

from hub.clock import CHINA
from hub.connect.table.spec import TableSpec

_EPOCH: Final = datetime(1970, 1, 1, 8, tzinfo=CHINA)
_LATEST_MS: Final = 253_402_128_000_000
"""30 December 9999 in China: a date and time that a database and Python both have."""
_MICROSECOND: Final = timedelta(microseconds=1)


class Times:
    """Reads and writes times of one table. ``dialect``: the database's name in SQLAlchemy."""

    def __init__(self, spec: TableSpec, dialect: str) -> None:
        self._pattern = spec.time_format
        self._dialect = dialect
        forms: dict[str, tuple[Callable[[Any], float], Callable[[float], Any]]] = {
            "milliseconds": (_number, lambda moment: moment),
            "seconds": (lambda given: _whole(_number(given) * 1000), lambda moment: _whole(moment / 1000)),
            "datetime": (_read, lambda moment: self._sent(_datetime(moment))),
            "text": (self._parsed, lambda moment: _datetime(moment).strftime(self._pattern)),
        }
        self._reads, self.bound = forms[spec.time_as]

    def moment(self, given: Any) -> float:
        """A time as the database gives it in ms since 1970, with what it has below a millisecond. Raises
        ``ArithmeticError``, ``TypeError`` or ``ValueError`` for what is no time in the table's form."""
        return self._reads(given)

    bound: Callable[[float], Any]
    """A moment in ms as a value to compare the column with."""

    def _parsed(self, given: Any) -> float:
        text = given.decode("ascii") if isinstance(given, bytes) else given
        return _since_1970(datetime.strptime(text.strip(), self._pattern).replace(tzinfo=CHINA))

    def _sent(self, moment: datetime) -> Any:
        """PostgreSQL reads a text as its column's own type, and uses the zone where that type has one. SQLite has texts
        only, MySQL reads them. Other drivers send a date and time as such."""
        if self._dialect == "postgresql":
            return moment.isoformat(sep=" ")
        plain = moment.replace(tzinfo=None)
        if self._dialect in ("sqlite", "mysql", "mariadb"):
            return plain.isoformat(sep=" ", timespec="microseconds")
        return plain


def _number(given: Any) -> float:
    """
    >>> _number(Decimal("1.50")), _number("7"), _number(7.0)
    (1.5, 7, 7)
    """
    if isinstance(given, bool) or not isinstance(given, (int, float, Decimal, str)):
        raise TypeError
    return int(given) if isinstance(given, str) or given == int(given) else float(given)


def _whole(number: float) -> float:
    return int(number) if number == int(number) else number


def _read(given: Any) -> float:
    """
    >>> _read("2024-01-02 08:00:00.5+08"), _read(date(2024, 1, 2)), _read(datetime(2024, 1, 2))
    (1704153600500, 1704124800000, 1704124800000)
    """
    if isinstance(given, str):
        return _since_1970(datetime.fromisoformat(given.strip()))
    if isinstance(given, date) and not isinstance(given, datetime):
        return _since_1970(datetime.combine(given, time()))
    return _since_1970(given)


def _since_1970(given: datetime) -> float:
    """A date and time in ms; Beijing time where it has no zone."""
    return _whole(((given if given.tzinfo else given.replace(tzinfo=CHINA)) - _EPOCH) // _MICROSECOND / 1000)


def _datetime(moment_ms: float) -> datetime:
    """
    >>> str(_datetime(1704153600000.5)), str(_datetime(-1)), str(_datetime(1e30))
    ('2024-01-02 08:00:00.000500+08:00', '1970-01-01 08:00:00+08:00', '9999-12-30 08:00:00+08:00')
    """
    moment = min(max(moment_ms, 0), _LATEST_MS)
    whole = int(moment)  # below a millisecond by itself: a float holds no more digits than both together have
    return _EPOCH + timedelta(milliseconds=whole, microseconds=round((moment - whole) * 1000))
