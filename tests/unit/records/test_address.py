"""P3: an address finds its own unit and never a neighbour's."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.records.address import (
    FIELDS,
    ROOM_CHARACTERS_MAX,
    TEXT_CHARACTERS_MAX,
    address_key,
    normalise,
    parse,
    parse_to_fit,
)
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


DIFFERENT = [
    # Districts that were merged have roads of one name (onefj.com: 塘沽, 汉沽, 大港, 2009).
    ("天津市塘沽区新华路12号", "天津市汉沽区新华路12号"),
    ("天津市滨海新区塘沽新华路12号", "天津市滨海新区汉沽新华路12号"),
    ("滨海新区塘沽街道新华路12号", "滨海新区汉沽街道新华路12号"),
    ("滨海新区新港街道新华路12号", "滨海新区寨上街道新华路12号"),
    ("天津市大港区胜利街12号", "天津市滨海新区胜利街12号"),
    ("塘沽区幸福里3号楼", "汉沽区幸福里3号楼"),
    # Towns of one district have roads of one name (cpca#92).
    ("天津市武清区王庆坨镇人民路12号", "天津市武清区黄花店镇人民路12号"),
    ("武清区王庆坨镇光明街道人民路12号", "武清区黄花店镇光明街道人民路12号"),
    ("静海区大丰堆镇人民路12号", "静海区良王庄乡人民路12号"),
    ("武清区王庆坨镇人民路12号", "武清区人民路12号"),
    # Floors below the ground (cpca#61), and floors that the room's number does not say (cpca#64).
    ("南开区长江道12号美丽花园3号楼-1层101室", "南开区长江道12号美丽花园3号楼1层101室"),
    ("南开区长江道12号3号楼负一层101", "南开区长江道12号3号楼一层101"),
    ("南开区长江道12号3号楼B1层", "南开区长江道12号3号楼1层"),
    ("南开区长江道12号3号楼-1层101", "南开区长江道12号3号楼-2层101"),
    ("南开区长江道12号3号楼2门-101", "南开区长江道12号3号楼2门101"),
    ("南开区长江道12号-101", "南开区长江道12号101"),
    ("南开区长江道12号商场1层1023", "南开区长江道12号商场10层1023"),
    ("南开区长江道12号商场-1层1023", "南开区长江道12号商场1层1023"),
    ("南开区长江道12号商场2层101", "南开区长江道12号商场1层101"),
    ("南开区美丽花园3号楼 2 501", "南开区美丽花园3号楼2501"),
    # Names of roads with 号 in them, and a house that is no building.
    ("天津市滨海新区新港四号路5号", "天津市滨海新区新港四号路5号楼"),
    ("滨海新区新港四号路5号", "滨海新区新港五号路5号"),
    ("滨海新区三八路5号", "滨海新区三十八路5号"),
    ("南开区天拖里3号", "南开区天拖里3号楼"),
    ("南开区长江道壹号院3号楼", "南开区长江道1号院3号楼"),
    # Superscripts and circled figures are marks, not figures (UAX #15).
    ("天津市南开区长江道12²号", "天津市南开区长江道122号"),
    ("南开区长江道12号1①", "南开区长江道12号11"),
    ("南开区长江道12号½", "南开区长江道12号12"),
    ("南开区长江道⑿号美丽花园", "南开区长江道12号美丽花园"),
]  # fmt: skip
SAME = [
    # A subdistrict is left out in most spellings, also one that is named after a road (cpca#61).
    ("天津市河西区友谊路20号", "天津市河西区友谊路街道友谊路20号"),
    ("河西区友谊路20号", "河西区友谊路街道办事处友谊路20号"),
    ("河东区津塘路12号", "河东区二号桥街道津塘路12号"),
    ("滨海新区杭州道20号", "滨海新区杭州道街道杭州道20号"),
    ("塘沽区新华路12号", "天津市滨海新区塘沽街道新华路12号"),
    ("塘沽区新港街道新华路12号", "天津市滨海新区塘沽新华路12号"),
    ("塘沽区新华路12号", "天津市塘沽新华路12号"),
    ("汉沽区新华路12号", "天津市滨海新区汉沽区新华路12号"),
    ("天津市蓟县兴华大街5号", "天津市蓟州区兴华大街5号"),
    ("天津静海县静海镇胜利大街5号", "静海区静海镇胜利大街5号"),
    # A municipality has no level of cities (cpca#81).
    ("天津市天津市南开区长江道12号", "天津市市辖区南开区长江道12号"),
    ("天津市南开区长江道12号", "天津南开区长江道12号"),
    ("河北省石家庄市长安区中山东路1号", "河北石家庄市长安区中山东路1号"),
    # Invisible characters, forms of characters, and numerals.
    ("天津市南开区长江道12号3号楼2门501室", "天津市南开区长江道12号3号楼2门501室\u200e"),
    ("天津市南开区长江道12号", "天津市\u2060南开区\xad长江道12\ufe0f号\u3164"),
    ("南开区长江道12号3号楼2门501室", "南开区长江道12号3号楼2门501室。"),
    ("南开区长江道120号", "南开区长江道一百二十号"),
    ("滨海新区新港四号路5号", "滨海新区新港4号路五号"),
    ("滨海新区第二大街23号", "滨海新区第2大街23号"),
    ("南开区长江道12号6号楼501", "南开区长江道12号陆号楼501"),
    ("南开区长江道12号a座501", "南开区长江道12号Ａ座501"),
    # Floors that the room's number says, or that are spelled otherwise.
    ("南开区长江道12号3号楼5层501", "南开区长江道12号3号楼501室"),
    ("南开区长江道12号商场10层1023", "南开区长江道12号商场1023"),
    ("南开区长江道12号3号楼-1层101", "南开区长江道12号3号楼地下一层101"),
    ("南开区长江道12号3号楼负1层101", "南开区长江道12号3号楼B1层101"),
    ("南开区长江道12号3号楼-501", "南开区长江道12号3号楼501"),
    ("南开区美丽花园3号楼 2 501", "南开区美丽花园3号楼2门501"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_two_doors_have_two_keys(one: str, other: str) -> None:
    assert address_key(one) != address_key(other)
    assert address_key(parse(one)) == address_key(one)


@pytest.mark.parametrize(("one", "other"), SAME)
def test_one_door_has_one_key(one: str, other: str) -> None:
    assert address_key(one) == address_key(other) != ""
    assert address_key(parse(other)) == address_key(one)


@pytest.mark.parametrize("city", ["", "天津市", "天津", "市辖区", "县"])
def test_a_structured_address_of_a_municipality_has_the_key_of_its_text(city: str) -> None:
    structured = dict.fromkeys(FIELDS, "") | {
        "province": "天津市", "city": city, "district": "南开区", "road": "长江道", "number": "12号",
    }  # fmt: skip
    assert address_key(structured) == address_key("天津市南开区长江道12号")
    assert address_key(structured | {"province": ""}) == address_key("天津市南开区长江道12号")


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"district": "塘沽区"}, "天津市塘沽区长江道12号3号楼2门501"),
        ({"district": "滨海新区", "town": "塘沽街道"}, "天津市塘沽区长江道12号3号楼2门501"),
        ({"province": "天津", "building": "三号楼", "entrance": "二单元"}, "天津市南开区长江道12号3号楼2门501"),
        ({"room": "地下一层101室"}, "天津市南开区长江道12号3号楼2门-1层101"),
        ({"town": "长江道街道"}, "天津市南开区长江道12号3号楼2门501"),
    ],
)
def test_a_structured_address_is_read_like_a_text(changes: dict[str, str], text: str) -> None:
    structured = dict.fromkeys(FIELDS, "") | {
        "province": "天津市", "district": "南开区", "road": "长江道", "number": "12", "building": "3", "entrance": "2",
        "room": "501",
    }  # fmt: skip
    assert address_key({**structured, **changes}) == address_key(text) != ""


WHERE = st.fixed_dictionaries(
    {
        "district": st.sampled_from(["塘沽区", "汉沽区", "大港区", "滨海新区", "武清区", "南开区"]),
        "town": st.sampled_from(["", "王庆坨镇", "黄花店镇", "良王庄乡"]),
        "road": st.sampled_from(["新华路", "人民路", "新港四号路", "第二大街", "三马路", "东风里大街"]),
        "number": st.integers(1, 130),
        "compound": st.sampled_from(["", "美丽花园", "商场"]),
        "building": st.sampled_from(["", "3号楼", "5号楼", "A座"]),
        "floor": st.sampled_from(["", "-1层", "-2层", "1层", "2层"]),
        "room": st.integers(1, 9),
    }
)


def text_of(where: dict[str, object]) -> str:
    fields = ("district", "town", "road", "number", "compound", "building", "floor", "room")
    return "".join(f"{where[field]}号" if field == "number" else str(where[field]) for field in fields)


@given(WHERE, WHERE)
def test_two_places_never_share_a_key(one: dict[str, object], other: dict[str, object]) -> None:
    assert (address_key(text_of(one)) == address_key(text_of(other))) == (one == other)


@pytest.mark.parametrize(
    "vague",
    [
        "", "天津市", "南开区", "天津市南开区长江道", "某处", "天津市南开区不详", "南开区某某小区3号楼",
        "南开区长江道**号院", "南开区××路12号3号楼", "天津市南开区无",
        "天津市南开区长江道12号" + "甲" * TEXT_CHARACTERS_MAX,
    ],
)  # fmt: skip
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


@pytest.mark.parametrize("given", ["12A号", "12丙号", "丁12号", "临12号", "副12号", "特12号"])
def test_a_number_with_a_word_or_letter_has_a_key_of_its_own(given: str) -> None:
    """P3: a house between two others is found, and none of its neighbours."""
    keys = {address_key(f"南开区长江道{number}") for number in (given, "12号", "12B号", "乙12号", "附12号", "12丁号")}
    assert len(keys) == 6
    assert "" not in keys


def test_a_house_in_a_numbered_lane_has_a_key_of_its_own() -> None:
    """P3: 12弄3号 is neither 12号 nor 3号, and 3号楼 in the lane is another house."""
    doors = ("12弄3号", "13弄3号", "12弄4号", "12弄13号", "12弄3支弄3号", "12弄4支弄3号", "12号3号", "3号", "12弄3号楼")
    keys = {address_key(f"上海市徐汇区天平路{door}501室") for door in doors} - {""}
    assert len(keys) >= len(doors) - 1
    assert address_key("上海徐汇区天平路１２弄3号501") == address_key("上海市徐汇区天平路12弄3号501室") != ""


@given(units, st.integers(0, 40))
def test_an_address_of_many_rooms_fits_a_record_and_keeps_its_key(unit: dict[str, object], more: int) -> None:
    """P1: such a title is not lost. P3: it is found by all of its text, and by no part of it."""
    text = spelled(unit, 0) + "".join(f"、{room}室" for room in range(101, 101 + more))
    found = parse_to_fit(text)
    assert found["text"] == text and len(found["room"]) <= ROOM_CHARACTERS_MAX
    assert found["district"] == parse(text)["district"]
    assert address_key(found) == address_key(text)
    assert (address_key(found) == address_key(spelled(unit, 0))) == (more == 0)
