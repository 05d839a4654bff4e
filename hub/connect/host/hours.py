"""The hours in which a feed may call its source (Beijing time), as the setting ``feed_hours`` has them."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from hub.clock import CHINA
from hub.connect.spec import read_hours
from hub.errors import NotNow
from hub.ports import Clock


def check_hours(name: str, hours: str, clock: Clock) -> None:
    """Raises ``NotNow`` with the time until the next of ``hours`` begins. "" is the whole day. By process time: the
    source's machines are busy by their own day."""
    if not hours:
        return
    now = datetime.fromtimestamp(clock.process_ms() / 1000, CHINA)
    if not any(begin <= now < end for begin, end in _around(hours, now)):
        begins = min(begin for begin, _ in _around(hours, now) if begin > now)
        raise NotNow(
            f"{name}: its feed calls only at {hours}; it continues on {begins:%Y-%m-%d at %H:%M}",
            (begins - now).total_seconds(),
        )


def _around(hours: str, now: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Beginning and end of the hours of yesterday, today and tomorrow. Those that end before they begin end on the next
    day."""
    for shift in (-1, 0, 1):
        day = (now + timedelta(days=shift)).date()
        for begin, end in read_hours(hours):
            last = day if begin < end else day + timedelta(days=1)
            yield datetime.combine(day, begin, CHINA), datetime.combine(last, end, CHINA)
