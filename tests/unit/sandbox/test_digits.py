"""The sandbox's check digits against python-stdnum's: whoever judges them later cannot share their mistake."""

import pytest
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

from sandbox.world import digits
from sandbox.world.world import World, WorldSpec

WORLD = World(WorldSpec(seed=11, size=4_000, defect_share=0))


def test_two_thousand_people_have_numbers_that_stdnum_accepts() -> None:
    numbers = [WORLD.people.person(index).id_number for index in range(2_000)]
    assert all(ric.calc_check_digit(number) == number[-1] for number in numbers)
    assert all(1950 <= ric.get_birth_date(number).year <= 2003 for number in numbers)
    # stdnum also asks whether the district was there at birth, which is true of the ten old ones.
    assert sum(map(ric.is_valid, numbers)) > 1_000
    assert len(set(numbers)) == 2_000


def test_two_thousand_enterprises_have_codes_that_stdnum_accepts() -> None:
    codes = [WORLD.enterprises.code(index) for index in range(2_000)]
    assert all(uscc.calc_check_digit(code) == code[-1] for code in codes)
    # stdnum asks for digits in places 1 and 2, which GB 32100 does not.
    assert all(uscc.is_valid(code) == code[0].isdigit() for code in codes)
    assert len(set(codes)) == 2_000
    assert any(code[0].isalpha() for code in codes)
    assert all(WORLD.enterprises.index_of(code) == index for index, code in enumerate(codes))


def test_a_code_of_nobody_has_no_index() -> None:
    assert [WORLD.enterprises.index_of(code) for code in ("", "91110000600037341L", "91120116MIIIIIII00")] == [None] * 3


def test_licence_identifiers_end_in_the_check_of_iso_7064() -> None:
    keys = {WORLD.licences.row(position).key for position in range(500)}
    bodies = ["".join(key.removeprefix("1.2.156.3005.2.").split(".")) for key in keys]
    assert all(mod_37_36.is_valid(body) for body in bodies)


@pytest.mark.parametrize("number", ["120101196608151158", "36042619910101007X"])
def test_a_legacy_number_drops_century_and_check(number: str) -> None:
    assert digits.legacy_id(number) == number[:6] + number[8:17]


def test_numbers_of_base_31_go_there_and_back() -> None:
    assert [digits.value31(digits.code31(value, 7)) for value in (0, 30, 31, 31**7 - 1)] == [0, 30, 31, 31**7 - 1]
    assert digits.value31("I") == -1
