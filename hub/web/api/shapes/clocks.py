"""The shape of ``GET /applications/{application_id}/clock``: every line with its events, clause, calendar and days."""

from pydantic import BaseModel, Field

from hub.web.api.shapes.answers import Day, Moment, Opaque, Text


class Reported(BaseModel):
    """An event that the utility reported, or a customer's request at the hub (REQUEST; no record has it). ``at``: its
    own time, as corrected; ``said_at``: as it was said first."""

    event: Opaque
    record_id: Opaque
    segment: str = Text("supply-plan")
    action: str = Text("END")
    at: Moment
    said_at: Moment
    requested_at: Moment | None
    recorded_at: Moment | None
    received_at: Moment
    late: bool = Field(examples=[False], description="It arrived more than a day after it happened.")


class Claim(Reported):
    """An event that no clock counts."""

    why: str = Text("STEP_PAUSE")


class Days(BaseModel):
    """A stretch of working days with its limit."""

    opened_on: Day
    closed_on: Day | None
    working_days: int = Field(examples=[10])
    limit: int | None = Field(examples=[10], description="null: the policy sets none.")
    left: int | None = Field(examples=[0])
    over_by: int = Field(examples=[0])
    due_on: Day | None
    provisional: bool = Field(examples=[False])
    calendar: str = Text("chinesecalendar-1.11.0")


class Line(Days):
    """One round of a segment. Days that were counted are listed one by one, at most 400."""

    segment: str = Text("supply-plan")
    zh: str = Text("供电方案答复")
    en: str = Text("answer with the supply plan")
    round: int = Field(examples=[1])
    timed: bool = Field(examples=[True], description="Whether this kind of case has the segment.")
    opened_by: str = Text("step-before", "submission, step-before, request (told by the utility), hub-request, start")
    opened: Reported | None
    asked: Reported | None = Field(description="The customer's first request for it at the hub.")
    closed: Reported | None
    returned: bool = Field(examples=[False])
    started_on: Day | None
    waited_working_days: int | None = Field(examples=[0])
    clause: str = Text("津工信电力〔2021〕8号 附件2")
    counted: list[Day]
    make_up: list[Day] = Field(description="Make-up days (调休) among them.")
    days_off: list[Day] = Field(description="Weekdays between that were off.")
    on_day_off: list[Day] = Field(description="Opened or closed on a day off: that day, and no working day more.")


class Part(BaseModel):
    """One round in a total."""

    segment: str = Text("supply-plan")
    round: int = Field(examples=[1])
    working_days: int = Field(examples=[10])


class Total(Days):
    """The sum of segments."""

    clause: str = Text("津工信电力〔2021〕8号 附件2")
    sum_of: list[Part]


class Whole(Days):
    """From application to electricity on: it never pauses."""

    clause: str = Text("津工信电力〔2021〕8号 总体目标")


class Ceiling(BaseModel):
    """The national limit, beside the city's."""

    limit: int = Field(examples=[22])
    working_days: int = Field(examples=[17])
    over_by: int = Field(examples=[0])
    clause: str = Text("津工信电力〔2021〕8号 附件1")


class AverageDays(BaseModel):
    """What the average of all such cases should reach: no limit of this one."""

    days: int = Field(examples=[20])
    clause: str = Text("津工信电力〔2021〕8号 附件1")


class KindClock(BaseModel):
    """The clocks as of one kind that the case has had."""

    case_type: str = Text("high-single")
    zh: str = Text("高压单电源")
    en: str = Text("high voltage, single source")
    starred: bool = Field(examples=[False])
    since: Day
    in_force: bool = Field(examples=[True])
    over: bool = Field(examples=[False])
    lines: list[Line]
    total: Total | None
    whole: Whole
    ceiling: Ceiling | None
    average: AverageDays | None


class Pause(BaseModel):
    """A pause that the utility claims."""

    action: str = Text("CORRECTION_START")
    from_on: Day
    to_on: Day | None
    working_days: int = Field(examples=[4])
    subtracted: int = Field(examples=[0])
    events: list[Opaque]


class DeskTold(BaseModel):
    """A recipient that has an address, and whether it has the warning."""

    desk: str = Field(examples=["duty-desk"])
    state: str = Text("acknowledged", "pending, acknowledged, refused, stopped or withdrawn")
    ended_at: Moment | None


class WarningShown(BaseModel):
    """A warning before a last day, or an escalation after it."""

    level: str = Text("BEFORE", "BEFORE or AFTER")
    about: str = Text("SEGMENT", "SEGMENT, TOTAL, WHOLE or FOLLOW_UP.")
    segment: str | None = Text("supply-plan")
    due_on: Day
    working_days: int = Field(examples=[1], description="Left, or over.")
    provisional: bool = Field(examples=[False])
    recipients: list[str] = Field(examples=[["duty-desk"]])
    at: Moment
    desks: list[DeskTold]


class DatesTold(BaseModel):
    """The dates that were told last. A date whose last day is over is not changed afterwards."""

    due_on: Day | None
    segment: str | None = Text("supply-plan")
    segment_due_on: Day | None
    provisional: bool = Field(examples=[False])


class FirstApplication(BaseModel):
    """The first of several applications for the same holder, site and capacity."""

    application_id: Opaque
    submitted_on: Day
    working_days: int = Field(examples=[31], description="From its submission to the end of this one, or to today.")


class ClockShown(BaseModel):
    """The clocks of an application at the end of today."""

    application_id: Opaque
    channel: str = Text("gov-platform")
    today: Day
    policy: str = Text("tianjin-2022")
    source: str = Text("津工信电力〔2021〕8号 附件2")
    starting_day_counts: bool = Field(examples=[False])
    edition: int = Field(examples=[0], description="The newest imported notice about working days; 0: none.")
    ended: str | None = Text("END", "END, NOT_ACCEPTED or TERMINATE")
    over: bool = Field(examples=[False], description="A limit of any kind that the case has had was exceeded.")
    kinds: list[KindClock]
    pauses: list[Pause]
    claims: list[Claim]
    told: DatesTold
    first: FirstApplication | None
    warnings: list[WarningShown]
