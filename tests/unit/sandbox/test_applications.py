"""Applications: what is expected of each agrees with the world, looked at from the other side."""

import json
from collections import Counter

from sandbox import applications
from sandbox.launch import Running
from sandbox.projects.projects import Projects
from sandbox.world.places import site
from sandbox.world.world import World, WorldSpec

WORLD = World(WorldSpec(seed=9, size=2_000))
MADE = list(applications.generated(WORLD, 200))
BY_KEY = {row.key: row for row in WORLD.title_rows()}


def test_they_are_the_same_every_time() -> None:
    assert list(applications.generated(World(WorldSpec(seed=9, size=2_000)), 200)) == MADE


def test_the_three_scripted_ones_come_first(running: Running) -> None:
    entries = json.loads(running.applications.read_text())
    assert [entry["id"] for entry in entries[:3]] == ["own-title", "tenant", "late-title"]
    assert [entry["expected"]["holder_relation"] for entry in entries[:3]] == ["SELF", "OTHER", "SELF"]
    assert all(entry["expected"]["licence_status"] == "CURRENT" for entry in entries[:3])
    assert len(entries) == 63


def test_every_trap_occurs() -> None:
    traps = Counter(entry["story"] for entry in MADE)
    assert set(traps) == {
        "own", "co-owner", "tenant", "same-name", "neighbour", "superseded", "cancelled", "absent", "defective",
    }  # fmt: skip


def test_an_expected_title_is_current_clean_and_about_the_site() -> None:
    for entry in MADE:
        key, where = entry["expected"]["title_key"], entry["body"]["site"]
        if key is None:
            continue
        row = BY_KEY[key]
        place = site(WORLD.titles.unit_of(row.position))
        assert (row.columns["qszt"], row.defect) == ("1", None)
        assert where.get("unit_no", place.unit_no) == place.unit_no


def test_no_title_is_expected_only_where_none_is_good() -> None:
    good = {row.columns["bdcdyh"] for row in BY_KEY.values() if row.columns["qszt"] == "1" and row.defect is None}
    for entry in MADE:
        if entry["expected"]["title_key"] is None and "unit_no" in entry["body"]["site"]:
            assert entry["body"]["site"]["unit_no"] not in good


def test_the_holder_relation_is_what_the_numbers_say() -> None:
    for entry in MADE:
        expected, applicant = entry["expected"], entry["body"]["applicant"]
        if expected["title_key"] is None:
            continue
        owners = WORLD.titles.owners(BY_KEY[expected["title_key"]].position)
        holds = (applicant.get("uscc") or applicant["resident_id"]) in {owner.number for owner in owners}
        assert holds == (expected["holder_relation"] in ("SELF", "CO_OWNER"))
        assert expected["holder_relation"] != "CO_OWNER" or len(owners) > 1


def test_a_namesake_has_the_holders_name_and_another_number() -> None:
    for entry in (each for each in MADE if each["story"] == "same-name"):
        owner = WORLD.titles.owners(BY_KEY[entry["expected"]["title_key"]].position)[0]
        applicant = entry["body"]["applicant"]
        assert applicant["name"] == owner.name
        assert applicant["resident_id"] != owner.number


def test_the_high_voltage_application_has_a_title_and_a_project_of_its_own() -> None:
    world = World(WorldSpec(seed=3, size=60))
    (entry,) = applications.of_projects(world)
    uscc = entry["body"]["applicant"]["uscc"]
    built = [one for one in Projects(world).all() if any(unit["dwtyshxydm"] == uscc for unit in one.units)]
    assert len(built) == 1, "with two of them a person would have to choose"
    assert entry["body"]["voltage"] == "HIGH_10KV"
    assert entry["expected"]["holder_relation"] == "SELF"
