"""A grant as data: P3 (what was not allowed is not asked, and not kept)."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import Misconfigured, RecordRejected
from hub.grants.grant import NEAR_DAYS, check_feed, check_look_up, granted, load, read, today
from hub.ports import LookupQuery
from tests import grants
from tests.clocks import HandClock

TEXT = """
[titles]
item = "120000-GHZY-0007"
provider = "规划和自然资源局"
approval = "〔2021〕2号"
fields = ["bdcdyh", "holders.qlr"]
purposes = ["connection-application"]
since = 2024-01-01
until = 2024-12-31
erase_after_days = 90
"""
QUERY = LookupQuery("uscc", "91110000600037341L", "connection-application", "action-plan-5")


def test_a_grant_that_says_no_way_is_for_look_ups_only() -> None:
    """The default of every source: a feed of persons is read only where the approval says so."""
    grant = read(TEXT, "grants.toml")["titles"]
    check_look_up(grant, QUERY)
    with pytest.raises(Misconfigured, match="allows look-ups only"):
        check_feed(grant)


def test_no_grant_and_a_term_that_is_not_now_are_told_with_the_remedy() -> None:
    grant = read(TEXT, "grants.toml")["titles"]
    for day in (date(2024, 1, 1), date(2024, 12, 31)):
        assert granted(grant, "titles", day) is grant
    for day, told in ((date(2023, 12, 31), "begins on 2024-01-01"), (date(2025, 1, 1), "ended on 2024-12-31")):
        with pytest.raises(Misconfigured, match=told):
            granted(grant, "titles", day)
    with pytest.raises(Misconfigured, match="has no grant") as missing:
        granted(None, "titles", date(2024, 1, 1))
    assert "docs/operating.md" in missing.value.remedy


@pytest.mark.parametrize(
    ("change", "code", "told"),
    [
        ({"ways": ["feed"]}, "LOOKUP_NOT_GRANTED", "its feed only"),
        ({"purposes": ["capacity-increase"]}, "PURPOSE_NOT_GRANTED", "for capacity-increase only"),
    ],
)
def test_a_look_up_beyond_the_grant_has_a_code(change: dict[str, Any], code: str, told: str) -> None:
    with pytest.raises(RecordRejected) as refused:
        check_look_up(grants.granted("property_title", **change), QUERY)
    assert refused.value.code == code and told in str(refused.value)


def test_the_end_is_near_from_thirty_days_before_the_last() -> None:
    grant = read(TEXT, "grants.toml")["titles"]
    assert grant.days_left(date(2024, 12, 31)) == 1
    assert grant.days_left(date(2024, 12, 2)) == NEAR_DAYS and grant.near_end(date(2024, 12, 2))
    assert not grant.near_end(date(2024, 12, 1))
    assert grant.near_end(date(2025, 3, 1))


def test_a_grant_ends_by_process_time_in_china() -> None:
    clock = HandClock(speed=100_000)
    before = today(clock)
    clock.pass_s(3_600)
    assert today(clock) == before


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[t", "is not valid TOML"),
        ("t = " + "[" * 100_000, "is not valid TOML"),
        ("t = 1", "t is no table"),
        (TEXT + 'colour = "red"', "titles.colour"),
        (TEXT.replace("fields = ", "# "), "titles.fields"),
        (TEXT.replace('["bdcdyh", "holders.qlr"]', "[]"), "titles.fields"),
        (TEXT.replace("until = 2024", "until = 2023"), "`until` is before `since`"),
        (TEXT.replace("until = 2024-12-31", 'until = "soon"'), "titles.until"),
        (TEXT.replace("purposes", 'ways = ["dump"]\npurposes'), "titles.ways"),
        (TEXT.replace("erase_after_days = 90", ""), "titles.erase_after_days"),
        (TEXT.replace("〔2021〕2号", ""), "titles.approval"),
    ],
)
def test_a_file_that_is_wrong_is_told_with_its_key(text: str, told: str) -> None:
    with pytest.raises(Misconfigured) as wrong:
        read(text, "grants.toml")
    assert told in str(wrong.value) and "grants.toml" in str(wrong.value)


def test_all_that_is_wrong_in_a_grant_is_told_at_once() -> None:
    text = TEXT.replace("erase_after_days = 90", "").replace("purposes", 'ways = ["dump"]\npurposes')
    with pytest.raises(Misconfigured, match=r"titles\.ways.*; titles\.erase_after_days"):
        read(text, "grants.toml")


def test_no_file_is_no_grant_and_a_lost_one_is_told(tmp_path: Path) -> None:
    assert load(None) == {}
    with pytest.raises(Misconfigured, match="cannot be read"):
        load(tmp_path / "gone.toml")


def test_the_sandbox_writes_what_the_hub_reads(tmp_path: Path) -> None:
    found = load(grants.written(tmp_path, ["business_licence", "property_title", "utility_crm"]))
    assert found["property_title"] == grants.granted("property_title")
    assert set(found) == {"business_licence", "property_title"}


# ---- fields --------------------------------------------------------------------------------------------------------


def kept(fields: list[str], columns: dict[str, Any]) -> tuple[Any, set[str]]:
    found, dropped = grants.granted("any", fields=fields).within(columns)
    return found, set(dropped)


def test_p3_a_column_outside_the_grant_is_left_out_at_any_depth() -> None:
    row = {
        "no": "1",
        "phone": "2",
        "holders": [{"name": "A", "id": "3"}, {"name": "B"}],
        "box": {"a": 1, "b": {"c": 2}},
    }
    assert kept(["no", "holders.name", "box.b"], row) == (
        {"no": "1", "holders": [{"name": "A"}, {"name": "B"}], "box": {"b": {"c": 2}}},
        {"phone", "holders.id", "box.a"},
    )
    assert kept(["no", "phone", "holders", "box"], row) == (row, set())


@pytest.mark.parametrize("value", ["A,B", 7, None, ["A"], [{"name": "A"}, "B"]])
def test_p3_what_is_not_as_the_grant_says_is_left_out_whole(value: Any) -> None:
    assert kept(["holders.name"], {"holders": value}) == ({}, {"holders"})


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=12,
)
PATHS = st.lists(st.lists(st.sampled_from("abc"), min_size=1, max_size=3).map(".".join), min_size=1, max_size=4)


def leaves(value: Any, path: str = "") -> set[str]:
    if isinstance(value, dict):
        return {one for name, inner in value.items() for one in leaves(inner, f"{path}.{name}".removeprefix("."))}
    if isinstance(value, list) and all(isinstance(inner, dict) for inner in value):
        return {one for inner in value for one in leaves(inner, path)}
    return {path}


@given(row=st.dictionaries(st.sampled_from("abc"), JSON, max_size=3), fields=PATHS)
def test_p3_nothing_that_is_kept_is_outside_and_nothing_granted_is_lost(row: dict[str, Any], fields: list[str]) -> None:
    def inside(path: str) -> bool:
        return any(path == one or path.startswith(one + ".") for one in fields)

    found, dropped = kept(fields, row)
    assert all(inside(path) for path in leaves(found) if path)
    assert not any(inside(path) for path in dropped)
    again, more = kept(fields, dict(found))
    assert (again, more) == (found, set())
