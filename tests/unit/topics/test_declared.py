"""The file that declares the topics, and the code that names them, agree."""

import pytest

from hub.errors import Misconfigured
from hub.logs.kafka.topics import PROMISED
from hub.records.kinds import KINDS
from hub.topics import declared as topics
from hub.topics.declared import SUFFIXES, about, added_topics, declared, event_patterns


def test_the_file_declares_what_the_code_names_and_nothing_else() -> None:
    named = {f"{kind}.{suffix}" for kind in KINDS for suffix in SUFFIXES}
    named |= {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)} - {
        topics.FILE
    }
    assert {spec.name for spec in declared(1)} == named
    assert all(about(name) for name in named)


def test_all_topics_have_the_same_partitions_and_only_the_cursors_are_compacted() -> None:
    assert {spec.partitions for spec in declared(6)} == {6}
    assert [spec.name for spec in declared(6) if spec.compacted] == [topics.CURSORS]


def test_p1_the_file_keeps_history_as_the_port_promises() -> None:
    for spec in declared(1):
        assert PROMISED.items() <= spec.configs.items(), spec.name
        assert spec.configs["retention.bytes"] == "-1", spec.name


def test_every_topic_of_events_says_which_schemas_are_on_it() -> None:
    assert event_patterns() == {
        "connection.events": ["connection.*"],
        "transfer.events": ["transfer.*"],
        "delivery.events": ["delivery.*"],
        "access.events": ["access.*"],
        "calendar.events": ["calendar.*"],
    }


TRANSFERS = {"about": "What happened to transfers", "events": ["transfer.*"]}


def test_a_package_adds_topics_of_events() -> None:
    assert added_topics("alpha", {"topics": {"transfer.events": TRANSFERS}}) == {"transfer.events": TRANSFERS}
    assert added_topics("alpha", {}) == {}


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("transfer.received", TRANSFERS),
        ("Transfer.events", TRANSFERS),
        ("transfer.events", {"about": "x"}),
        ("transfer.events", {**TRANSFERS, "configs": {"retention.ms": "1"}}),
    ],
)
def test_p1_a_package_adds_no_other_topic_and_no_retention_of_its_own(name: str, entry: dict) -> None:
    with pytest.raises(Misconfigured, match=name):
        added_topics("alpha", {"topics": {name: entry}})
