"""Ways to cheat inside the steps that the utility reports, each as a table's row: what is reported when, and where an
auditor finds it."""

from collections.abc import Callable
from typing import Any, NamedTuple

from hub.audit.findings.classes import Class
from tests.e2e.cheating import Cheated, Json, Play, World

SUBMITTED = "2022-03-01T09:00:00"
SANLING: Json = {}
RESIDENT: Json = {
    "customer_class": "RESIDENT",
    "applicant": {"resident_id": "360426199101010071", "name": "王伟"},
    "capacity_kw": 8,
}
OTHER: Json = {"sanling": False}
SINGLE: Json = {"voltage": "HIGH_10KV", "sanling": False, "capacity_kw": 400}
STARRED: Json = SINGLE | {"important": True}
APPROVED = {"reason": "登记有误", "approver": "班长丙"}


class Cheat(NamedTuple):
    """One way to cheat, and where an auditor finds it."""

    how: str
    code: str
    of: Class
    play: Callable[[World], Play]


class Said(NamedTuple):
    """A step that the utility reports ``at`` a moment; ``more`` is told beside it."""

    at: str
    code: str
    kind: str
    more: Json


def said(at: str, code: str, kind: str, **more: Any) -> Said:
    return Said(at, code, kind, more)


def reported(how: str, code: str, of: Class, kind: Json, *steps: Said, shown: tuple[int, ...] = (-1,)) -> Cheat:
    """A cheat inside the reported steps of one application; those at the places ``shown`` show it."""

    def play(world: World) -> Play:
        yield SUBMITTED
        case = world.apply(**kind)
        told = []
        for step in steps:
            yield step.at
            told.append(world.step(case, step.code, step.kind, **step.more))
        return Cheated(case.case_id, [told[place] for place in shown])

    return Cheat(how, code, of, play)


ACCEPTED = said("2022-03-02T10:12:40", "010", "END")
PLANNED = said("2022-03-04T15:20:31", "060", "END")
HIGH_PLANNED = said("2022-03-14T15:20:31", "060", "END")
ASKED = said("2022-03-14T09:30:12", "120", "START", customerRequestedAt="2022-03-14T09:10:00")
DONE = said("2022-03-16T16:45:07", "150", "END")
HONEST = ACCEPTED, PLANNED, ASKED, DONE


def change(at: str, **becomes: Any) -> Said:
    whole = {"custType": "02", "voltageCode": "LOW", "sanling": "0", "sources": 1, "important": "0"}
    return said(at, "", "CHANGE", becomes=whole | {"contractCap": "50 kW"} | becomes, **APPROVED)


OVER, OFF, RESTARTED = Class.OVER_LIMIT, Class.OFF_SYSTEM, Class.RESTARTED
TIMES, STATISTICS, BEYOND = Class.TIMES_CHANGED, Class.STATISTICS, Class.BEYOND_LIST
STEPS = (
    # ---- longer than it may take ----
    reported(
        *("a segment is a day over, the total is not", "SEGMENT_OVER", OVER, OTHER),
        *(said("2022-03-01T16:00:00", "010", "END"), said("2022-03-04T09:00:00", "060", "END")),
    ),
    reported(
        *("every round is in time, and there are many", "TOTAL_OVER", OVER, OTHER, ACCEPTED, PLANNED),
        *(said("2022-03-14T09:30:00", "120", "START"), said("2022-03-15T17:00:00", "120", "RETURN")),
        *(said("2022-03-21T09:30:00", "120", "START"), said("2022-03-23T16:00:00", "150", "END")),
    ),
    reported(
        *("a pause that saves the whole process", "WHOLE_OVER", OVER, SANLING, ACCEPTED),
        *(said("2022-03-03T09:00:00", "", "SPECIAL_START"), said("2022-03-09T09:00:00", "", "SPECIAL_END")),
        said("2022-03-14T16:00:00", "150", "END"),
    ),
    reported(
        *("longer than the national ceiling too", "CEILING_OVER", OVER, SANLING, ACCEPTED),
        said("2022-03-23T16:00:00", "150", "END"),
    ),
    # ---- outside the system ----
    reported(
        *("dated back: reported a week after its day", "REPORTED_LATE", OFF, OTHER, ACCEPTED),
        said("2022-03-09T10:00:00", "060", "END", occurredAt="2022-03-03T15:20:31"),
    ),
    reported(
        *("dated back to before the application", "STEP_BEFORE_SUBMISSION", OFF, OTHER),
        said("2022-03-01T10:00:00", "010", "END", occurredAt="2022-02-25T10:00:00"),
    ),
    reported("an END without a START", "STEP_NEVER_OPENED", OFF, OTHER, ACCEPTED, PLANNED, DONE),
    reported(
        *("no design review, which this kind has", "SEGMENT_SKIPPED", OFF, STARRED, ACCEPTED, HIGH_PLANNED),
        said("2022-03-16T09:30:00", "120", "START", customerRequestedAt="2022-03-16T09:00:00"),
    ),
    reported(
        *("the meter on the wall before its segment began", "WITHIN_EARLY", OFF, OTHER, ACCEPTED, PLANNED),
        said("2022-03-07T09:00:00", "140", "END"),
    ),
    reported(
        *("energised before its step began", "ENERGISED_EARLY", OFF, OTHER, ACCEPTED, PLANNED, ASKED),
        said(DONE.at, "150", "END", firstReadingAt="2022-03-10T11:00:00", firstReading="0.00"),
    ),
    reported(
        *("the meter was read before the application, told with acceptance", "ENERGISED_EARLY", OFF, OTHER),
        said(ACCEPTED.at, "010", "END", firstReadingAt="2022-01-01T10:00:00"),
    ),
    reported(
        *("the contract was signed before the application", "CONTRACT_BEFORE_APPLICATION", OFF, OTHER, ACCEPTED),
        said(PLANNED.at, "060", "END", contractSignedAt="2022-02-20T10:00:00"),
    ),
    # ---- begun twice or late ----
    reported(
        *("the customer's request is not told", "REQUEST_NOT_TOLD", RESTARTED, OTHER, ACCEPTED, PLANNED),
        said(ASKED.at, "120", "START"),
    ),
    reported(
        *("begun days after the customer asked", "STARTED_LATE", RESTARTED, OTHER, ACCEPTED, PLANNED),
        said(ASKED.at, "120", "START", customerRequestedAt="2022-03-09T09:10:00"),
    ),
    reported(
        *("sent back on the last day", "RETURNED_LAST_DAY", RESTARTED, OTHER, ACCEPTED, PLANNED, ASKED),
        said("2022-03-16T17:50:00", "120", "RETURN"),
    ),
    reported(
        *("terminated on the last day", "STOPPED_LAST_DAY", RESTARTED, OTHER, ACCEPTED),
        said("2022-03-04T17:50:00", "", "TERMINATE"),
    ),
    reported(
        *("sent back, and no one says why", "RETURNED_UNEXPLAINED", RESTARTED, OTHER, ACCEPTED, PLANNED, ASKED),
        said("2022-03-15T09:00:00", "120", "RETURN"),
    ),
    reported(
        *("terminated, and no one says why", "TERMINATED_UNEXPLAINED", RESTARTED, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "", "TERMINATE"),
    ),
    reported(
        *("begun again while it runs", "STEP_AGAIN", RESTARTED, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "010", "START"),
    ),
    reported(
        *("ended once more after the end", "STEP_AFTER_END", RESTARTED, OTHER, *HONEST),
        said("2022-03-21T09:00:00", "150", "END"),
    ),
    # ---- times typed in or changed ----
    reported(
        *("dated forward", "STEP_FUTURE", TIMES, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "060", "END", occurredAt="2022-03-03T09:06:00"),
    ),
    reported(
        *("written down before it happened", "STEP_WRITTEN_BEFORE", TIMES, OTHER, ACCEPTED),
        said("2022-03-04T16:00:00", "060", "END", recordedAt="2022-03-03T09:00:00"),
    ),
    reported(
        *("written down days later", "WRITTEN_LATE", TIMES, OTHER, ACCEPTED),
        said("2022-03-09T10:00:00", "060", "END", occurredAt="2022-03-04T09:00:00", recordedAt="2022-03-09T10:00:00"),
    ),
    reported(
        *("before what it has to follow", "STEP_OUT_OF_ORDER", TIMES, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "120", "START", customerRequestedAt="2022-03-03T08:50:00"),
    ),
    reported(
        *("refused to accept after the acceptance", "STEP_OUT_OF_ORDER", TIMES, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "", "NOT_ACCEPTED", reason="资料不全"),
    ),
    reported(
        *("not accepted, and no one says why", "STEP_UNEXPLAINED", TIMES, OTHER),
        said("2022-03-02T09:00:00", "", "NOT_ACCEPTED"),
    ),
    reported(
        *("all typed in at once", "WRITTEN_IN_BURST", TIMES, OTHER),
        said("2022-03-04T16:00:00", "010", "END", occurredAt="2022-03-02T09:10:00", recordedAt="2022-03-04T16:00:00"),
        said("2022-03-04T16:00:20", "060", "END", occurredAt="2022-03-04T09:20:00", recordedAt="2022-03-04T16:00:20"),
        shown=(0, 1),
    ),
    reported(
        *("two segments end in one second", "SAME_SECOND", TIMES, OTHER, ACCEPTED),
        said(ACCEPTED.at, "060", "END"),
        shown=(0, 1),
    ),
    reported(
        *("two segments end one second after another", "ENDED_TOGETHER", TIMES, OTHER, ACCEPTED),
        said("2022-03-02T10:12:41", "060", "END"),
        shown=(0, 1),
    ),
    reported(
        *("terminated on the last day, dated to the evening before", "REPORTED_ON_LAST_DAY", TIMES, OTHER, ACCEPTED),
        said("2022-03-04T16:00:00", "", "TERMINATE", reason="客户放弃", occurredAt="2022-03-03T17:50:00"),
    ),
    reported(
        *("dated back to the last day, told the next working day", "REPORTED_AFTER_LIMIT", TIMES, OTHER, ACCEPTED),
        said("2022-03-07T09:00:00", "060", "END", occurredAt="2022-03-06T16:00:00"),
    ),
    reported(
        *("ended on the Sunday after its last day", "ENDED_ON_DAY_OFF", TIMES, OTHER, ACCEPTED),
        said("2022-03-07T08:40:00", "060", "END", occurredAt="2022-03-06T16:00:00", recordedAt="2022-03-06T16:00:00"),
    ),
    # ---- figures that are not true ----
    reported(
        *("a claimed pause", "STEP_PAUSE", STATISTICS, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "", "CORRECTION_START"),
    ),
    reported(
        *("a supply plan sent back, so that it waits", "STEP_PAUSE", STATISTICS, OTHER, ACCEPTED),
        said("2022-03-04T17:00:00", "060", "RETURN"),
    ),
    reported(
        *("another kind on the last day", "KIND_CHANGED_LAST_DAY", STATISTICS, SANLING, ACCEPTED),
        change("2022-03-10T17:50:00"),
    ),
    reported(
        *("a second supply, with eight days more", "KIND_CHANGED", STATISTICS, SINGLE, ACCEPTED),
        change("2022-03-03T09:00:00", custType="01", voltageCode="HIGH_10KV", sources=2, contractCap="400 kW"),
    ),
    reported(
        *("low voltage becomes high voltage", "KIND_CHANGED", STATISTICS, OTHER, ACCEPTED),
        change("2022-03-03T09:00:00", custType="01", voltageCode="HIGH_10KV"),
    ),
    reported(
        *("a capacity above that of 三零", "KIND_CHANGED", STATISTICS, SANLING, ACCEPTED),
        change("2022-03-03T09:00:00", contractCap="200 kW"),
    ),
    reported(
        *("important, so that it is reviewed", "KIND_CHANGED", STATISTICS, SINGLE, ACCEPTED),
        change("2022-03-03T09:00:00", custType="01", voltageCode="HIGH_10KV", important="1", contractCap="400 kW"),
    ),
    reported(
        *("another kind, and no one approved it", "STEP_UNEXPLAINED", TIMES, SANLING, ACCEPTED),
        said("2022-03-03T09:00:00", "", "CHANGE", reason="客户要求", becomes={"custType": "02", "sanling": "0"}),
    ),
    # ---- more than the list ----
    reported(
        *("a charge to a 三零 customer", "CHARGED", BEYOND, SANLING, ACCEPTED),
        said("2022-03-03T09:00:00", "080", "END", chargeItem="材料费", chargeAmount="1200.00元"),
    ),
    reported(
        *("a charge to a resident", "CHARGED", BEYOND, RESIDENT, ACCEPTED),
        said("2022-03-03T09:00:00", "080", "END", chargeItem="接电费", chargeAmount="300.00元"),
    ),
    reported(
        *("a charge under the code of another step", "CHARGED", BEYOND, SANLING, ACCEPTED),
        said("2022-03-03T09:00:00", "070", "END", chargeItem="材料费", chargeAmount="5000元"),
    ),
    reported(
        *("a charge beside the start of acceptance", "CHARGED", BEYOND, SANLING),
        said("2022-03-02T09:00:00", "010", "START", chargeItem="接电费", chargeAmount="叁佰元"),
    ),
    reported(
        *("sent back for a permit", "ASKED_IN_STEP", BEYOND, OTHER, ACCEPTED, PLANNED, ASKED),
        said("2022-03-15T09:00:00", "120", "RETURN", reason="请补交建设工程规划许可证"),
    ),
    reported(
        *("terminated for want of a permit, in other characters", "ASKED_IN_STEP", BEYOND, OTHER, ACCEPTED),
        said("2022-03-03T09:00:00", "", "TERMINATE", reason="客戶無施工許 可證"),
    ),
    reported(
        *("not accepted for want of a permit", "ASKED_IN_STEP", BEYOND, OTHER),
        said("2022-03-02T09:00:00", "", "NOT_ACCEPTED", reason="缺少施工许可证"),
    ),
    reported(
        *("sent back twice, each time for something else", "RETURNED_AGAIN", BEYOND, OTHER, ACCEPTED, PLANNED),
        *(said("2022-03-10T09:30:00", "120", "START"), said("2022-03-11T09:00:00", "120", "RETURN", reason="接地")),
        *(said("2022-03-14T09:30:00", "120", "START"), said("2022-03-15T09:00:00", "120", "RETURN", reason="标识")),
        shown=(3, 5),
    ),
    reported(
        *("a review that this customer's kind has not", "STEP_NOT_TIMED", BEYOND, OTHER, ACCEPTED, PLANNED),
        said("2022-03-07T09:00:00", "100", "START"),
    ),
)
