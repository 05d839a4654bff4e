"""P3: an address finds its own unit and never a neighbour's."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.address import FIELDS, TEXT_CHARACTERS_MAX, address_key, normalise, parse
from hub.records.divisions import TIANJIN_DISTRICTS

ROADS = ("长江道", "卫津南路", "第二大街", "三马路", "友谊北路", "复康路")
COMPOUNDS = ("", "美丽花园", "天拖里", "时代奥城商业广场", "云锦世家")
CHINESE = "零一二三四五六七八九"

units = st.fixed_dictionaries(
    {
        "district": st.sampled_from(sorted(TIANJIN_DISTRICTS)),
        "road": st.sampled_from(ROADS),
        "number": st.integers(1, 999),
        "compound": st.sampled_from(COMPOUNDS),
        "building": st.integers(1, 60),
        "entrance": st.integers(1, 9),
        "room": st.integers(101, 3204),
    }
)


def spelled(unit: dict[str, object], style: int) -> str:
    """One unit in one of the spellings that registers and customers use."""
    building, entrance, room = unit["building"], unit["entrance"], unit["room"]
    place = f"{unit['district']}{unit['road']}{unit['number']}号{unit['compound']}"
    return [
        f"天津市{place}{building}号楼{entrance}门{room}室",
        f"天津{place}{building}栋{entrance}单元{room}",
        f"{place}{building}-{entrance}-{room}",
        f"天津市 {place} {building}幢 {entrance}门 {room}号",
        f"天津市{place}{building}号楼-{entrance}-{room}".translate(str.maketrans("0123456789", "０１２３４５６７８９")),
        f"天津市市辖区{place}{building}号樓{entrance}单元{room}户",
    ][style]


@given(units, st.integers(0, 5), st.integers(0, 5))
def test_spellings_of_one_unit_share_a_key(unit: dict[str, object], one: int, other: int) -> None:
    assert address_key(spelled(unit, one)) == address_key(spelled(unit, other)) != ""


@given(units, units, st.integers(0, 5), st.integers(0, 5))
def test_two_units_never_share_a_key(unit: dict[str, object], other: dict[str, object], one: int, two: int) -> None:
    same = unit == other
    assert (address_key(spelled(unit, one)) == address_key(spelled(other, two))) == same


@given(units, st.sampled_from(("building", "entrance", "room", "number")), st.integers(0, 5))
def test_the_neighbour_has_another_key(unit: dict[str, object], field: str, style: int) -> None:
    neighbour = {**unit, field: int(str(unit[field])) + 1}
    assert address_key(spelled(unit, style)) != address_key(spelled(neighbour, style))


@given(units, st.integers(0, 5))
def test_a_parsed_address_has_the_key_of_its_text(unit: dict[str, object], style: int) -> None:
    text = spelled(unit, style)
    assert address_key(parse(text)) == address_key(text)


@given(st.text(alphabet="天津市南开区河北省县道路街号楼门室里村-#()0123A一十 　|", max_size=60))
def test_nothing_is_lost(text: str) -> None:
    """Every character that tells addresses apart is in some field, whatever the text."""
    found = parse(text)
    assert tuple(found) == FIELDS
    assert found["text"] == text
    kept = "".join(found[field] for field in FIELDS[1:])
    for digit in "0123A":
        assert digit not in normalise(text) or digit in kept


@given(st.text(max_size=200))
def test_any_text_parses(text: str) -> None:
    assert set(map(type, parse(text).values())) == {str}
    address_key(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "天津市滨海新区第二大街23号5层",
            {"district": "滨海新区", "road": "第二大街", "number": "23号", "room": "5层"},
        ),
        ("天津市塘沽区新港路5号院3号楼", {"district": "滨海新区", "number": "5号院", "building": "3"}),
        ("蓟县下营镇团山子村12号", {"province": "天津市", "district": "蓟州区", "town": "下营镇", "road": "团山子村"}),
        ("南开区王顶堤街长江道12号", {"town": "王顶堤街", "road": "长江道", "number": "12号"}),
        ("天津市河北区中山路1号", {"province": "天津市", "district": "河北区", "road": "中山路"}),
        ("河北省石家庄市长安区中山东路1号", {"province": "河北省", "city": "石家庄市", "district": "长安区"}),
        ("和平区南京路189号津汇广场2座1801", {"compound": "津汇广场", "building": "2", "room": "1801"}),
        ("南开区天拖里十二号楼三门5层501", {"compound": "天拖里", "building": "12", "entrance": "3", "room": "501"}),
    ],
)
def test_parts(text: str, expected: dict[str, str]) -> None:
    found = parse(text)
    assert {field: found[field] for field in expected} == expected


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("南开区长江道12号", "南开区长江道12号院"),
        ("南开区长江道12号5楼501", "南开区长江道12号5号楼501"),
        ("南开区长江道12号501", "南开区长江道12号501(东)"),
        ("南开区长江道12号5层2室", "南开区长江道12号6层2室"),
        ("武清区下朱庄街道幸福里3号楼", "武清区大良镇幸福里3号楼"),
        ("和平区天拖里3号楼", "南开区天拖里3号楼"),
        ("蓟州区下营镇前村12号", "蓟州区官庄镇前村12号"),
    ],
)
def test_what_must_not_be_taken_for_the_same(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)


@pytest.mark.parametrize("vague", ["", "天津市", "南开区", "天津市南开区长江道", "某处"])
def test_a_vague_address_has_no_key(vague: str) -> None:
    assert address_key(vague) == ""


def test_a_source_s_own_structure_counts() -> None:
    structured = {
        **parse(""), "province": "天津市", "district": "南开区", "road": "长江道", "number": "12号", "building": "03栋",
        "entrance": "2单元", "room": "501室",
    }  # fmt: skip
    assert address_key(structured) == address_key("南开区长江道12号3号楼2门501")


def test_long_texts_are_cut_not_chewed() -> None:
    draw = random.Random(5)
    hostile = "".join(draw.choices("区号道街一1-#", k=100_000))
    assert len("".join(parse(hostile)[field] for field in FIELDS[1:])) <= TEXT_CHARACTERS_MAX + 10
