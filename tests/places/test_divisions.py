"""P3: a text from before a merger of districts is of the district of today, and an unknown one is never certain."""

import pytest

from hub.cases.places.compare import Place, Verdict, compare
from hub.cases.places.divisions import county_at
from hub.cases.places.parse import parse
from hub.records.divisions import TIANJIN_FORMER
from tests.divisions import WHOLE

UNIT = "120104001001GB00001F00010001"


def verdict(one: str, other: str) -> Verdict:
    return compare(Place(address=one), Place(address=other)).verdict


@pytest.mark.parametrize(("former", "present"), sorted(TIANJIN_FORMER.items()))
def test_a_former_district_of_tianjin_is_the_one_of_today(former: str, present: str) -> None:
    """塘沽, 汉沽 and 大港 became 滨海新区 in 2009; 武清, 宝坻, 宁河, 静海 and 蓟县 became districts in 2000, 2001,
    2015 (two) and 2016, the suburbs in 1992."""
    before = f"天津市{former}人民路12号3号楼2门501室"
    merged = "" if present != "滨海新区" else former.removesuffix("区")
    assert parse(before).county == present
    assert verdict(before, f"{present}{merged}人民路12号3栋-2-501") is Verdict.SAME
    assert verdict(before, f"{present}{merged}人民路12号3栋-2-502") is Verdict.DIFFERENT


RENAMED = {
    "北京市通县": "北京市通州区",
    "北京市宣武区": "北京市西城区",
    "江苏省南京市江宁县": "江苏省南京市江宁区",
    "浙江省杭州市萧山市": "浙江省杭州市萧山区",
    "河北省石家庄市鹿泉市": "河北省石家庄市鹿泉区",
    "上海市闸北区": "上海市静安区",
}
OF_TIANJIN = {f"天津市{former}": f"天津市{now}" for former, now in TIANJIN_FORMER.items() if now != "滨海新区"}


@pytest.mark.parametrize(("former", "present"), [*OF_TIANJIN.items(), *RENAMED.items()])
def test_a_former_and_a_present_name_are_one_in_both_directions(former: str, present: str) -> None:
    one, other = f"{former}人民路12号3号楼501室", f"{present}人民路12号3栋501"
    assert verdict(one, other) is verdict(other, one) is verdict(one, one) is Verdict.SAME
    assert verdict(one, f"{present}人民路14号3栋501") is verdict(f"{present}人民路14号3栋501", one) is Verdict.DIFFERENT


@pytest.mark.parametrize(
    ("former", "present"),
    [
        ("上海市南汇区", "上海市浦东新区"),
        ("浙江省杭州市江干区", "浙江省杭州市上城区"),
        ("天津市滨海新区", "天津市塘沽区"),
    ],
)
def test_what_became_part_of_several_or_may_be_another_is_asked_about(former: str, present: str) -> None:
    one, other = f"{former}人民路12号", f"{present}人民路12号"
    assert verdict(one, other) is verdict(other, one) is Verdict.ASK


def test_roads_of_one_name_in_a_merged_district_are_asked_about() -> None:
    assert verdict("塘沽区新华路12号", "滨海新区新华路12号") is Verdict.ASK
    assert verdict("塘沽区新华路12号", "滨海新区大港新华路12号") is Verdict.DIFFERENT


@pytest.mark.parametrize(("division", "merged"), sorted(WHOLE.items()))
def test_a_district_that_became_part_of_another_whole_is_that_one(
    division: tuple[str, str, str], merged: tuple[str, int]
) -> None:
    (province, city, former), (present, _) = division, merged
    found, _ = county_at(f"{former}人民路", province, city)
    assert found is not None and (found.name, found.certain) == (present, True)
    assert verdict(f"{province}{city}{former}人民路12号", f"{province}{city}{present}人民路12号") is Verdict.SAME


@pytest.mark.parametrize(
    "text", ["上海市南汇区人民路12号", "浙江省杭州市江干区人民路12号", "广东省甲乙县人民路12号", "朝阳区人民路12号"]
)
def test_a_division_that_ended_otherwise_or_is_unknown_is_never_certain(text: str) -> None:
    assert parse(text).confidence <= 0.5
    assert verdict(text, text) is Verdict.ASK


def test_a_number_with_a_code_of_no_division_decides_nothing() -> None:
    unknown, text = "129999" + UNIT[6:], "天津市南开区长江道12号3号楼"
    found = compare(Place(unknown, text), Place(unknown, "天津市南开区长江道12号4号楼"))
    assert (found.verdict, found.by) == (Verdict.DIFFERENT, "address")
