"""Who in this process owns which partition: the consumer groups of the embedded log, in memory only.

A partition moves only when its owner lets go of it: in its next ``poll`` with nothing uncommitted, by closing, or by
staying away for ``POLL_INTERVAL_MAX_S``. So a rebalance never takes a batch out of a member's hands. Every call is
made under the log's write lock, which makes "is it still mine?" and the commit one step.
"""

from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field

Slot = tuple[str, int]
"""A topic and a partition."""

POLL_INTERVAL_MAX_S = 300.0


@dataclass(eq=False, slots=True)
class Membership:
    """One member's place in its group."""

    name: str
    topics: Sequence[str]
    polled_at_s: float
    owned: set[Slot] = field(default_factory=set)
    seen: int = -1
    """The generation that it last settled in."""
    waiting: bool = False
    """It is due partitions that others have not let go of yet."""
    expelled: bool = False
    """It stayed away too long; what it polled is no longer its own."""
    replaced: bool = False
    """Another joined by its name: it is dead."""


class Group:
    """The members of one group. ``generation`` grows with everything that may let somebody take a partition."""

    def __init__(self, partitions: Mapping[str, int]) -> None:
        self._partitions = partitions
        self._members: dict[str, Membership] = {}
        self.generation = 0

    def __len__(self) -> int:
        return len(self._members)

    def join(self, name: str, topics: Sequence[str], now_s: float) -> Membership:
        """Take a place; an earlier member of that name loses its own at once."""
        earlier = self._members.pop(name, None)
        if earlier:
            earlier.replaced = True
            earlier.owned.clear()
        self._members[name] = Membership(name, tuple(topics), now_s)
        self.generation += 1
        return self._members[name]

    def leave(self, member: Membership) -> None:
        if self._members.get(member.name) is member:
            del self._members[member.name]
            self.generation += 1
        member.owned.clear()

    def settle(self, member: Membership, busy: Set[Slot], now_s: float) -> None:
        """Let go of what ``member`` is not due (save ``busy``, with uncommitted records) and take what is free."""
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
        """Whether what ``member`` polled is still its to commit."""
        return not member.replaced and not member.expelled

    def _expel_absent(self, present: Membership, now_s: float) -> None:
        latest = now_s - POLL_INTERVAL_MAX_S
        for member in [one for one in self._members.values() if one is not present and one.polled_at_s < latest]:
            del self._members[member.name]
            member.owned.clear()
            member.expelled = True
            self.generation += 1

    def _due(self, member: Membership) -> set[Slot]:
        """Equal partition numbers of all topics go to the same member, so that joined topics stay together."""
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
