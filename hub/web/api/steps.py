"""The routes by which a utility sends the steps of its cases, and its reports about joint transfers, signed. What is
sent is stored before it is answered."""

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from starlette.concurrency import run_in_threadpool

from hub.cases import reasons
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.ingest.sent import ROWS_MAX, Intake, Taken
from hub.web.bodies import body_of
from hub.web.queries import NoQuery, query_of
from hub.web.signatures.nonces import Nonces
from hub.web.signatures.signers import Sender, Signers

_CONFLICTS: Final = {"/steps": "STEP_CONFLICT", "/transfer-reports": "REPORT_CONFLICT"}


class Becomes(BaseModel):
    """What a case becomes by a CHANGE; what is left out stays as it was."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    cust_type: str | None = Field(None, description="01 high voltage, 02 low voltage, not a resident, 03 a resident.")
    voltage_code: str | None = Field(None, examples=["AC00101"], description="LOW, or HIGH_10KV and so on.")
    sanling: str | None = Field(None, description="1 三零, 0 not.")
    sources: int | str | None = Field(None, description="Number of supplies.")
    important: str | None = Field(None, description="1 an important customer, 0 not.")
    contract_cap: str | float | None = Field(None, examples=["400 kW"])


class StepEvent(BaseModel):
    """A step, in the form of the connector whose key signs the call; these are the fields of ``utility_steps``, with
    more words in docs/crm-contract.md, section 14. Times are ISO 8601, Beijing time where they have no offset. Fields
    that the connector does not read are left out."""

    model_config = ConfigDict(extra="allow", alias_generator=to_camel)

    event_id: str = Field(examples=["E-20260302-000017"], description="The sender's own id of the event.")
    external_app_no: str | None = Field(None, examples=["7K3M9QPDX2V4TW"], description="The hub's number.")
    app_no: str | None = Field(None, examples=["A0000000017"], description="The system's own number.")
    pre_app_no: str | None = Field(None, description="The number before the formal one.")
    org_no: str | None = Field(None, description="Not read.")
    region_code: str | None = Field(None, examples=["120104"])
    event_type: str | None = Field(None, examples=["END"], description="What happened.")
    step_code: str | int | None = Field(None, examples=["010"], description="The step; also as a number.")
    occurred_at: str | None = Field(None, examples=["2026-03-02T10:05:00+08:00"], description="When it happened.")
    recorded_at: str | None = Field(None, description="When it was written down.")
    started_at: str | None = Field(None, description="When the work of an END began.")
    customer_requested_at: str | None = Field(None, description="When the customer asked for the segment.")
    reason_no: str | None = Field(None, description="Code of the reason.")
    reason: str | None = Field(None, description="Why; with NOT_ACCEPTED, CHANGE and AMEND.")
    approver: str | None = Field(None, description="Who agreed to a CHANGE or an AMEND.")
    amends: str | None = Field(None, description="The eventId that an AMEND corrects.")
    becomes: Becomes | None = Field(None, description="What a CHANGE leads to.")
    materials: list[str] | str | None = Field(None, description="What the customer is asked for.")
    charge_item: str | None = Field(None, description="What is charged for.")
    charge_amount: str | float | None = Field(None, examples=["1200.00元"])
    promised_on: str | None = Field(None, examples=["2026-03-11"], description="The day promised to the customer.")
    appointment_at: str | None = None
    contract_signed_at: str | None = None
    meter_barcode: str | None = None
    first_reading: str | float | None = Field(None, examples=["0.00"], description="kWh.")
    first_reading_at: str | None = None
    manager: str | None = Field(None, description="Sealed, as are grid, operator and terminal.")
    grid: str | None = None
    operator: str | None = None
    terminal: str | None = None
    send_elect_type: str | int | None = Field(
        None, description="A call-back's code, instead of eventType and stepCode."
    )
    audit_time: str | None = Field(None, description="Its time, instead of occurredAt.")


class ReportEvent(BaseModel):
    """A report about a joint transfer, in the form of the connector whose key signs the call; these are the fields of
    ``utility_transfers``."""

    model_config = ConfigDict(extra="allow")

    eventId: str = Field(examples=["T-20260302-000017"], description="The sender's own id of the event.")  # noqa: N815
    transferNo: str = Field(examples=["7K3M9QPDX2V4TW"], description="The hub's number.")  # noqa: N815
    status: str = Field(examples=["11"])
    questionNo: int | None = Field(None, examples=[1], description="The question that it answers.")  # noqa: N815
    occurredAt: str = Field(examples=["2026-03-02T10:05:00+08:00"])  # noqa: N815


class ReportsSent(BaseModel):
    """The reports of one call, in any order."""

    events: list[ReportEvent] = Field(min_length=1, max_length=ROWS_MAX)


class StepsSent(BaseModel):
    """The steps of one call, in any order."""

    events: list[StepEvent] = Field(min_length=1, max_length=ROWS_MAX)


EXAMPLE: Final = {
    "events": [
        {
            "eventId": "E-20260302-000017",
            "externalAppNo": "7K3M9QPDX2V4TW",
            "appNo": "A0000000017",
            "orgNo": "12401",
            "eventType": "END",
            "stepCode": "010",
            "occurredAt": "2026-03-02T10:05:00+08:00",
            "recordedAt": "2026-03-02T10:05:04+08:00",
        }
    ]
}


EXAMPLE_OF_REPORTS: Final = {
    "events": [
        {
            "eventId": "T-20260302-000017",
            "transferNo": "7K3M9QPDX2V4TW",
            "status": "11",
            "questionNo": 1,
            "consHolder": "0",
            "occurredAt": "2026-03-02T10:05:00+08:00",
            "opinion": "欠费，请结清后办理",
        }
    ]
}


class Api:
    """One route. It needs no token: the signature says who sends. ``conflict``: the code of another content."""

    def __init__(self, intake: Intake, signers: Signers, nonces: Nonces, conflict: str) -> None:
        self._conflict = conflict
        self._intake = intake
        self._signers = signers
        self._nonces = nonces

    async def send(self, request: Request) -> Response:
        """Take the events of one call. 409 when one of them has another content than before; all are stored."""
        body = await body_of(request)
        sender = self._signers.allow(request, body)
        query_of(request, NoQuery)
        items = _items(body)
        admit = partial(self._nonces.use, sender.signed)
        taken = await run_in_threadpool(self._intake.take, sender.source, items, _proof(sender, body), admit)
        shown = {"events": [_shown(one, self._conflict) for one in taken]}
        return JSONResponse(shown, 409 if any(one.conflicts for one in taken) else 200)


def _items(body: bytes) -> list[Any]:
    document = read_json(body)
    if strange := sorted(document.keys() - {"events"}):
        raise RecordRejected("NOT_ASKED", strange[0] if strange[0].isidentifier() else "", allowed=("events",))
    items = document.get("events")
    if not isinstance(items, list) or not all(isinstance(one, dict) for one in items):
        raise RecordRejected("FIELD_INVALID" if "events" in document else "FIELD_MISSING", "events")
    return items


def _proof(sender: Sender, body: bytes) -> bytes:
    """What shows later, without the hub, that the sender signed this call: key's id, signature, signed text, body."""
    head = f"onecert-signed-v1\n{sender.signed.key_id}\n{sender.signed.signature.hex()}\n{len(sender.signed.text)}\n"
    return head.encode() + sender.signed.text + b"\n" + body


def _shown(one: Taken, code: str) -> dict[str, Any]:
    words = reasons.words(code) if one.conflicts else None
    return {
        "record_id": one.record_id.hex(),
        "state": "CONFLICT" if one.conflicts else "STORED",
        "reason": code if one.conflicts else None,
        "reason_zh": words and words.zh,
        "reason_en": words and words.en,
        "faults": [fault._asdict() for fault in one.faults],
    }


def router(intake: Intake, signers: Mapping[str, Signers], nonces: Nonces) -> APIRouter:
    """The routes of ``signers``: path → who may send there."""
    routes = APIRouter()
    for path, allowed in signers.items():
        routes.add_api_route(path, Api(intake, allowed, nonces, _CONFLICTS[path]).send, methods=["POST"])
    return routes
