"""The shape of an application's materials, for the OpenAPI document."""

from typing import Any, Final, Literal

from pydantic import BaseModel, Field

from hub.web.api.shapes.answers import Moment, Opaque, Text

HANDED: Final[dict[str, Any]] = {
    "material": "design",
    "reference": "platform-files/2026/03/000123-design.pdf",
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
}
ASKED: Final[dict[str, Any]] = {"segment": "design-review", "items": [{"material": "design", "defect": "INCOMPLETE"}]}
BY_SYSTEM: Final[dict[str, Any]] = {
    "requestId": "M-20260302-000007",
    "externalAppNo": "7K3M9QPDX2V4TW",
    "appNo": "A0000000017",
    "segment": "design-review",
    "items": [{"material": "design", "defect": "INCOMPLETE"}],
}
"""A request of a connection system."""


class DocumentShown(BaseModel):
    """A document that the customer handed in. The reference and the digest are null when the applicant was erased."""

    number: int = Field(examples=[7])
    reference: str | None = Text("platform-files/2026/03/000123-design.pdf")
    sha256: str | None = Text("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08")
    handed_in_at: Moment


class MaterialShown(BaseModel):
    """One material of the policy's list."""

    material: str = Text("design")
    zh: str = Text("用电工程设计及说明书")
    en: str = Text("design of the works, with its description")
    clause: str = Text("津工信电力〔2021〕8号 §5")
    state: Literal["FETCHED", "AWAITED", "HANDED_IN", "DEFECTIVE", "MISSING"] = Field(examples=["HANDED_IN"])
    from_: Literal["HUB", "CUSTOMER"] = Field(alias="from", examples=["CUSTOMER"], description="From whom it comes.")
    evidence: list[str] = Field(examples=[["licence.business"]], description="The kinds that the hub has fetched.")
    reason: str | None = Text("MET")
    reason_zh: str | None = Text("已找到经核验的记录。")
    reason_en: str | None = Text("A verified record has been found.")
    documents: list[DocumentShown]


class SegmentMaterials(BaseModel):
    """All that may be asked for in one segment."""

    segment: str = Text("design-review")
    zh: str = Text("设计审查")
    en: str = Text("design review")
    materials: list[MaterialShown]


class Defective(BaseModel):
    """A material that the customer was told about."""

    material: str = Text("design")
    zh: str = Text("用电工程设计及说明书")
    defect: str = Text("MISSING", "MISSING, UNREADABLE, INCOMPLETE, EXPIRED or NOT_CONSISTENT.")


class _Asked(BaseModel):
    number: int = Field(examples=[8])
    segment: str | None = Text("design-review")
    asked_by: Literal["CHANNEL", "CONNECTION_SYSTEM"] = Field(
        examples=["CHANNEL"], description="CONNECTION_SYSTEM: by a signed request, or a step that named materials."
    )
    asked_at: Moment
    client: str = Text("utility", "The client of the token; of the connection system its connector.")
    channel: str = Text("gov-platform")


class NoticeShown(_Asked):
    """A one-time notice (一次性告知)."""

    items: list[Defective]


class NeverShown(BaseModel):
    """What may never be asked for."""

    zh: str = Text("施工许可")
    clause: str = Text("津工信电力〔2021〕8号 §5")


class OveraskedShown(_Asked):
    """A request that was refused. ``names`` are the caller's words; null when the applicant was erased."""

    code: str = Text("MATERIAL_NOT_LISTED")
    zh: str = Text("该材料不在本环节的申请资料清单内，不得要求（津工信电力〔2021〕8号 §5）；此要求已记录。")
    en: str = Text("The policy's list for this segment does not have this material.")
    names: list[str] | None = Field(examples=[["施工许可证"]])
    never: list[NeverShown]


class Answered(BaseModel):
    """The answer to one material of a request, in the order of the request."""

    material: str | None = Text("design", "Its name in the policy's list; null for what the policy does not know.")
    state: Literal["ASKED", "ALLOWED", "FETCHED", "AWAITED", "REFUSED"] = Field(
        examples=["ASKED"],
        description="ASKED: the customer is told. ALLOWED: it may be asked for, and is not, because of another one. "
        "FETCHED, AWAITED: the hub has it, or looks for it, and the customer is never asked.",
    )
    reason: str | None = Text("MATERIAL_FETCHED")
    reason_zh: str | None = Text("该材料已由枢纽获取，不得再向客户索要（津工信电力〔2021〕8号 §6）；此要求已记录。")
    reason_en: str | None = Text("The hub has fetched this material: the customer may not be asked for it again.")


class RequestAnswered(BaseModel):
    """What became of a request of a connection system. The same request again gets the same answer."""

    request_id: str = Text("M-20260302-000007")
    segment: str = Text("design-review")
    state: Literal["ASKED", "FETCHED", "AWAITED", "REFUSED"] = Field(
        examples=["ASKED"], description="ASKED: the customer is told, all at once; otherwise nothing is asked."
    )
    reason: str | None = Text("MATERIAL_NOT_LISTED")
    reason_zh: str | None = Text(
        "该材料不在本环节的申请资料清单内，不得要求（津工信电力〔2021〕8号 §5）；此要求已记录。"
    )
    reason_en: str | None = Text("The policy's list for this segment does not have this material.")
    items: list[Answered]
    never: list[NeverShown]
    told: list[Defective] = Field(description="All that the customer is told of; more than was asked, where it lacks.")


class FeeShown(BaseModel):
    """What the customer may be charged."""

    free: bool = Field(examples=[True])
    zh: str = Text("零投资：不得收取任何费用")
    en: str = Text("nothing may be charged")
    clause: str = Text("津工信电力〔2021〕8号 §9")


class InvestmentShown(BaseModel):
    """How far the utility's investment reaches."""

    name: str = Text("sanling")
    zh: str = Text("160千瓦及以下小微企业：投资至用户红线（含计量装置），零投资")
    en: str = Text("small and micro enterprises up to 160 kW: up to the customer's boundary")
    clause: str = Text("津工信电力〔2021〕8号 §8、§9")


class ChargeFound(BaseModel):
    """A charge that the utility reported and the policy does not allow."""

    charged_at: Moment
    clause: str = Text("津工信电力〔2021〕8号 §9")


class MaterialsShown(BaseModel):
    """The materials and the money of one application."""

    application_id: Opaque
    policy: str = Text("tianjin-2022")
    source: str = Text("津工信电力〔2021〕8号 附件2, §5, 总体目标")
    case_type: str = Text("high-single")
    case_type_zh: str = Text("高压单电源")
    segments: list[SegmentMaterials]
    notices: list[NoticeShown]
    refused: list[OveraskedShown]
    fee: FeeShown
    investment: list[InvestmentShown]
    charges: list[ChargeFound]
