"""What every adapter's ``create`` begins with: which of the declared topics are not there yet."""

from collections.abc import Mapping, Sequence

from hub.errors import Misconfigured
from hub.ports import TopicSpec


def missing_topics(existing: Mapping[str, int], topics: Sequence[TopicSpec]) -> list[TopicSpec]:
    """Those that are missing. Raises ``Misconfigured`` if one exists with other partitions, before anything is made."""
    for spec in topics:
        if existing.get(spec.name, spec.partitions) != spec.partitions:
            raise Misconfigured(
                f"topic {spec.name} has {existing[spec.name]} partitions, not {spec.partitions}",
                "partition counts are fixed once made: set `partitions` back, or begin a new log",
            )
    return [spec for spec in topics if spec.name not in existing]
