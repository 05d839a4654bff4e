"""Subjects: every schema by its record's name, every topic by its own; never two schemas in one."""

from hub.codec.catalogue import catalogue
from hub.topics.subjects import places, subjects


def test_a_records_name_is_one_schemas_alone() -> None:
    """Two schemas of one record name would be versions of one subject, and not compatible."""
    names = {schema.record_name: schema.name for schema in catalogue()}
    assert len(names) == len(catalogue().names())
    for versions in subjects().values():
        assert len({schema.name for schema in versions}) == 1


def test_every_schema_is_somewhere() -> None:
    for schema in catalogue():
        assert (schema.record_name, schema.version) in places(schema.id)
    assert places(999_999) == []
