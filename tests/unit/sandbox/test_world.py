"""The world: the same seed gives the same bytes, a row needs no row before it, and the truth names every defect."""

import json
import tracemalloc
from collections import Counter

import pytest

from sandbox.errors import Misconfigured
from sandbox.world.licence_defects import LICENCE_DEFECTS
from sandbox.world.places import DISTRICTS
from sandbox.world.title_defects import TITLE_DEFECTS
from sandbox.world.world import LATE_POSITION, World, WorldSpec

SPEC = WorldSpec(seed=5, size=2_000, defect_share=0.2)
WORLD = World(SPEC)
LICENCES = [WORLD.licences.row(position) for position in range(SPEC.size)]
TITLES = list(WORLD.title_rows())


def test_the_same_seed_gives_the_same_rows_in_any_order() -> None:
    again = World(SPEC)
    assert [again.licences.row(position) for position in reversed(range(300))] == LICENCES[299::-1]
    assert list(again.title_rows()) == TITLES


def test_another_seed_gives_another_world() -> None:
    other = World(WorldSpec(seed=6, size=2_000))
    assert not {row.text for row in LICENCES} & {other.licences.row(position).text for position in range(300)}
    assert not {row.key for row in TITLES} & {row.key for row in other.title_rows()}


def test_row_one_million_is_made_alone_and_in_constant_memory() -> None:
    world = World(WorldSpec(seed=1, size=1_000_000))
    tracemalloc.start()
    for position in range(999_000, 1_000_000, 10):
        world.licences.row(position)
        world.titles.row(position)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2_000_000


def test_every_defect_occurs_and_is_in_the_truth() -> None:
    found = {row.defect for row in LICENCES} | {row.defect for row in TITLES} - {None}
    assert found >= {*LICENCE_DEFECTS, *TITLE_DEFECTS}
    told = Counter(
        (line["source"], line["defect"]) for line in [*WORLD.licence_truth(0, SPEC.size), *WORLD.title_truth()]
    )
    assert {name for _, name in told} - {None} == {defect.name for defect in (*LICENCE_DEFECTS, *TITLE_DEFECTS)}


def test_defects_come_in_the_stated_share() -> None:
    share = sum(row.defect is not None for row in [*LICENCES, *TITLES]) / (2 * SPEC.size)
    assert 0.17 < share < 0.23
    none = World(WorldSpec(seed=5, size=2_000, defect_share=0))
    assert all(none.licences.defect(position) is None for position in range(2_000))


def test_the_truth_has_the_keys_and_versions_of_the_rows() -> None:
    lines = list(WORLD.licence_truth(0, SPEC.size))
    assert [(line["key"], line["version"]) for line in lines] == [(row.key, row.version) for row in LICENCES]
    titles = list(WORLD.title_truth())
    assert [(line["key"], line["version"]) for line in titles] == [(row.key, row.update_time) for row in TITLES]
    assert len(titles) == SPEC.size - 1
    assert WORLD.titles.key_of(LATE_POSITION) not in {line["key"] for line in titles}


def test_repeated_rows_are_told_and_clean() -> None:
    world = World(WorldSpec(seed=5, size=4_000, duplicate_share=0.05))
    lines = list(world.licence_truth(0, 4_000))
    twice = [line for line in lines if "duplicate_of" in line]
    assert 150 < len(twice) <= 200
    known = Counter(f"{line['key']}#{line['version']}" for line in lines)
    assert all(known[line["duplicate_of"]] >= 2 and line["code"] is None for line in twice)
    assert sum(known.values()) - len(known) == len(twice)


def test_versions_of_one_licence_only_grow() -> None:
    seen: dict[str, int] = {}
    for line in WORLD.licence_truth(0, SPEC.size):
        if "duplicate_of" not in line and line["code"] not in ("ELICENCE_CHECK", "ELICENCE_FORM"):
            assert line["version"] > seen.get(line["key"], 0)
            seen[line["key"]] = line["version"]
    assert max(seen.values()) == 3


def test_the_newest_version_is_found_without_a_search() -> None:
    best: dict[int, tuple[int, int]] = {}
    for position in range(SPEC.size):
        if WORLD.licences.origin(position) == position:
            index, version = WORLD.licences.plan(position)
            best[index] = max(best.get(index, (0, 0)), (version, position))
    assert all(WORLD.licences.latest(index, SPEC.size) == position for index, (_, position) in best.items())
    assert len(best) == WORLD.enterprise_count


def test_the_world_has_the_people_of_domain_4() -> None:
    clean = [json.loads(row.text) for row in LICENCES if row.defect is None]
    assert {record["xzqhdm"] for record in clean} == {district[0] for district in DISTRICTS}
    assert any(record["regcap"] is None and record["enttype"] == "个体工商户" for record in clean)
    assert any(record["former_names"] for record in clean)
    assert {record["zzzt"] for record in clean} == {"1", "2", "3"}
    assert any("（" in record["entname"] for record in clean)
    assert any("(" in record["entname"] for record in clean)


def test_titles_have_co_owners_old_numbers_and_dirt() -> None:
    clean = [row for row in TITLES if row.defect is None]
    owners = [owner for row in clean for owner in row.owners]
    assert {row.columns["gyfs"] for row in clean} == {"0", "1", "2"}
    assert {row.columns["qszt"] for row in clean} == {"1", "2", "3"}
    assert {owner.kind for owner in owners} == {"1", "6", "7"}
    assert any(owner.kind == "1" and len(owner.number) == 15 for owner in owners)
    assert any(row.texts["bdcqzh"].startswith("房地证津字") for row in clean)  # type: ignore[union-attr]
    names = Counter(owner.name for owner in owners if owner.kind == "1")
    assert names.most_common(1)[0][1] > 3


def test_units_are_neighbours_and_never_the_same() -> None:
    current = [row for row in TITLES if row.columns["qszt"] == "1" and row.defect is None]
    addresses = {WORLD.titles.unit_of(row.position): row.columns["bdcdyh"] for row in current}
    assert len(set(addresses.values())) == len(addresses)


@pytest.mark.parametrize("wrong", [{"size": 1}, {"size": 10**9}, {"defect_share": 2.0}, {"duplicate_share": 0.5}])
def test_an_impossible_world_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(Misconfigured):
        WorldSpec(**{"seed": 1, "size": 100, **wrong})  # type: ignore[arg-type]
