"""Dealing partitions out by number: everybody works, nobody has what another still has (P2), nothing is left (P1)."""

from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

from hub.logs.kafka.assignor import LaneAssignor, Slot, deal

TOPICS = ("a.received", "b.received", "lookup.received")
members_and_lanes = st.tuples(st.integers(1, 7), st.integers(1, 16), st.randoms())


@given(members_and_lanes)
def test_everybody_gets_equally_many_give_or_take_one(drawn: tuple[int, int, Any]) -> None:
    members, lanes, dice = drawn
    names = [f"m{n}" for n in range(members)]
    claims: dict[str, set[Slot]] = {name: set() for name in names}
    for lane in range(lanes):
        if dice.random() < 0.7:
            claims[dice.choice(names)].add(("t", lane))
    owners = deal(range(lanes), names, claims)
    counts = Counter(owners.values())
    assert sorted(owners) == list(range(lanes))
    assert max(counts.values()) - min(counts.get(name, 0) for name in names) <= 1


@given(members_and_lanes)
def test_who_has_no_more_than_a_share_keeps_it(drawn: tuple[int, int, Any]) -> None:
    members, lanes, _ = drawn
    names = [f"m{n}" for n in range(members)]
    before = deal(range(lanes), names, {})
    claims = {name: {("t", lane) for lane, owner in before.items() if owner == name} for name in names}
    assert deal(range(lanes), names, claims) == before


@given(members_and_lanes)
def test_p1_p2_two_rounds_give_every_partition_to_one_member_and_none_that_another_still_has(
    drawn: tuple[int, int, Any],
) -> None:
    members, lanes, dice = drawn
    names = [f"m{n}" for n in range(members)]
    had: dict[str, set[Slot]] = {name: set() for name in names}
    for topic in TOPICS:
        for lane in range(lanes):
            if dice.random() < 0.7:
                had[dice.choice(names)].add((topic, lane))
    first = assigned(had, lanes)
    for name, slots in first.items():
        assert all(slot not in had[other] for slot in slots for other in names if other != name)
    second = assigned(first, lanes)
    everything = [slot for slots in second.values() for slot in slots]
    assert sorted(everything) == sorted((topic, lane) for topic in TOPICS for lane in range(lanes))
    for lane in range(lanes):
        assert len([name for name, slots in second.items() if lane in {one for _, one in slots}]) == 1


def assigned(claims: Mapping[str, set[Slot]], lanes: int) -> dict[str, set[Slot]]:
    """What the assignor gives to members that say they have ``claims``."""
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: set(range(lanes)))
    partition = ConsumerProtocolSubscription.TopicPartition
    members = [
        SimpleNamespace(
            member_id=name,
            metadata=ConsumerProtocolSubscription(
                version=1,
                topics=list(TOPICS),
                user_data=b"",
                owned_partitions=[partition(topic=topic, partitions=[lane]) for topic, lane in slots],
            ),
        )
        for name, slots in claims.items()
    ]
    given_out = LaneAssignor().assign(cluster, members)
    return {name: {(one.topic, one.partition) for one in made.partitions()} for name, made in given_out.items()}
