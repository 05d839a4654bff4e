"""The read API of a schema registry, as Confluent's clients and Apicurio's ccompat use it: the catalogue by id and by
subject. It holds no personal value and needs no token.

Requests that would write are refused: ids are assigned in ``schemas/catalogue.toml`` only. To register a schema that
exists returns its id, as in every registry.
"""

import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse

from hub.codec.catalogue import Schema, catalogue, fingerprint
from hub.codec.compatibility import DEFAULT_MODE, Break, breaks, parse
from hub.codec.json_object import read_json
from hub.errors import RecordRejected
from hub.topics import asyncapi
from hub.topics.subjects import places, subjects
from hub.web.bodies import body_of

MEDIA_TYPE = "application/vnd.schemaregistry.v1+json"

SUBJECT_NOT_FOUND = 40401
VERSION_NOT_FOUND = 40402
SCHEMA_NOT_FOUND = 40403
INCOMPATIBLE = 409
INVALID_SCHEMA = 42201
INVALID_VERSION = 42202
READ_ONLY = 42205

Handler = Callable[[Request], Coroutine[Any, Any, Response]]

_LATEST = ("latest", "-1")
_VERSION_DIGITS_MAX = 9


class RegistryError(Exception):
    """A refusal with a registry's ``error_code``. Its message never repeats what was sent."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code

    @property
    def status(self) -> int:
        """The HTTP status: the first three digits of the code."""
        return int(str(self.code)[:3])


class _Route(APIRoute):
    """A route that answers a ``RegistryError`` in a registry's format."""

    def get_route_handler(self) -> Handler:
        answer = super().get_route_handler()

        async def guarded(request: Request) -> Response:
            try:
                return await answer(request)
            except RegistryError as error:
                return _json({"error_code": error.code, "message": str(error)}, error.status)

        return guarded


def router(outside_url: str) -> APIRouter:
    """The routes of the registry and of the AsyncAPI document. ``outside_url`` is the URL of another registry, or "":
    with a URL, the registry's routes answer 307 to it."""
    router = _redirects(outside_url) if outside_url else _ours()
    router.add_api_route("/asyncapi.yaml", _asyncapi, methods=["GET"])
    return router


def _ours() -> APIRouter:
    router = APIRouter(tags=["schema registry"], route_class=_Route)
    one, versions = "/subjects/{subject}", "/subjects/{subject}/versions"
    for path, answer in (
        ("/subjects", _subjects),
        (versions, _versions),
        (f"{versions}/{{version}}", _version),
        (f"{versions}/{{version}}/schema", _version_schema),
        ("/schemas/types", _types),
        ("/schemas/ids/{schema_id}", _by_id),
        ("/schemas/ids/{schema_id}/schema", _schema_by_id),
        ("/schemas/ids/{schema_id}/versions", _places_of),
        ("/schemas/ids/{schema_id}/subjects", _subjects_of),
        ("/config", _config),
        ("/config/{subject}", _config),
        ("/mode", _mode),
        ("/mode/{subject}", _mode),
    ):
        router.add_api_route(path, answer, methods=["GET"])
    router.add_api_route(one, _look_up, methods=["POST"])
    router.add_api_route(versions, _register, methods=["POST"])
    router.add_api_route(f"/compatibility{versions}", _compatible_with_all, methods=["POST"])
    router.add_api_route(f"/compatibility{versions}/{{version}}", _compatible_with_one, methods=["POST"])
    for path in ("/config", "/config/{subject}", "/mode", "/mode/{subject}", one, f"{versions}/{{version}}"):
        router.add_api_route(path, _read_only, methods=["PUT", "DELETE"], include_in_schema=False)
    return router


# ---- reading -------------------------------------------------------------------------------------------------------


async def _subjects(request: Request) -> Response:
    """Every subject, or those that begin with ``subjectPrefix``."""
    prefix = request.query_params.get("subjectPrefix", "")
    return _json([name for name in subjects() if name.startswith(prefix)])


async def _versions(request: Request) -> Response:
    """The versions of a subject."""
    return _json([schema.version for schema in _of(request)])


async def _version(request: Request) -> Response:
    """One version of a subject; ``latest`` is the newest."""
    return _json(_shown(request.path_params["subject"], _chosen(request)))


async def _version_schema(request: Request) -> Response:
    """Only the schema of one version of a subject."""
    return _json(_chosen(request).json)


async def _by_id(request: Request) -> Response:
    """The schema of an id, for a client that decodes a message. A ``subject`` in the query is ignored."""
    return _json({"schema": _known(request).text})


async def _schema_by_id(request: Request) -> Response:
    """Only the schema of an id."""
    return _json(_known(request).json)


async def _places_of(request: Request) -> Response:
    """Every subject and version that an id's schema has."""
    return _json([{"subject": subject, "version": version} for subject, version in places(_known(request).id)])


async def _subjects_of(request: Request) -> Response:
    """Every subject that an id's schema has."""
    return _json([subject for subject, _ in places(_known(request).id)])


async def _types() -> Response:
    """The types of schema in this registry."""
    return _json(["AVRO"])


async def _config(request: Request) -> Response:
    """The compatibility level, which is the same for all subjects."""
    if "subject" in request.path_params:
        _of(request)
    return _json({"compatibilityLevel": DEFAULT_MODE})


async def _mode() -> Response:
    """The mode, which is always READONLY."""
    return _json({"mode": "READONLY"})


async def _asyncapi() -> Response:
    """The topics, their messages, keys, headers and schemas, as an AsyncAPI document."""
    return Response(await run_in_threadpool(asyncapi.text), media_type="application/yaml")


# ---- asking with a schema ------------------------------------------------------------------------------------------


async def _look_up(request: Request) -> Response:
    """Whether a schema is in a subject, and under which id and version."""
    versions = _of(request)
    found = await _same(await _sent(request), versions)
    if found is None:
        raise RegistryError(SCHEMA_NOT_FOUND, "Schema not found")
    return _json(_shown(request.path_params["subject"], found))


async def _register(request: Request) -> Response:
    """The id of a schema that is already in the subject. A new one is refused: with 409 if it is not compatible."""
    text = await _sent(request)
    versions = subjects().get(request.path_params["subject"], [])
    if (found := await _same(text, versions)) is not None:
        return _json({"id": found.id})
    if await _breaks(text, versions):
        raise RegistryError(INCOMPATIBLE, f"Schema is not {DEFAULT_MODE} compatible with the earlier versions")
    return await _read_only()


async def _compatible_with_all(request: Request) -> Response:
    """Whether a schema is compatible with all versions of a subject."""
    text = await _sent(request)
    return _compatibility(request, await _breaks(text, _of(request)))


async def _compatible_with_one(request: Request) -> Response:
    """Whether a schema is compatible with one version of a subject. True for ``latest`` of an unknown subject."""
    text = await _sent(request)
    known = request.path_params["subject"] in subjects()
    if not known and request.path_params["version"] in _LATEST:
        return _compatibility(request, await _breaks(text, []))
    if not known:
        raise RegistryError(VERSION_NOT_FOUND, "Version not found")
    return _compatibility(request, await _breaks(text, [_chosen(request)]))


async def _read_only() -> Response:
    """Refused: schemas are added to the repository's catalogue."""
    raise RegistryError(READ_ONLY, "This registry is read-only: schemas and ids are assigned in schemas/catalogue.toml")


def _compatibility(request: Request, found: Sequence[Break]) -> Response:
    body: dict[str, Any] = {"is_compatible": not found}
    if request.query_params.get("verbose") == "true":
        body["messages"] = [f"{one.direction}: {one.what} at {one.path or '/'}: {one.message}" for one in found]
    return _json(body)


async def _sent(request: Request) -> str:
    """The schema in the body. Unknown fields are ignored, as every registry does."""
    try:
        document = read_json(await body_of(request))
    except RecordRejected:
        raise RegistryError(400, "The body is not a JSON object of at most 64 KiB") from None
    text = document.get("schema")
    if not isinstance(text, str) or document.get("schemaType", "AVRO") not in ("AVRO", None):
        raise RegistryError(INVALID_SCHEMA, "Only Avro schemas are accepted, as a string under `schema`")
    return text


async def _same(text: str, versions: Sequence[Schema]) -> Schema | None:
    """The version with the same meaning: documentation and the order of attributes are not compared."""
    sent = await run_in_threadpool(_fingerprint, text)
    return next((schema for schema in versions if schema.fingerprint == sent), None)


def _fingerprint(text: str) -> str:
    _checked(text)
    return fingerprint(json.loads(text))


async def _breaks(text: str, versions: Sequence[Schema]) -> list[Break]:
    _checked(text)
    return await run_in_threadpool(breaks, text, [schema.text for schema in versions])


def _checked(text: str) -> None:
    try:
        parse(text)
    except RecordRejected:
        raise RegistryError(INVALID_SCHEMA, "Invalid Avro schema") from None


# ---- parameters ----------------------------------------------------------------------------------------------------


def _of(request: Request) -> list[Schema]:
    found = subjects().get(request.path_params["subject"])
    if found is None:
        raise RegistryError(SUBJECT_NOT_FOUND, "Subject not found")
    return found


def _chosen(request: Request) -> Schema:
    versions, text = _of(request), request.path_params["version"]
    if text in _LATEST:
        return versions[-1]
    number = _number(text)
    if not number:
        raise RegistryError(INVALID_VERSION, "A version is a number from 1, or `latest`")
    found = next((schema for schema in versions if schema.version == number), None)
    if found is None:
        raise RegistryError(VERSION_NOT_FOUND, "Version not found")
    return found


def _known(request: Request) -> Schema:
    try:
        return catalogue().by_id(_number(request.path_params["schema_id"]))
    except RecordRejected:
        raise RegistryError(SCHEMA_NOT_FOUND, "Schema not found") from None


def _number(text: str) -> int:
    """A positive number of at most nine digits, or 0."""
    return int(text) if text.isdecimal() and len(text) <= _VERSION_DIGITS_MAX else 0


def _shown(subject: str, schema: Schema) -> dict[str, Any]:
    return {"subject": subject, "version": schema.version, "id": schema.id, "schema": schema.text}


def _json(body: Any, status: int = 200) -> Response:
    return JSONResponse(body, status, media_type=MEDIA_TYPE)


# ---- another registry instead --------------------------------------------------------------------------------------


def _redirects(url: str) -> APIRouter:
    """Each path of a registry answers 307 to ``url``. The body has the address for clients that do not follow it."""

    async def lead(request: Request) -> Response:
        """The schemas are in another registry."""
        # As it was sent: a decoded path may have characters that no header may have.
        path, query = request.scope["raw_path"].decode("latin-1"), request.scope["query_string"].decode("latin-1")
        body = {"error_code": 307, "message": f"The schemas are in another registry: {url}"}
        return JSONResponse(
            body, 307, {"Location": f"{url}{path}{'?' + query if query else ''}"}, media_type=MEDIA_TYPE
        )

    router = APIRouter(tags=["schema registry"])
    for top in ("subjects", "schemas", "config", "mode", "compatibility"):
        for path in (f"/{top}", f"/{top}/{{rest:path}}"):
            router.add_api_route(path, lead, methods=["GET", "POST", "PUT", "DELETE"], include_in_schema=False)
    return router
