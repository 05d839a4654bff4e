"""Subjects: the names of the schemas in a schema registry (docs/adr/0008-subjects.md).

Every schema has a subject by its record's full name (RecordNameStrategy), for example ``cn.onecert.hub.Record``. Every
topic that is written to also has ``TOPIC-value`` (TopicNameStrategy), with the schema of its main message. Topics of
events have none, since they carry one schema for each event type.
"""

from collections.abc import Mapping
from functools import cache

from hub.codec.catalogue import Schema, catalogue
from hub.topics.messages import MESSAGES

Subjects = Mapping[str, list[Schema]]
"""Subject → its versions, oldest first."""


@cache
def subjects() -> Subjects:
    """The subjects of the catalogue, in the order of names.

    >>> [schema.id for schema in subjects()["licence.business.verified-value"]]
    [5]
    """
    found = {schema.record_name: catalogue().versions(schema.name) for schema in catalogue()}
    for topic, carried in MESSAGES.items():
        if carried and not topic.endswith(".events"):
            found[f"{topic}-value"] = catalogue().versions(carried[0].schema)
    return dict(sorted(found.items()))


def places(schema_id: int) -> list[tuple[str, int]]:
    """Every (subject, version) that has the schema; none for an unknown id."""
    return [
        (subject, schema.version) for subject, versions in subjects().items() for schema in versions
        if schema.id == schema_id
    ]  # fmt: skip
