"""Codes of the country's divisions, retired ones included."""

import pytest

from hub.records.divisions import CODES, PROVINCES, TIANJIN_DISTRICTS, TIANJIN_FORMER, same_division


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
    ],
)
def test_only_a_contradiction_counts(code: str, province: str, district: str, same: bool) -> None:
    assert same_division(code, province, district) is same
