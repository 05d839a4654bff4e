"""P3: two spellings of one door are the same, a neighbour never is, and no text stops the parser."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases.places.compare import ADDRESS, UNIT_NO, Place, Verdict, compare
from hub.cases.places.parse import PARTS, Address, parse
from hub.records.address import TEXT_CHARACTERS_MAX
from hub.records.divisions import TIANJIN_DISTRICTS

ROADS = ("长江道", "卫津南路", "第二大街", "三马路", "友谊北路", "新港四号路")
COMPOUNDS = ("美丽花园", "天拖里", "时代奥城商业广场", "阳光100国际新城南园")
PREFIXES = ("", "甲", "乙", "丙", "附", "副", "增")
_FULL = str.maketrans("0123456789", "０１２３４５６７８９")
_CHINESE = "零一二三四五六七八九"

Door = dict[str, int | str]
doors = st.fixed_dictionaries(
    {
        "district": st.sampled_from(sorted(set(TIANJIN_DISTRICTS) - {"滨海新区"})),
        "road": st.sampled_from(ROADS),
        "prefix": st.sampled_from(PREFIXES),
        "number": st.integers(1, 999),
        "compound": st.sampled_from(COMPOUNDS),
        "building": st.integers(1, 60),
        "entrance": st.integers(1, 9),
        "room": st.integers(101, 3204),
    }
)
SPELLINGS = (
    lambda place, building, entrance, room: f"天津市{place}{building}号楼{entrance}门{room}室",
    lambda place, building, entrance, room: f"天津{place}{building}栋{entrance}单元{room}",
    lambda place, building, entrance, room: f"{place}{building}-{entrance}-{room}",
    lambda place, building, entrance, room: f"天津市 {place} {building}幢 {entrance}门 {room}号",
    lambda place, building, entrance, room: f"天津市{place}{building}号樓-{entrance}-{room}".translate(_FULL),
    lambda place, building, entrance, room: (
        f"天津市市辖区{place}{chinese(building)}号楼{chinese(entrance)}单元{room}户"
    ),
    lambda place, building, entrance, room: f"用电地址：天津市{place}{building}座{entrance}门{room}（原配电房旁）",
)
spellings = st.sampled_from(SPELLINGS)


def chinese(number: int) -> str:
    tens, ones = divmod(number, 10)
    return (_CHINESE[tens] if tens > 1 else "") + ("十" if tens else "") + (_CHINESE[ones] if ones or not tens else "")


def spelled(door: Door, spelling) -> str:  # type: ignore[no-untyped-def]
    place = f"{door['district']}{door['road']}{door['prefix']}{door['number']}号{door['compound']}"
    return str(spelling(place, door["building"], door["entrance"], door["room"]))


def verdict(one: str, other: str) -> Verdict:
    return compare(Place(address=one), Place(address=other)).verdict


@given(doors, spellings, spellings)
def test_spellings_of_one_door_are_the_same(door: Door, one, other) -> None:  # type: ignore[no-untyped-def]
    assert verdict(spelled(door, one), spelled(door, other)) is Verdict.SAME


@given(doors, st.sampled_from(("building", "entrance", "room", "number")), spellings, spellings)
def test_a_neighbour_is_different(door: Door, part: str, one, other) -> None:  # type: ignore[no-untyped-def]
    neighbour = {**door, part: int(door[part]) + 1}
    found = compare(Place(address=spelled(door, one)), Place(address=spelled(neighbour, other)))
    assert (found.verdict, found.by, found.parts) == (Verdict.DIFFERENT, ADDRESS, (part,))


@given(doors, st.sampled_from(PREFIXES), spellings, spellings)
def test_a_gate_with_another_prefix_is_different(door: Door, prefix: str, one, other) -> None:  # type: ignore[no-untyped-def]
    """甲3 is not 3."""
    neighbour = {**door, "prefix": prefix}
    same = prefix == door["prefix"]
    assert verdict(spelled(door, one), spelled(neighbour, other)) is (Verdict.SAME if same else Verdict.DIFFERENT)


@given(doors, doors, spellings, spellings)
def test_the_order_does_not_matter(door: Door, second: Door, one, other) -> None:  # type: ignore[no-untyped-def]
    first, last = spelled(door, one), spelled(second, other)
    assert verdict(first, last) is verdict(last, first)


@given(
    st.text(max_size=120), st.text(alphabet="天津市南开区河北省县道路街号楼门室里村附甲之-#()0123A一十 　", max_size=60)
)
def test_no_text_stops_the_parser(any_text: str, like_an_address: str) -> None:
    for text in (any_text, like_an_address):
        assert isinstance(parse(text), Address)
        assert compare(Place(address=text), Place(address=like_an_address)).verdict in Verdict


@given(st.text(alphabet="天津市南开区号楼门室里村附甲之-()0123A一十", max_size=60))
def test_no_figure_is_lost(text: str) -> None:
    found = parse(text)
    kept = "".join(getattr(found, part) for part in PARTS) + found.rest + "".join(found.beside)
    for figure in "123A":
        assert figure not in text or figure in kept, f"{text}: {found}"


DOORS_IN_WORDS = (
    *(
        "二号楼",
        "贰号楼",
        "三号楼",
        "一单元",
        "二单元",
        "甲座",
        "一层东侧",
        "东侧底商",
        "西侧底商",
        "一楼东户",
        "一楼西户",
    ),
    *("左边门面", "东半间", "物业用房", "配电用房", "原二号楼", "原三号楼"),
)


@given(st.sampled_from(("", "3号楼")), st.sampled_from(("", "501室")), st.permutations(DOORS_IN_WORDS))
def test_notes_that_name_two_doors_are_never_one(before: str, after: str, notes: list[str]) -> None:
    """P3: a note in brackets is not dropped because it has no figure."""
    here, there = (f"南开区长江道12号{before}({note}){after}" for note in notes[:2])
    assert verdict(here, there) is Verdict.ASK


@pytest.mark.parametrize("note", ["大钟寺附近", "地铁站对面", "近2号楼", "原二号楼", "天津大学"])
def test_a_note_that_helps_to_find_the_place_may_be_missing(note: str) -> None:
    assert verdict(f"南开区长江道12号({note})501室", "南开区长江道12号501室") is Verdict.SAME


@pytest.mark.parametrize(("one", "other"), [("万达广场", "万达"), ("万达小区", "万达"), ("万达居住小区", "万达")])
def test_one_side_may_leave_out_what_sort_of_place_it_is(one: str, other: str) -> None:
    assert verdict(f"南开区长江道12号{one}501", f"南开区长江道12号{other}501") is Verdict.SAME


LONG = (
    "路",
    "一",
    "1",
    "1-",
    "号",
    "甲",
    "街道",
    "(",
    "()",
    "天津市",
    "一号楼",
    "村",
    "号楼",
    "1号",
    "附1",
    "之一",
    "开发区",
)


@pytest.mark.parametrize("unit", LONG)
def test_a_long_text_is_parsed_at_once(unit: str) -> None:
    begun = time.perf_counter()
    for text in (unit * TEXT_CHARACTERS_MAX, (unit * TEXT_CHARACTERS_MAX)[:TEXT_CHARACTERS_MAX], unit * 1_000_000):
        parse(text)
    assert time.perf_counter() - begun < 0.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("蓟县渔阳镇津燕路5号", {"province": "天津市", "county": "蓟州区", "town": "渔阳镇", "road": "津燕路"}),
        ("天津市塘沽区上海道2461号", {"county": "滨海新区", "former": "塘沽区", "number": "2461"}),
        ("天津滨海新区汉沽牌坊东街3号", {"county": "滨海新区", "former": "汉沽区", "road": "牌坊东街"}),
        ("武清县杨村镇雍阳西道1号", {"county": "武清区", "town": "杨村镇"}),
        ("浙江省杭州市余杭区文一西路969号5号楼", {"city": "杭州市", "number": "969", "building": "5"}),
        ("上海市松江区新格路950弄8号2幢", {"number": "950弄8", "building": "2"}),
        ("南开区黄河道立新路8号", {"road": "立新路", "number": "8"}),
        ("南开区黄河道闻喜里2号", {"road": "黄河道", "compound": "闻喜里", "number": "2"}),
        ("和平区大沽北路2号环球金融中心50层5006", {"compound": "环球金融中心", "room": "5006", "floor": "50"}),
    ],
)
def test_parts(text: str, expected: dict[str, str]) -> None:
    found = parse(text)
    assert {part: getattr(found, part) for part in expected} == expected
    assert found.confidence == 1.0


@pytest.mark.parametrize(("text", "part"), [("天津市南开区天拖里", "number"), ("朝阳区建国路88号", "county")])
def test_what_both_lack_is_named(text: str, part: str) -> None:
    found = compare(Place(address=text), Place(address=text))
    assert (found.verdict, found.parts) == (Verdict.ASK, (part,))


UNIT = "120104001001GB00001F00010001"


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (UNIT, UNIT, (Verdict.SAME, UNIT_NO)),
        (UNIT, UNIT[:-1] + "2", (Verdict.DIFFERENT, UNIT_NO)),
        (UNIT, UNIT[:-9] + "W00000000", (Verdict.ASK, UNIT_NO)),
        (UNIT, "", (Verdict.SAME, ADDRESS)),
        ("120107" + UNIT[6:], "120116" + UNIT[6:], (Verdict.SAME, ADDRESS)),
        (UNIT, "津南字1号", (Verdict.SAME, ADDRESS)),
    ],
)
def test_the_unit_number_decides_first(one: str, other: str, expected: tuple[Verdict, str]) -> None:
    text = "天津市南开区长江道12号3号楼2门501室"
    found = compare(Place(one, text), Place(other, text))
    assert (found.verdict, found.by, found.site, found.title) == (*expected, text, text)


@pytest.mark.parametrize(
    ("one", "other", "part"),
    [
        ("南开区长江道12号", "南开区长江道甲12号", "number"),
        ("南开区长江道12号", "南开区长江道12号附1号", "number"),
        ("南开区长江道12号", "南开区长江道12号之一", "number"),
        ("南开区长江道12号", "南开区长江道12乙号", "number"),
        ("天津市塘沽区新华路12号", "天津市汉沽区新华路12号", "former"),
        ("武清区王庆坨镇人民路12号", "武清区黄花店镇人民路12号", "town"),
        ("南开区长江道12号3号楼-1层101室", "南开区长江道12号3号楼1层101室", "floor"),
        ("天津市和平区南京路189号", "辽宁省沈阳市和平区南京路189号", "province"),
    ],
)
def test_the_part_that_differs_is_named(one: str, other: str, part: str) -> None:
    found = compare(Place(address=one), Place(address=other))
    assert (found.verdict, found.parts) == (Verdict.DIFFERENT, (part,))


BUILT = ("", "3号楼", "3号楼2门", "福安大厦", "A座")
NOTES = (
    "五〇一",
    "三百零二",
    "第三家",
    "东数第三",
    "东半部",
    "左手边",
    "一部分",
    "复式上层",
    "换热站",
    "理发店",
    "向东100米",
    "三号楼对面",
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("滨海新区新华路12号", "塘沽区新华路12号"),
        ("南开区长江道12号", "南开区长江道12²号"),
        ("南开区长江道12号", "南开区长江道12号院"),
        ("滨海新区新港四号路5号", "滨海新区新港四号路5号楼"),
        ("南开区长江道12号3号楼", "南开区长江道12号3号楼501室"),
        ("南开区长江道12号501", "南开区长江道12号501(东)"),
        ("和平区南京路189号津汇广场", "和平区南京路189号恒隆广场"),
        ("南开区长江道12号万达广场501", "南开区长江道12号万达公寓501"),
        ("南开区长江道12号万达小区1号楼501", "南开区长江道12号万达公寓1号楼501"),
        ("南开区长江道12号(二号楼)", "南开区长江道12号"),
        *((f"南开区长江道12号{built}101", f"南开区长江道12号{built}-101") for built in BUILT),
        *((f"南开区长江道12号({note})501", "南开区长江道12号501") for note in NOTES),
        *(
            (f"南开区长江道12号{name}", f"南开区长江道12号{name}写字楼")
            for name in ("福安酒店", "南开大学", "银河中心")
        ),
        *((f"南开区长江道12号101{shop}", "南开区长江道12号101室") for shop in ("铺", "门面", "底商", "号铺")),
        ("南开区长江道12号3号楼2-101铺", "南开区长江道12号3号楼2门101"),
        ("南开区长江道88-92号", "南开区长江道90号"),
        ("朝阳区建国路88号", "北京市朝阳区建国路88号"),
        ("上海市南汇区人民路1号", "上海市南汇区人民路1号"),
        ("广东省甲乙县人民路1号", "广东省甲乙县人民路1号"),
        ("武清区王庆坨人民路12号", "武清区人民路12号"),
        ("南开区长江道12号南园3号楼", "南开区长江道12号3号楼"),
        ("天津市南开区", "天津市南开区"),
        ("", ""),
    ],
)
def test_a_person_is_asked(one: str, other: str) -> None:
    found = compare(Place(address=one), Place(address=other))
    assert found.verdict is Verdict.ASK
    assert (found.site, found.title) == (one, other)
