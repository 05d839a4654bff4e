"""P2, P5: whose a part is and by what a record is found follow from what it is about, never from where it lies."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from hub.records.kinds import KIND_NAMES, KINDS, find_kind

Plain = Callable[[str], dict[str, Any]]
TITLE = KINDS["licence.property-title"]


def test_names_and_topics() -> None:
    assert [kind.topic("received") for kind in KINDS.values()] == [f"{name}.received" for name in KIND_NAMES]
    assert find_kind("property-title") is TITLE
    assert find_kind("title") is None


def test_walk_goes_through_every_part(plain: Plain) -> None:
    values = list(TITLE.walk(plain("property-title")))
    assert [(value.path, value.part.role, value.item) for value in values] == [
        ("unit", "UNIT", 0), ("holders.0", "HOLDER", 0), ("holders.1", "HOLDER", 1),
    ]  # fmt: skip
    assert TITLE.principal.name == "unit"


def test_identities(plain: Plain) -> None:
    record = plain("property-title")
    unit, person, enterprise = (TITLE.subject_identity(record, value) for value in TITLE.walk(record))
    assert TITLE.entity_identity(record) == unit == ("unit", record["unit"]["unit_no"])
    assert person == ("person", record["holders"][0]["id_number"])
    assert enterprise == ("enterprise", record["holders"][1]["id_number"][8:17])
    business = plain("business")
    assert KINDS["licence.business"].entity_identity(business) == enterprise


def test_links(plain: Plain) -> None:
    record = plain("property-title")
    assert [namespace for namespace, _ in TITLE.links(record)] == ["unit", "title", "address"]
    record["unit"]["address"] = dict.fromkeys(record["unit"]["address"], "")
    assert [namespace for namespace, _ in TITLE.links(record)] == ["unit", "title"]


def test_a_malformed_identifier_stands_for_its_own_row_only(plain: Plain) -> None:
    """Two rows with the same wrong number are two strangers, and so are two holders of one row."""
    record = plain("property-title")
    record["unit"]["unit_no"] = record["holders"][0]["id_number"] = record["holders"][1]["id_number"] = "wrong"
    other = {**record, "source": {**record["source"], "key": "2"}}
    found = [kind_subject(record, n) for n in range(3)] + [kind_subject(other, n) for n in range(3)]
    assert len(set(found)) == 6
    assert {namespace for namespace, _ in found} == {"licence"}
    assert not any("wrong" in value for _, value in found)


def kind_subject(record: dict[str, Any], place: int) -> tuple[str, str]:
    return TITLE.subject_identity(record, list(TITLE.walk(record))[place])


@pytest.mark.parametrize("name", KIND_NAMES)
def test_complete_fills_defaults_and_changes_nothing_else(name: str, plain: Plain) -> None:
    kind = KINDS[name]
    record = plain(name.rpartition(".")[2])
    assert kind.complete(record) == record
    assert kind.complete(record) is not record


def test_complete_gives_every_record_its_own_lists() -> None:
    kind = KINDS["licence.business"]
    one, two = (kind.complete({"enterprise": {}})["enterprise"] for _ in range(2))
    assert one["former_names"] == two["former_names"] == []
    assert one["former_names"] is not two["former_names"]
    assert one["valid_until"] is None
    assert "uscc" not in one


def test_a_part_without_an_identifier_is_known_in_its_own_row_only(plain: Plain) -> None:
    record = plain("business")
    bare = replace(
        KINDS["licence.business"],
        parts=tuple(replace(part, identifier=None) for part in KINDS["licence.business"].parts),
    )
    entity = bare.entity_identity(record)
    assert entity == ("licence", f"licence.business:{record['source']['system']}:{record['source']['key']}")
    subjects = [bare.subject_identity(record, value) for value in bare.walk(record)]
    assert len({entity, *subjects}) == 3


@pytest.mark.parametrize("name", KIND_NAMES)
def test_the_hub_s_own_kinds_are_licences_save_those_that_are_no_evidence(name: str) -> None:
    assert KINDS[name].has_status == (
        name not in ("project.information", "identity.check", "utility.step", "utility.transfer")
    )


def test_a_project_and_its_approvals_are_one_entity() -> None:
    """So they are in one partition, and an approval finds the project that it waits for (P1)."""
    project = {"code": "2105-120104-04-01-123456"}
    record = {"source": {"system": "a", "key": "1"}, "project": project}
    found = [KINDS[name].entity_identity(record) for name in ("project.information", "project.approval")]
    assert found == [("project", "2105-120104-04-01-123456")] * 2


def test_a_part_of_an_earlier_version_is_completed() -> None:
    """P4: what was sealed under the first version stays readable."""
    part = KINDS["project.approval"].parts[0]
    assert part.complete({"code": "1"})["permit"] == "NONE"


def test_a_path_leads_to_a_field_or_to_none() -> None:
    for path in ("unit", "unit.unit_no", "unit.address.text", "holders.name", "source.version"):
        assert TITLE.has_field(path), path
    for path in ("", "deed", "unit.deed", "unit.unit_no.text", "holders.0.name", "unit..unit_no"):
        assert not TITLE.has_field(path), path


def test_a_last_word_names_a_kind_only_where_no_other_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(KINDS, "fishing.business", replace(KINDS["licence.business"], name="fishing.business"))
    assert find_kind("business") is None
    assert find_kind("licence.business") is KINDS["licence.business"]
