"""How commands read and show moments: in China's time, because all who use them work by it."""

from datetime import datetime
from typing import Any

import click

from hub.clock import CHINA, in_china

TIME = "time (China)"
"""The title of a column of moments."""


def shown_in_china(moment: str) -> str:
    """A moment as JSON has it (RFC 3339), for people.

    >>> shown_in_china("2026-03-02T01:00:00.000Z")
    '2026-03-02 09:00:00'
    """
    return in_china(int(datetime.fromisoformat(moment).timestamp() * 1000))


class Moment(click.ParamType[int]):
    """A moment as an option: a date, or a date and time, in China's time, or with an offset of its own (``Z``,
    ``+08:00``). Its value is in milliseconds since the epoch."""

    name = "moment"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read ISO 8601. Fails for everything else."""
        try:
            found = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not like 2026-03-02, 2026-03-02T09:00 or 2026-03-02T01:00Z", param, ctx)
        aware = found if found.tzinfo else found.replace(tzinfo=CHINA)
        return int(aware.timestamp() * 1000)

    def get_metavar(self, param: click.Parameter, ctx: click.Context) -> str:  # noqa: ARG002
        """What the help text shows for the value."""
        return "DATE[THH:MM:SS]"


MOMENT = Moment()
