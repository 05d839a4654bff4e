"""The description of a stage: its name, what it reads and writes, and how it is made. Each stage's module exports one.

The wiring, ``hub run --list``, the figures and the test of the grants read the list of stages (``hub.stages``).
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
"""The messages that a transaction on the tables has decided; the relay publishes them."""


class Task(Protocol):
    """Something that runs in steps without an end, such as a running stage. Belongs to one thread."""

    def step(self) -> int:
        """Do the next piece of work. Returns the number of records that it took, 0 when there was nothing.

        It waits for work, at most a second. Raises ``Reassigned`` when a rebalance took uncommitted records away: it is
        called again. Raises ``Unavailable`` when an outside system is away: nothing is lost, and the runner backs off
        and makes the task again, from the durable state.
        """

    def close(self) -> None:
        """Release all resources. The next task does uncommitted work again."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage of the hub.

    ``reads`` and ``writes`` are topics, or ``SOURCES``, ``SINK``, ``TABLES``, ``OUTBOX``. ``make`` makes the running
    stage from a hub's parts (``hub.parts.Parts``); it is called again after a failure. ``group``: the consumer group
    that its members join, "" for none. ``positions``: where the group's positions on the topics are stored; "" when the
    membership only decides which process does the work.
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
    """Whether a name in ``reads`` or ``writes`` is a topic: each topic has a dot in its name.

    >>> is_topic("lookup.requests"), is_topic(TABLES)
    (True, False)
    """
    return "." in name
