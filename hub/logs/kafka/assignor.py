"""Who gets which partitions: by number, the same of every topic.

All that concerns one record is in partitions of one number, and all topics have equally many. Dealt out topic by topic,
as cooperative-sticky does it, one member could have every partition of the topic that is busy, and another those of all
that are idle.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

Slot = tuple[str, int]


class LaneAssignor(CooperativeStickyAssignor):  # type: ignore[misc]
    """Cooperative and sticky (KIP-429), by partition number. What another member still has is given in the next round.

    Hubs that do not know it yet offer cooperative-sticky only; while one of them is a member, the broker picks that.
    """

    name = "cooperative-lanes"

    def assign(self, cluster: Any, members: Sequence[Any]) -> dict[str, Any]:
        """As the driver's group leader calls it: member id → assignment."""
        known = {one.member_id: self.parse_member_metadata(one.metadata) for one in members}
        claims = {name: {(one.topic, one.partition) for one in said.partitions} for name, said in known.items()}
        subscribed = {name: frozenset(said.subscription) for name, said in known.items()}
        topics = {
            topic: cluster.partitions_for_topic(topic) or set() for topic in frozenset().union(*subscribed.values())
        }
        lanes = sorted(frozenset().union(*topics.values()))
        owners = deal(lanes, sorted(known), claims)
        dealt = {
            name: {
                (topic, lane)
                for topic in subscribed[name]
                for lane in topics[topic]
                if owners[lane] == name and not _claimed(claims, (topic, lane), name)
            }
            for name in known
        }
        return {name: ConsumerProtocolAssignment(self.version, _by_topic(slots), b"") for name, slots in dealt.items()}


def deal(lanes: Sequence[int], members: Sequence[str], claims: Mapping[str, set[Slot]]) -> dict[int, str]:
    """Lane → member: equally many each, give or take one, and as few as possible away from whoever has most of it.

    >>> deal([0, 1, 2], ["a", "b"], {"a": {("t", 0), ("t", 1), ("t", 2)}, "b": set()})
    {0: 'a', 1: 'a', 2: 'b'}
    """
    least, more = divmod(len(lanes), len(members))
    have = Counter((name, lane) for name in members for _, lane in claims.get(name, ()))
    owners: dict[int, str] = {}
    counts = dict.fromkeys(members, 0)
    for lane in lanes:
        name = max(members, key=lambda one: (have[one, lane], -members.index(one)))
        full = counts[name] >= least + (more > 0)
        if have[name, lane] and not full:
            more -= counts[name] == least
            owners[lane] = name
            counts[name] += 1
    for lane in lanes:
        if lane not in owners:
            name = min(members, key=lambda one: counts[one])
            owners[lane] = name
            counts[name] += 1
    return dict(sorted(owners.items()))


def _claimed(claims: Mapping[str, set[Slot]], slot: Slot, by_others_than: str) -> bool:
    return any(slot in slots for name, slots in claims.items() if name != by_others_than)


def _by_topic(slots: set[Slot]) -> list[tuple[str, list[int]]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for topic, partition in sorted(slots):
        found[topic].append(partition)
    return sorted(found.items())
