"""What topics carry is declared for every topic, with schemas that there are."""

from hub.codec.catalogue import catalogue
from hub.topics.declared import HEADS, declared
from hub.topics.messages import MESSAGES


def test_every_declared_topic_says_what_it_carries() -> None:
    assert MESSAGES.keys() == {spec.name for spec in declared(1)}
    assert {one.schema for carried in MESSAGES.values() for one in carried} <= set(catalogue().names())


def test_only_topics_that_nothing_writes_to_carry_nothing() -> None:
    assert {topic for topic, carried in MESSAGES.items() if not carried} == {HEADS}
