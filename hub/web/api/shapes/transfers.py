"""The shapes of joint transfers, for the OpenAPI document."""

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from hub.cases.transfer.command import Reason
from hub.cases.transfer.states import State
from hub.web.api.shapes.answers import Day, Moment, Opaque, Text

EXAMPLE: Final[dict[str, Any]] = {
    "external_no": "2026-000123",
    "channel": "gov-platform",
    "reason": "PURCHASE",
    "purpose": "joint-transfer",
    "legal_basis": "action-plan-6",
    "matters": [
        {
            "unit_no": "120104001001GB00001F00010001",
            "accounts": ["1200045678"],
            "old_holders": [{"name": "王伟", "resident_id": "360426199101010071"}],
            "new_holders": [{"name": "李娜", "resident_id": "11010519491231002X", "confirmed": True}],
        }
    ],
}


class TransferSummary(BaseModel):
    """One account of one title, in short."""

    transfer_id: Opaque
    external_no: str | None = Text("2026-000123", "The channel's own number; null when the first holder was erased.")
    place: int = Field(examples=[0], description="In its submission, from 0.")
    channel: str = Text("gov-platform")
    reason: Reason
    reason_zh: str = Text("买卖")
    reason_en: str = Text("A purchase.")
    state: State
    state_zh: str = Text("户号核验通过，等待不动产登簿。")
    state_en: str = Text("The account is clear; the entry in the book is awaited.")
    held: bool = Field(examples=[False])
    submitted_at: Moment
    account_tail: str | None = Text("5678", "The last four characters of the account.")
    account_holder: Literal["SAME", "OTHER", "UNKNOWN"] = Field(
        description="Whether the account is an old holder's, as the check found. It is no reason to refuse."
    )
    account_holder_zh: str = Text("户名与原权利人一致。")
    account_holder_en: str = Text("The account is an old holder's.")
    unit_known: bool = Field(examples=[True], description="false: named by an old title's number only.")
    registered_on: Day | None = Field(description="Date of the entry in the book; null: not entered.")
    done_without_entry: bool = Field(
        examples=[False], description="The utility has transferred the account, and the title is not entered yet."
    )
    keep_tariff: bool = Field(examples=[True])
    checks: int = Field(examples=[1], description="Questions for a check so far.")
    transfers: int = Field(examples=[0], description="Questions for the transfer so far.")
    due_on: Day | None = Field(description="Last day for the utility's answer; null where the policy sets none.")
    provisional: bool = Field(
        examples=[False], description="The days of a year are counted whose notice about working days is not known."
    )
    overdue: bool = Field(examples=[False], description="The last day is over, and the answer is awaited still.")


class TransferReport(BaseModel):
    """What the utility reported."""

    result: str = Text("CLEAR")
    result_zh: str = Text("户号核验通过，无欠费。")
    result_en: str = Text("The account is clear.")
    question: int | None = Field(examples=[1], description="The question that it answers.")
    at: Moment = Field(description="When it happened at the utility.")
    heard_at: Moment
    counted: bool = Field(examples=[True], description="Whether it changed anything.")
    conflict: bool = Field(
        examples=[False], description="The same event was reported with two contents; the first one counts."
    )
    opinion: str | None = Text("户号无欠费", "The utility's own words.")


class TransferTitle(BaseModel):
    """A title that was heard of, and what it was for the transfer."""

    what: str = Text("ENTERED")
    what_zh: str = Text("已登簿，作为本次过户的依据。")
    what_en: str = Text("The entry that this transfer goes by.")
    registered_on: Day
    record_id: Opaque
    heard_at: Moment
    notice_on: Day | None = Field(
        description="Last day to declare a transfer of the account before the utility is told that none was."
    )
    other_transfer_id: Opaque | None = Field(description="The transfer of the account that it belongs to instead.")


class TransferRecall(BaseModel):
    """A title that the utility was told of, and that changed, or ended, at its source afterwards: it is told so."""

    record_id: Opaque
    later_record_id: Opaque = Field(description="The version that is the current one instead.")
    registered_on: Day = Field(description="Date of the entry that the utility was told of.")
    reason: str = Text("NOT_CURRENT", "NOT_CURRENT or SUPERSEDED.")
    reason_zh: str = Text("证照已被吊销或撤销，材料已失效。")
    reason_en: str = Text("It was revoked: it is no evidence any more.")
    changed_at: Moment | None = Field(description="When its source changed it; null where the source gives no time.")
    learned_at: Moment = Field(description="When the hub verified that.")


class TransferDelivery(BaseModel):
    """One piece for the utility."""

    piece: int = Field(examples=[1])
    sink: str = Text("utility_crm")
    kind: str = Text("check")
    nth: int | None = Field(examples=[1], description="The number of a question; null or 0 for another piece.")
    state: str = Text("acknowledged", "pending, acknowledged, refused, stopped or withdrawn")
    state_zh: str = Text("核验提问：供电企业已接收。")
    state_en: str = Text("The question for a check was taken by the utility.")
    decided_at: Moment
    ended_at: Moment | None
    reason: str | None = Text("REFUSED")


class TransferClock(BaseModel):
    """The limits of the utility's answers, in working days, and the one that runs."""

    awaits: Literal["check", "transfer"] | None = Field(
        examples=["check"], description="The answer that is awaited; null for none."
    )
    check_days: int | None = Field(examples=[3], description="null: no document sets any.")
    transfer_days: int | None = Field(examples=[5], description="null: no document sets any.")
    asked_on: Day | None = Field(description="The day of the question; null where no limit runs.")
    due_on: Day | None = Field(description="Last day, counted from the day of the question.")
    provisional: bool = Field(examples=[False], description="As in the summary.")
    overdue: bool = Field(examples=[False], description="As in the summary.")
    zh: str = Text("等待供电企业答复；政策未规定时限。")
    en: str = Text("The utility's answer is awaited; no limit is set.")
    clause: str = Text("津工信电力〔2021〕8号 §6")


class TransferShown(TransferSummary):
    """One transfer."""

    purpose: str = Text("joint-transfer")
    legal_basis: str = Text("action-plan-6")
    policy: str = Text("tianjin-2022")
    mandate: bool = Field(examples=[False], description="One of the new holders acts for all.")
    clock: TransferClock
    reports: list[TransferReport]
    titles: list[TransferTitle]
    recalls: list[TransferRecall]
    deliveries: list[TransferDelivery]


class TransferState(BaseModel):
    """A transfer for a token that may not read it."""

    transfer_id: Opaque
    state: State


class TransfersSubmitted(BaseModel):
    """All transfers of one submission, in their order."""

    items: list[TransferSummary]


class TransfersPage(BaseModel):
    """A page of transfers, newest first; under one number all of it, in their order."""

    items: list[TransferSummary]
    next: Opaque | None = Field(description="`after` of the next page; null at the end.")


class StoryLine(BaseModel):
    """One thing that happened."""

    at: Moment = Field(description="When the hub learned or decided it.")
    happened_at: Moment | Day | None = Field(
        description="When it happened: of a title the date of its entry; null where the source gives no time."
    )
    what: str = Text(
        "report.CLEAR",
        "submitted, report.…, conflict.…, title.…, recall.…, limit, limit.overdue, or a piece: its kind and state.",
    )
    zh: str = Text("户号核验通过，无欠费。")
    en: str = Text("The account is clear.")
    said: str | None = Text("户号无欠费", "The utility's own words, or what a title was.")
    counted: bool = Field(examples=[True], description="Whether it changed anything.")


class TransferStory(BaseModel):
    """What happened to one transfer."""

    items: list[StoryLine]
