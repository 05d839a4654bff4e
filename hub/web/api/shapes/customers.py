"""The shapes of what customers see. The OpenAPI document is made from them."""

from typing import Literal

from pydantic import BaseModel, Field

from hub.web.api.shapes import answers as a
from hub.web.api.shapes.materials import Defective


class ApplicationSubmitted(a.ApplicationShown):
    """The answer to a submission, also to the same one again."""

    application_token: str = a.Text(
        "oca_2b8Xq0m4Yk7TtV1nZ6cJrW3sPdFhGuLe",
        "The application's own token, for its customer: it shows the progress and rates the service. No other answer "
        "has it.",
    )


class CustomerStep(BaseModel):
    """One of the two or three steps that the customer sees (§5)."""

    zh: str = a.Text("受理签约")
    en: str = a.Text("acceptance and signing")
    state: Literal["done", "running", "ahead", "not_done"] = Field(examples=["running"])
    begun_on: a.Day | None
    done_on: a.Day | None
    due_on: a.Day | None = Field(description="The last day of the segment of it that runs, or of the whole process.")


class PublicProgress(BaseModel):
    """Step and dates of an application: all that a look-up by number shows."""

    submitted_on: a.Day
    where_zh: str = a.Text("供电企业正在办理：受理签约。")
    where_en: str = a.Text("With the utility: acceptance.")
    steps: list[CustomerStep]
    due_on: a.Day | None = Field(
        description="By when: the running segment, or the whole process where the policy says."
    )
    provisional: bool = Field(examples=[False], description="Whether a year without a notice of holidays was counted.")
    ended_on: a.Day | None


class Fetched(BaseModel):
    """One material: fetched, or why not yet. What was fetched is not asked of the customer."""

    kind: str = a.Text("licence.business")
    kind_zh: str = a.Text("营业执照")
    kind_en: str = a.Text("Business licences")
    state: Literal["open", "met", "cancelled"] = Field(examples=["met"])
    from_: str | None = Field(alias="from", examples=["天津市市场监督管理委员会"], description="Whose record it is.")
    fetched_on: a.Day | None
    yours: bool = Field(examples=[False], description="Whether it waits for the customer: a ticket of identity.")
    reason_zh: str = a.Text("已找到经核验的记录。")
    reason_en: str = a.Text("A verified record has been found.")


class RatingShown(BaseModel):
    """The rating of an application, once it has ended."""

    open: bool = Field(examples=[True], description="Whether it can be rated now.")
    grade: int | None = Field(examples=[2])
    grade_zh: str | None = a.Text("不满意")
    grade_en: str | None = a.Text("dissatisfied")
    rated_at: a.Moment | None
    checked: bool | None = Field(
        examples=[True], description="Whether the identity service checked the one who rated; null without a rating."
    )
    follow_up_due_on: a.Day | None = Field(description="The last day of the follow-up of a bad rating.")
    follow_up: str | None = a.Text("CORRECTED", "How the follow-up ended.")
    followed_up_at: a.Moment | None


class Bring(BaseModel):
    """One material that the customer hands in for the next segment."""

    name: str = a.Text("completion-report")
    zh: str = a.Text("工程竣工报告（含竣工图纸）")
    en: str = a.Text("the completion report with as-built drawings")
    clause: str = a.Text("津工信电力〔2021〕8号 §5")


class AskedFor(BaseModel):
    """The segment that runs, where the customer asked the hub for it."""

    segment: str = a.Text("mid-inspection")
    zh: str = a.Text("中间检查")
    asked_on: a.Day
    answer_by: a.Day | None = Field(description="The last day of the utility's answer; null: the policy sets none.")


class ToldAtOnce(BaseModel):
    """A one-time notice (一次性告知): everything that is missing or wrong in one segment."""

    segment: str = a.Text("design-review")
    told_at: a.Moment
    items: list[Defective]


class UtilityAnswer(BaseModel):
    """That the utility sent a segment back, did not accept the application or ended it, and why, in its own words."""

    action: Literal["RETURN", "NOT_ACCEPTED", "TERMINATE"] = Field(examples=["RETURN"])
    segment: str | None = Field(examples=["completion"])
    on: a.Day
    reason: str | None = Field(examples=["接地电阻不合格"], description="null where the utility gave none.")
    reason_code: str | None = Field(examples=["05"])


class Progress(PublicProgress):
    """What the customer of an application sees."""

    application_id: a.Opaque
    channel: str = a.Text("gov-platform")
    case_type_zh: str = a.Text("实行“三零”服务的低压非居民")
    case_type_en: str = a.Text("low voltage, non-resident, 三零")
    policy: str = a.Text("tianjin-2022")
    source: str = a.Text("津工信电力〔2021〕8号 附件2")
    turn: Literal["UTILITY", "CUSTOMER", "NO_ONE"] = Field(examples=["UTILITY"])
    next_zh: str = a.Text("竣工接电")
    next_en: str = a.Text("completion and connection")
    asked: AskedFor | None
    may_ask: list[str] = Field(
        examples=[["mid-inspection"]], description="Segments to ask for now, the next one first."
    )
    bring: list[Bring] = Field(description="What the policy's list has for the customer to hand in now; nothing else.")
    answers: list[UtilityAnswer] = Field(description="Each return with its reason, the latest 20.")
    notices: list[ToldAtOnce]
    ended: Literal["END", "NOT_ACCEPTED", "TERMINATE"] | None = Field(examples=["END"])
    evidence: list[Fetched]
    rating: RatingShown
