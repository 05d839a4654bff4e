"""The shapes of the API's answers. The OpenAPI document is made from them; a test holds real answers against them.

An answer may get more fields later: a caller must ignore those that it does not know.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

from hub.cases.connection.command import CustomerClass, Voltage
from hub.cases.connection.states import STATES

ID = "6720b5f01c2d4e5f8091a2b3c4d5e6f7"
MOMENT = "2026-03-02T01:00:00.000Z"
DELIVERY = "q8hX1mYc0bF3tN6vR2sZ5wKdJ7gLpA9eTuIyO4xQzVnBfCiM"
DELIVERY_FORM = r"^[A-Za-z0-9_-]{48}$"
Opaque = Annotated[str, Field(pattern=r"^[0-9a-f]{32}$", examples=[ID])]
Moment = Annotated[str, Field(json_schema_extra={"format": "date-time"}, examples=[MOMENT])]
Day = Annotated[str, Field(json_schema_extra={"format": "date"}, examples=["2026-03-11"])]


def Text(example: str, description: str = "") -> Any:  # noqa: N802
    """A field of text with an example."""
    return Field(examples=[example], description=description or None)


class Problem(BaseModel):
    """An error (RFC 9457). ``error_code`` is stable; the messages are for people."""

    status: int = Field(examples=[422])
    error_code: str = Text("FIELD_MISSING")
    message: str = Text("缺少必填内容。 A required field is missing.")
    message_zh: str = Text("缺少必填内容。")
    message_en: str = Text("A required field is missing.")
    field: str | None = Field(None, examples=["applicant.uscc"], description="Where: a dotted path.")
    allowed: list[str] | None = Field(None, examples=[["action-plan-6"]], description="What would be taken there.")
    existing: Opaque | None = Field(None, description="The id of what is there already, where the caller may know it.")


class Segment(BaseModel):
    """One step of the process that has a time limit."""

    name: str = Text("supply-plan")
    zh: str = Text("供电方案答复")
    working_days: int = Field(examples=[3])


class TimeLimit(BaseModel):
    """The time limit of an application, by the policy that it began with."""

    policy: str = Text("tianjin-2022")
    source: str = Text("津工信电力〔2021〕8号 附件2")
    case_type: str = Text("low-sanling")
    case_type_zh: str = Text("实行“三零”服务的低压非居民")
    steps: list[str] = Field(examples=[["受理签约", "竣工接电"]])
    segments: list[Segment]
    working_days: int = Field(examples=[7])
    working_days_left: int | None = Field(examples=[5])
    external_works: bool | None = Field(
        examples=[False], description="Whether works outside the site are needed, as applied for; null: not said."
    )
    starting_day_counts: bool = Field(examples=[False])
    counted_days: list[Day] = Field(description="The working days of the date that is promised, one by one.")
    calendar: str | None = Text("chinesecalendar-1.11.0", "Versions of the calendar that they were counted by.")
    whole_process: bool = Field(examples=[True], description="Whether the days count the customer's own time too.")


class Evidence(BaseModel):
    """Evidence that an application needs: found, or why not yet."""

    kind: str = Text("licence.business")
    state: str = Text("met", "open, met or cancelled")
    wanted_by: str = Text("uscc", "The type of identifier that it is looked for by.")
    pieces: list[int] = Field(examples=[[1]], description="The deliveries that carry it.")
    record_id: Opaque | None
    reason: str = Text("MET")
    reason_zh: str = Text("已找到经核验的记录。")
    reason_en: str = Text("A verified record has been found.")
    asked: int = Field(examples=[1], description="How often a source was asked.")
    next_look_at: Moment | None


class Delivery(BaseModel):
    """One piece for one sink."""

    piece: int = Field(examples=[0])
    sink: str = Text("utility_crm")
    kind: str = Text("registration")
    state: str = Text("acknowledged", "pending, acknowledged, refused, stopped or withdrawn")
    record_id: Opaque | None
    holder_relation: str = Text("NONE", "SELF, CO_OWNER, OTHER; NONE for a registration.")
    decided_at: Moment
    ended_at: Moment | None
    receipt: str | None = Text("APP-2026-000017")
    receipt_at: str | None = Text(MOMENT)
    found_by_asking: bool = Field(examples=[False])
    reason: str | None = Text("REFUSED")
    reason_zh: str | None = Text("供电企业业务系统拒绝接收，原因如下，请工作人员处理。")
    reason_en: str | None = Text("The connection system refused it for the reason given: please correct it.")
    said: str | None = Text("用户编号不存在", "The sink's own words.")
    attempts: int = Field(examples=[1])
    next_attempt_at: Moment | None
    trouble: str | None = Text("the connection system does not answer", "Why the last attempt did not end it.")


class Agreement(BaseModel):
    """What two certificates say of each other. It is no reason to refuse or to wait."""

    about: str = Text("APPLICANT_HOLDER", "Which pair.")
    result: str = Text("DIFFERS", "AGREES, DIFFERS or UNKNOWN (it cannot be said).")
    why: str = Text("NUMBER", "By what, how, or why nothing can be said.")
    zh: str = Text("申请人与不动产权利人：不一致，不影响受理（按证件号码）")
    en: str = Text("the applicant and the holders of the title: differ; the application continues (by the numbers)")
    record_ids: list[Opaque] = Field(description="The versions that were compared; what was submitted has none.")
    found_at: Moment


class Recall(BaseModel):
    """A record that changed, or ended, at its source after a sink may have got it."""

    kind: str = Text("licence.business")
    record_id: Opaque
    later_record_id: Opaque = Field(description="The version that is the current one instead.")
    reason: str = Text("NOT_CURRENT", "NOT_CURRENT, SUPERSEDED, or NOT_OF_SITE: a person took it back.")
    reason_zh: str = Text("证照已被吊销或撤销，材料已失效。")
    reason_en: str = Text("It was revoked: it is no evidence any more.")
    after_the_end: bool = Field(
        examples=[False], description="false: taken back and looked for again; true: the sinks were told, nothing else."
    )
    changed_at: Moment | None = Field(description="When its source changed it; null where the source gives no time.")
    learned_at: Moment = Field(description="When the hub verified that.")


class Handover(BaseModel):
    """A title that changed hands after electricity was on there, and whether a transfer of the account was declared."""

    state: Literal["WAITING", "TOLD", "DECLARED", "ENDED"] = Field(
        examples=["WAITING"],
        description="WAITING: one may still be declared; TOLD: none was, and the sinks were told; DECLARED: one was; "
        "ENDED: the title was cancelled or corrected.",
    )
    state_zh: str = Text("产权已变更，户号是否过户尚待申请。")
    state_en: str = Text("The title changed hands; the account's transfer may still be declared.")
    registered_on: Day
    notice_on: Day = Field(description="Last day to declare a transfer without a notice.")
    learned_at: Moment
    told_at: Moment | None


class _Application(BaseModel):
    application_id: Opaque
    external_no: str | None = Text("2026-000123", "The channel's own number; null when the applicant was erased.")
    channel: str = Text("gov-platform")
    customer_class: CustomerClass = Field(examples=["NON_RESIDENT"])
    voltage: Voltage = Field(examples=["LOW"])
    state: Literal["open", "held"] = Field(examples=["open"])
    states: list[str] = Field(examples=[["waiting"]], description=f"Those of {', '.join(STATES)} that it is in.")
    submitted_at: Moment
    due_on: Day | None = Field(description="The last day of the whole process; null where the policy sets none.")
    segment: str | None = Field(examples=["supply-plan"], description="The segment that is counted now.")
    segment_due_on: Day | None
    provisional: bool = Field(examples=[False], description="Whether a year without a notice of holidays was counted.")
    ended: str | None = Field(
        examples=["END"], description="END (electricity is on), NOT_ACCEPTED or TERMINATE, as the utility's steps say."
    )
    ended_at: str | None = Field(examples=["2026-03-06T07:00:00.000Z"], description="When, as the utility says.")
    first_application_id: str | None = Field(
        examples=["0198b2f0c5a14d6e8f7a6b5c4d3e2f10"],
        description="The first application for the same site, holder and capacity, if that one was given up: its time "
        "began there.",
    )


class Summary(_Application):
    """An application in a list."""

    pieces: dict[str, int] = Field(examples=[{"acknowledged": 2}], description="State → number of pieces.")


class AskedOfPerson(BaseModel):
    """What a person should ask about an application. It is no reason to refuse or to wait."""

    code: str = Text("RESIDENT_AT_HIGH_VOLTAGE", "Stable.")
    zh: str = Text("居民客户申请高压供电，请工作人员核对；不影响受理。")
    en: str = Text(
        "The 三零 service is for up to 160 kW, and this application is for more: please check. It continues."
    )
    clause: str = Text("津工信电力〔2021〕8号 附件2 注1、注2")


class PlaceFound(BaseModel):
    """A finding about the site. It is no reason to refuse or to wait."""

    nth: int = Field(examples=[1], description="Counts the findings of the application from 1.")
    record_id: Opaque | None = Field(description="The title that was compared; null where the question is about none.")
    verdict: str = Field(examples=["ASK"], description="SAME, DIFFERENT or ASK.")
    compared_by: str | None = Text("address", "unit_no or address; null where nothing was compared.")
    parts: list[str] = Field(examples=[["entrance", "room"]], description="What differs, or must be looked at.")
    question: str | None = Text("SAME_SITE", "What a person is asked; null for nothing. Stable.")
    question_zh: str | None = Text(
        "用电地址与不动产坐落不能自动判断是否为同一处，请工作人员对照两段地址核对；不影响受理。"
    )
    question_en: str | None = Text("Whether the site and the title's address are one door cannot be said.")
    found_at: Moment
    answer: str | None = Text("YES", "YES, NO or UNKNOWN; null until a person answers.")
    answered_at: Moment | None


class ApplicationShown(_Application):
    """One application."""

    purpose: str = Text("connection-application")
    legal_basis: str = Text("action-plan-6")
    clock: TimeLimit
    questions: list[AskedOfPerson]
    evidence: list[Evidence]
    places: list[PlaceFound]
    deliveries: list[Delivery]
    agreement: list[Agreement]
    recalls: list[Recall]
    handovers: list[Handover]
    numbers: dict[str, str] = Field(examples=[{"utility_crm": "7K3M9-QPDX-2V4TW"}], description="Sink → its number.")


class PieceShown(BaseModel):
    """A piece for the system that fetches it. ``body`` is what a push would send: docs/crm-contract.md."""

    delivery_id: str = Field(pattern=DELIVERY_FORM, examples=[DELIVERY], description="What the answer names it by.")
    key: str = Text("0f3c5a9e7b2d41e88a10c6d2f4b6a8c0", "The same each time that this piece is shown.")
    number: str = Text("7K3M9QPDX2V4TW", "The hub's number of the application.")
    kind: str = Text("registration")
    body: dict[str, Any] = Field(examples=[{"externalAppNo": "7K3M9QPDX2V4TW", "channel": "gov-platform"}])


class Deliveries(BaseModel):
    """Pieces that wait."""

    items: list[PieceShown]
    next: str | None = Text(DELIVERY, "`after` of the next call; null when nothing waits.")
    more: bool = Field(examples=[False], description="Whether more wait: the next call need not wait.")


FILE: dict[str, Any] = {"type": "string", "format": "binary", "examples": ["PK…OFD.xml…"]}
"""The bytes of the file of a licence."""


class DeliveryEnded(BaseModel):
    """The state of a piece after the system's answer."""

    delivery_id: str = Field(pattern=DELIVERY_FORM, examples=[DELIVERY])
    state: str = Text("acknowledged", "acknowledged or refused; withdrawn or stopped where the hub had taken it back.")


class HeldTitle(BaseModel):
    """A title that the person of a ticket holds, masked. ``choice`` goes into ``site.choice`` of the application."""

    choice: str = Text("mF1v…")
    unit_no: str = Text("120104******************0001")
    title_no: str = Text("津(2021)***************01号")
    address: str = Text("天津市南开区*********301室")
    usage: str = Text("成套住宅")
    holders: int = Field(examples=[2])


class HeldTitles(BaseModel):
    """The titles of one person."""

    items: list[HeldTitle]


class Applications(BaseModel):
    """A page of applications, newest first. Asked by ``external_no``, the items are whole applications."""

    items: list[Summary | ApplicationShown]
    next: Opaque | None = Field(description="`after` of the next page; null at the end.")


class HeldShown(BaseModel):
    """What a token sees that may hold an application and not read it."""

    application_id: Opaque
    state: Literal["open", "held"] = Field(examples=["held"])


class CasePiece(BaseModel):
    """One piece of a case."""

    piece: int = Field(examples=[0])
    sink: str = Text("utility_crm")
    kind: str = Text("registration")
    state: str = Text("acknowledged")
    decided_at: Moment
    ended_at: Moment | None
    reason: str | None = Text("REFUSED")


class CaseShown(BaseModel):
    """One case of any procedure."""

    case_id: Opaque
    procedure: str = Text("connection")
    state: Literal["open", "held"] = Field(examples=["open"])
    opened_at: Moment
    events: int = Field(examples=[4])
    pieces: list[CasePiece]


class Cases(BaseModel):
    """A page of cases, newest first."""

    items: list[CaseShown]
    next: Opaque | None = Field(description="`after` of the next page; null at the end.")


class StepFault(BaseModel):
    """Why a step could not be read."""

    code: str = Text("SHAPE_TYPE")
    field: str = Text("step.occurred_at_ms", "The field of the hub's record.")


class StepTaken(BaseModel):
    """What became of one step."""

    record_id: Opaque = Field(description="The hub's id of this content; the same for the same step again.")
    state: Literal["STORED", "CONFLICT"] = Field(examples=["STORED"])
    reason: str | None = Text("STEP_CONFLICT")
    reason_zh: str | None = Text("同一事件编号下已有内容不同的事件。")
    reason_en: str | None = Text("There is another content under this event id.")
    faults: list[StepFault] = Field(description="Not empty: it is stored, and rejected for these reasons.")


class StepsTaken(BaseModel):
    """What became of the steps of one call, in their order. All of them are stored."""

    events: list[StepTaken]


class Alive(BaseModel):
    """The process runs."""

    status: Literal["ok"]


class Ready(BaseModel):
    """Whether the hub can work, part by part."""

    status: str = Text("ok")
    parts: dict[str, str] = Field(examples=[{"log": "ok", "store": "ok", "stages": "ok"}])
    troubles: list[str] | None = Field(None, examples=[["property_title: the database is away"]])
