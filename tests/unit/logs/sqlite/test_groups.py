"""Partitions have one owner at a time (P2) and never none for good (P1)."""

from hypothesis import given
from hypothesis import strategies as st

from hub.logs.sqlite.groups import POLL_INTERVAL_MAX_S, Group, Membership

SLOTS = {("t", n) for n in range(5)}


def settled(group: Group, *members: Membership) -> None:
    for _ in range(3):
        for member in members:
            group.settle(member, set(), 0.0)


def test_members_share_everything_and_nothing_twice() -> None:
    group = Group({"t": 5})
    one, two, three = (group.join(name, ["t"], 0.0) for name in ("m1", "m2", "m3"))
    settled(group, one, two, three)
    assert one.owned | two.owned | three.owned == SLOTS
    assert len(one.owned) + len(two.owned) + len(three.owned) == 5


def test_a_partition_with_uncommitted_records_stays() -> None:
    group = Group({"t": 2})
    one = group.join("m1", ["t"], 0.0)
    group.settle(one, set(), 0.0)
    two = group.join("m2", ["t"], 0.0)
    group.settle(one, {("t", 1)}, 0.0)
    group.settle(two, set(), 0.0)
    assert (two.owned, two.waiting) == (set(), True)
    settled(group, one, two)
    assert (one.owned, two.owned) == ({("t", 0)}, {("t", 1)})


def test_who_stays_away_loses_its_partitions_and_is_told() -> None:
    group = Group({"t": 2})
    absent, present = group.join("m1", ["t"], 0.0), group.join("m2", ["t"], 0.0)
    settled(group, absent, present)
    group.settle(present, set(), POLL_INTERVAL_MAX_S + 1)
    assert present.owned == {("t", 0), ("t", 1)}
    assert not group.holds(absent)
    settled(group, absent, present)
    assert group.holds(absent)
    assert absent.owned | present.owned == {("t", 0), ("t", 1)}


def test_equal_partition_numbers_of_all_topics_go_to_one_member() -> None:
    group = Group({"a": 4, "b": 4})
    one, two = (group.join(name, ["a", "b"], 0.0) for name in ("m1", "m2"))
    settled(group, one, two)
    assert {number for _, number in one.owned}.isdisjoint({number for _, number in two.owned})


ACTIONS = st.lists(st.tuples(st.sampled_from(["join", "leave", "settle"]), st.sampled_from("abc")), max_size=40)


@given(ACTIONS)
def test_p1_p2_any_history_ends_with_one_owner_each(actions: list[tuple[str, str]]) -> None:
    group = Group({"t": 5})
    members: dict[str, Membership] = {}
    for action, name in actions:
        if action == "join":
            members[name] = group.join(name, ["t"], 0.0)
        elif action == "leave" and name in members:
            group.leave(members.pop(name))
        elif name in members:
            group.settle(members[name], set(), 0.0)
        owned = [slot for member in members.values() for slot in member.owned]
        assert len(owned) == len(set(owned))
    settled(group, *members.values())
    assert {slot for member in members.values() for slot in member.owned} == (SLOTS if members else set())
