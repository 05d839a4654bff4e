"""The API as an OpenAPI 3.1 document, made from the models: every route with its parameters, its body, and every answer
and error code with an example. ``/openapi.json`` serves it, ``hub schemas openapi`` prints it."""

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, Final

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

import hub
from hub.web.api.document.told import TOLD, Told
from hub.web.api.shapes import answers
from hub.web.api.shapes import registry as registry_answers
from hub.web.api.shapes.transfers import TransferState
from hub.web.auth.applicants import SCOPE as OF_APPLICATION
from hub.web.problems import STATUS, problem

Json = dict[str, Any]
PROBLEM: Final = "application/problem+json"
REGISTRY: Final = "application/vnd.schemaregistry.v1+json"
_SIGNED: Final = {
    "Content-Digest": "sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:",
    "Signature-Input": 'sig=("@method" "@authority" "@path" "content-digest");created=1772413200;'
    'nonce="5f0c3a9e7b2d41e8";keyid="crm-2026";alg="ed25519"',
}
_SIGNING: Final = (
    "HTTP message signature (RFC 9421) of one of the connector's `public_keys`, Ed25519, over @method, @authority, "
    "@path (or @target-uri) and content-digest (RFC 9530), with created, nonce and keyid; each nonce counts once."
)
_REF: Final = "#/components/schemas/{model}"
_DESCRIPTIONS: Final = {
    200: "Done.", 201: "Made.", 400: "The request cannot be read.", 401: "No valid token.", 403: "Not allowed.",
    404: "Not found.", 408: "Not sent in time.", 409: "In conflict with what is there.", 410: "Not there any more.",
    413: "The body is too large.",
    422: "What was sent is not allowed.", 429: "Too many requests.", 431: "The head is too large.",
    500: "A defect of the hub.", 503: "Not available now, or not ready.",
}  # fmt: skip
_HEADERS: Final = {
    401: {"WWW-Authenticate": "Bearer"},
    429: {"Retry-After": "2"},
    503: {"Retry-After": "5"},
}
_SCHEMES: Final[Json] = {
    "bearer": {"type": "http", "scheme": "bearer", "description": "`hub token create`"},
    "signature": {"type": "apiKey", "in": "header", "name": "Signature", "description": _SIGNING},
    OF_APPLICATION: {
        "type": "http",
        "scheme": "bearer",
        "description": "The application's own token, `application_token` in the answer to its submission.",
    },
}
_PATH: Final[Mapping[str, Json]] = {
    "application_id": {"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": [answers.ID]},
    "transfer_id": {"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": [answers.ID]},
    "case_id": {"type": "string", "pattern": "^[0-9a-f]{32}$", "examples": [answers.ID]},
    "nth": {"type": "integer", "minimum": 1, "examples": [1]},
    "delivery_id": {"type": "string", "pattern": answers.DELIVERY_FORM, "examples": [answers.DELIVERY]},
    "subject": {"type": "string", "examples": ["lookup.requests-value"]},
    "version": {"type": "string", "pattern": "^([1-9][0-9]{0,8}|latest|-1)$", "examples": ["latest"]},
    "schema_id": {"type": "integer", "minimum": 1, "maximum": 999_999_999, "examples": [53]},
}


@cache
def document() -> Json:
    """The whole document, JSON values. It is the same for every installation."""
    schemas = _schemas(_models(TOLD))
    paths: Json = {}
    for told in TOLD:
        paths.setdefault(told.path, {})[told.method.lower()] = _operation(told, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "One-certificate hub",
            "version": hub.__version__,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
            "description": "Every answer has `Cache-Control: no-store`. HEAD is answered like GET. An answer may get "
            "more fields later. Error codes are stable, messages are not.",
        },
        "servers": [{"url": "http://127.0.0.1:8460", "description": "The default address of `hub run`."}],
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": _SCHEMES,
        },
    }


def text() -> str:
    """The document as JSON text."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


def _models(every: Iterable[Told]) -> list[type[BaseModel]]:
    found: list[type[BaseModel]] = [
        answers.Problem,
        registry_answers.RegistryProblem,
        answers.HeldShown,
        registry_answers.Place,
        TransferState,
    ]
    for told in every:
        found += [told.body] if told.body else []
        found += [model for model in told.answers.values() if isinstance(model, type)]
    return list(dict.fromkeys(found))


def _schemas(models: Sequence[type[BaseModel]]) -> Json:
    _, made = models_json_schema([(one, "validation") for one in models], by_alias=True, ref_template=_REF)
    found: Json = made["$defs"]
    return found


def _operation(told: Told, schemas: Json) -> Json:
    made: Json = {
        "operationId": told.name,
        "tags": [told.tag],
        "summary": told.summary,
        "parameters": [*_path_parameters(told), *_query_parameters(told), *_signed_parameters(told)],
        "responses": _responses(told, schemas),
        "security": _security(told),
    }
    if told.body:
        example = told.example or example_of(schemas[told.body.__name__], schemas)
        content = {"schema": _ref(told.body), "example": example}
        made["requestBody"] = {"required": True, "content": {"application/json": content}}
    return made


def _security(told: Told) -> list[Json]:
    if told.scope == OF_APPLICATION:
        return [{OF_APPLICATION: []}]
    if told.signed:
        return [{"signature": []}]
    own: list[Json] = [{OF_APPLICATION: []}] if told.customers_too else []
    return [*own, *([{"bearer": [told.scope]}] if told.scope else [])]


def _path_parameters(told: Told) -> list[Json]:
    names = [part[1:-1] for part in told.path.split("/") if part.startswith("{")]
    return [_parameter(name, "path", _PATH[name]) for name in names]


def _query_parameters(told: Told) -> list[Json]:
    properties: Json = told.query.model_json_schema()["properties"] if told.query else {}
    return [_parameter(name, "query", _without_null(schema)) for name, schema in properties.items()]


def _signed_parameters(told: Told) -> list[Json]:
    return [
        _parameter(name, "header", {"type": "string", "examples": [_SIGNED[name]]}) for name in _SIGNED if told.signed
    ]


def _parameter(name: str, where: str, schema: Json) -> Json:
    made = {"name": name, "in": where, "required": where != "query", "schema": schema}
    return made | {"example": example_of(schema, {})}


def _without_null(schema: Json) -> Json:
    """A parameter that is not there has no value, so null is none."""
    schema = {key: value for key, value in schema.items() if key not in ("title", "default") or value is not None}
    branches = [one for one in schema.pop("anyOf", ()) if one != {"type": "null"}]
    return {**(branches[0] if branches else {}), **schema}


def _responses(told: Told, schemas: Json) -> Json:
    made = {str(status): _answer(told, status, model, schemas) for status, model in told.answers.items()}
    for status in sorted({STATUS.get(code, 422) for code in told.codes}):
        codes = [code for code in told.codes if STATUS.get(code, 422) == status]
        examples = {code: {"value": json.loads(bytes(problem(code).body))} for code in codes}
        content = {PROBLEM: {"schema": _ref(answers.Problem), "examples": examples}}
        known = made.setdefault(str(status), _response(status, {}))
        known["content"] |= content
    for code, message in told.registry_codes:
        first = str(code)[:3]
        known = made.setdefault(first, _response(int(first), {}))
        place = known["content"].setdefault(
            REGISTRY, {"schema": _ref(registry_answers.RegistryProblem), "examples": {}}
        )
        place["examples"][str(code)] = {"value": {"error_code": code, "message": message}}
    return dict(sorted(made.items()))


def _answer(told: Told, status: int, model: type[BaseModel] | Json, schemas: Json) -> Json:
    if isinstance(model, type):
        content: Json = {"schema": _ref(model), "example": example_of(schemas[model.__name__], schemas)}
    else:
        content = {"schema": model, "example": example_of(model, schemas)}
    made = _response(status, dict.fromkeys(told.media_type.split(", "), content))
    if "Location" in told.headers:
        made["headers"] = {"Location": _header(f"/applications/{answers.ID}")}
    return made


def _response(status: int, content: Json) -> Json:
    made: Json = {"description": _DESCRIPTIONS[status], "content": content}
    if headers := _HEADERS.get(status):
        made["headers"] = {name: _header(value) for name, value in headers.items()}
    return made


def _header(value: str) -> Json:
    return {"schema": {"type": "string"}, "example": value}


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": _REF.format(model=model.__name__)}


def example_of(schema: Json, schemas: Json) -> Any:
    """An example of a schema: its own, or one made from those of its parts."""
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rpartition("/")[2]], schemas)
    given = (*schema.get("examples", ()), schema.get("const"), schema.get("default"), *schema.get("enum", ()))
    if own := [one for one in given if one is not None]:
        return own[0]
    if branches := [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]:
        return example_of(branches[0], schemas)
    if schema.get("type") == "array":
        return [example_of(schema["items"], schemas)]
    return {name: example_of(one, schemas) for name, one in schema["properties"].items()}
