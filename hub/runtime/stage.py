"""A stage: what it is called, what it reads and writes, and how it is made. Each stage's module exports its own.

Everything that must know the stages reads their list (``hub.stages``): the wiring, ``hub run --list``, the figures,
and the test of the grants.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

SOURCES: Final = "sources"
"""The government systems, by their connectors."""
SINK: Final = "sink"
"""The utility's connection system, by its connector."""
TABLES: Final = "tables"
"""The projections and the state of the next attempts."""
OUTBOX: Final = "outbox"
"""What a transaction on the tables decided; the relay publishes it."""


class Task(Protocol):
    """Anything that runs in steps without an end, such as a stage at work. Belongs to one thread."""

    def step(self) -> int:
        """Do the next piece of work; return the number of records that it took, 0 when there was nothing.

        Waits for work itself, no longer than a second. Raises ``Reassigned`` when a rebalance took what was in
        progress: it is called again as it is. Raises ``Unavailable`` when something outside is away: nothing was lost,
        the runner backs off and makes the task again, from what is durable.
        """

    def close(self) -> None:
        """Release what the task holds. What it has not committed is done again by the next one."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the hub.

    ``reads`` and ``writes`` are topics, or ``SOURCES``, ``SINK``, ``TABLES``, ``OUTBOX``. ``make`` makes the stage at
    work from a hub's parts (``hub.parts.Parts``); it is called again after a failure. ``group`` is the consumer group
    that its members join, empty when it joins none. ``positions`` says where the group's place on the topics is
    stored; empty when membership only says which process has the work.
    """

    name: str
    reads: tuple[str, ...]
    writes: tuple[str, ...]
    make: Callable[[Any], Task]
    about: str
    group: str = ""
    positions: Literal["", "log", "tables"] = ""

    @property
    def topics_read(self) -> tuple[str, ...]:
        """The topics among ``reads``."""
        return tuple(filter(is_topic, self.reads))

    @property
    def topics_written(self) -> tuple[str, ...]:
        """The topics among ``writes``."""
        return tuple(filter(is_topic, self.writes))


def is_topic(name: str) -> bool:
    """Whether a name in ``reads`` or ``writes`` is a topic's: every topic has a dot in its name.

    >>> is_topic("lookup.requests"), is_topic(TABLES)
    (True, False)
    """
    return "." in name
