"""Code tables of a connector."""

import pytest

from hub.connect.codes import Codes
from hub.errors import Misconfigured

HEADER = "column,code,value,meaning\n"
CODES = Codes.read(HEADER + "zt,1,CURRENT,有效\nzt,2,CANCELLED,注销\nlx,a1,USCC,代码\n")


@pytest.mark.parametrize("code", ["1", 1, " 1 ", "１", "\u30001", "1\ufeff"])
def test_a_code_is_found_without_the_usual_dirt(code: object) -> None:
    assert CODES.find("zt", code) == "CURRENT"


@pytest.mark.parametrize("code", ["A1", "a1", "ａ１"])
def test_capitals_make_no_difference(code: str) -> None:
    assert CODES.find("lx", code) == "USCC"


def test_an_unknown_code_has_no_word_and_an_unknown_column_is_a_defect() -> None:
    assert CODES.find("zt", "9") is None
    assert CODES.knows("zt") and not CODES.knows("xx")
    assert CODES.columns() == {"zt", "lx"}
    with pytest.raises(KeyError):
        CODES.find("xx", "1")


@pytest.mark.parametrize("line", ["zt,1,REVOKED,x", "zt,１,REVOKED,x"])
def test_a_code_that_means_two_things_is_for_the_author(line: str) -> None:
    with pytest.raises(Misconfigured, match=r"zt .* has two values"):
        Codes.read(HEADER + "zt,1,CURRENT,x\n" + line + "\n")


def test_a_line_may_stand_twice() -> None:
    assert Codes.read(HEADER + "zt,1,CURRENT,x\nzt,1,CURRENT,y\n").find("zt", "1") == "CURRENT"
