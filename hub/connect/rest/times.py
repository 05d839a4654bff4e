"""Times as a service writes them: milliseconds, seconds, or a form of Beijing time such as %Y-%m-%d %H:%M:%S."""

from datetime import datetime
from typing import Any

from hub.clock import CHINA

_UNITS = {"milliseconds": 1, "seconds": 1_000}
_LATEST_MS = 253_402_214_400_000


def written(moment_ms: int, form: str) -> str | int:
    """A moment as a parameter of a call.

    >>> written(1_704_124_800_500, "seconds"), written(1_704_124_800_500, "%Y-%m-%d %H:%M:%S")
    (1704124800, '2024-01-02 00:00:00')
    """
    if form in _UNITS:
        return moment_ms // _UNITS[form]
    return datetime.fromtimestamp(moment_ms / 1000, CHINA).strftime(form)


def moment_ms(given: Any, form: str) -> int:
    """A time of a row in ms since 1970. Raises ``ValueError`` or ``TypeError`` for what is no time in that form.

    >>> moment_ms(1_704_124_800, "seconds"), moment_ms("2024-01-02T00:00:00", "%Y-%m-%dT%H:%M:%S")
    (1704124800000, 1704124800000)
    """
    if form in _UNITS:
        moment = number(given) * _UNITS[form]
    else:
        found = datetime.strptime(given.strip() if isinstance(given, str) else given, form)  # noqa: DTZ007
        moment = round((found if found.tzinfo else found.replace(tzinfo=CHINA)).timestamp() * 1000)
    if not 0 <= moment < _LATEST_MS:
        raise ValueError
    return moment


def number(given: Any) -> int:
    """A whole number, or its digits. Raises ``TypeError`` for anything else.

    >>> number(7), number(" 7 ")
    (7, 7)
    """
    if isinstance(given, str) and given.strip().isascii() and given.strip().isdigit() and len(given) < 20:
        return int(given)
    if type(given) is not int:
        raise TypeError
    return given
