"""Assigns partitions to members by partition number: one member gets the same numbers of every topic.

All topics have the same number of partitions, and all records of one entity are in partitions of one number. The
driver's cooperative-sticky assignor counts the partitions of all topics alike: one member may get all partitions of a
busy topic, and another member those of idle topics.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

Slot = tuple[str, int]


class PartitionNumberAssignor(CooperativeStickyAssignor):  # type: ignore[misc]
    """Cooperative and sticky (KIP-429), by partition number. A partition that another member still owns is assigned
    in the next round.

    A hub of an earlier version offers cooperative-sticky only. While such a hub is a member, the broker chooses that.
    """

    name = "cooperative-partition-number"

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """Member id → its assignment. The driver calls this in the group's leader."""
        known = {one.member_id: self.parse_member_metadata(one.metadata) for one in members}
        claims = {name: {(one.topic, one.partition) for one in said.partitions} for name, said in known.items()}
        subscribed = {name: frozenset(said.subscription) for name, said in known.items()}
        topics = {
            topic: cluster.partitions_for_topic(topic) or set() for topic in frozenset().union(*subscribed.values())
        }
        numbers = sorted(frozenset().union(*topics.values()))
        owners = assign_numbers(numbers, sorted(known), claims)
        assigned = {
            name: {
                (topic, number)
                for topic in subscribed[name]
                for number in topics[topic]
                if owners[number] == name and not _claimed(claims, (topic, number), name)
            }
            for name in known
        }
        return {
            name: ConsumerProtocolAssignment(self.version, _by_topic(slots), b"") for name, slots in assigned.items()
        }


def assign_numbers(numbers: Sequence[int], members: Sequence[str], claims: Mapping[str, set[Slot]]) -> dict[int, str]:
    """Partition number → member. ``claims`` maps a member to the slots that it owns now.

    Each member gets the same count, or one more. A number stays with the member that owns most of its partitions, as
    far as the counts allow.

    >>> assign_numbers([0, 1, 2], ["a", "b"], {"a": {("t", 0), ("t", 1), ("t", 2)}, "b": set()})
    {0: 'a', 1: 'a', 2: 'b'}
    """
    least, more = divmod(len(numbers), len(members))
    have = Counter((name, number) for name in members for _, number in claims.get(name, ()))
    owners: dict[int, str] = {}
    counts = dict.fromkeys(members, 0)
    for number in numbers:
        name = max(members, key=lambda one: (have[one, number], -members.index(one)))
        full = counts[name] >= least + (more > 0)
        if have[name, number] and not full:
            more -= counts[name] == least
            owners[number] = name
            counts[name] += 1
    for number in numbers:
        if number not in owners:
            name = min(members, key=lambda one: counts[one])
            owners[number] = name
            counts[name] += 1
    return dict(sorted(owners.items()))


def _claimed(claims: Mapping[str, set[Slot]], slot: Slot, by_others_than: str) -> bool:
    return any(slot in slots for name, slots in claims.items() if name != by_others_than)


def _by_topic(slots: set[Slot]) -> list[tuple[str, list[int]]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for topic, partition in sorted(slots):
        found[topic].append(partition)
    return sorted(found.items())
