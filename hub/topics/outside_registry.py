"""The catalogue in another schema registry (`registry_url`): published under its own ids, and compared id by id."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

import httpx

from hub.codec.catalogue import Schema, catalogue, fingerprint
from hub.errors import Misconfigured, Unavailable
from hub.topics.subjects import subjects

TIMEOUT_S = 10.0
PAUSE_S: Final = 1.0
"""The pause after an answer 429. The catalogue is hundreds of calls: more than many a registry answers at once."""
PAUSES_MAX: Final = 30
"""Pauses before one call; then the registry is away."""
_HEADERS = {
    "Accept": "application/vnd.schemaregistry.v1+json, application/json",
    "Content-Type": "application/vnd.schemaregistry.v1+json",
}
_OURS = "let the hub serve the schemas (`registry_url` empty), or name a registry that takes ids: `hub schemas publish`"


class OutsideRegistry:
    """Another registry, with Confluent's API. Raises ``Unavailable`` when it does not answer or asks to try later."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def differences(self) -> list[str]:
        """The differences to the catalogue, one line for each id. Empty when clients can decode with it."""
        return [line for schema in catalogue() if (line := self._difference(schema))]

    def _difference(self, schema: Schema) -> str:
        found = self._schema(schema.id)
        if found is None:
            return f"id {schema.id}: not there, should be {schema.name}.v{schema.version}"
        if fingerprint(found) != schema.fingerprint:
            name = found.get("name", "?") if isinstance(found, dict) else "?"
            return f"id {schema.id}: another schema ({name}), should be {schema.name}.v{schema.version}"
        return ""

    def publish(self) -> list[str]:
        """Publish every schema under its own id, in all its subjects. Returns the new places, as SUBJECT/VERSION.

        Safe to run again. Raises ``Misconfigured``, before anything is published, when it does not accept ids.
        """
        taken = {schema.id for schema in catalogue() if (found := self._schema(schema.id)) is not None
                 and fingerprint(found) != schema.fingerprint}  # fmt: skip
        if taken:
            raise Misconfigured(
                f"ids {sorted(taken)} mean something else there", "an id cannot be changed: name an empty registry"
            )
        return [place for subject in subjects() for place in self._complete(subject)]

    def _complete(self, subject: str) -> list[str]:
        """Confluent's way: a subject accepts ids only in mode IMPORT; afterwards it is read-only."""
        there = self._get(f"/subjects/{subject}/versions") or ()
        missing = [schema for schema in subjects()[subject] if schema.version not in there]
        if missing:
            self._mode(subject, "IMPORT")
            for schema in missing:
                self._put(subject, schema)
            self._mode(subject, "READONLY")
        return [f"{subject}/{schema.version}" for schema in missing]

    def _put(self, subject: str, schema: Schema) -> None:
        body = {"schema": schema.text, "id": schema.id, "version": schema.version}
        given = self._ask("POST", f"/subjects/{subject}/versions", body)
        if given.status_code != httpx.codes.OK or given.json().get("id") != schema.id:
            raise Misconfigured(f"{subject}: id {schema.id} was not taken ({given.status_code})", _OURS)

    def _mode(self, subject: str, mode: str) -> None:
        if self._ask("PUT", f"/mode/{subject}?force=true", {"mode": mode}).status_code != httpx.codes.OK:
            raise Misconfigured(f"this registry has no mode {mode}: it gives ids of its own", _OURS)

    def _schema(self, schema_id: int) -> Any:
        found = self._get(f"/schemas/ids/{schema_id}")
        return None if found is None else json.loads(found["schema"])

    def _get(self, path: str) -> Any:
        """The answer as JSON; ``None`` for 404."""
        answer = self._ask("GET", path)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return None
        if answer.status_code != httpx.codes.OK:
            raise Misconfigured(f"{path} is answered with {answer.status_code}", "correct `registry_url`")
        return answer.json()

    def _ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        for _ in range(PAUSES_MAX):
            answer = self._once(method, path, body)
            if answer.status_code != httpx.codes.TOO_MANY_REQUESTS:
                return answer
            time.sleep(PAUSE_S)
        raise Unavailable(f"the schema registry answers with {httpx.codes.TOO_MANY_REQUESTS.value}")

    def _once(self, method: str, path: str, body: Any) -> httpx.Response:
        try:
            answer = self._client.request(method, path, json=body)
        except httpx.TransportError as error:
            raise Unavailable(f"the schema registry is away: {type(error).__name__}") from None
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise Unavailable(f"the schema registry answers with {answer.status_code}")
        return answer


@contextmanager
def opened(url: str) -> Iterator[OutsideRegistry]:
    """The registry at ``url``. A user and password in the URL are sent as HTTP Basic."""
    with httpx.Client(base_url=url, headers=_HEADERS, timeout=TIMEOUT_S) as client:
        yield OutsideRegistry(client)
