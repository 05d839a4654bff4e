"""How far a feed is: rows taken since ever, rows that the source has, and the rate of late."""

from collections import deque

from hub.connect.host.guard import GuardedSource
from hub.errors import HubError, NotNow
from hub.ingest.feed import Taken
from hub.logging import get_logger
from hub.ports import Clock

TOTAL_EVERY_S = 300.0
"""How often a source is asked for the number of its rows, seconds."""
_LATE_S = 60.0
log = get_logger("ingest")


class Progress:
    """The progress of one feed. Belongs to its thread. ``done``: rows taken since ever; ``None`` until it is known what
    other processes have taken before."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.done: int | None = None
        self.total: int | None = None
        self._asked_s = float("-inf")
        self._steps: deque[tuple[float, int]] = deque()

    def took(self, taken: Taken) -> None:
        """Note one step."""
        now_s = self._clock.monotonic_s()
        self.done = (self.done or 0) + taken.rows
        self._steps.append((now_s, taken.read))
        while now_s - self._steps[0][0] > _LATE_S:
            self._steps.popleft()

    def rate_per_s(self) -> float:
        """Rows read in a second, over the last minute; the first step of that time is its beginning."""
        if len(self._steps) < 2:
            return 0.0
        lasted_s = self._clock.monotonic_s() - self._steps[0][0]
        return sum(read for _, read in list(self._steps)[1:]) / lasted_s if lasted_s > 0 else 0.0

    def count(self, source: GuardedSource) -> None:
        """Ask the source how many rows it has, when that was long ago. That it cannot say stops no feed."""
        now_s = self._clock.monotonic_s()
        if now_s - self._asked_s < TOTAL_EVERY_S:
            return
        try:
            self.total = source.total()
        except NotNow:
            return
        except HubError as trouble:
            log.info("the source was not counted", source=source.context.info.name, reason=str(trouble))
        self._asked_s = now_s
