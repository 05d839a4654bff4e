"""The conformance kit: it passes for systems that keep the contract, and names the clause that another one breaks."""

import json
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from hub.cli.crm import command, samples
from hub.clock import SystemClock
from hub.crm.busy import answers_when_busy
from hub.crm.calls import Line, To
from hub.crm.checks import settles
from hub.crm.clauses import Way, clauses
from hub.crm.lists import lists_its_reports, lists_its_steps
from hub.crm.play import Play, Verdict
from hub.crm.report import results
from hub.errors import Misconfigured, Unavailable
from sandbox import launch
from tests.crm import DRIP, HANG_UP, answer, serving
from tests.unit.crm.systems import TOKEN, Good, field_of

SETTLE_S = 0.4

IDLE = {"2.4", "2.5", "2.6"}
"""What the kit cannot bring about in a system that is not busy."""
BEYOND = {"1.3", "6.2", "6.3", "6.4", "6.7", "6.8", "7.2", "12.2"}
"""What has an effect that no call shows."""


@pytest.fixture(autouse=True)
def no_wait_before_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.crm.checks.LATER_S", 0.0)


def check(url: str, *options: str, token: str = TOKEN) -> Result:
    given = ["check", url, "--settle-s", str(SETTLE_S), *options]
    return CliRunner().invoke(command, given, env={"HUB_CRM_TOKEN": token})


def broken(system: Any) -> set[str]:
    """The clauses that a system breaks, as the kit says."""
    with serving(system):
        told = check(system.url, "--json")
    assert told.exit_code in (0, 1), told.output
    found = json.loads(told.stdout)
    assert told.exit_code == bool(found["broken"])
    return set(found["broken"])


def test_the_sandboxs_system_keeps_every_clause_that_can_be_seen(tmp_path: Path) -> None:
    with launch.start(5, 20, tmp_path, systems=("utility_crm", "utility_steps", "utility_transfers")) as sandbox:
        url, token = sandbox.urls["utility_crm"], sandbox.secrets["utility_crm"]["token"]
        sandbox.control("utility_steps", "play", {"appNo": "A1", "way": "pull", "plan": "starred"})
        lists = ("--steps-url", sandbox.urls["utility_steps_control"])
        lists += ("--reports-url", sandbox.urls["utility_transfers"])
        told = check(url, "--json", *lists, token=token)
        assert told.exit_code == 0, told.output
        found = {one["clause"]: one["verdict"] for one in json.loads(told.stdout)["clauses"]}
        # It does not deduplicate, and says so by two receipts; it takes a second rating, and compares no digest.
        assert {name for name, verdict in found.items() if verdict == "NOTE"} == {"4.2", "4.3"}
        assert {name for name, verdict in found.items() if verdict == "NOT_SEEN"} == IDLE | BEYOND | {"6.5", "7.1"}
        assert "BROKEN" not in found.values()


def test_a_system_that_deduplicates_keeps_them_too_and_every_clause_is_seen_that_can_be() -> None:
    with serving(Good()) as system:
        found = json.loads(check(system.url, "--json").stdout)["clauses"]
    seen = {one["clause"] for one in found if one["verdict"] == "HOLDS"}
    assert {number for number, one in clauses().items() if one.way is Way.PUSH} - seen == IDLE | BEYOND
    assert {one["verdict"] for one in found} == {"HOLDS", "NOT_SEEN"}


def test_what_could_not_be_brought_about_is_not_passed_and_says_why() -> None:
    with serving(Good()) as system:
        found = {one["clause"]: one for one in json.loads(check(system.url, "--json").stdout)["clauses"]}
    assert [found[clause]["verdict"] for clause in ("2.4", "2.5", "2.6")] == ["NOT_SEEN"] * 3
    reason = found["2.5"]["seen"][0]
    assert "none was answered 429" in reason["en"] and "没有一个应答 429" in reason["zh"]
    assert "none with 5xx" in found["2.6"]["seen"][0]["en"]


@pytest.mark.parametrize("clause", sorted(BEYOND | {"6.5", "7.1"}))
def test_p4_a_clause_is_not_obeyed_by_a_mere_yes_and_a_person_is_told_where_to_look(clause: str) -> None:
    with serving(TakesEverything()) as system:
        found = {one["clause"]: one for one in json.loads(check(system.url, "--json").stdout)["clauses"]}
        numbers = {piece["number"] for piece in system.pieces}
    (told,) = found[clause]["seen"]
    assert found[clause]["verdict"] == "NOT_SEEN"
    assert any(f"(look at {number} in" in told["en"] and f"查看 {number}）" in told["zh"] for number in numbers)


class TakesEverything(Good):
    """It takes a second rating, and does not look at an original."""

    def refuses(self, what: str, number: str, sent: Any) -> str:
        return ""


class Limited(Good):
    """It takes two calls at once; ``error``, ``header`` and ``works`` say how it answers the others."""

    status, header, code, works, page = 429, "1", "BUSY", False, b""

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.BoundedSemaphore(2)
        self.turned_away = 0

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if not self.gate.acquire(blocking=False):
            self.turned_away += 1
            if self.works:
                super().take(what, number, key, sent)
            if self.page:
                return 200, {"content-type": "text/html"}, self.page
            said = {"errorCode": self.code} if self.code else {"message": "busy"}
            return answer(said, self.status, **({"retry_after": self.header} if self.header else {}))
        try:
            time.sleep(0.1)
            return super().take(what, number, key, sent)
        finally:
            self.gate.release()


class UnavailableWhenBusy(Limited):
    status, code = 503, ""


class UnavailableAfterTheWork(Limited):
    """It has rolled nothing back, and deduplicates: what was taken is there once."""

    status, works = 503, True


class WorksThoughItPutsOff(Limited):
    works = True


class SaysNoTime(Limited):
    header = "soon"


class BusyPage(Limited):
    page = b"<html>please come again later</html>"


class LosesWhenBusy(UnavailableWhenBusy):
    """What was once turned away is refused for good."""

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if key in self.lost:
            return self.error(422, "GONE")
        said = super().take(what, number, key, sent)
        if said[0] == 503:
            self.lost.add(key)
        return said

    def __init__(self) -> None:
        super().__init__()
        self.lost: set[str] = set()


BUSY = [
    (Limited, "2.5", "HOLDS"),
    (UnavailableWhenBusy, "2.6", "HOLDS"),
    (UnavailableAfterTheWork, "2.6", "HOLDS"),
    (WorksThoughItPutsOff, "2.5", "BROKEN"),
    (SaysNoTime, "2.5", "BROKEN"),
    (BusyPage, "2.5", "BROKEN"),
    (LosesWhenBusy, "2.6", "BROKEN"),
]


@pytest.mark.parametrize(("make", "clause", "verdict"), BUSY, ids=lambda one: getattr(one, "__name__", str(one)))
def test_how_a_busy_system_answers_is_seen(make: type[Limited], clause: str, verdict: str) -> None:
    with serving(make()) as system, closing(Line(system.url, TOKEN, SETTLE_S, SystemClock())) as line:
        play = Play(line=line, samples=samples(), clock=SystemClock())
        answers_when_busy(play)
    assert system.turned_away, "it was busy"
    found = {one.clause.number: one.verdict for one in results(play.seen, Way.PUSH)}
    assert found[clause] == verdict, [one for one in play.seen if one.verdict != Verdict.HOLDS]


# ---- systems that break it ----


class NotFoundForEmpty(Good):
    def listed(self, items: list[dict[str, Any]]) -> Any:
        return super().listed(items) if items else answer({"message": "Not Found"}, 404)


class LosesTheKey(Good):
    def item(self, piece: dict[str, Any]) -> dict[str, Any]:
        return super().item(piece) | {"idempotencyKey": None}

    def find(self, what: str, number: str, key: str) -> Any:
        return super().find(what, number, "")


class CutsTheKey(Good):
    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        return super().made(what, number, key[:20], sent)

    def find(self, what: str, number: str, key: str) -> Any:
        return super().find(what, number, "")


class AcknowledgesAndForgets(Good):
    def keep(self, piece: dict[str, Any]) -> None:
        if piece["what"] == "applications":
            super().keep(piece)


class ForgetsAfterAWhile(Good):
    def keep(self, piece: dict[str, Any]) -> None:
        super().keep(piece)
        if piece["what"] == "evidence":
            threading.Timer(0.2, self.pieces.remove, (piece,)).start()

    def find(self, what: str, number: str, key: str) -> Any:
        time.sleep(0.01)
        return super().find(what, number, key)


class ErrorWithASuccessCode(Good):
    def error(self, status: int, code: str) -> Any:
        return answer({"code": 500, "msg": "处理失败"}) if status == 422 else super().error(status, code)


class ErrorPage(Good):
    def error(self, status: int, code: str) -> Any:
        page = status, {"content-type": "text/html"}, b"<html>"
        return page if status == 422 else super().error(status, code)


class OnlyAQueue(Good):
    """It answers before it has worked."""

    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({"accepted": True}, 202)


class OpenToQuestions(Good):
    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        if method == "GET":
            headers = {"authorization": f"Bearer {TOKEN}"}
        return super().handle(method, target, headers, body)


class KeysOnTheChannelsNumber(Good):
    def find(self, what: str, number: str, key: str) -> Any:
        if what.startswith("transfer"):
            return super().find(what, number, key)
        own = {piece["sent"]["channelAppNo"] for piece in self.of("applications", number)}
        same = [
            piece["number"]
            for piece in self.pieces
            if piece["what"] == "applications" and piece["sent"]["channelAppNo"] in own
        ]
        wanted = [piece for piece in self.pieces if piece["what"] == what and piece["number"] in same]
        return self.listed([self.item(piece) for piece in wanted if not key or piece["key"] == key])


class RefusesARepetition(Good):
    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        return self.error(422, "DUPLICATE")


class Overwrites(Good):
    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        if piece["sent"] != sent:
            piece["receipt"] += "-2"
        return self.yes(piece)


class ConflictWithoutAPiece(Good):
    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        self.pieces.remove(piece)
        return self.error(409, "KEY_TAKEN")


class TakesEvidenceOfNobody(Good):
    def unknown(self, what: str, number: str, key: str, sent: Any) -> Any:
        return self.yes(self.made(what, number, key, sent))


class WorksOnHalf(Good):
    def incomplete(self, what: str, headers: Any, body: bytes) -> Any:
        number = body.decode(errors="ignore").partition('"externalAppNo":"')[2][:14]
        with self.lock:
            self.keep(self.made(what, number, headers["idempotency-key"], {}))
        return HANG_UP


class StrictFields(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        strange = "aFieldOfLater" in sent
        return self.error(422, "FIELD_UNKNOWN") if strange else super().take(what, number, key, sent)


class SmallBodies(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        large = len(json.dumps(sent)) > 500_000
        return self.error(413, "TOO_LARGE") if large else super().take(what, number, key, sent)


class OneAtATime(Good):
    busy = False

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if self.busy:
            return answer({"errorCode": "BUSY"}, 409)
        self.busy = True
        time.sleep(0.05)
        try:
            return super().take(what, number, key, sent)
        finally:
            self.busy = False


class AnotherNumber(Good):
    def item(self, piece: dict[str, Any]) -> dict[str, Any]:
        return super().item(piece) | {field_of(piece["what"]): f"{piece['receipt']}-0"}


class Pages(Good):
    def listed(self, items: list[dict[str, Any]]) -> Any:
        return answer({"items": [], "total": len(items), "more": bool(items)})


class NoNumberInTheList(Good):
    def item(self, piece: dict[str, Any]) -> dict[str, Any]:
        return {"idempotencyKey": piece["key"]}


class OneReadingOnly(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if what == "evidence" and sent["reading"] == 1:
            return self.error(422, "RECORD_KNOWN")
        return super().take(what, number, key, sent)


class NewestNoticeOnly(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        known = [piece["sent"]["noticeNo"] for piece in self.of("dates", number)]
        old = what == "dates" and sent["noticeNo"] < max(known, default=0)
        return self.error(422, "NOTICE_OLD") if old else super().take(what, number, key, sent)


class HtmlPage(Good):
    """Something in between answers every call with a page and a success code."""

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        return 200, {"content-type": "text/html"}, b"<html>please log in</html>"


class HiddenNumbers(Good):
    """It gives numbers with a control character."""

    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        one = super().made(what, number, key, sent)
        return one if what == "applications" else one | {"receipt": one["receipt"] + "\x00"}


class NoWithdrawals(Good):
    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        if "/withdrawals" in target and method == "POST":
            return answer({"message": "Not Found"}, 404)
        return super().handle(method, target, headers, body)


class TakesAConflictSilently(Good):
    """Another content under a key gets the number that is there."""

    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        return self.yes(piece)


class ConflictBreaksIt(Good):
    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        return self.yes(piece) if piece["sent"] == sent else answer({"error": "duplicate key"}, 500)


class AnswersErrorsAfterTheCommit(Good):
    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({"error": "timeout"}, 500) if piece["what"] == "evidence" else super().yes(piece)


class AnswersNoEvidence(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        return HANG_UP if what == "evidence" else super().take(what, number, key, sent)


class BreaksOnRareCharacters(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        rare = "\N{CJK UNIFIED IDEOGRAPH-20BB7}" in str(sent)
        return answer({"error": "Incorrect string value"}, 500) if rare else super().take(what, number, key, sent)


class LosesTheKeysLater(Good):
    """It keeps the keys in memory, and starts again."""

    def keep(self, piece: dict[str, Any]) -> None:
        super().keep(piece)
        if len(self.pieces) == 25:
            for one in self.pieces:
                one["key"] = None


class KeysInCapitals(Good):
    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        return super().made(what, number, key.upper(), sent)

    def find(self, what: str, number: str, key: str) -> Any:
        return super().find(what, number, key.upper())

    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        return self.yes(piece)


class SwapsTwoKeys(Good):
    def find(self, what: str, number: str, key: str) -> Any:
        items = [self.item(piece) for piece in self.of(what, number)]
        if len(items) > 1:
            first, last = items[0], items[-1]
            first["idempotencyKey"], last["idempotencyKey"] = last["idempotencyKey"], first["idempotencyKey"]
        return self.listed([item for item in items if not key or item["idempotencyKey"] == key])


class TimesWithoutAZone(Good):
    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({field_of(piece["what"]): piece["receipt"], "receivedAt": "2026-11-26 12:00:00"}, 201)


class ErrorCodeBesideTheNumber(Good):
    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({field_of(piece["what"]): piece["receipt"], "errorCode": 0, "message": "OK"})


class Envelope(Good):
    def yes(self, piece: dict[str, Any]) -> Any:
        return answer({"code": 0, "msg": "ok", "data": {field_of(piece["what"]): piece["receipt"]}})


class Replaces(Good):
    """A later piece deletes the earlier ones that it names."""

    of_what = on_what = ""

    def keep(self, piece: dict[str, Any]) -> None:
        if piece["what"] == self.on_what:
            self.pieces[:] = [one for one in self.pieces if not self.replaced(one, piece)]
        super().keep(piece)

    def replaced(self, one: dict[str, Any], by: dict[str, Any]) -> bool:
        return bool((one["what"], one["number"]) == (self.of_what, by["number"]))


class DeletesWhatIsWithdrawn(Replaces):
    of_what, on_what = "evidence", "withdrawals"


class LastNoticeOnly(Replaces):
    of_what = on_what = "dates"


class LastRatingOnly(Replaces):
    of_what = on_what = "ratings"

    def refuses(self, what: str, number: str, sent: Any) -> str:
        return ""


class CorrectsInPlace(Good):
    def made(self, what: str, number: str, key: str, sent: Any) -> dict[str, Any]:
        one = super().made(what, number, key, sent)
        same = [it for it in self.of("evidence", number) if it["sent"]["recordId"] == sent.get("recordId")]
        return one | {"receipt": same[0]["receipt"]} if what == "evidence" and sent["reading"] and same else one


class ForgetsRecalls(Replaces):
    of_what = on_what = "recalls"


class ForgetsWhatChangedHands(Replaces):
    of_what = on_what = "handovers"


class StoresAWrongOriginalAllTheSame(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        said = super().take(what, number, key, sent)
        if b"DIGEST_WRONG" in said[2]:
            self.keep(self.made(what, number, key, sent))
        return said


SYSTEMS = [
    (NotFoundForEmpty, {"3.2"}, set()),
    (LosesTheKey, {"3.3"}, {"3.2", "3.7", "4.1", "4.2", "4.3", "6.1"}),
    (CutsTheKey, {"3.3"}, {"3.7", "4.1", "4.2", "4.3", "6.1"}),
    (AcknowledgesAndForgets, {"3.4"}, {"3.6", "4.1", "6.1"}),
    (ForgetsAfterAWhile, {"3.4"}, {"3.6", "4.1", "6.1", "6.2"}),
    (ErrorWithASuccessCode, {"2.3", "12.8", "14.5"}, set()),
    (ErrorPage, {"2.2", "12.8", "14.5"}, set()),
    (OnlyAQueue, {"2.1"}, {"1.3", "5.1"}),
    (OpenToQuestions, {"1.1", "12.4", "14.1"}, set()),
    (KeysOnTheChannelsNumber, {"1.2"}, {"3.6", "3.7"}),
    (RefusesARepetition, {"4.2"}, {"4.3"}),
    (TakesAConflictSilently, {"4.3"}, set()),
    (ConflictBreaksIt, {"4.3"}, set()),
    (AnswersErrorsAfterTheCommit, {"2.1"}, set()),
    (AnswersNoEvidence, {"2.6"}, {"1.4", "5.1", "5.2", "6.1", "7.1"}),
    (BreaksOnRareCharacters, {"1.3"}, set()),
    (LosesTheKeysLater, {"3.3"}, {"3.4", "3.5"}),
    (KeysInCapitals, {"3.3"}, set()),
    (SwapsTwoKeys, {"3.5"}, {"6.1", "6.5"}),
    (TimesWithoutAZone, {"2.1"}, set()),
    (ErrorCodeBesideTheNumber, {"2.1"}, set()),
    (Envelope, {"2.1"}, set()),
    (DeletesWhatIsWithdrawn, {"6.2"}, set()),
    (LastNoticeOnly, {"6.4"}, set()),
    (LastRatingOnly, {"6.5"}, set()),
    (CorrectsInPlace, {"6.1"}, {"6.2"}),
    (ForgetsRecalls, {"6.7"}, set()),
    (ForgetsWhatChangedHands, {"6.8"}, set()),
    (StoresAWrongOriginalAllTheSame, {"7.1"}, set()),
    (Overwrites, {"4.3"}, set()),
    (ConflictWithoutAPiece, {"2.4"}, {"3.4", "4.3"}),
    (TakesEvidenceOfNobody, {"5.1"}, {"12.1"}),
    (WorksOnHalf, {"1.5"}, set()),
    (StrictFields, {"1.3"}, set()),
    (SmallBodies, {"1.6"}, set()),
    (OneAtATime, {"1.4", "2.5"}, set()),
    (AnotherNumber, {"3.5"}, {"4.3"}),
    (Pages, {"3.7"}, {"3.1", "3.2", "3.4", "4.1", "4.2", "4.3", "6.1"}),
    (NoNumberInTheList, {"3.1"}, {"3.4", "4.1", "4.3", "6.1"}),
    (OneReadingOnly, {"6.1"}, set()),
    (NewestNoticeOnly, {"6.4"}, set()),
    (NoWithdrawals, {"6.2"}, set()),
    (HtmlPage, {"2.1", "3.2"}, {"1.1", "2.2", "3.1", "12.4", "12.5", "14.1", "14.2"}),
    (HiddenNumbers, {"2.1"}, {"1.4", "3.1", "3.6", "4.1"}),
]
"""System → the clauses that the kit must name, and those that the same fault may break too."""


@pytest.mark.parametrize(("system", "must", "may"), SYSTEMS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_kit_names_the_clause_that_a_system_breaks(system: type[Good], must: set[str], may: set[str]) -> None:
    found = broken(system())
    assert must <= found <= must | may, sorted(found)


class NoPlaceOnTheLastPage(Good):
    def page(self, first: int, limit: int) -> Any:
        status, headers, body = super().page(first, limit)
        said = json.loads(body)
        return status, headers, json.dumps(said | ({} if said["more"] else {"next": ""})).encode()


class BeginsWithTheLastOfThePageBefore(Good):
    def page(self, first: int, limit: int) -> Any:
        return super().page(max(first - 1, 0), limit)


class ForgetsWhatWasFetched(Good):
    """What it gave in small pages is away."""

    fetched = False

    def page(self, first: int, limit: int) -> Any:
        self.fetched |= limit < 5
        gone = self.fetched and limit > 5
        return super().page(2 if gone else first, limit)


class ReadsNothingAfterAnUnknownPlace(Good):
    def steps(self, query: dict[str, list[str]]) -> Any:
        unknown = query["after"][0].startswith("no-such")
        return self.page(99, 1) if unknown else super().steps(query)


class PlaceOfADifferentKind(Good):
    def page(self, first: int, limit: int) -> Any:
        return answer({"items": [{"eventId": 5}, None], "next": {"page": 2}, "more": True})


class TheSamePageForEver(Good):
    def page(self, first: int, limit: int) -> Any:
        return answer({"items": [{"eventId": f"E{nth}"} for nth in range(limit)], "next": "0", "more": True})


class OpenSteps(Good):
    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        given = {"authorization": f"Bearer {TOKEN}"} if target.startswith(("/steps", "/transfer-reports")) else headers
        return super().handle(method, target, given, body)


LISTS = [
    (Good, 0),
    (OpenSteps, 1),
    (NoPlaceOnTheLastPage, 2),
    (PlaceOfADifferentKind, 2),
    (BeginsWithTheLastOfThePageBefore, 3),
    (TheSamePageForEver, 3),
    (ForgetsWhatWasFetched, 4),
    (ReadsNothingAfterAnUnknownPlace, 5),
]
"""System → the clause about lists that it breaks, of five."""


OF_STEPS = {f"14.{nth}": nth for nth in range(1, 6)}
OF_REPORTS = {f"12.{nth + 3}": nth for nth in range(1, 6)}


@pytest.mark.parametrize("of", [OF_STEPS, OF_REPORTS], ids=["steps", "reports"])
@pytest.mark.parametrize(("make", "must"), LISTS, ids=lambda one: getattr(one, "__name__", ""))
def test_the_kit_names_the_clause_that_a_list_breaks(make: type[Good], must: int, of: dict[str, int]) -> None:
    found = of_the_list(make(), of)
    assert [of[clause] for clause, verdict in found.items() if verdict == "BROKEN"] == [must] * bool(must)
    if not must:
        assert {*found.values()} == {"HOLDS"}


class NoSteps(Good):
    def steps(self, query: dict[str, list[str]]) -> Any:
        return self.error(404, "NOT_FOUND")


class NoStepsYet(Good):
    def page(self, first: int, limit: int) -> Any:
        return answer({"items": [], "next": "", "more": False})


def test_a_list_that_is_not_there_or_empty_is_not_seen_and_says_why() -> None:
    assert {*of_the_list(NoSteps()).values()} == {*of_the_list(NoSteps(), OF_REPORTS).values()} == {"NOT_SEEN"}
    empty = of_the_list(NoStepsYet())
    assert [empty[f"14.{nth}"] for nth in range(1, 6)] == ["HOLDS", "HOLDS", "NOT_SEEN", "NOT_SEEN", "NOT_SEEN"]


def of_the_list(system: Good, of: dict[str, int] = OF_STEPS) -> dict[str, Verdict]:
    """The clauses of a list, as the kit sees them."""
    with serving(system), closing(Line(system.url, TOKEN, SETTLE_S, SystemClock())) as line:
        play = Play(line=line, samples=samples(), clock=SystemClock())
        (lists_its_steps if of is OF_STEPS else lists_its_reports)(play)
    found = {one.clause.number: one for one in results(play.seen, Way.PUSH)}
    wanted = {number: one for number, one in found.items() if number in of}
    assert all(one.seen for one in wanted.values() if one.verdict == Verdict.NOT_SEEN)
    return {number: one.verdict for number, one in wanted.items()}


class NoTransfers(Good):
    """It has the applications only."""

    def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
        if target.startswith("/transfers"):
            return answer({"error": "no such page"}, 404)
        return super().handle(method, target, headers, body)


class RefusesTransfers(Good):
    """It says itself that it has the applications only."""

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if what.startswith(("transfer", "handover")):
            return answer({"errorCode": "NOT_SUPPORTED"}, 422)
        return super().take(what, number, key, sent)


@pytest.mark.parametrize("system", [NoTransfers(), RefusesTransfers()], ids=["404", "422"])
def test_a_system_without_joint_transfers_is_noted_and_breaks_nothing(system: Good) -> None:
    with serving(system):
        told = check(system.url, "--json")
    assert told.exit_code == 0, told.output
    found = {one["clause"]: one["verdict"] for one in json.loads(told.stdout)["clauses"]}
    assert [found[clause] for clause in ("12.1", "12.2", "12.3")] == ["NOTE", "NOT_SEEN", "NOT_SEEN"]


class PutsOffNowAndThen(Good):
    """It limits the rate: every seventh call is put off."""

    wait, calls = "0", 0

    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        self.calls += 1
        if self.calls % 7 == 0:
            return answer({"errorCode": "BUSY"}, 429, retry_after=self.wait)
        return super().take(what, number, key, sent)


def test_a_system_that_puts_off_is_pushed_to_again_as_a_hub_does_and_breaks_nothing() -> None:
    assert broken(PutsOffNowAndThen()) == set()


def test_a_system_that_always_puts_off_ends_with_the_time_of_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    class PutsEverythingOff(Good):
        def take(self, what: str, number: str, key: str, sent: Any) -> Any:
            return answer({"errorCode": "BUSY"}, 429, retry_after="9" * 400)

    monkeypatch.setattr("hub.crm.play.PUT_OFF_MAX_S", 0.2)
    monkeypatch.setattr("hub.crm.play.OBEYED_MAX_S", 0.1)
    assert broken(PutsEverythingOff()) == {"2.2", "2.5"}


def test_evidence_that_takes_longer_than_the_call_and_then_counts_is_no_yes(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late(Good):
        def take(self, what: str, number: str, key: str, sent: Any) -> Any:
            if what == "evidence" and not self.slow:
                self.slow = True
                time.sleep(0.5)
            return super().take(what, number, key, sent)

        slow = False

    monkeypatch.setattr("hub.crm.calls.TOTAL_S", 0.3)
    assert broken(Late()) == {"2.1"}


class TakesQuestionsOfNobody(Good):
    def unknown(self, what: str, number: str, key: str, sent: Any) -> Any:
        if not what.startswith("transfer"):
            return super().unknown(what, number, key, sent)
        piece = self.made(what, number, key, sent)
        self.keep(piece)
        return self.yes(piece)


class OneQuestionOnly(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        if what == "transfer-pushes" and self.of(what, number):
            return self.error(422, "ASKED_BEFORE")
        return super().take(what, number, key, sent)


class NoNotices(Good):
    def take(self, what: str, number: str, key: str, sent: Any) -> Any:
        return self.error(422, "UNKNOWN") if what == "transfer-notices" else super().take(what, number, key, sent)


@pytest.mark.parametrize(
    ("system", "clause"), [(TakesQuestionsOfNobody, "12.1"), (OneQuestionOnly, "12.2"), (NoNotices, "12.3")]
)
def test_what_a_system_breaks_of_joint_transfers_is_named(system: type[Good], clause: str) -> None:
    assert broken(system()) == {clause}


class MakesEachCallAPiece(Good):
    def again(self, piece: dict[str, Any], sent: Any) -> Any:
        one = self.made(piece["what"], piece["number"], piece["key"], sent)
        self.keep(one)
        return self.yes(one)


class LateLine(Line):
    """The system carries out what no one waits for after the time that it named."""

    def hang_up(self, to: To, body: Any) -> None:
        threading.Timer(1.5 * self.settle_s, self.push, (to, body)).start()


def test_a_call_that_takes_effect_after_its_time_is_there_twice_and_the_kit_says_so() -> None:
    with (
        serving(MakesEachCallAPiece()) as system,
        closing(LateLine(system.url, TOKEN, SETTLE_S, SystemClock())) as line,
    ):
        play = Play(line=line, samples=samples(), clock=SystemClock())
        settles(play)
    assert {one.clause for one in play.seen if one.verdict == Verdict.BROKEN} == {"4.1"}


def test_a_system_that_does_not_answer_is_no_finding_and_a_url_that_is_none_is_refused() -> None:
    assert isinstance(check("http://127.0.0.1:9").exception, Unavailable)
    assert isinstance(check("crm.example").exception, Misconfigured)
    assert check("http://127.0.0.1:9", token="").exit_code == 2


def test_p5_the_report_holds_none_of_the_systems_words_and_nothing_that_was_sent() -> None:
    """A test system may hold what is real."""

    class Talks(Good):
        def error(self, status: int, code: str) -> Any:
            return answer({"errorCode": code, "message": "王伟 13812345678"}, 418)

    with serving(Talks()) as system:
        told = check(system.url)
    assert told.exit_code == 1 and "2.2" in told.stdout
    assert "王伟" not in told.output and "13812345678" not in told.output


def test_a_system_that_sends_byte_by_byte_ends_with_the_time_of_the_call(monkeypatch: pytest.MonkeyPatch) -> None:
    class Drips(Good):
        def handle(self, method: str, target: str, headers: Any, body: bytes) -> Any:
            return DRIP

    monkeypatch.setattr("hub.crm.calls.TOTAL_S", 0.5)
    with serving(Drips()) as system:
        begun_s = time.monotonic()
        told = check(system.url)
        assert isinstance(told.exception, Unavailable) and "ReadTimeout" in str(told.exception)
    assert time.monotonic() - begun_s < 5


def test_p5_an_error_code_is_printed_bounded_and_escaped() -> None:
    class Colours(Good):
        def error(self, status: int, code: str) -> Any:
            return answer({"errorCode": "\x1b[2J王伟13812345678" + "x" * 5_000}, 418)

    with serving(Colours()) as system:
        told = check(system.url, "--json")
    seen = [one["en"] for clause in json.loads(told.stdout)["clauses"] for one in clause["seen"]]
    assert any("\\x1b[2J\\u738b" in one for one in seen)
    assert not any(hidden in one for one in seen for hidden in ("\x1b", "王伟", "13812345678", "x" * 50))
