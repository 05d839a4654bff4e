"""A source that answers is asked a few times, and the reason says what was found: P6, nothing is asked without end."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hub.cases import reasons
from hub.cases.evidence.decide import ASK_PAUSES_S
from hub.cases.procedure import LookupSource
from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Outgoing, Plain
from hub.records.address import parse
from hub.topics.declared import LOOKUP_RECEIVED, LOOKUP_REQUESTS
from tests import samples
from tests.casework import BY, PARTITIONS, House, body

TITLE = "licence.property-title"
SOURCES = (LookupSource("property_title", TITLE, frozenset({"unit-no", "uscc", "resident-id"})),)
SITE = {"address": "天津市和平区南京路129号1号楼2单元301室"}
MOST = len(ASK_PAUSES_S) + 1


class Government:
    """The source of titles. It answers each question at once with all that it has, which then is verified."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.has: list[Plain] = []
        self.asked = 0

    def answer(self) -> int:
        """Answer what is asked now. Returns how many questions there were."""
        questions = self._questions()
        for request in questions[self.asked :]:
            self._answer(request)
        before, self.asked = self.asked, len(questions)
        return self.asked - before

    def _questions(self) -> list[dict[str, Any]]:
        self.house.relay()
        return [
            wire.decode(message.value or b"")[1]
            for partition in range(PARTITIONS)
            for batch in self.house.log.scan(LOOKUP_REQUESTS, partition)
            for message in batch.records
        ]

    def _answer(self, request: dict[str, Any]) -> None:
        outcome = "FOUND" if self.has else "NOT_FOUND"
        value = {"count": len(self.has), "outcome": outcome, "retry_after_s": None}
        value |= {name: request[name] for name in ("request_id", "case_id", "source", "attempt")}
        headers = (("ce_type", b"cn.onecert.lookup.answered"),)
        frame, now_ms = wire.encode(schema_id("lookup.answer"), value), self.house.clock.now_ms()
        self.house.writer.commit([Outgoing(LOOKUP_RECEIVED, 0, request["case_id"], frame, headers, now_ms)])
        self.house.project()
        if self.has:
            self.house.verified(*self.has)
            self.house.project()

    def live(self, days: float) -> int:
        """So many days pass. Returns how often it was asked."""
        asked, house = 0, self.house
        for pause_s in [31] * 40 + [1_800] * int(days * 48):
            house.due()
            if answered := self.answer():
                house.due()
            asked += answered
            house.clock.pass_s(pause_s)
        return asked


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else ""
    house = House(tmp_path, url=url, sources=SOURCES, kinds=frozenset({TITLE}))
    yield house
    house.close()


def evidence(house: House) -> tuple[str, str, str | None]:
    case_id = house.applications.find("gov-platform", "A-1")
    assert case_id
    (one,) = (each for each in house.applications.show(case_id)["evidence"] if each["kind"] == TITLE)
    return one["state"], one["reason"], one["next_look_at"]


@pytest.mark.parametrize(
    ("has", "reason"), [([samples.title()], reasons.OTHER_SITE), ([], reasons.NOT_FOUND)], ids=["other", "none"]
)
def test_p6_a_source_that_has_not_what_is_wanted_is_asked_a_few_times(
    house: House, has: list[Plain], reason: str
) -> None:
    government = Government(house)
    government.has = has
    house.submit(body(site=SITE))
    assert government.live(4) == MOST
    assert evidence(house) == ("open", reason, None)
    assert government.live(3) == 0


def test_the_reason_says_what_was_found_in_both_languages() -> None:
    words = reasons.words(reasons.OTHER_SITE)
    assert "用电地址" in words.zh and "none of them is for this site" in words.en


def test_a_new_record_of_the_applicant_has_the_source_asked_once_more(house: House) -> None:
    government = Government(house)
    government.has = [samples.title()]
    house.submit(body(site=SITE))
    government.live(4)
    house.verified(samples.title())
    house.project()
    assert government.live(0) == 0
    house.verified(samples.title("T2", unit_no="120101001001GB00001F00010002"))
    house.project()
    assert government.live(1) == 1
    assert evidence(house) == ("open", reasons.OTHER_SITE, None)


def test_p1_the_record_of_the_site_meets_the_need_whenever_it_comes(house: House) -> None:
    government = Government(house)
    house.submit(body(site=SITE))
    government.live(4)
    title = samples.title("T3", unit_no="120101001001GB00001F00010003")
    title["unit"]["address"] = parse(SITE["address"])
    house.verified(title)
    house.project()
    assert evidence(house)[:2] == ("met", reasons.MET)


def test_an_operator_has_it_asked_from_the_beginning(house: House) -> None:
    government = Government(house)
    house.submit(body(site=SITE))
    government.live(4)
    case_id = house.applications.find("gov-platform", "A-1")
    assert case_id
    house.applications.release(case_id, BY)
    assert government.live(4) == MOST


def test_p4_what_was_given_up_is_rebuilt_the_same(house: House) -> None:
    government = Government(house)
    house.submit(body(site=SITE))
    government.live(4)
    house.relay()
    assert [name for name, one in house.remade().items() if not one.equal] == []
