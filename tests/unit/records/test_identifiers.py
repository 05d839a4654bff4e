"""P3: nothing unverified leaves. Identifiers on which other people's work agrees."""

import csv
import random
import time
import timeit
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric, uscc
from stdnum.iso7064 import mod_37_36

from hub.records import identifiers as ids

PUBLISHED = list(csv.DictReader((Path(__file__).parent / "published.csv").open(encoding="utf-8")))
CHECKS = {
    "resident-id": ids.check_resident_id,
    "uscc": ids.check_uscc,
    "licence-id": ids.check_licence_id,
    "unit-no": ids.check_unit_number,
    "title-no": ids.check_title_number,
    "project-code": ids.check_project_code,
}
DIGITS = "0123456789"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
BASE36 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
GENERATED = 10_000


def test_at_least_fifty_published_identifiers() -> None:
    assert len(PUBLISHED) >= 50
    assert all(row["source"] for row in PUBLISHED)


@pytest.mark.parametrize("row", PUBLISHED, ids=lambda row: f"{row['kind']}-{row['identifier']}")
def test_published(row: dict[str, str]) -> None:
    assert (CHECKS[row["kind"]](row["identifier"]) or "") == row["code"]


def text(draw: random.Random, alphabet: str, length: int) -> str:
    return "".join(draw.choices(alphabet, k=length))


def changed(draw: random.Random, number: str, alphabet: str) -> str:
    """The same number with one character of its alphabet changed."""
    place = draw.randrange(len(number))
    other = draw.choice([character for character in alphabet if character != number[place]])
    return number[:place] + other + number[place + 1 :]


def day(draw: random.Random) -> str:
    return date.fromordinal(draw.randint(date(1900, 1, 1).toordinal(), date(2020, 12, 31).toordinal())).strftime(
        "%Y%m%d"
    )


def other_resident_id(number: str) -> bool:
    """python-stdnum's opinion, without its table of places: ours is a warning."""
    try:
        ric.get_birth_date(number)
    except Exception:
        return False
    return number[:17].isdigit() and ric.calc_check_digit(number) == number[17]


def test_python_stdnum_agrees_on_resident_ids() -> None:
    draw = random.Random(1)
    for _ in range(GENERATED):
        body = text(draw, DIGITS, 6) + day(draw) + text(draw, DIGITS, 3)
        number = body + ric.calc_check_digit(body + "0")
        assert ids.check_resident_id(number) is None
        assert ids.resident_id_check_character(body) == number[17]
        assert ids.resident_id_birth(number) == ric.get_birth_date(number)
        wrong = changed(draw, number, DIGITS)
        assert (ids.check_resident_id(wrong) is None) == other_resident_id(wrong)


def test_python_stdnum_agrees_on_credit_codes() -> None:
    draw = random.Random(2)
    for _ in range(GENERATED):
        body = draw.choice("123456789") + text(draw, DIGITS, 7) + text(draw, USCC_ALPHABET, 9)
        code = body + uscc.calc_check_digit(body)
        assert ids.check_uscc(code) is None
        # The other way round only where python-stdnum reads codes as we do: it wants digits in front.
        wrong = code[:8] + changed(draw, code[8:], USCC_ALPHABET)
        assert uscc.is_valid(wrong) == (ids.check_uscc(wrong) is None)


def test_python_stdnum_agrees_on_licence_identifiers() -> None:
    draw = random.Random(3)
    for _ in range(GENERATED):
        type_, issuer, serial = text(draw, BASE36, 21), text(draw, BASE36, 18), text(draw, BASE36, draw.randint(1, 32))
        version = text(draw, DIGITS, 3)
        body = type_ + issuer + serial + version
        check = mod_37_36.calc_check_digit(body)
        good = f"1.2.156.3005.2.{type_}.{issuer}.{serial}.{version}.{check}"
        assert ids.check_licence_id(good) is None
        wrong = changed(draw, serial, BASE36)
        other = good.replace(f".{serial}.{version}.", f".{wrong}.{version}.")
        assert (ids.check_licence_id(other) is None) == mod_37_36.is_valid(type_ + issuer + wrong + version + check)


def test_the_two_traps_of_credit_codes() -> None:
    """Without the outer modulo, codes ending in 0 are refused; with digits only in places 1 to 8, letters in front."""
    ending_in_zero = next(code for code in (f"9111000060003{n:04}0" for n in range(2_000)) if not ids.check_uscc(code))
    assert uscc.is_valid(ending_in_zero)
    for first in "ANY":
        body = f"{first}1110000600037341"
        codes = [body + character for character in USCC_ALPHABET if ids.check_uscc(body + character) is None]
        assert len(codes) == 1


@given(st.text(max_size=40))
def test_any_text_gets_a_verdict(anything: str) -> None:
    for check in CHECKS.values():
        code = check(anything)
        assert code is None or code.isupper()
    ids.check_organisation_code(anything)
    for kind in ("resident-id", "uscc", "document", "unit-no", "title-no", "address", "project-code"):
        ids.identity_of(kind, anything)


@given(st.from_regex(r"[0-9]{6}[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])[0-9]{3}", fullmatch=True))
def test_legacy_numbers_become_good_ones_of_the_same_person(legacy: str) -> None:
    assert ids.check_resident_id(legacy) == "ID_LEGACY"
    number = ids.resident_id_18(legacy)
    assert ids.check_resident_id(number) is None
    assert number[:6] + number[8:17] == legacy
    assert number[6:8] == ("18" if legacy[12:] >= "996" else "19")
    assert ids.identity_of("resident-id", legacy) == ("person", number)


@pytest.mark.parametrize(
    "unicode_digits", ["１１０１０５１９４９１２３１００２Ｘ", "١١٠١٠٥١٩٤٩١٢٣١٠٠٢X", "¹¹⁰¹⁰⁵¹⁹⁴⁹¹²³¹⁰⁰²X"]
)
def test_only_ascii_digits_are_digits(unicode_digits: str) -> None:
    assert ids.check_resident_id(unicode_digits) == "ID_FORM"


@pytest.mark.parametrize(
    "dirty",
    [
        "\u200e91110000600037341L",
        "9111\u20600000\xad6000\u202e37341\u3164L",
        "91110000\u00a0600037341L\ufe0f",
        "91110000 6000\u30003734\u20091L",
        "９１１１００００６０００３７３４１Ｌ",
        " 91110000 600037341l ",
        "\ufeff91110000600037341L",
        "9111000060003\u200b7341L",
    ],
)
def test_tidy_mends_the_usual_dirt(dirty: str) -> None:
    assert ids.tidy(dirty) == "91110000600037341L"
    assert ids.identity_of("uscc", dirty) == ("enterprise", "600037341")


def test_identity_is_the_same_however_the_enterprise_is_known() -> None:
    known = ("enterprise", "600037341")
    for kind, value in (
        ("uscc", "91110000600037341L"),
        ("uscc", "60003734-1"),
        ("document", "USCC:91110000600037341L"),
        ("document", "ORGANISATION_CODE:600037341"),
    ):
        assert ids.identity_of(kind, value) == known


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("resident-id", "36042619910102009X"),
        ("uscc", "91110000600037341M"),
        ("document", "RESIDENT_ID:1"),
        ("document", "PASSPORT:"),
        ("unit-no", "450103001001GB00001"),
        ("project-code", "2020"),
        ("address", "天津市"),
        ("title-no", ""),
        ("uscc", None),
    ],
)
def test_a_wrong_identifier_is_nobodys(kind: str, value: str | None) -> None:
    assert ids.identity_of(kind, value) is None


PLACEHOLDERS = [
    "无", "/", "0", "-", "——", "．", "*", "无证件", "无 证件 号码", "不详", "未知", "暂无", "待补", "同上", "N/A",
    "null", "None", "X", "xxxx", "XXXXXXXX", "0000", "00000000", "11111111", "E00000000", "123456", "1234567890",
    "E1****678", "120104********0020", "1201041990××××0020", "E12?4567", "●●●●1234", "见附页12", "１", "\u200e无",
]  # fmt: skip


@pytest.mark.parametrize(
    "id_type", ["OTHER", "PASSPORT", "RESIDENT_ID", "FOREIGNER_PERMIT", "USCC", "ORGANISATION_CODE"]
)
@pytest.mark.parametrize("number", PLACEHOLDERS)
def test_who_has_a_placeholder_is_a_stranger(id_type: str, number: str) -> None:
    """P2: all who have it would be one person, with one key."""
    assert ids.identity_of("document", f"{id_type}:{number}") is None


@pytest.mark.parametrize(
    ("identifier", "value"),
    [
        ("resident-id", "111111111111111"),
        ("uscc", "000000000"),
        ("uscc", "00000000-0"),
        ("title-no", "无"),
        ("title-no", "/"),
        ("title-no", "不动产权证"),
        ("title-no", "津（2021）南开区不动产权第0000000号"),
        ("title-no", "津（2021）南开区不动产权第****001号"),
        ("unit-no", "000000000000GB00000F00000000"),
        ("meter.number", "0"),
        ("meter.number", "无"),
        ("meter.number", "00000"),
        ("meter.number", "12**34"),
        ("meter.number", "见附件"),
        ("meter.number", "查无"),
        ("title-no", "-1"),
        ("title-no", "0.0"),
        ("title-no", "00000001"),
        ("unit-no", "120104001001GB00000W00000000"),
        ("uscc", "123456789012345678"),
    ],
)
def test_a_placeholder_of_any_sort_identifies_nothing(identifier: str, value: str) -> None:
    assert ids.identity_of(identifier, value) is None


@pytest.mark.parametrize(
    "number",
    [
        "00000001", "10000000", "000000000000001", "100000000000000", "12121212", "123123123", "1234512345", "112233",
        "11223344", "123456X", "123456789X", "TEST123", "null123", "ABC123", "asdf1234", "123456789012345678",
    ],
)  # fmt: skip
def test_a_number_that_is_made_up_identifies_no_person(number: str) -> None:
    """P2: such a number stands for an unknown one, and all who have it would be one person."""
    assert ids.identity_of("document", f"OTHER:{number}") is None
    assert ids.identity_of("document", f"PASSPORT:{number}") is None


@pytest.mark.parametrize(
    "number",
    [
        "E12345678",
        "M00000001",
        "100000540",
        "20210304",
        "H0123456789",
        "A123456(7)",
        "00123456",
        "军字第2001988号",
        "G88888889",
        "K-1234/56",
        "12345679",
    ],
)
def test_a_number_that_can_be_one_document_s_is_that_person_s(number: str) -> None:
    assert ids.identity_of("document", f"OTHER:{number}") == ("person", f"OTHER:{ids.tidy(number)}")


@pytest.mark.parametrize("number", ["932682198501010017", "81000019980902013X", "360426199101010071"])
@pytest.mark.parametrize("id_type", ["RESIDENT_ID", "FOREIGNER_PERMIT", "HK_MACAO_PERMIT", "OTHER", "PASSPORT", "USCC"])
def test_a_number_says_who_it_is_whatever_the_type_says(id_type: str, number: str) -> None:
    assert ids.identity_of("document", f"{id_type}:{number}") == ("person", number)


@pytest.mark.parametrize("organisation", ["MAXX05A0", "MA000000", "12345678", "MAXXXX12"])
def test_an_enterprise_may_have_any_letters_and_figures(organisation: str) -> None:
    code = next(organisation + end for end in DIGITS + "X" if not ids.check_organisation_code(organisation + end))
    assert ids.identity_of("uscc", code) == ("enterprise", code)


def test_a_credit_code_says_which_enterprise_whatever_the_type_says() -> None:
    assert ids.identity_of("document", "OTHER:91110000600037341L") == ("enterprise", "600037341")


@pytest.mark.parametrize("id_type", ["FOREIGNER_PERMIT", "HK_MACAO_PERMIT", "TAIWAN_PERMIT"])
def test_a_permit_with_a_wrong_number_is_nobody_s(id_type: str) -> None:
    assert ids.identity_of("document", f"{id_type}:932682198501010018") is None


@pytest.mark.parametrize("kind", "ABSXCDEFLNHGWY")
@pytest.mark.parametrize("owner", "GJZ")
def test_every_kind_of_parcel_of_the_standard(owner: str, kind: str) -> None:
    """GB/T 37346-2019: L and N are forest land and grassland that are not contracted."""
    number = f"120119001001{owner}{kind}00001W00000000"
    assert ids.check_unit_number(number) is None
    assert ids.identity_of("unit-no", number) == ("unit", number)


@pytest.mark.parametrize("province", "京津沪渝冀晋蒙辽吉黑苏浙皖闽赣鲁豫鄂湘粤桂琼川蜀贵黔云滇藏陕秦甘陇青宁新")
def test_every_name_of_a_province_begins_a_title_number(province: str) -> None:
    assert ids.check_title_number(f"{province}（2019）南明区不动产权第0001234号") is None


@pytest.mark.parametrize("text", ["1201²", "①201", "12½"])
def test_marks_are_not_tidied_into_figures(text: str) -> None:
    assert ids.tidy(text) == text


@pytest.mark.parametrize("identifier", ["resident-id", "document", "title-no", "meter.number", "address"])
def test_a_text_that_is_too_long_is_no_identifier(identifier: str) -> None:
    long = "１" * 5_000_000
    started = time.process_time()
    assert ids.identity_of(identifier, long) is None
    assert ids.tidy(long) == long
    assert time.process_time() - started < 1


def test_other_documents_are_people_of_their_own() -> None:
    assert ids.identity_of("document", "PASSPORT: e1234 5678") == ("person", "PASSPORT:E12345678")
    assert ids.identity_of("document", "OTHER:E12345678") != ids.identity_of("document", "PASSPORT:E12345678")


def test_checks_are_quick() -> None:
    """A generous bound, so that a busy machine does not fail it: a loop in Python would take several times as long."""
    number = "360426199101010071"
    assert min(timeit.repeat(lambda: ids.check_resident_id(number), number=2_000, repeat=5)) / 2_000 < 5e-6
