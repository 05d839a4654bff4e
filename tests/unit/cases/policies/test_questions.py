"""Questions to a person about an application: never a refusal (P6)."""

from dataclasses import dataclass, field

import pytest

from hub.cases import policy, reasons
from hub.cases.policies import questions
from hub.cases.steps.facts import Kind

POLICY = policy.by_version("tianjin-2022")


@dataclass
class Place:
    unit_no: str | None = None
    address: str | None = "天津市南开区长江道12号"


@dataclass
class Customer:
    customer_class: str = "NON_RESIDENT"
    voltage: str = "LOW"
    sanling: bool = False
    capacity_kw: float = 50.0
    site: Place = field(default_factory=Place)


def asked(about: Customer) -> list[str]:
    return [one.code for one in questions.questions(about, POLICY)]


@pytest.mark.parametrize(
    ("about", "codes"),
    [
        (Customer(), []),
        (Customer(sanling=True, capacity_kw=160), []),
        (Customer(sanling=True, capacity_kw=160.5), [questions.SANLING_ABOVE_CAPACITY]),
        (Customer(capacity_kw=5_000), []),
        (Customer(voltage="HIGH_10KV", capacity_kw=5_000), []),
        (Customer(sanling=True, voltage="HIGH_10KV", capacity_kw=160), [questions.SANLING_AT_HIGH_VOLTAGE]),
        (Customer(sanling=True, voltage="HIGH_10KV", capacity_kw=161), [questions.SANLING_ABOVE_CAPACITY]),
        (Customer("RESIDENT", capacity_kw=500), []),
        (Customer("RESIDENT", "HIGH_10KV"), [questions.RESIDENT_AT_HIGH_VOLTAGE]),
        (Customer(site=Place(address="河北省廊坊市广阳区新华路1号")), [questions.SITE_OUTSIDE_CITY]),
        (Customer(site=Place(address="河北区王串场一号路1号")), []),
        (Customer(site=Place(address="新华路1号")), []),
        (Customer(site=Place("450103001001GB00001F00010001", None)), [questions.SITE_OUTSIDE_CITY]),
        (Customer(site=Place("120104001001GB00001F00010001", None)), []),
        (Customer(site=Place("120107001001GB00001F00010001", None)), []),
    ],
)
def test_p6_a_question_is_asked_only_where_the_policy_says_something_else(about: Customer, codes: list[str]) -> None:
    assert asked(about) == codes


@pytest.mark.parametrize(
    ("rows", "capacity_kw", "codes"),
    [
        (["low-sanling"], 50, []),
        (["low-sanling", "high-single"], 160, [questions.SANLING_AT_HIGH_VOLTAGE]),
        (["low-sanling", "high-single"], 161, []),
        (["low-sanling", "low-other", "high-dual"], 50, [questions.SANLING_AT_HIGH_VOLTAGE]),
        (["high-single", "low-sanling"], 50, []),
        (["low-other", "low-sanling"], 200, [questions.SANLING_ABOVE_CAPACITY]),
        (["low-resident", "high-single"], 50, [questions.RESIDENT_AT_HIGH_VOLTAGE]),
    ],
)
def test_p6_a_change_on_the_way_raises_the_same_questions(
    rows: list[str], capacity_kw: float, codes: list[str]
) -> None:
    kinds = [Kind(row, False) for row in rows]
    assert [one.code for one in questions.after(kinds, capacity_kw, POLICY)] == codes


@pytest.mark.parametrize("code", questions.CODES)
def test_every_question_has_words_that_say_that_the_application_continues(code: str) -> None:
    words = reasons.words(code)
    assert "不影响受理" in words.zh
    assert "It continues." in words.en
