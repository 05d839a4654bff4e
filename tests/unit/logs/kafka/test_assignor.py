"""Assigning partitions by number: every member works, none gets what another still owns (P2), none is left out (P1)."""

from collections import Counter
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from kafka.protocol.consumer.metadata import ConsumerProtocolSubscription

from hub.logs.kafka.assignor import PartitionNumberAssignor, Slot, assign_numbers

TOPICS = ("a.received", "b.received", "lookup.received")
members_and_numbers = st.tuples(st.integers(1, 7), st.integers(1, 16), st.randoms())


@given(members_and_numbers)
def test_everybody_gets_equally_many_give_or_take_one(drawn: tuple[int, int, Any]) -> None:
    members, numbers, dice = drawn
    names = [f"m{n}" for n in range(members)]
    claims: dict[str, set[Slot]] = {name: set() for name in names}
    for number in range(numbers):
        if dice.random() < 0.7:
            claims[dice.choice(names)].add(("t", number))
    owners = assign_numbers(range(numbers), names, claims)
    counts = Counter(owners.values())
    assert sorted(owners) == list(range(numbers))
    assert max(counts.values()) - min(counts.get(name, 0) for name in names) <= 1


@given(members_and_numbers)
def test_who_has_no_more_than_a_share_keeps_it(drawn: tuple[int, int, Any]) -> None:
    members, numbers, _ = drawn
    names = [f"m{n}" for n in range(members)]
    before = assign_numbers(range(numbers), names, {})
    claims = {name: {("t", number) for number, owner in before.items() if owner == name} for name in names}
    assert assign_numbers(range(numbers), names, claims) == before


@given(members_and_numbers)
def test_p1_p2_two_rounds_give_every_partition_to_one_member_and_none_that_another_still_has(
    drawn: tuple[int, int, Any],
) -> None:
    members, numbers, dice = drawn
    names = [f"m{n}" for n in range(members)]
    had: dict[str, set[Slot]] = {name: set() for name in names}
    for topic in TOPICS:
        for number in range(numbers):
            if dice.random() < 0.7:
                had[dice.choice(names)].add((topic, number))
    first = assigned(had, numbers)
    for name, slots in first.items():
        assert all(slot not in had[other] for slot in slots for other in names if other != name)
    second = assigned(first, numbers)
    everything = [slot for slots in second.values() for slot in slots]
    assert sorted(everything) == sorted((topic, number) for topic in TOPICS for number in range(numbers))
    for number in range(numbers):
        assert len([name for name, slots in second.items() if number in {one for _, one in slots}]) == 1


def assigned(claims: Mapping[str, set[Slot]], numbers: int) -> dict[str, set[Slot]]:
    """What the assignor gives to members that say they have ``claims``."""
    cluster = SimpleNamespace(partitions_for_topic=lambda topic: set(range(numbers)))
    partition = ConsumerProtocolSubscription.TopicPartition
    members = [
        SimpleNamespace(
            member_id=name,
            metadata=ConsumerProtocolSubscription(
                version=1,
                topics=list(TOPICS),
                user_data=b"",
                owned_partitions=[partition(topic=topic, partitions=[number]) for topic, number in slots],
            ),
        )
        for name, slots in claims.items()
    ]
    given_out = PartitionNumberAssignor().assign(cluster, members)
    return {name: {(one.topic, one.partition) for one in made.partitions()} for name, made in given_out.items()}
