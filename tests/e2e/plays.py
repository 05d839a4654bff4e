"""Ways to cheat that take more than a report of steps: corrections, conflicts, the step table, applying again, ratings,
materials, and what other systems know."""

from collections.abc import Generator
from functools import partial
from typing import Any

from tests.casework import body
from tests.e2e.cheating import (
    REGISTERED_UNIT,
    SINK,
    Case,
    Cheated,
    Play,
    World,
)
from tests.e2e.cheats import (
    ACCEPTED,
    APPROVED,
    BEYOND,
    DONE,
    HONEST,
    OFF,
    OTHER,
    OVER,
    PLANNED,
    RESTARTED,
    SINGLE,
    STATISTICS,
    SUBMITTED,
    TIMES,
    Cheat,
    Said,
    said,
)

# ---- corrections and conflicts ---------------------------------------------------------------------------------------


def amended(world: World, steps: tuple[Said, ...], at: str, place: int = -1, **more: Any) -> Play:
    """An application with ``steps``, one of which is corrected at a moment."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    told = []
    for number, step in enumerate(steps):
        yield step.at
        told.append(world.step(case, step.code, step.kind, eventId=f"{case.app_no}-{number}", **step.more))
    yield at
    correction = {"amends": f"{case.app_no}-{range(len(steps))[place]}", "recordedAt": at, **more}
    return Cheated(case.case_id, [told[place], world.step(case, "", "AMEND", **correction)])


OVER_PLAN = said("2022-03-10T15:20:31", "060", "END")
INTO = {"occurredAt": "2022-03-04T15:20:31"}
LATE = said("2022-03-16T11:45:07", "120", "START", customerRequestedAt="2022-03-09T09:10:00")
REQUEST = {"occurredAt": LATE.at, "customerRequestedAt": "2022-03-16T11:00:00"}


def amends_without_approver(world: World) -> Play:
    done = yield from amended(world, (ACCEPTED, OVER_PLAN), "2022-03-11T09:00:00", **INTO, reason="登记有误")
    return Cheated(done.case_id, done.refs[1:])


def amends_nothing(world: World) -> Play:
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield ACCEPTED.at
    told = world.step(case, "", "AMEND", amends="E-no-such", occurredAt="2022-03-01T12:00:00", **APPROVED)
    return Cheated(case.case_id, [told])


def conflicts(world: World, earlier: str) -> Play:
    """One event is reported with two contents, by calls."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield ACCEPTED.at
    first = world.step(case, "010", "END", eventId=f"{case.app_no}-c")
    yield "2022-03-02T15:00:00"
    other = world.sent(case, "010", "END", eventId=f"{case.app_no}-c", occurredAt=earlier)["events"][0]
    return Cheated(case.case_id, [first, other["record_id"]], other["reason"])


def row_written_over(world: World) -> Play:
    """A row of the step table says another time than it said before; the rows are read as they lie there."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield ACCEPTED.at
    step_id = world.row(case.app_no, "010", "2022-03-01 10:00:00", "2022-03-02 10:00:00")
    yield "2022-03-02T16:00:00"
    world.row(case.app_no, "010", "2022-03-01 10:00:00", "2022-03-01 16:00:00", step_id)
    return Cheated(case.case_id)


def row_in_no_time(world: World) -> Play:
    """A row of the step table that was received and done in one second."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield ACCEPTED.at
    world.row(case.app_no, "060", "2022-03-02 09:30:00", "2022-03-02 09:30:00")
    world.row(case.app_no, "010", "2022-03-02 09:30:00", "2022-03-02 09:30:00")
    return Cheated(case.case_id)


def of_no_case(world: World) -> Play:
    """A row of the step table for an application that the hub has not."""
    yield ACCEPTED.at
    world.row("A-OFF-SYSTEM", "010", "2022-03-01 10:00:00", "2022-03-02 10:00:00")
    return Cheated()


def at_one_second(world: World) -> Play:
    """Three applications end a segment in one second."""
    yield SUBMITTED
    cases = [world.apply(**OTHER) for _ in range(3)]
    yield "2022-03-02T11:11:11"
    return Cheated("", [world.step(one, "010", "END") for one in cases])


# ---- applied for again -----------------------------------------------------------------------------------------------


def again(world: World, code: str, kind: str, last: str, **more: Any) -> Play:
    """An application that the utility ends without electricity, and that is made again for the same."""
    yield SUBMITTED
    first = world.apply(**OTHER)
    yield last
    world.step(first, code, kind, **more)
    yield "2022-03-07T09:00:00"
    second = world.apply(first.body["site"]["unit_no"], **OTHER)
    return Cheated(second.case_id, [first.case_id, second.case_id])


def again_and_told_late(world: World) -> Play:
    """As ``again``; the end of the first one is only told when the second one is there."""
    yield SUBMITTED
    first = world.apply(**OTHER)
    yield "2022-03-04T09:00:00"
    second = world.apply(first.body["site"]["unit_no"], **OTHER)
    yield "2022-03-07T09:00:00"
    world.step(first, "", "TERMINATE", occurredAt="2022-03-03T09:00:00")
    return Cheated(second.case_id, [first.case_id, second.case_id])


def again_after_taken_back(world: World) -> Play:
    """As ``again``; the counter takes the first one back at the hub, and the utility tells nothing."""
    yield SUBMITTED
    first = world.apply(**OTHER)
    yield "2022-03-02T16:00:00"
    assert world.post(f"/applications/{first.case_id}/cancel", {}, "channel").status_code == 200
    yield "2022-03-03T09:00:00"
    second = world.apply(first.body["site"]["unit_no"], **OTHER)
    return Cheated(second.case_id, [first.case_id, second.case_id])


def cancelled_by_staff(world: World) -> Play:
    """The counter takes an application back when its limit is near: its clock continues."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield "2022-03-02T16:00:00"
    assert world.post(f"/applications/{case.case_id}/cancel", {}, "channel").status_code == 200
    yield "2022-03-09T09:00:00"
    return Cheated(case.case_id, [case.case_id])


def registration_refused(world: World) -> Play:
    """The utility's system refuses to register an application: the clock began with the submission all the same."""
    yield SUBMITTED
    given = body("N-refused", channel="counter", **OTHER, site={"unit_no": f"{REGISTERED_UNIT[:-1]}8"})
    shown = world.post("/applications", given, "channel").json()
    number = shown["numbers"][SINK].replace("-", "")
    (one,) = [one for one in world.get("/deliveries", "sink").json()["items"] if one["number"] == number]
    answer = world.post(f"/deliveries/{one['delivery_id']}/refuse", {"code": "05", "message": "资料不全"}, "sink")
    assert answer.status_code == 200
    yield "2022-03-09T09:00:00"
    return Cheated(shown["application_id"], [shown["application_id"]])


# ---- ratings and materials -------------------------------------------------------------------------------------------


def finished(world: World) -> Generator[str, None, Case]:
    """An honest application, up to electricity on."""
    yield SUBMITTED
    case = world.apply(**OTHER)
    for step in HONEST:
        yield step.at
        world.step(case, step.code, step.kind, **step.more)
    yield "2022-03-17T09:00:00"
    world.settle()
    return case


def refused(case_id: str, answer: Any, code: str) -> Cheated:
    assert answer.status_code in (401, 403, 409, 422), answer.text
    assert answer.json()["error_code"] == code
    return Cheated(case_id, [], code)


def rated_by_staff(world: World, by: str) -> Play:
    case = yield from finished(world)
    answer = world.post(f"/applications/{case.case_id}/rating", {"grade": 5}, by)
    return refused(case.case_id, answer, "RATING_NO_EVIDENCE")


def rated_twice(world: World) -> Play:
    case = yield from finished(world)
    path = f"/applications/{case.case_id}/rating"
    assert world.post(path, {"grade": 1}, case.token).status_code == 200
    return refused(case.case_id, world.post(path, {"grade": 5}, case.token), "RATING_GIVEN")


def rating_never_made(world: World) -> Play:
    case = yield from finished(world)
    told = world.line("crm-archive", case.number, "", "2022-03-16 16:45:07", "2022-03-02", "5")
    return Cheated(case.case_id, [told])


def paper_on_submission(world: World) -> Play:
    """The counter asks for a planning permit in the form of the application."""
    yield SUBMITTED
    given = body("N-permit", channel="counter", 规划许可证="津规2022-1")
    return refused("", world.post("/applications", given, "channel"), "NOT_ASKED")


def asks(world: World, unit: str, code: str, *segments: tuple[str, str]) -> Play:
    """The counter asks for materials, one call each; the last one is refused."""
    yield SUBMITTED
    case = world.apply(unit, **SINGLE)
    yield ACCEPTED.at
    world.settle()
    path = f"/applications/{case.case_id}/notices"
    answers = [world.post(path, {"segment": one, "items": [{"material": name}]}, "channel") for one, name in segments]
    assert [one.status_code for one in answers[:-1]] == [200] * (len(answers) - 1), answers[0].text
    return refused(case.case_id, answers[-1], code)


def takes_a_permit(world: World) -> Play:
    yield SUBMITTED
    case = world.apply(**OTHER)
    handed = {"material": "建设工程规划许可证", "reference": "desk/1", "sha256": "0" * 64}
    answer = world.post(f"/applications/{case.case_id}/documents", handed, "channel")
    return refused(case.case_id, answer, "MATERIAL_NOT_LISTED")


def asks_after_the_end(world: World) -> Play:
    case = yield from finished(world)
    asked = {"segment": "acceptance", "items": [{"material": "property"}]}
    answer = world.post(f"/applications/{case.case_id}/notices", asked, "channel")
    return refused(case.case_id, answer, "NOTICE_AFTER_END")


# ---- what other systems know -----------------------------------------------------------------------------------------


def line_of(world: World, name: str, *cells: str) -> Play:
    """A line of a file about an honest application."""
    case = yield from finished(world)
    return Cheated(case.case_id, [world.line(name, case.number, "", *cells)])


def contacted_before_the_acceptance(world: World) -> Play:
    yield SUBMITTED
    case = world.apply(**OTHER)
    yield "2022-03-02T09:00:00"
    begun = world.step(case, "010", "START")
    return Cheated(case.case_id, [begun, world.line("contacts", case.number, "", "2022-03-01 15:00:00")])


def archived_twice(world: World) -> Play:
    case = yield from finished(world)
    cells = case.number, "", "2022-03-16 16:45:07", "2022-03-02", ""
    return Cheated(case.case_id, [world.line("crm-archive", *cells), world.line("crm-archive", *cells)])


def archived_open(world: World) -> Play:
    yield SUBMITTED
    case = world.apply(**OTHER)
    return Cheated(case.case_id, [world.line("crm-archive", case.number, "", "2022-03-16", "", "")])


def not_in_hub(world: World) -> Play:
    yield SUBMITTED
    return Cheated("", [world.line("crm-archive", "", "A-NEVER-SEEN", "2022-03-16", "", "")])


def line_of_two(world: World) -> Play:
    yield SUBMITTED
    first, second = world.apply(**OTHER), world.apply(**OTHER)
    return Cheated("", [world.line("contacts", first.number, second.app_no, "2022-03-02")])


PLAYS = (
    Cheat("corrected, and no one approved it", "STEP_UNEXPLAINED", TIMES, amends_without_approver),
    Cheat("corrected, and there is no such step", "STEP_AMENDS_NOTHING", TIMES, amends_nothing),
    Cheat(
        *("corrected into its limit", "CORRECTED_INTO_LIMIT", TIMES),
        partial(amended, steps=(ACCEPTED, OVER_PLAN), at="2022-03-11T09:00:00", **INTO, **APPROVED),
    ),
    Cheat(
        *("the customer's request is corrected to a later day", "CORRECTED_INTO_LIMIT", TIMES),
        partial(
            *(amended,),
            steps=(ACCEPTED, PLANNED, LATE, DONE),
            at="2022-03-17T09:00:00",
            place=2,
            **REQUEST,
            **APPROVED,
        ),
    ),
    Cheat(
        *("one event with an earlier time", "STEP_CONFLICT", TIMES),
        partial(conflicts, earlier="2022-03-01T11:00:00"),
    ),
    Cheat(*("one event with a later time", "STEP_CONFLICT", TIMES), partial(conflicts, earlier="2022-03-02T14:00:00")),
    Cheat("a row of the step table written over", "STEP_CONFLICT", TIMES, row_written_over),
    Cheat("a row of the step table in no time at all", "SAME_SECOND", TIMES, row_in_no_time),
    Cheat("a row of the step table of no application", "STEP_OF_NO_CASE", OFF, of_no_case),
    Cheat("many applications in one second", "SAME_SECOND_IN_CASES", TIMES, at_one_second),
    Cheat(
        *("terminated, and applied for again", "REAPPLIED", RESTARTED),
        partial(again, code="", kind="TERMINATE", last="2022-03-03T09:00:00"),
    ),
    Cheat(
        *("not accepted, and applied for again", "REAPPLIED", RESTARTED),
        partial(again, code="", kind="NOT_ACCEPTED", last="2022-03-02T09:00:00", reason="资料不全"),
    ),
    Cheat("applied for again before the end is told", "REAPPLIED", RESTARTED, again_and_told_late),
    Cheat("taken back at the hub, and applied for again", "REAPPLIED", RESTARTED, again_after_taken_back),
    Cheat("taken back by the counter", "SEGMENT_OVER", OVER, cancelled_by_staff),
    Cheat("its registration is refused", "SEGMENT_OVER", OVER, registration_refused),
    Cheat("rated by the counter", "RATING_REFUSED", STATISTICS, partial(rated_by_staff, by="channel")),
    Cheat("rated by an operator", "RATING_REFUSED", STATISTICS, partial(rated_by_staff, by="operator")),
    Cheat("rated by no one", "RATING_REFUSED", STATISTICS, partial(rated_by_staff, by="")),
    Cheat("rated again with a better grade", "RATING_REFUSED", STATISTICS, rated_twice),
    Cheat("a rating that is only in the archive", "RATING_NOT_MADE", STATISTICS, rating_never_made),
    Cheat("a permit asked for on submission", "REQUEST_REFUSED", BEYOND, paper_on_submission),
    Cheat(
        *("a permit asked for at completion", "REQUEST_REFUSED", BEYOND),
        lambda world: asks(world, "", "MATERIAL_NOT_LISTED", ("completion", "建设工程规划许可证")),
    ),
    Cheat(
        *("what the hub has fetched is asked for", "REQUEST_REFUSED", BEYOND),
        lambda world: asks(world, REGISTERED_UNIT, "MATERIAL_FETCHED", ("acceptance", "property")),
    ),
    Cheat("a permit is taken from the customer", "REQUEST_REFUSED", BEYOND, takes_a_permit),
    Cheat("asked for something after the end", "REQUEST_REFUSED", BEYOND, asks_after_the_end),
    Cheat(
        *("told of defects twice", "ASKED_AGAIN", BEYOND),
        lambda world: asks(world, "", "NOTICE_GIVEN", *[("completion", "completion-report")] * 2),
    ),
    Cheat(
        *("the archive has another day", "DATES_DIFFER", STATISTICS),
        lambda world: line_of(world, "crm-archive", "2022-03-15 16:45:07", "2022-03-02", ""),
    ),
    Cheat("archived twice", "ARCHIVED_TWICE", RESTARTED, archived_twice),
    Cheat("archived, and electricity on was never reported", "ARCHIVED_OPEN", STATISTICS, archived_open),
    Cheat("in the archive, and not in the hub", "NOT_IN_HUB", OFF, not_in_hub),
    Cheat("one line with the numbers of two", "LINE_OF_TWO", STATISTICS, line_of_two),
    Cheat(
        *("contacted before the application", "CONTACT_BEFORE_APPLICATION", OFF),
        lambda world: line_of(world, "contacts", "2022-02-20"),
    ),
    Cheat(
        *("contacted before the acceptance", "CONTACT_BEFORE_ACCEPTANCE", OFF),
        contacted_before_the_acceptance,
    ),
    Cheat(
        *("first contacted days later", "STARTED_LATE", RESTARTED),
        lambda world: line_of(world, "contacts", "2022-03-08 15:00:00"),
    ),
    Cheat(
        *("the meter was read before its segment", "ENERGISED_EARLY", OFF),
        lambda world: line_of(world, "first-readings", "2022-03-10 11:00:00"),
    ),
    Cheat(
        *("the meter was first read after the end", "ENDED_BEFORE_ENERGISED", TIMES),
        lambda world: line_of(world, "first-readings", "2022-03-21 11:00:00"),
    ),
    Cheat(
        *("complained before the application", "COMPLAINT_BEFORE_APPLICATION", OFF),
        lambda world: line_of(world, "complaints", "2022-02-20", ""),
    ),
    Cheat(
        *("complained of a class", "COMPLAINED", RESTARTED),
        lambda world: line_of(world, "complaints", "2022-03-09", "重复或延迟启动流程"),
    ),
)
