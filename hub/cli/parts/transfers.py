"""What ``hub transfer`` works on: the store of the settings, or the HTTP API of a hub. A transfer is JSON values."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Protocol

import click
import httpx

from hub.bootstrap import Hub
from hub.cases.transfer import views
from hub.cli.parts.applications import by_user, called, either
from hub.errors import RecordRejected

Json = dict[str, Any]
Items = Sequence[Json]


class Desk(Protocol):
    """What the command does. All methods raise ``RecordRejected`` or ``Answered`` when the hub refuses, ``Unavailable``
    when store or hub do not answer."""

    def submit(self, document: Mapping[str, Any]) -> Items:
        """Submit all matters, or none. Returns the summaries of the transfers."""

    def show(self, transfer_id: str) -> Json:
        """One transfer; the id is 32 hexadecimal digits."""

    def find(self, channel: str, external_no: str) -> Items:
        """The summaries of all transfers that a channel submitted under a number."""

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> Items:
        """At most ``limit`` summaries, newest first, after the id ``after`` ("": from the newest)."""

    def story(self, transfer_id: str) -> Items:
        """What happened to one transfer."""

    def cancel(self, transfer_id: str) -> Json:
        """Take the electricity side back. Returns the transfer, or its id and state."""


def desk(config: Path | None, url: str | None, token: str | None, writes: bool = False) -> AbstractContextManager[Desk]:
    """Transfers: see ``either``."""
    return either(Remote, Direct, config, url, token, writes)


class Direct:
    """``Desk`` on the store, for any of the installation's channels."""

    def __init__(self, hub: Hub) -> None:
        self._service = hub.transfers()

    def submit(self, document: Mapping[str, Any]) -> Items:
        return self._service.submitted(self._service.submit(document, by_user()).case_ids[0])

    def show(self, transfer_id: str) -> Json:
        return self._service.show(id_of(transfer_id))

    def find(self, channel: str, external_no: str) -> Items:
        found = self._service.find(channel, external_no)
        return self._service.submitted(found[0]) if found else []

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> Items:
        return self._service.list(id_of(after) if after else b"", limit, **wanted)

    def story(self, transfer_id: str) -> Items:
        return views.story(self.show(transfer_id))

    def cancel(self, transfer_id: str) -> Json:
        self._service.cancel(id_of(transfer_id), by_user())
        return self.show(transfer_id)


class Remote:
    """``Desk`` on a hub's HTTP API."""

    def __init__(self, client: httpx.Client) -> None:
        self._client = client

    def submit(self, document: Mapping[str, Any]) -> Items:
        return self._items("POST", "", json=dict(document))

    def show(self, transfer_id: str) -> Json:
        return self._json("GET", f"/{id_of(transfer_id).hex()}")

    def find(self, channel: str, external_no: str) -> Items:
        return self._items("GET", "", params={"channel": channel, "external_no": external_no})

    def list(self, limit: int, after: str, wanted: Mapping[str, str]) -> Items:
        return self._items("GET", "", params={"limit": limit, **wanted} | ({"after": after} if after else {}))

    def story(self, transfer_id: str) -> Items:
        return self._items("GET", f"/{id_of(transfer_id).hex()}/story")

    def cancel(self, transfer_id: str) -> Json:
        return self._json("POST", f"/{id_of(transfer_id).hex()}/cancel")

    def _items(self, method: str, path: str, **rest: Any) -> Items:
        found: Items = self._json(method, path, **rest)["items"]
        return found

    def _json(self, method: str, path: str, **rest: Any) -> Json:
        found: Json = called(self._client, method, f"/transfers{path}", **rest).json()
        return found


def by_number(to: Desk, channel: str, external_no: str | None) -> list[Json]:
    """Every transfer under one number, whole. Raises ``RecordRejected`` (NO_SUCH_TRANSFER)."""
    if not external_no:
        raise click.UsageError("give a transfer id, or --external-no")
    if not (found := to.find(channel, external_no)):
        raise RecordRejected("NO_SUCH_TRANSFER")
    return [to.show(one["transfer_id"]) for one in found]


def id_of(text: str) -> bytes:
    """The id in a command's argument."""
    try:
        found = bytes.fromhex(text)
    except ValueError:
        found = b""
    if len(found) == 16:
        return found
    raise click.UsageError(f"{text!r} is no transfer id: 32 hex digits, as `hub transfer list` shows")
