"""The declared topics beside those of a log: which are not there yet, which have other partitions."""

from collections.abc import Mapping, Sequence

from hub.errors import Misconfigured
from hub.ports import Difference, TopicSpec


def missing_topics(existing: Mapping[str, int], topics: Sequence[TopicSpec]) -> list[TopicSpec]:
    """Those that are missing. Raises ``Misconfigured`` if one exists with other partitions, before anything is made."""
    for topic, _, found, wanted in uneven(existing, topics):
        raise Misconfigured(
            f"topic {topic} has {found} partitions, not {wanted}",
            "partition counts are fixed once made: set `partitions` back, or begin a new log",
        )
    return [spec for spec in topics if spec.name not in existing]


def uneven(existing: Mapping[str, int], topics: Sequence[TopicSpec]) -> list[Difference]:
    """Those that are there with other partitions than declared."""
    return [
        Difference(spec.name, "partitions", str(existing[spec.name]), str(spec.partitions))
        for spec in topics
        if existing.get(spec.name, spec.partitions) != spec.partitions
    ]
