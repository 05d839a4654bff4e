"""The list of stages is what everything else that knows them is made from or checked against."""

import pytest

from hub.ports import Grant
from hub.runtime.stage import OUTBOX, SINK, SOURCES, TABLES, Stage
from hub.stages import STAGES, stages
from hub.topics.acls import granted
from hub.topics.declared import declared

ALL = stages(["crm", "fetches"], {"projects": "project.approval"}, fetching=["fetches"])
TOPICS = {spec.name for spec in declared(1)}


def of(stage: Stage) -> str:
    return stage.name


def grants(resource: str, operation: str) -> list[Grant]:
    return [
        one for one in granted({}) if (one.principal, one.resource, one.operation) == ("User:hub", resource, operation)
    ]


def may(operation: str, resource: str, name: str) -> bool:
    """Whether the hub may do so with a resource of this name."""
    return any(name.startswith(one.name) if one.prefix else name == one.name for one in grants(resource, operation))


def test_each_name_is_there_once_and_each_sink_has_a_stage() -> None:
    names = [stage.name for stage in stages(["crm", "archive"], {"projects": "project.approval"})]
    assert len(names) == len(set(names)) == len(STAGES) + 3
    assert {"deliver.crm", "deliver.archive", "report.projects"} <= set(names)


@pytest.mark.parametrize("stage", ALL, ids=of)
def test_what_a_stage_reads_and_writes_exists(stage: Stage) -> None:
    assert stage.reads
    assert stage.writes
    assert {*stage.reads, *stage.writes} <= TOPICS | {SOURCES, SINK, TABLES, OUTBOX}
    assert set(stage.topics_read) | set(stage.topics_written) <= TOPICS


@pytest.mark.parametrize("stage", ALL, ids=of)
def test_p4_the_hub_has_the_grants_that_its_stages_need(stage: Stage) -> None:
    assert all(may("read", "topic", topic) for topic in stage.topics_read)
    assert all(may("write", "topic", topic) for topic in stage.topics_written)
    assert not stage.group or may("read", "group", stage.group)
    if stage.positions == "log":
        assert may("write", "transactional_id", f"{stage.group}.hub-1.{stage.name}")


def test_the_hub_may_join_no_group_that_is_not_a_stages() -> None:
    names = {one.name: one.prefix for one in grants("group", "read")}
    own = {stage.group for stage in ALL if stage.group and not stage.group.startswith("report.")}
    assert {name for name, prefix in names.items() if not prefix} == own
    assert {name for name, prefix in names.items() if prefix} == {"report."}


def test_only_a_stage_with_a_group_has_a_place() -> None:
    assert all(stage.group for stage in ALL if stage.positions)


def test_every_topic_is_written_by_a_stage_or_has_no_writer_yet() -> None:
    written = {topic for stage in ALL for topic in stage.topics_written}
    assert TOPICS - written == {"audit.heads"}
