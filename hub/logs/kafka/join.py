"""Works around two faults of the driver: it drops or ignores a join of the group that ends between two polls.

kafka-python 3.0.12 (``join_group_async``) awaits a join that is running, but starts a new one when it finds the join
done. A member that polls often and briefly would join again and again, and each join is a rebalance of the whole group.
Second: a leader that joined because the metadata of its topics changed has no reason to join any more after it has
assigned the partitions. It would never read its own assignment, and would report a rebalance permanently.
"""

from collections.abc import Callable
from typing import Any


class _Awaited:
    """A join that looks unfinished to the driver until it is awaited, unless it failed."""

    def __init__(self, join: Any) -> None:
        self._join = join

    @property
    def is_done(self) -> bool:
        """True only when the join failed: the driver cannot tell a time-out of the join from one of its own wait."""
        return bool(self._join.failed())

    def add_callback(self, call: Callable[..., Any]) -> Any:
        return self._join.add_callback(call)

    def add_errback(self, call: Callable[..., Any]) -> Any:
        return self._join.add_errback(call)


def keep_join(consumer: Any) -> None:
    """Make the next ``poll`` of ``consumer`` use the join that is running, or that ended since the last poll."""
    coordinator = consumer._coordinator
    join = getattr(coordinator, "_join_task", None)
    if join is None:
        return
    coordinator.request_rejoin()
    if not isinstance(join, _Awaited):
        coordinator._join_task = _Awaited(join)
