"""What a submission of joint transfers may hold: the people in it, and what is refused as a whole."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases import journal
from hub.cases.transfer import command
from hub.cases.transfer.command import MATTERS_MAX
from hub.cases.transfer.tables import transfer_person
from hub.errors import RecordRejected
from hub.privacy.purposes import shipped
from tests import samples
from tests.casework import BY, House
from tests.transfers import (
    CO_OWNER,
    DEVELOPER,
    HEIR,
    NEW,
    OLD,
    OLD_TITLE_NO,
    SECOND_ACCOUNT,
    Town,
    body,
    matter,
    sinks,
    unit,
)

LEGACY = {"name": OLD["name"], "resident_id": "360426910101007"}
CONFIRMED = {**NEW, "confirmed": True}
PASSPORT = {"name": "JOHN SMITH", "id_type": "PASSPORT", "id_number": "E12345678"}
DOCUMENTS = [
    PASSPORT,
    {"name": "陈大文", "id_type": "HK_MACAO_PERMIT", "id_number": "H12345679"},
    {"name": "林志明", "id_type": "TAIWAN_PERMIT", "id_number": "01234568"},
    {"name": "MARIA GARCIA", "id_type": "FOREIGNER_PERMIT", "id_number": "USA110090010101"},
    {"name": "王军", "id_type": "OTHER", "id_number": "军字第2001988号"},
]


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    house = House(tmp_path, sinks=sinks())
    yield Town(house)
    house.close()


def parsed(*matters: dict[str, Any], **changes: Any) -> command.Submission:
    return command.parse(body(*matters, **changes), shipped(), date(2026, 3, 2))


def refused(*matters: dict[str, Any], **changes: Any) -> tuple[str, str]:
    with pytest.raises(RecordRejected) as found:
        parsed(*matters, **changes)
    return found.value.code, found.value.field


@pytest.mark.parametrize(
    "name", ["王*", "王＊＊", "无", "不详", "王某", "某某", "张XX", "王?", "王□", "N/A", "王", "王●●", "·"]
)
def test_p6_a_name_that_is_none_is_refused_on_both_sides(name: str) -> None:
    wrong = matter(new_holders=[CONFIRMED, {**CO_OWNER, "name": name, "confirmed": True}])
    assert refused(matter(), wrong) == ("NAME_ILLEGIBLE", "matters.1.new_holders.1.name")
    assert refused(matter(old_holders=[{**OLD, "name": name}])) == ("NAME_ILLEGIBLE", "matters.0.old_holders.0.name")


@pytest.mark.parametrize("name", ["", "  ", None])
def test_p6_a_name_is_required(name: str | None) -> None:
    holder = {label: value for label, value in {**OLD, "name": name}.items() if value is not None}
    assert refused(matter(old_holders=[holder])) == ("FIELD_MISSING", "matters.0.old_holders.0.name")


@pytest.mark.parametrize(
    "name", ["李娜", "阿卜杜拉·买买提", "O'Brien", "JOHN SMITH", "王〇", "𠮷田", "津门（天津）有限责任公司"]
)
def test_a_whole_name_is_taken_as_it_was_typed(name: str) -> None:
    assert parsed(matter(old_holders=[{**OLD, "name": name}])).matters[0].old_holders[0].name == name


def test_p2_one_person_twice_on_one_side_is_refused_by_identity() -> None:
    assert refused(matter(old_holders=[OLD, LEGACY])) == ("HOLDER_TWICE", "matters.0.old_holders.1")
    renamed = {**CONFIRMED, "name": "李 娜"}
    assert refused(matter(new_holders=[CONFIRMED, renamed])) == ("HOLDER_TWICE", "matters.0.new_holders.1")
    passports = [{**PASSPORT, "id_number": number} for number in ("E12345678", " ｅ１２３４５６７８")]
    assert refused(matter(old_holders=passports)) == ("HOLDER_TWICE", "matters.0.old_holders.1")


@pytest.mark.parametrize("reason", ["PURCHASE", "INHERITANCE", "DIVISION", "FIRST_REGISTRATION"])
def test_p6_the_same_holders_on_both_sides_are_refused(reason: str) -> None:
    same = matter(old_holders=[CO_OWNER, LEGACY], new_holders=[{**one, "confirmed": True} for one in (OLD, CO_OWNER)])
    assert refused(matter(), same, reason=reason) == ("HOLDERS_SAME", "matters.1.new_holders")


def test_some_of_the_holders_may_stay_and_an_enterprise_may_inherit() -> None:
    stays = matter(old_holders=[OLD, CO_OWNER], new_holders=[{**CO_OWNER, "confirmed": True}])
    legacy = matter(unit_no=unit(2), new_holders=[{**DEVELOPER, "confirmed": True}])
    assert len(parsed(stays, legacy, reason="INHERITANCE").transfers()) == 2


def test_co_owners_who_only_change_their_shares_divide_and_the_old_title_is_no_entry(town: Town) -> None:
    """共有份额变更: the people stay, so only the number tells the old title from the new one."""
    owners = [{**one, "confirmed": True} for one in (OLD, CO_OWNER)]
    town.entered(*owners, title_no=OLD_TITLE_NO, issued_on=date(2015, 6, 1))
    shares = matter(unit_no=None, title_no=OLD_TITLE_NO, old_holders=[OLD, CO_OWNER], new_holders=owners)
    (one,) = town.submit(body(shares, reason="DIVISION"))
    town.told(one, "CLEAR", 1)
    assert town.states() == ["ready"], "the old title of the same people is no entry"
    town.entered(*owners)
    town.told(one, "DONE", 1)
    assert town.states() == ["done"]
    assert [sent["registeredOn"] for sent in town.bodies("transfer")] == ["2026-03-03"]


@pytest.mark.parametrize("holder", DOCUMENTS, ids=lambda one: one["id_type"])
def test_p3_a_holder_with_another_document_is_compared_by_kind_and_number(town: Town, holder: dict[str, Any]) -> None:
    spelt = {**holder, "id_number": f" {holder['id_number'].lower()} ", "confirmed": True}
    (one,) = town.submit(body(matter(new_holders=[CONFIRMED, spelt])))
    town.told(one, "CLEAR", 1)
    other = "PASSPORT" if holder["id_type"] != "PASSPORT" else "OTHER"
    town.entered(NEW, {**holder, "id_type": other})
    assert town.states() == ["ready"], "a number of another kind is another document"
    town.entered(NEW, holder)
    assert town.states() == ["transferring"]
    (sent,) = town.bodies("transfer")
    last = sent["newHolders"][1]
    assert (last["idType"], last["idNo"]) == (holder["id_type"], holder["id_number"].upper())


def test_p5_a_document_is_stored_sealed_only(town: Town) -> None:
    town.submit(body(matter(new_holders=[{**PASSPORT, "confirmed": True}])))
    stored = b"".join(file.read_bytes() for file in town.house.folder.rglob("*") if file.is_file())
    assert b"E12345678" not in stored and b"JOHN SMITH" not in stored
    row = next(one for one in town.house.rows(transfer_person) if one.side == command.NEW)
    (text,) = town.house.opener.open_values([(bytes(row.subject_id), bytes(row.sealed))])
    assert isinstance(text, bytes) and b"E12345678" in text


@pytest.mark.parametrize(
    ("holder", "code", "field"),
    [
        ({"id_type": "PASSPORT"}, "FIELD_MISSING", "id_number"),
        ({"id_number": "E12345678"}, "FIELD_MISSING", "id_type"),
        ({"id_type": "DRIVING_LICENCE", "id_number": "E12345678"}, "FIELD_INVALID", "id_type"),
        ({"id_type": "PASSPORT", "id_number": "无"}, "FIELD_INVALID", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "E1****678"}, "FIELD_INVALID", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "E" * 65}, "FIELD_INVALID", "id_number"),
        ({"id_type": "FOREIGNER_PERMIT", "id_number": "932682198501010018"}, "ID_CHECK", "id_number"),
        ({"id_type": "TAIWAN_PERMIT", "id_number": "830000209912310013"}, "ID_CHECK", "id_number"),
        ({"id_type": "PASSPORT", "id_number": "E12345678", "resident_id": samples.PERSON}, "NOT_ASKED", "id_type"),
        ({"id_type": "PASSPORT", "id_number": "E12345678", "uscc": samples.USCC}, "NOT_ASKED", "id_type"),
    ],
)
def test_p6_a_document_is_read_strictly(holder: dict[str, Any], code: str, field: str) -> None:
    found = refused(matter(old_holders=[{"name": "JOHN SMITH", **holder}]))
    assert found == (code, f"matters.0.old_holders.0.{field}")


def test_p2_without_other_documents_a_submission_is_the_same_as_for_a_former_version() -> None:
    """Two versions of the hub at work compare a submission by its canonical form."""
    parsed_ = parsed(matter())
    holders = parsed_.transfers()[0].holders()
    assert b"id_type" not in parsed_.canonical() and b"id_number" not in parsed_.canonical()
    assert [set(one.plain()) for _, _, one in holders] == [{"name", "uscc", "resident_id", "confirmed"}] * 2
    other = parsed(matter(new_holders=[{**PASSPORT, "confirmed": True}]))
    assert b"E12345678" in other.canonical()


def test_a_mandate_by_an_e_licence_is_checked() -> None:
    wrong = {
        "form": "E_LICENCE",
        "reference": "1.2.156.3005.2.11100000000013338W011.11430000006122244L.20230000404.001.U",
    }
    assert refused(matter(new_holders=[NEW], mandate=wrong)) == ("ELICENCE_CHECK", "matters.0.mandate.reference")
    good = wrong | {"reference": wrong["reference"].replace("404.001", "403.001")}
    assert parsed(matter(new_holders=[NEW], mandate=good)).matters[0].mandate


@pytest.mark.parametrize("place", [0, MATTERS_MAX - 1])
@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"accounts": ["0000000000"]}, "FIELD_INVALID", "accounts.0"),
        ({"accounts": ["1200045678", "1200045678"]}, "MATTER_TWICE", "accounts.1"),
        ({"accounts": ["1200045678\n"]}, "FIELD_INVALID", "accounts.0"),
        ({"unit_no": None, "title_no": "房地证津字第\x00104010912345号"}, "TEXT_CONTROL", "title_no"),
        ({"unit_no": None, "title_no": "房地证\u202e津字第104010912345号"}, "TEXT_CONTROL", "title_no"),
        ({"unit_no": None, "title_no": "房地证津字第\n104010912345号"}, "TEXT_CONTROL", "title_no"),
        ({"new_holders": [{**CONFIRMED, "share": "999999999999/1"}]}, "NOT_ASKED", "new_holders.0.share"),
        ({"old_holders": [{**OLD, "name": "王\x00伟"}]}, "TEXT_CONTROL", "old_holders.0.name"),
        ({"old_holders": [{**OLD, "name": "王\u202e伟"}]}, "TEXT_CONTROL", "old_holders.0.name"),
        ({"new_holders": [{**NEW, "confirmed": 1}]}, "FIELD_INVALID", "new_holders.0.confirmed"),
        ({"mandate": []}, "FIELD_INVALID", "mandate"),
        ({"keep_tariff": "true"}, "FIELD_INVALID", "keep_tariff"),
    ],
)
def test_p6_one_bad_matter_of_many_is_named(place: int, changes: dict[str, Any], code: str, field: str) -> None:
    matters = [matter(unit_no=unit(nth), accounts=[f"13{nth:08d}"]) for nth in range(1, MATTERS_MAX + 1)]
    wrong = matter(**changes) if "unit_no" in changes else {**matters[place], **changes}
    assert refused(*matters[:place], wrong, *matters[place + 1 :]) == (code, f"matters.{place}.{field}")


@pytest.mark.parametrize(
    ("changes", "field", "allowed"),
    [
        ({"matters": {}}, "matters", ()),
        ({"matters": []}, "matters", ("at least 1 entries",)),
        ({"matters": [matter()] * (MATTERS_MAX + 1)}, "matters", ("at most 500 entries",)),
        ({"matters": [matter(old_holders=[OLD] * 51)]}, "matters.0.old_holders", ("at most 50 entries",)),
        ({"external_no": "9" * 65}, "external_no", ("at most 64 characters",)),
        ({"external_no": float("nan")}, "external_no", ("text",)),
        ({"reason": "GIFT"}, "reason", ("PURCHASE", "INHERITANCE", "DIVISION", "FIRST_REGISTRATION")),
    ],
)
def test_p6_a_refusal_says_what_would_be_taken(changes: dict[str, Any], field: str, allowed: tuple[str, ...]) -> None:
    with pytest.raises(RecordRejected) as found:
        command.parse(body() | changes, shipped(), date(2026, 3, 2))
    assert (found.value.code, found.value.field, found.value.allowed) == ("FIELD_INVALID", field, allowed)


TEXTS = st.one_of(st.text(max_size=30), st.sampled_from(["王伟", "无", "\x00", "\u202e王", "王\ue000", "\ud800"]))
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
FIELDS = ("unit_no", "title_no", "accounts", "old_holders", "new_holders", "mandate", "keep_tariff")


@given(st.dictionaries(st.sampled_from(FIELDS), VALUES, max_size=3), st.dictionaries(TEXTS, VALUES, max_size=2))
def test_p5_whatever_is_sent_is_read_or_refused_without_a_word_of_it(changes: Any, holder: Any) -> None:
    try:
        parsed(matter(old_holders=[{**OLD, **holder}]) | changes)
    except RecordRejected as found:
        assert re.fullmatch(r"[a-z_0-9.?]*", found.field)


def test_a_new_holder_of_each_sort_may_stand_beside_another() -> None:
    several = [{**one, "confirmed": True} for one in (NEW, CO_OWNER, HEIR, DEVELOPER, *DOCUMENTS)]
    assert len(parsed(matter(new_holders=several)).transfers()[0].holder_identities()) == len(several)


# ---- one change of hands under two numbers ---------------------------------------------------------------------------


def again(town: Town, *matters: dict[str, Any], **changes: Any) -> RecordRejected:
    """The refusal of what is submitted under a second number."""
    with pytest.raises(RecordRejected) as found:
        town.service.submit(body(*matters, **({"number": "T-2"} | changes)), BY)
    return found.value


def test_p2_an_open_transfer_is_not_registered_again_under_another_number(town: Town) -> None:
    (one,) = town.submit(body())
    found = again(town, matter(unit_no=unit(2)), matter())
    assert (found.code, found.field, found.existing) == ("TRANSFER_OPEN", "matters.1.accounts.0", one.hex())
    renamed = matter(old_holders=[CO_OWNER], new_holders=[{**CONFIRMED, "name": "李 娜"}])
    assert again(town, renamed, reason="INHERITANCE", channel="counter").code == "TRANSFER_OPEN"
    assert town.states() == ["checking"] and town.kinds() == ["registration", "check"]
    assert town.service.submit(body(), BY).case_ids == (one,), "the first one again is the first one"


@pytest.mark.parametrize(
    "changes",
    [{"unit_no": unit(2)}, {"accounts": [SECOND_ACCOUNT]}, {"new_holders": [{**HEIR, "confirmed": True}]}],
    ids=["another unit", "another account", "others"],
)
def test_another_unit_account_or_holder_is_another_transfer(town: Town, changes: dict[str, Any]) -> None:
    town.submit(body())
    town.submit(body(matter(**changes), number="T-2"))
    assert town.states() == ["checking", "checking"]


def test_one_that_has_ended_blocks_nothing(town: Town) -> None:
    (one,) = town.submit(body())
    town.cancel(one)
    (two,) = town.submit(body(number="T-2"))
    town.told(two, "NO_ACCOUNT", 1)
    (three,) = town.submit(body(number="T-3"))
    town.told(three, "CLEAR", 1)
    assert again(town, number="T-4").existing == three.hex()
    town.entered()
    town.told(three, "DONE", 1)
    assert len(town.submit(body(number="T-4"))) == 1


@pytest.mark.parametrize("first", ["the unit", "the title"])
def test_p2_the_unit_and_its_old_title_are_one_where_the_title_is_known(town: Town, first: str) -> None:
    by = {"the unit": matter(), "the title": matter(unit_no=None, title_no=OLD_TITLE_NO)}
    other = by["the title" if first == "the unit" else "the unit"]
    town.entered(OLD, title_no="房地证津字第 104010912345 号", issued_on=date(2015, 6, 1))
    town.submit(body(by[first]))
    assert again(town, other).code == "TRANSFER_OPEN"
    assert again(town, by[first]).code == "TRANSFER_OPEN"


def test_p3_the_first_ones_id_is_told_to_its_own_channels_only(town: Town) -> None:
    town.submit(body())
    with pytest.raises(RecordRejected) as found:
        town.service.submit(body(number="T-2", channel="counter"), BY, channels=["counter"])
    assert (found.value.code, found.value.existing) == ("TRANSFER_OPEN", "")


@pytest.mark.parametrize("engine", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_p2_of_two_at_one_moment_one_is_registered(engine: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    url = request.getfixturevalue("postgres_url") if engine == "postgresql" else ""
    house = House(tmp_path, sinks=sinks(), url=url)
    town, start = Town(house), Barrier(2)

    def submit(number: str, account: str) -> str:
        start.wait(timeout=30)
        try:
            return str(town.service.submit(body(matter(accounts=[account]), number=number), BY).created)
        except RecordRejected as found:
            return found.code

    with ThreadPoolExecutor(2) as pool:
        for nth in range(8):
            both = [pool.submit(submit, f"{name}-{nth}", f"12000456{nth}") for name in ("A", "B")]
            assert sorted(one.result(timeout=30) for one in both) == ["TRANSFER_OPEN", "True"]
    house.close()


def test_p1_a_submission_that_died_half_way_is_registered_whole_by_the_next_try(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a kill before the commit, and after it, where the caller got no answer."""
    whole, passed = body(matter(), matter(unit_no=unit(2), accounts=[SECOND_ACCOUNT])), list[str]()

    def die(name: str) -> None:
        passed.append(name)
        if passed.count("transfer.submitted") == 2:
            raise KeyboardInterrupt

    with monkeypatch.context() as killed, pytest.raises(KeyboardInterrupt):
        killed.setattr(journal, "crash_point", die)
        town.service.submit(whole, BY)
    assert town.states() == []
    first, second = (town.service.submit(whole, BY) for _ in range(2))
    assert (first.created, second.created, first.case_ids) == (True, False, second.case_ids)
    town.settle()
    assert sorted(town.kinds()) == ["check", "check", "registration", "registration"]
