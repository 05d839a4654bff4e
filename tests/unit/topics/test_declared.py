"""The file that declares the topics, and the code that names them, agree."""

from hub.logs.kafka.topics import PROMISED
from hub.records.kinds import KINDS
from hub.topics import declared as topics
from hub.topics.declared import SUFFIXES, about, declared


def test_the_file_declares_what_the_code_names_and_nothing_else() -> None:
    named = {f"{kind}.{suffix}" for kind in KINDS for suffix in SUFFIXES}
    named |= {value for name, value in vars(topics).items() if name.isupper() and isinstance(value, str)}
    assert {spec.name for spec in declared(1)} == named
    assert all(about(name) for name in named)


def test_all_topics_have_the_same_partitions_and_only_the_cursors_are_compacted() -> None:
    assert {spec.partitions for spec in declared(6)} == {6}
    assert [spec.name for spec in declared(6) if spec.compacted] == [topics.CURSORS]


def test_p1_the_file_keeps_history_as_the_port_promises() -> None:
    for spec in declared(1):
        assert PROMISED.items() <= spec.configs.items(), spec.name
        assert spec.configs["retention.bytes"] == "-1", spec.name
