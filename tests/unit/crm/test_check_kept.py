"""What the kit finds only by asking for everything, by comparing applications, or by waiting; and what it does not
try at all."""

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from typing import Any

import pytest
from click.testing import CliRunner

from hub.cli.crm import command, samples
from hub.clock import SystemClock
from hub.crm import checks, script
from hub.crm.busy import answers_when_busy
from hub.crm.calls import EVIDENCE, Line
from hub.crm.clauses import Way
from hub.crm.found import delivered
from hub.crm.play import Notes, Play, Verdict
from hub.crm.report import results
from hub.crm.shelf import Shelf
from hub.errors import Misconfigured
from tests.crm import answer, serving
from tests.unit.crm.systems import TOKEN, Good

SETTLE_S = 0.2


@contextmanager
def playing(system: Good) -> Iterator[Play]:
    with serving(system), closing(Line(system.url, TOKEN, SETTLE_S, SystemClock())) as line:  # type: ignore[arg-type, type-var]
        yield Play(line=line, samples=samples(), clock=SystemClock())


def broken(play: Play) -> set[str]:
    return {one.clause.number for one in results(play.seen, Way.PUSH) if one.verdict == Verdict.BROKEN}


def played(system: Good, check: Callable[[Play], None]) -> set[str]:
    with playing(system) as play:
        check(play)
    return broken(play)


class ListsTen(Good):
    """A list has its first ten items, whatever is asked, and does not say so."""

    def find(self, what: str, number: str, key: str) -> Any:
        return answer({"items": [self.item(one) for one in self.of(what, number)][:10]})


class ForgetsSome(Good):
    """Of many pieces it lists those that are asked for, but for a few."""

    def find(self, what: str, number: str, key: str) -> Any:
        lost = [one["key"] for one in self.of(what, number)][40:43]
        return self.listed([]) if key in lost else super().find(what, number, key)


def test_p1_a_list_that_is_cut_off_silently_is_named() -> None:
    assert played(ListsTen(), answers_when_busy) == {"3.7"}


def test_p1_one_lost_piece_of_many_is_named() -> None:
    assert played(ForgetsSome(), answers_when_busy) == {"3.4"}
    assert played(Good(), answers_when_busy) == set()


class OneNumberForAll(Good):
    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        one = super().made(what, number, key, sent)
        return one | {"receipt": "A1"} if what == "applications" else one


class OneNumberForTwo(Good):
    """Its numbers begin again after the third."""

    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        one = super().made(what, number, key, sent)
        return one | {"receipt": f"A{len(self.pieces) % 3}"} if what == "applications" else one


def test_p4_two_applications_with_one_number_of_the_system_are_named() -> None:
    assert played(OneNumberForAll(), checks.knows_applications_by_our_number) == {"1.2"}
    assert played(Good(), checks.knows_applications_by_our_number) == set()


def test_p4_a_number_that_an_application_of_any_check_has_had_is_named() -> None:
    def registers(play: Play) -> None:
        assert all(play.case().registered() for _ in range(4))

    assert played(OneNumberForTwo(), registers) == {"1.2"}
    assert played(Good(), registers) == set()


def test_p4_two_applications_with_one_number_are_named_where_a_program_fetches() -> None:
    shelf, clock = Shelf(TOKEN, SystemClock()), SystemClock()
    notes = Notes(samples=samples(), clock=clock)
    one, two = (script.registration(notes) for _ in range(2))
    shelf.show(one, two)
    for place in [*(shelf.page({})[1]["items"])]:
        shelf.said(place["delivery_id"], "acknowledge", {"number": "A1"})
    assert shelf.registered() == [(one.number, "A1"), (two.number, "A1")]
    assert [notes.owns("10.3", *each) for each in shelf.registered()] == [True, False]


class KeepsForAWhile(Good):
    """A job deletes evidence after some seconds."""

    def later(self, _seconds: float) -> None:
        self.pieces = [one for one in self.pieces if one["what"] == "applications"]


def test_p1_what_is_forgotten_after_some_seconds_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    system = KeepsForAWhile()
    waited: list[float] = []

    def later(seconds: float) -> None:
        waited.append(seconds)
        system.later(seconds)

    monkeypatch.setattr(checks, "sleep", later)
    with playing(system) as play:
        case = play.case()
        assert case.registered() and delivered(play, case, EVIDENCE)
        checks.keeps_what_it_has(play)
    assert broken(play) == {"3.4"}
    assert waited == [checks.LATER_S] and checks.LATER_S >= 10


class KnowsNoOne(Good):
    def knows(self, headers: Any) -> bool:
        return False


class ForbidsToPush(Good):
    """The token may ask, and not post."""

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        return self.error(401, "READ_ONLY")


@pytest.mark.parametrize("make", [KnowsNoOne, ForbidsToPush])
def test_a_token_that_the_system_does_not_know_ends_the_run_at_once(make: type[Good]) -> None:
    with serving(make()) as system:  # type: ignore[type-var]
        told = CliRunner().invoke(command, ["check", system.url], env={"HUB_CRM_TOKEN": TOKEN})
    assert isinstance(told.exception, Misconfigured) and told.exception.exit_code == 78
    assert "401" in str(told.exception) and "HUB_CRM_TOKEN" in str(told.exception) and not told.stdout


class TakesNothing(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        return self.error(422, "CLOSED")


def test_half_a_call_shows_nothing_where_a_whole_one_is_not_taken() -> None:
    with playing(TakesNothing()) as play:
        checks.ignores_half_a_call(play)
    found = {one.clause.number: one.verdict for one in results(play.seen, Way.PUSH)}
    assert found["1.5"] == Verdict.NOT_SEEN


class WithoutATime(Good):
    time: object = "昨天"

    def yes(self, piece: dict[str, Any]) -> Any:
        status, headers, body = super().yes(piece)
        return status, headers, json.dumps(json.loads(body) | {"receivedAt": self.time}).encode()


class ListsWithoutATime(Good):
    def item(self, piece: dict[str, Any]) -> dict[str, Any]:
        return super().item(piece) | {"receivedAt": "昨天"}


@pytest.mark.parametrize("make", [WithoutATime, ListsWithoutATime])
def test_a_time_that_is_none_is_named_in_a_receipt_and_in_a_list(make: type[Good]) -> None:
    def delivers(play: Play) -> None:
        case = play.case()
        assert case.registered()
        delivered(play, case, EVIDENCE)

    assert played(make(), delivers) == {"2.1"}


@pytest.mark.parametrize("scheme", ["HTTP", "Http"])
def test_the_scheme_of_a_url_is_read_in_any_letters(scheme: str) -> None:
    with serving(KnowsNoOne()) as system:  # type: ignore[type-var]
        url = system.url.replace("http", scheme, 1)
        told = CliRunner().invoke(command, ["check", url], env={"HUB_CRM_TOKEN": TOKEN})
    assert isinstance(told.exception, Misconfigured) and "401" in str(told.exception)
