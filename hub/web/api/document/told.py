"""What the OpenAPI document says of each route. A test compares it with the routes that there are."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from pydantic import BaseModel

from hub.cases import reasons
from hub.cases.connection.command import Application, Presentation
from hub.cases.connection.holdings import Enquiry
from hub.cases.connection.materials import command as materials
from hub.cases.connection.placed.service import Answer as PlaceAnswer
from hub.cases.connection.placed.service import LookedAt
from hub.cases.customer import asking, said
from hub.cases.transfer.command import Submission
from hub.records.files.licence import OFD, PDF
from hub.web.api import applications, cases, customers, deliveries, steps, transfers
from hub.web.api.shapes import answers as a
from hub.web.api.shapes import customers as c
from hub.web.api.shapes import registry as r
from hub.web.api.shapes import transfers as t
from hub.web.api.shapes.clocks import ClockShown
from hub.web.api.shapes.materials import ASKED, BY_SYSTEM, HANDED, MaterialsShown, RequestAnswered
from hub.web.api.shapes.places import PlacesShown
from hub.web.api.watch import metrics
from hub.web.auth.applicants import SCOPE as OF_APPLICATION
from hub.web.queries import Query

Json = dict[str, Any]
Shape = type[BaseModel] | Json


class Told(NamedTuple):
    """One route. ``answers``: status → model or schema; ``codes``: its error codes; ``registry_codes``: those of the
    registry with their messages; ``scope``: what its token must have, "" where it needs none; ``signed``: a signature
    instead (RFC 9421); ``customers_too``: the application's own token will do."""

    name: str
    method: str
    path: str
    summary: str
    answers: Mapping[int, Shape]
    codes: tuple[str, ...] = ()
    scope: str = ""
    query: type[Query] | None = None
    body: type[BaseModel] | None = None
    example: Json | None = None
    tag: str = "applications"
    media_type: str = "application/json"
    headers: tuple[str, ...] = ()
    registry_codes: tuple[tuple[int, str], ...] = ()
    signed: bool = False
    customers_too: bool = False


EXAMPLE: Final[Json] = {
    "external_no": "2026-000123",
    "channel": "gov-platform",
    "applicant": {"uscc": "91120116MA05J1234B", "name": "津门电气有限公司"},
    "site": {"unit_no": "120104001001GB00001F00010001"},
    "voltage": "LOW",
    "capacity_kw": 50,
    "customer_class": "NON_RESIDENT",
    "sanling": True,
    "purpose": "connection-application",
    "legal_basis": "action-plan-6",
}
TICKET: Final = "eyJzZXJpYWwiOiI1RjBDM0E5RTdCMkQ0MUU4OEExMEM2RDIifQ.c2lnbmF0dXJl"
ENQUIRY: Final[Json] = {
    "external_no": "2026-000123",
    "channel": "gov-platform",
    "applicant": {"resident_id": "360426199101010071"},
    "ticket": TICKET,
    "purpose": "connection-application",
    "legal_basis": "action-plan-6",
}
_ANY: Final = ("REQUEST_TIMEOUT", "TOO_MANY_REQUESTS", "HEAD_TOO_LARGE", "INTERNAL", "TRY_LATER")
_TOKEN: Final = ("UNAUTHORISED", "FORBIDDEN", "QUERY_UNKNOWN", *_ANY)
_BODY: Final = ("UNREADABLE", "TOO_LARGE")
_FIELDS: Final = (
    *("NOT_ASKED", "FIELD_MISSING", "FIELD_INVALID", "TEXT_CONTROL", "TEXT_ENCODING", "PURPOSE_UNKNOWN"),
    *("LEGAL_BASIS_UNKNOWN", "ID_FORM", "ID_DATE", "ID_CHECK", "USCC_FORM", "USCC_CHECK", "UNIT_FORM"),
    *("CHANNEL_UNKNOWN", "ERASED", "KEY_DAMAGED"),
)
_TICKET: Final = (
    *("TICKET_FORM", "TICKET_SIGNATURE", "TICKET_EXPIRED", "TICKET_OTHER_APPLICATION", "TICKET_OTHER_PERSON"),
    *("TICKET_NO_MATCH", "TICKET_NO_CONSENT", "TICKET_USED"),
)
_MATERIALS: Final = (
    *("NOT_ASKED", "FIELD_MISSING", "FIELD_INVALID", "TEXT_CONTROL", "TEXT_ENCODING", "NO_SUCH_APPLICATION"),
    *("MATERIAL_NOT_LISTED", "MATERIAL_FETCHED"),
)
_BEYOND: Final = ("CHANNEL_NOT_YOURS", "PURPOSE_NOT_YOURS", "DIVISION_NOT_YOURS")
_SAID: Final = ("NOT_ASKED", "FIELD_MISSING", "FIELD_INVALID", "TEXT_CONTROL", "TEXT_ENCODING")
_ONE: Final = "/applications/{application_id}"
_HELD: Final[Json] = {
    "anyOf": [{"$ref": "#/components/schemas/ApplicationShown"}, {"$ref": "#/components/schemas/HeldShown"}]
}
_TEXT: Final[Json] = {"type": "string", "examples": ["# HELP hub_up Whether this part answers: log, store.\n"]}

_APPLICATIONS: Final = (
    Told(
        "submit", "POST", "/applications",
        "Submit an application. 200 when the same one was submitted before. It tells the application's own token.",
        {200: c.ApplicationSubmitted, 201: c.ApplicationSubmitted},
        (*_TOKEN, *_BODY, *_FIELDS, *_BEYOND, *_TICKET, "CHOICE_INVALID", "EXTERNAL_NO_TAKEN"),
        applications.WRITE, body=Application, example=EXAMPLE, headers=("Location",),
    ),
    Told(
        "list", "GET", "/applications",
        "The client's applications, newest first; with `channel` and `external_no` the one under that number.",
        {200: a.Applications}, (*_TOKEN, "CHANNEL_NOT_YOURS", "FIELD_MISSING", "FIELD_INVALID", "NO_SUCH_APPLICATION"),
        applications.READ, applications.ListQuery,
    ),
    Told(
        "show", "GET", _ONE, "One application: its time limit, its evidence with reasons, its deliveries.",
        {200: a.ApplicationShown}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.READ,
    ),
    Told(
        "clock", "GET", f"{_ONE}/clock",
        "Every limit of one application with the days that were used: by which events, by which clause, day by day.",
        {200: ClockShown}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.READ,
    ),
    Told(
        "present", "POST", f"{_ONE}/ticket",
        "Present a ticket of the identity service, by face or from a counter, for an application.",
        {200: a.ApplicationShown},
        (*_TOKEN, *_BODY, *_TICKET, "NOT_ASKED", "FIELD_MISSING", "FIELD_INVALID", "NO_SUCH_APPLICATION"),
        applications.WRITE, body=Presentation, example={"ticket": TICKET},
    ),
    Told(
        "materials", "GET", f"{_ONE}/materials",
        "What the policy lists as materials, what was fetched, what is missing and from whom, what may be charged.",
        {200: MaterialsShown}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.READ,
    ),
    Told(
        "handIn", "POST", f"{_ONE}/documents",
        "Tell of a document that the customer handed in: its place and its digest, not its content.",
        {200: MaterialsShown}, (*_TOKEN, *_BODY, *_MATERIALS, "DOCUMENTS_FULL"),
        applications.WRITE, body=materials.Handed, example=HANDED,
    ),
    Told(
        "notice", "POST", f"{_ONE}/notices",
        "Ask the customer for materials: the one-time notice of a segment. Beyond the policy's list it is refused.",
        {200: MaterialsShown}, (*_TOKEN, *_BODY, *_MATERIALS, "MATERIAL_AWAITED", "NOTICE_GIVEN", "NOTICE_AFTER_END"),
        applications.WRITE, body=materials.Request, example=ASKED,
    ),
    Told(
        "placesOfSite", "POST", f"{_ONE}/places",
        "Findings about the site, each with the text of the site and of the title side by side, to a named person. "
        "That the person looked is recorded.",
        {200: PlacesShown}, (*_TOKEN, *_BODY, *_SAID, "LOOKS_FULL", "NO_SUCH_APPLICATION"),
        applications.OPERATE, body=LookedAt, example={"person": "李明"},
    ),
    Told(
        "answerPlace", "POST", f"{_ONE}/places/{{nth}}",
        "Answer a question about the site, as a named person. The application continues with any answer.",
        {200: PlacesShown}, (*_TOKEN, *_BODY, *_SAID, "NO_SUCH_QUESTION", "ANSWERS_FULL", "NO_SUCH_APPLICATION"),
        applications.OPERATE, body=PlaceAnswer, example={"answer": "YES", "person": "李明", "note": "已到现场核对"},
    ),
    Told(
        "titlesHeld", "POST", "/titles/held",
        "The titles that the person of a ticket holds, masked, to choose one from. Nothing of them is stored.",
        {200: a.HeldTitles},
        (*_TOKEN, *_BODY, *_FIELDS, *_TICKET, "CHANNEL_NOT_YOURS", "PURPOSE_NOT_YOURS", "NO_SOURCE"),
        applications.WRITE, body=Enquiry, example=ENQUIRY,
    ),
    Told(
        "cancel", "POST", f"{_ONE}/cancel",
        "Take an application back, as its applicant wants. Its time limit ends with the utility's step of termination.",
        {200: _HELD}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.WRITE,
    ),
    Told(
        "hold", "POST", f"{_ONE}/hold", "Hold an application's deliveries. Its time limit continues.",
        {200: _HELD}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.OPERATE,
    ),
    Told(
        "release", "POST", f"{_ONE}/release",
        "Release an application's deliveries. Refused and stopped pieces are sent again.",
        {200: _HELD}, (*_TOKEN, "NO_SUCH_APPLICATION"), applications.OPERATE,
    ),
)  # fmt: skip
_TRANSFER: Final = "/transfers/{transfer_id}"
_CANCELLED: Final[Json] = {
    "anyOf": [{"$ref": "#/components/schemas/TransferShown"}, {"$ref": "#/components/schemas/TransferState"}]
}
_TRANSFERS: Final = (
    Told(
        "submitTransfers", "POST", "/transfers",
        "Submit joint transfers of title and account: all matters are registered, or none. 200 when done before.",
        {200: t.TransfersSubmitted, 201: t.TransfersSubmitted},
        (*_TOKEN, *_BODY, *_FIELDS, *_BEYOND, "NAME_ILLEGIBLE", "HOLDER_TWICE", "HOLDERS_SAME",
         "HOLDER_UNCONFIRMED", "MATTER_TWICE", "EXTERNAL_NO_TAKEN", "TRANSFER_OPEN"),
        transfers.WRITE, body=Submission, example=t.EXAMPLE, tag="transfers",
    ),
    Told(
        "listTransfers", "GET", "/transfers",
        "The client's transfers, newest first; with `channel` and `external_no` all under that number.",
        {200: t.TransfersPage},
        (*_TOKEN, "CHANNEL_NOT_YOURS", "CHANNEL_UNKNOWN", "FIELD_MISSING", "FIELD_INVALID", "NO_SUCH_TRANSFER"),
        transfers.READ, transfers.ListQuery, tag="transfers",
    ),
    Told(
        "showTransfer", "GET", _TRANSFER,
        "One transfer: where it stands, what the utility reported, its entry in the book, its deliveries.",
        {200: t.TransferShown}, (*_TOKEN, "NO_SUCH_TRANSFER"), transfers.READ, tag="transfers",
    ),
    Told(
        "transferStory", "GET", f"{_TRANSFER}/story",
        "What happened to one transfer, in the order in which the hub learned it.",
        {200: t.TransferStory}, (*_TOKEN, "NO_SUCH_TRANSFER"), transfers.READ, tag="transfers",
    ),
    Told(
        "cancelTransfer", "POST", f"{_TRANSFER}/cancel",
        "Take the electricity side of a transfer back, before or after the entry. The registry's side stays as it is.",
        {200: _CANCELLED}, (*_TOKEN, "NO_SUCH_TRANSFER", "TRANSFER_ENDED"), transfers.WRITE, tag="transfers",
    ),
)  # fmt: skip
_SIGNATURE: Final = (
    *("SIGNATURE_MISSING", "SIGNATURE_FORM", "SIGNATURE_COVERS", "SIGNATURE_TIME", "SIGNATURE_KEY"),
    *("SIGNATURE_WRONG", "SIGNATURE_DIGEST", "SIGNATURE_USED", "QUERY_UNKNOWN"),
)
_SENT: Final = (*_ANY, *_BODY, *_SIGNATURE, "NOT_ASKED", "FIELD_MISSING", "FIELD_INVALID")
_UTILITY: Final = (
    Told(
        "sendSteps", "POST", "/steps",
        "Send steps of connection cases, signed. 409 when one of them has another content than before; all are stored.",
        {200: a.StepsTaken, 409: a.StepsTaken}, _SENT,
        body=steps.StepsSent, example=steps.EXAMPLE, tag="utility", signed=True,
    ),
    Told(
        "sendReports", "POST", "/transfer-reports",
        "Send reports about joint transfers, signed as steps are. 409 when one has another content than before.",
        {200: a.StepsTaken, 409: a.StepsTaken}, _SENT,
        body=steps.ReportsSent, example=steps.EXAMPLE_OF_REPORTS, tag="utility", signed=True,
    ),
    Told(
        "askForMaterials", "POST", "/materials", "Ask the customer for materials, signed. 409: nothing is asked; why.",
        {200: RequestAnswered, 409: RequestAnswered}, (*_ANY, *_BODY, *_SIGNATURE, *_SAID, "NO_SUCH_APPLICATION"),
        body=materials.Signed, example=BY_SYSTEM, tag="utility", signed=True,
    ),
)  # fmt: skip
_DELIVERIES: Final = (
    Told(
        "deliveries", "GET", "/deliveries",
        "Pieces that wait for the system that fetches them, in their order, each until it is acknowledged or refused.",
        {200: a.Deliveries}, (*_TOKEN, "FIELD_INVALID"), deliveries.SCOPE, deliveries.PageQuery, tag="deliveries",
    ),
    Told(
        "acknowledge", "POST", "/deliveries/{delivery_id}/acknowledge",
        "The system has the piece, durably. Said again, it is answered alike.", {200: a.DeliveryEnded},
        (*_TOKEN, *_BODY, "FIELD_MISSING", "FIELD_INVALID", "NO_SUCH_DELIVERY", "DELIVERY_ENDED"),
        deliveries.SCOPE, body=deliveries.Acknowledgement, tag="deliveries",
    ),
    Told(
        "refuse", "POST", "/deliveries/{delivery_id}/refuse",
        "The system refuses the piece, finally. Said again, it is answered alike.", {200: a.DeliveryEnded},
        (*_TOKEN, *_BODY, "FIELD_MISSING", "FIELD_INVALID", "NO_SUCH_DELIVERY", "DELIVERY_ENDED"),
        deliveries.SCOPE, body=deliveries.Refusal, tag="deliveries",
    ),
    Told("file", "GET", "/deliveries/{delivery_id}/file", "The licence's file. 404: none, not yet; 410: no longer.",
        {200: a.FILE}, (*_TOKEN, "NO_SUCH_DELIVERY", *reasons.NO_FILE), deliveries.SCOPE, tag="deliveries",
        media_type=f"{OFD}, {PDF}",
    ),
)  # fmt: skip
_CUSTOMERS: Final = (
    Told(
        "progress", "GET", f"{_ONE}/progress",
        "Where an application stands, what is next, whose turn it is and by when, and what was fetched from where.",
        {200: c.Progress}, ("UNAUTHORISED", "QUERY_UNKNOWN", *_ANY, "NO_SUCH_APPLICATION"), OF_APPLICATION,
        tag="customers",
    ),
    Told(
        "askForSegment", "POST", f"{_ONE}/requests",
        "Ask for the next segment: its clock opens now. The same request on the same day changes nothing.",
        {200: c.Progress}, (*_TOKEN, *_BODY, *_SAID, *asking.CODES, "NO_SUCH_APPLICATION"), applications.WRITE,
        body=said.Wanted, tag="customers", customers_too=True,
    ),
    Told(
        "rate", "POST", f"{_ONE}/rating",
        "Rate the service, once, after the application has ended. The same rating again gets the same answer.",
        {200: c.Progress},
        ("RATING_NO_EVIDENCE", "QUERY_UNKNOWN", *_ANY, *_BODY, *_SAID, *_TICKET, "RATING_EARLY", "RATING_GIVEN",
         "NO_SUCH_APPLICATION", "ERASED", "KEY_DAMAGED"),
        OF_APPLICATION, body=said.Rating, example={"grade": 5, "text": "很快"}, tag="customers",
    ),
    Told(
        "lookUpProgress", "POST", "/progress",
        "Step and dates of an application, by its number and the last four characters of the applicant's.",
        {200: c.PublicProgress}, ("QUERY_UNKNOWN", *_ANY, *_BODY, *_SAID, "NO_SUCH_APPLICATION"), body=said.Question,
        tag="customers",
    ),
    Told(
        "followUp", "POST", f"{_ONE}/follow-up", "Say how the follow-up of a bad rating ended.",
        {200: c.Progress}, (*_TOKEN, *_BODY, *_SAID, "NO_FOLLOW_UP", "NO_SUCH_APPLICATION"),
        customers.OPERATE, body=said.FollowUp,
    ),
)  # fmt: skip
_OPERATORS: Final = (
    Told(
        "cases", "GET", "/cases", "Cases of every procedure, newest first: opaque ids, states, times.",
        {200: a.Cases}, (*_TOKEN, "FIELD_INVALID", "NO_SUCH_CASE"), cases.SCOPE, cases.CasesQuery, tag="operators",
    ),
    Told(
        "case", "GET", "/cases/{case_id}", "One case with its pieces.",
        {200: a.CaseShown}, (*_TOKEN, "NO_SUCH_CASE"), cases.SCOPE, tag="operators",
    ),
    Told(
        "metrics", "GET", "/metrics", "The figures of the installation, for Prometheus.",
        {200: _TEXT}, _TOKEN, metrics.SCOPE, tag="operators", media_type="text/plain",
    ),
    Told("health", "GET", "/health", "Whether the process runs.", {200: a.Alive}, ("INTERNAL",), tag="operators"),
    Told("ready", "GET", "/ready", "Whether the hub can work.", {200: a.Ready, 503: a.Ready}, _ANY, tag="operators"),
)  # fmt: skip

_SUBJECT = (40401, "Subject not found")
_VERSION = (40402, "Version not found")
_SCHEMA = (40403, "Schema not found")
_BAD_VERSION = (42202, "A version is a number from 1, or `latest`")
_BAD_BODY = (400, "The body is not a JSON object of at most 64 KiB"), (42201, "Invalid Avro schema")
_READ_ONLY = (42205, "This registry is read-only: schemas and ids are assigned in schemas/catalogue.toml")
_INCOMPATIBLE = (409, "Schema is not FULL_TRANSITIVE compatible with the earlier versions")
_AVRO: Final[Json] = {"type": ["object", "array", "string"], "items": {}, "examples": [{"type": "string"}]}
_NAMES: Final[Json] = {"type": "array", "items": {"type": "string"}, "examples": [["lookup.requests-value"]]}
_NUMBERS: Final[Json] = {"type": "array", "items": {"type": "integer"}, "examples": [[1]]}
_PLACES: Final[Json] = {"type": "array", "items": {"$ref": "#/components/schemas/Place"}}
_VERSIONS = "/subjects/{subject}/versions"
_ID = "/schemas/ids/{schema_id}"


def _registry(
    name: str,
    method: str,
    path: str,
    summary: str,
    answer: type[BaseModel] | Json,
    *codes: tuple[int, str],
    **more: Any,
) -> Told:
    media = "application/vnd.schemaregistry.v1+json"
    return Told(
        name, method, path, summary, {200: answer}, _ANY,
        tag="schema registry", media_type=media, registry_codes=codes, **more,
    )  # fmt: skip


_REGISTRY: Final = (
    _registry("subjects", "GET", "/subjects", "Every subject.", _NAMES, query=r.SubjectsQuery),
    _registry("versions", "GET", _VERSIONS, "The versions of a subject.", _NUMBERS, _SUBJECT),
    _registry(
        "version", "GET", f"{_VERSIONS}/{{version}}", "One version of a subject.",
        r.SchemaShown, _SUBJECT, _VERSION, _BAD_VERSION,
    ),
    _registry(
        "versionSchema", "GET", f"{_VERSIONS}/{{version}}/schema", "Only the schema of a version.",
        _AVRO, _SUBJECT, _VERSION, _BAD_VERSION,
    ),
    _registry("types", "GET", "/schemas/types", "The types of schema.", _NAMES | {"examples": [["AVRO"]]}),
    _registry("schema", "GET", _ID, "The schema of an id.", r.SchemaText, _SCHEMA),
    _registry("schemaOnly", "GET", f"{_ID}/schema", "Only the schema of an id.", _AVRO, _SCHEMA),
    _registry("places", "GET", f"{_ID}/versions", "Every subject and version of an id.", _PLACES, _SCHEMA),
    _registry("subjectsOf", "GET", f"{_ID}/subjects", "Every subject of an id.", _NAMES, _SCHEMA),
    _registry("config", "GET", "/config", "The compatibility level.", r.Level),
    _registry("configOf", "GET", "/config/{subject}", "The compatibility level of a subject.", r.Level, _SUBJECT),
    _registry("mode", "GET", "/mode", "The mode.", r.Mode),
    _registry("modeOf", "GET", "/mode/{subject}", "The mode of a subject.", r.Mode),
    _registry(
        "lookUp", "POST", "/subjects/{subject}", "Whether a schema is in a subject.",
        r.SchemaShown, *_BAD_BODY, _SUBJECT, _SCHEMA, body=r.SchemaSent,
    ),
    _registry(
        "register", "POST", _VERSIONS, "The id of a schema that is in the subject; a new one is refused.",
        r.SchemaId, *_BAD_BODY, _INCOMPATIBLE, _READ_ONLY, body=r.SchemaSent,
    ),
    _registry(
        "compatibleWithAll", "POST", f"/compatibility{_VERSIONS}", "Whether a schema is compatible with all versions.",
        r.Compatibility, *_BAD_BODY, _SUBJECT, body=r.SchemaSent, query=r.VerboseQuery,
    ),
    _registry(
        "compatibleWithOne", "POST", f"/compatibility{_VERSIONS}/{{version}}", "The same with one version.",
        r.Compatibility, *_BAD_BODY, _VERSION, _BAD_VERSION, body=r.SchemaSent, query=r.VerboseQuery,
    ),
)  # fmt: skip
_DOCUMENTS: Final = (
    Told(
        "openapi", "GET", "/openapi.json", "This document.",
        {200: {"type": "object", "examples": [{"openapi": "3.1.0"}]}}, _ANY, tag="documents",
    ),
    Told(
        "asyncapi", "GET", "/asyncapi.yaml", "The topics and their messages, as an AsyncAPI document.",
        {200: {"type": "string", "examples": ["asyncapi: 3.0.0\n"]}}, _ANY,
        tag="documents", media_type="application/yaml",
    ),
)  # fmt: skip

TOLD: Final = (
    *(*_APPLICATIONS, *_TRANSFERS, *_CUSTOMERS, *_UTILITY),
    *(*_DELIVERIES, *_OPERATORS, *_REGISTRY, *_DOCUMENTS),
)
