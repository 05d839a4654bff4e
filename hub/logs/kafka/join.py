"""Mends two habits of the driver: a join of the group that ends between two polls is thrown away, or forgotten.

kafka-python 3.0.12 (``join_group_async``) awaits the join that is under way, but begins another when it finds that one
done. Whoever polls often and briefly would then join for ever, and with every join all the group's members once more.
And a leader that joined because its topics' metadata changed has no reason left to once it has dealt the partitions
out: it would never take up what it was dealt itself, and go on saying that it is rebalancing.
"""

from collections.abc import Callable
from typing import Any


class _Awaited:
    """A join as the driver is to see it: not done before it has been awaited, unless it failed."""

    def __init__(self, join: Any) -> None:
        self._join = join

    @property
    def is_done(self) -> bool:
        """Of one that failed, the driver may not see why: a time-out of its own looks like one of the wait for it."""
        return bool(self._join.failed())

    def add_callback(self, call: Callable[..., Any]) -> Any:
        return self._join.add_callback(call)

    def add_errback(self, call: Callable[..., Any]) -> Any:
        return self._join.add_errback(call)


def keep_join(consumer: Any) -> None:
    """Have the next ``poll`` take up the join that is under way, or that ended since the last one."""
    coordinator = consumer._coordinator
    join = getattr(coordinator, "_join_task", None)
    if join is None:
        return
    coordinator.request_rejoin()
    if not isinstance(join, _Awaited):
        coordinator._join_task = _Awaited(join)
