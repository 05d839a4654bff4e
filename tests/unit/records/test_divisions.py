"""Codes of the country's divisions, retired ones included."""

import pytest

from hub.records.divisions import CODES, PROVINCES, TIANJIN_DISTRICTS, TIANJIN_FORMER, is_region, same_division


def test_codes() -> None:
    assert {"110000", "120104", "120107", "360426", "440524", "810000", "820000", "830000"} <= CODES  # 120107: 塘沽区
    assert not {"000000", "990426", "120199"} & CODES
    assert all(len(code) == 6 and code.isdigit() for code in CODES)
    assert {code[:2] for code in CODES} - {"83"} == set(PROVINCES)


def test_tianjin() -> None:
    assert len(TIANJIN_DISTRICTS) == 16
    assert set(TIANJIN_DISTRICTS.values()) <= CODES
    assert set(TIANJIN_FORMER.values()) <= set(TIANJIN_DISTRICTS)


@pytest.mark.parametrize(
    ("code", "province", "district", "same"),
    [
        ("120104", "天津市", "南开区", True),
        ("120103", "天津市", "南开区", False),
        ("120100", "天津市", "南开区", True),
        ("110105", "天津市", "", False),
        ("120104", "", "", True),
        ("120104", "天津市", "某新区", True),
        ("130102", "河北省", "长安区", True),
        ("990000", "天津市", "", True),
        ("120225", "天津市", "蓟州区", True),
        ("120225", "天津市", "蓟县", True),
        ("120119", "天津市", "蓟县", True),
        ("120119", "天津", "蓟县", True),
        ("120103", "天津市", "蓟县", False),
        ("120222", "天津市", "武清区", True),
        ("120107", "天津市", "滨海新区", True),
        ("120116", "天津市", "大港区", True),
        ("120107", "天津市", "汉沽区", False),
        ("120225", "天津市", "南开区", False),
        ("120199", "天津市", "南开区", False),
        ("510202", "重庆市", "", True),
        ("510202", "四川省", "", True),
        ("510102", "重庆市", "", False),
        ("442121", "海南省", "", True),
        ("450000", "广西", "", True),
    ],
)
def test_only_a_contradiction_counts(code: str, province: str, district: str, same: bool) -> None:
    assert same_division(code, province, district) is same


@pytest.mark.parametrize(
    ("beginning", "known"),
    [
        ("320219", True), ("321119", True), ("320119", True), ("440401", True), ("129919", False),
        ("110119", True), ("990426", False), ("932682", True), ("999682", False), ("981682", True),
    ],
)  # fmt: skip
def test_the_region_of_a_number(beginning: str, known: bool) -> None:
    assert is_region(beginning + "197505050015") is known
