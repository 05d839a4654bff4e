"""The consumer groups of the embedded log: which member in this process owns which partition. In memory only.

A partition changes its owner only when the owner releases it: in its next ``poll`` with nothing uncommitted, when it
closes, or when it has not polled for ``POLL_INTERVAL_MAX_S``. So a rebalance never takes an uncommitted batch away
from a member that still polls. All calls are made under the log's write lock, so the check of ownership and the commit
are one step.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

Slot = tuple[str, int]
"""A topic and a partition."""

POLL_INTERVAL_MAX_S = 300.0


@dataclass(eq=False, slots=True)
class Membership:
    """The state of one member in its group. ``polled_at_s`` is process time."""

    name: str
    topics: Sequence[str]
    polled_at_s: float
    owned: set[Slot] = field(default_factory=set)
    seen: int = -1
    """The group's generation at its last ``settle``."""
    waiting: bool = False
    """Partitions are assigned to it that other members have not released yet."""
    expelled: bool = False
    """It did not poll for too long: it may not commit what it polled."""
    replaced: bool = False
    """Another member joined under its name: it cannot be used any more."""


class Group:
    """The members of one group. ``generation`` grows with each change after which a member may take a partition."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions
        self._members: dict[str, Membership] = {}
        self.generation = 0

    def __len__(self) -> int:
        return len(self._members)

    def join(self, name: str, topics: Sequence[str], now_s: float) -> Membership:
        """Add a member. An earlier member of this name is replaced and loses its partitions immediately."""
        earlier = self._members.pop(name, None)
        if earlier:
            earlier.replaced = True
            earlier.owned.clear()
        self._members[name] = Membership(name, tuple(topics), now_s)
        self.generation += 1
        return self._members[name]

    def leave(self, member: Membership) -> None:
        """Remove a member and release its partitions. A replaced or expelled member only releases its own."""
        if self._members.get(member.name) is member:
            del self._members[member.name]
            self.generation += 1
        member.owned.clear()

    def settle(self, member: Membership, busy: Set[Slot], now_s: float) -> None:
        """Release the partitions that are no longer assigned to ``member``, and take those assigned to it that are
        free. It keeps the ``busy`` ones, which have uncommitted records. Expels the members that stopped polling.
        """
        self._expel_absent(member, now_s)
        if member.expelled:
            member.expelled = False
            self._members[member.name] = member
            self.generation += 1
        member.polled_at_s = now_s
        due = self._due(member)
        surplus = member.owned - due - busy
        if surplus:
            member.owned -= surplus
            self.generation += 1
        taken = {slot for other in self._members.values() if other is not member for slot in other.owned}
        member.owned |= due - taken
        member.waiting = member.owned != due
        member.seen = self.generation

    def holds(self, member: Membership) -> bool:
        """Whether ``member`` may still commit what it polled."""
        return not member.replaced and not member.expelled

    def _expel_absent(self, present: Membership, now_s: float) -> None:
        latest = now_s - POLL_INTERVAL_MAX_S
        for member in [one for one in self._members.values() if one is not present and one.polled_at_s < latest]:
            del self._members[member.name]
            member.owned.clear()
            member.expelled = True
            self.generation += 1

    def _due(self, member: Membership) -> set[Slot]:
        """The partitions assigned to ``member``. The same partition number of all topics goes to the same member."""
        return {
            (topic, partition)
            for topic in member.topics
            for partition in _share(member.name, self._subscribers(topic), self._partitions[topic])
        }

    def _subscribers(self, topic: str) -> list[str]:
        return sorted(one.name for one in self._members.values() if topic in one.topics)


def _share(name: str, names: Sequence[str], partitions: int) -> Iterable[int]:
    """Every n-th partition.

    >>> list(_share("b", ["a", "b"], 5))
    [1, 3]
    """
    return range(names.index(name), partitions, len(names))
