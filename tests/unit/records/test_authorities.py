"""Whose word counts where several authorities have the same thing: a pure choice for each field, by data."""

from copy import deepcopy
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Misconfigured
from hub.records.authorities import FILE, Authorities, Place, load, parsed, picked, shipped
from hub.records.kinds import KINDS
from tests import samples

TITLE = KINDS["licence.property-title"]


def test_the_city_ranks_above_the_district_as_shipped() -> None:
    ranks = shipped()
    city, district, other = (ranks.rank(TITLE.name, one, "12") for one in ("property_title", "district_files", "new"))
    assert city < district < other
    assert not ranks.ranks("licence.business")
    assert ranks.rank("licence.business", "any", "any") == 0


def test_a_file_of_ones_own_takes_the_place_of_the_shipped_one(tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text('["licence.business"]\nrank = [{ authority = "12" }, { source = "a" }]\n', "utf-8")
    ranks = load(file)
    assert [ranks.rank("licence.business", *one) for one in (("b", "12"), ("a", "9"), ("b", "9"))] == [0, 1, 2]
    assert not ranks.ranks(TITLE.name)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("rank = ", "not valid TOML"),
        ('["licence.nothing"]\nrank = [{ source = "a" }]', "no kind 'licence.nothing'"),
        ('["licence.business"]\nrank = []', "licence.business.rank"),
        ('["licence.business"]\nrank = [{ source = "a", authority = "b" }]', "a place has `source` or `authority`"),
        ('["licence.business"]\nrank = [{ name = "a" }]', "licence.business.rank.0"),
    ],
)
def test_a_wrong_file_is_told_with_its_key(text: str, words: str) -> None:
    with pytest.raises(Misconfigured, match=words):
        parsed(text, "authorities.toml")


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="cannot be read"):
        load(tmp_path / "none.toml")


def test_p4_each_field_is_of_the_first_that_states_it_and_lists_are_never_mixed() -> None:
    city, district = samples.title(), samples.title()
    city["unit"] |= {"notes": "", "area_m2": None, "seized": True}
    city["status"] = "CANCELLED"
    district["unit"] |= {"notes": "区级档案", "area_m2": "88.50", "seized": False, "usage": "商业服务"}
    district["holders"] = district["holders"][:1]
    before = deepcopy((city, district))
    found = picked(TITLE, [city, district])
    assert (city, district) == before
    assert found["status"] == ("CANCELLED", 0)
    assert found["unit.seized"] == (True, 0)
    assert found["unit.usage"] == ("成套住宅", 0)
    assert found["unit.notes"] == ("区级档案", 1)
    assert found["unit.area_m2"] == ("88.50", 1)
    assert found["holders"] == (city["holders"], 0)
    assert not any(name.startswith(("source", "assurance")) for name in found)


def test_an_unknown_status_states_nothing() -> None:
    city, district = samples.title() | {"status": "UNKNOWN"}, samples.title()
    assert picked(TITLE, [city, district])["status"] == ("CURRENT", 1)
    assert picked(TITLE, []) == {}


VALUES = st.sampled_from([None, "", "a", "b"])


@given(st.lists(st.fixed_dictionaries({"notes": VALUES, "area_m2": VALUES, "usage": VALUES}), max_size=4))
def test_p4_what_is_picked_was_said_by_the_record_that_is_named(units: list[dict[str, Any]]) -> None:
    records = [{"unit": unit} for unit in units]
    found = picked(TITLE, records)
    for path, (value, by) in found.items():
        name = path.removeprefix("unit.")
        assert records[by]["unit"][name] == value
        assert all(not record["unit"][name] for record in records[:by])
    for one in permutations(records[:2]):
        assert picked(TITLE, one).keys() == picked(TITLE, records[:2]).keys()


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("123")), max_size=5))
def test_a_rank_is_the_first_place_that_names_the_record(records: list[tuple[str, str]]) -> None:
    ranks = Authorities({"k": (Place(authority="1"), Place(source="a"), Place(source="b"))})
    for source, authority in records:
        expected = 0 if authority == "1" else {"a": 1, "b": 2}.get(source, 3)
        assert ranks.rank("k", source, authority) == expected
