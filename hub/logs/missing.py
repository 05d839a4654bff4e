"""Compares the declared topics with those of a log: which are missing, which have another number of partitions."""

from collections.abc import Mapping, Sequence

from hub.errors import Misconfigured
from hub.ports import Difference, TopicSpec


def missing_topics(existing: Mapping[str, int], topics: Sequence[TopicSpec]) -> list[TopicSpec]:
    """The declarations whose topic does not exist. ``existing`` maps a topic to its number of partitions.

    Raises ``Misconfigured`` if a declared topic exists with another number of partitions. Creates nothing.
    """
    for topic, _, found, wanted in uneven(existing, topics):
        raise Misconfigured(
            f"topic {topic} has {found} partitions, not {wanted}",
            "the number of partitions cannot change: set `partitions` back, or start a new log",
        )
    return [spec for spec in topics if spec.name not in existing]


def uneven(existing: Mapping[str, int], topics: Sequence[TopicSpec]) -> list[Difference]:
    """The declared topics that exist with another number of partitions than declared."""
    return [
        Difference(spec.name, "partitions", str(existing[spec.name]), str(spec.partitions))
        for spec in topics
        if existing.get(spec.name, spec.partitions) != spec.partitions
    ]
