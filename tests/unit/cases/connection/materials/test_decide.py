"""What may be asked of a customer (P6): the list of the segment, minus what was fetched, all at once, and once."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.cases import policy
from hub.cases.connection.materials import decide
from hub.cases.connection.materials.command import DEFECTS, Handed, Item, Request
from hub.cases.connection.materials.decide import Given, Known, Refused, There
from hub.cases.connection.materials.events import Documented, Noticed, Told
from hub.cases.events import ToSeal

POLICY = policy.by_version("tianjin-2022")
LISTED = POLICY.asked("high-single", True)
KNOWN = Known(POLICY, LISTED, frozenset({"identity"}), frozenset({"property"}))
NAMES = sorted(POLICY.materials)
DIGEST = "ab" * 32


def asked(segment: str, *names: str) -> Request:
    return Request(segment=segment, items=[Item(material=name) for name in names])


def handed(name: str, digest: str = DIGEST) -> Handed:
    return Handed(material=name, reference="platform/17", sha256=digest)


def refused(made: object) -> Refused:
    assert isinstance(made, Refused)
    return made


@pytest.mark.parametrize(
    ("name", "nevers"),
    [
        ("施工许可证", ("construction-permit",)),
        ("建设工程规划许可证", ("planning-permit",)),
        ("申请用电承诺书", ("commitment-letter",)),
        ("Construction Permit", ("construction-permit",)),
        ("营业执照正本复印件", ()),
        ("completion-report", ()),
    ],
)
def test_p6_a_request_beyond_the_list_of_the_segment_is_refused_and_only_its_name_is_recorded(
    name: str, nevers: tuple[str, ...]
) -> None:
    made = refused(decide.notice(KNOWN, asked("design-review", "design", name)))
    assert (made.code, made.place, made.allowed) == (
        decide.NOT_LISTED,
        "items.1.material",
        ("designer-qualification", "design"),
    )
    assert made.event.nevers == nevers
    assert isinstance(made.event.sealed, ToSeal)
    assert json.loads(made.event.sealed.plaintext) == ["design", name]


def test_p6_what_was_fetched_is_never_asked_of_the_customer_again() -> None:
    for name in ("identity", "用电人有效身份证件"):
        made = refused(decide.notice(KNOWN, asked("acceptance", name)))
        assert (made.code, made.allowed) == (decide.FETCHED, ("project",))
    assert (
        refused(decide.document(KNOWN, Handed(material="identity", reference="x", sha256=DIGEST))).code
        == decide.FETCHED
    )


def test_a_notice_tells_everything_that_is_missing_at_once() -> None:
    made = decide.notice(
        KNOWN, Request(segment="design-review", items=[Item(material="用电工程设计及说明书", defect="INCOMPLETE")])
    )
    assert isinstance(made, Noticed)
    assert made.items == (Told("design", "INCOMPLETE"), Told("designer-qualification", "MISSING"))


def test_a_second_notice_of_a_segment_is_refused_until_the_customer_has_handed_something_in() -> None:
    told = Known(POLICY, LISTED, notices=[Given(5, "design-review")])
    assert refused(decide.notice(told, asked("design-review", "design"))).code == decide.GIVEN
    assert isinstance(decide.notice(told, asked("completion", "completion-report")), Noticed)
    before = Known(POLICY, LISTED, documents=[There(4, "design", DIGEST)], notices=[Given(5, "design-review")])
    assert refused(decide.notice(before, asked("design-review", "design"))).code == decide.GIVEN
    other = Known(
        POLICY, LISTED, documents=[There(6, "completion-report", DIGEST)], notices=[Given(5, "design-review")]
    )
    assert refused(decide.notice(other, asked("design-review", "design"))).code == decide.GIVEN
    after = Known(POLICY, LISTED, documents=[There(6, "design", DIGEST)], notices=[Given(5, "design-review")])
    assert isinstance(decide.notice(after, asked("design-review", "design")), Noticed)


def test_p6_what_the_hub_still_looks_for_is_not_asked_of_the_customer() -> None:
    for name in ("property", "用电地址物权证件"):
        made = refused(decide.notice(KNOWN, asked("acceptance", name)))
        assert (made.code, made.place, made.allowed) == (decide.AWAITED, "items.0.material", ("project",))
    assert isinstance(decide.notice(KNOWN, asked("acceptance", "project")), Noticed)


def test_p6_a_second_notice_names_only_what_is_new_about_the_papers() -> None:
    papers = [There(4, "design", DIGEST), There(6, "designer-qualification", DIGEST)]
    given = [Given(5, "design-review", frozenset({("design", "UNREADABLE")}))]
    known = Known(POLICY, LISTED, documents=papers, notices=given)

    def of(*items: tuple[str, str]) -> Noticed | Refused:
        named = [Item.model_validate({"material": name, "defect": defect}) for name, defect in items]
        return decide.notice(known, Request(segment="design-review", items=named))

    new, again, late = ("designer-qualification", "EXPIRED"), ("design", "UNREADABLE"), ("design", "INCOMPLETE")
    assert isinstance(of(new), Noticed) and isinstance(of(new, again), Noticed)
    made = refused(of(new, late))
    assert (made.code, made.place) == (decide.GIVEN, "items.1.material")


def test_p6_after_the_end_nothing_may_be_asked_for() -> None:
    ended = Known(POLICY, LISTED, ended=True)
    assert refused(decide.notice(ended, asked("completion", "completion-report"))).code == decide.ENDED


def test_p6_of_a_request_that_cannot_be_read_only_bounded_names_are_recorded() -> None:
    sent = {"segment": "survey", "items": [{"material": "design"}] * 30, "note": "另请带施工许可证，电话13812345678"}
    many = [{"material": f"纸{n}\u202e" + "长" * 300} for n in range(30)]
    made = decide.unread(KNOWN, sent)
    assert made is not None and isinstance(made.sealed, ToSeal)
    assert (made.code, made.segment, made.nevers) == (decide.NOT_LISTED, "", ("construction-permit",))
    assert json.loads(made.sealed.plaintext) == ["note", "design"]
    made = decide.unread(KNOWN, {"segment": "acceptance", "items": [{"material": "identity"}, *many]})
    assert made is not None and isinstance(made.sealed, ToSeal)
    names = json.loads(made.sealed.plaintext)
    assert (made.segment, len(names), {len(one) for one in names}) == ("acceptance", 20, {200})
    assert names[0].startswith("纸0\ufffd")
    assert decide.unread(KNOWN, {"segment": "acceptance", "items": []}) is None
    assert (
        decide.unread(KNOWN, {"segment": "acceptance", "items": [{"material": "identity", "defect": "TORN"}]}) is None
    )


@given(
    st.recursive(st.none() | st.text(max_size=5), lambda one: st.lists(one) | st.dictionaries(st.text(max_size=9), one))
)
def test_p5_any_body_that_cannot_be_read_is_recorded_within_its_bounds(value: object) -> None:
    made = decide.unread(KNOWN, value if isinstance(value, dict) else {"items": value})
    if made is not None:
        assert isinstance(made.sealed, ToSeal) and len(json.loads(made.sealed.plaintext)) <= 20


def test_p2_the_same_document_again_changes_nothing_and_another_one_is_added() -> None:
    there = Known(POLICY, LISTED, documents=[There(4, "design", DIGEST)])
    assert decide.document(there, handed("design")) is None
    assert isinstance(decide.document(there, handed("design", "cd" * 32)), Documented)


@pytest.mark.parametrize(("case_type", "starred"), [("low-sanling", False), ("high-single", False)])
def test_p6_a_customer_without_design_review_is_asked_for_no_design(case_type: str, starred: bool) -> None:
    known = Known(POLICY, POLICY.asked(case_type, starred))
    assert refused(decide.notice(known, asked("design-review", "design"))).code == decide.NOT_LISTED
    assert (
        refused(decide.document(known, Handed(material="design", reference="x", sha256=DIGEST))).code
        == decide.NOT_LISTED
    )


@given(
    st.sampled_from(sorted(LISTED)),
    st.lists(st.sampled_from(NAMES) | st.text(min_size=1, max_size=8), min_size=1, max_size=5),
    st.sets(st.sampled_from(NAMES)),
    st.sampled_from(DEFECTS),
)
def test_p6_a_notice_never_names_what_is_not_listed_or_was_fetched(
    segment: str, names: list[str], fetched: set[str], defect: str
) -> None:
    known = Known(POLICY, LISTED, frozenset(fetched))
    wanted = Request.model_construct(
        segment=segment, items=[Item.model_construct(material=name, defect=defect) for name in names]
    )
    made = decide.notice(known, wanted)
    allowed = {one.name for one in LISTED[segment]} - fetched
    if isinstance(made, Noticed):
        told = [one.material for one in made.items]
        assert set(told) == allowed
        assert len(told) == len(set(told))
    else:
        assert any(name not in allowed and POLICY.materials.get(name) not in LISTED[segment] for name in names) or (
            set(names) & fetched
        )
