"""Who may do what: least privilege, role by role."""

import pytest

from hub.errors import Misconfigured
from hub.ports import Grant
from hub.topics.acls import granted
from hub.topics.declared import declared


def grants(role: str) -> list[Grant]:
    return [grant for grant in granted({}) if grant.principal == f"User:{role}"]


def test_p4_nobody_but_the_hub_may_write() -> None:
    assert {grant.principal for grant in granted({}) if grant.operation == "write"} == {"User:hub"}


def test_nobody_may_create_delete_or_alter() -> None:
    assert {grant.operation for grant in granted({})} == {"read", "write", "describe_configs"}


def test_topics_are_granted_name_by_name() -> None:
    names = {spec.name for spec in declared(1)}
    for role in ("hub", "auditor"):
        read = [grant for grant in grants(role) if (grant.resource, grant.operation) == ("topic", "read")]
        assert {grant.name for grant in read} == names
        assert not any(grant.prefix for grant in read)


def test_p5_a_consumer_sees_neither_what_was_rejected_nor_who_looked() -> None:
    read = {grant.name for grant in grants("consumer") if grant.resource == "topic"}
    assert "licence.business.verified" in read
    assert not [name for name in read if name.endswith((".received", ".rejected")) or name.startswith("access.")]


def test_a_prefix_is_a_name_before_a_star() -> None:
    assert Grant("User:hub", "write", "transactional_id", "ingest.", True) in granted({})
    assert Grant("User:hub", "write", "transactional_id", "relay", False) in granted({})


def test_an_installation_names_its_own_principals() -> None:
    assert {grant.principal for grant in granted({"hub": "User:CN=hub"})} >= {"User:CN=hub", "User:auditor"}
    assert {grant.principal for grant in granted({"consumer": ""})} == {"User:hub", "User:auditor"}
    with pytest.raises(Misconfigured, match="no role 'clerk'"):
        granted({"clerk": "User:x"})
