"""Messages for ``access.events``: who asked, what was refused, what was erased (P3, P4)."""

import secrets
from collections.abc import Mapping
from typing import Any

from hub.codec import wire
from hub.codec.catalogue import schema_id
from hub.ports import Clock
from hub.stores import outbox
from hub.topics import cloudevents
from hub.topics.declared import ACCESS_EVENTS


def message(
    clock: Clock, schema: str, source: str, said: Mapping[str, Any], key: bytes | None = None
) -> outbox.Message:
    """An event that happened now, for the outbox. ``schema``: its name in the catalogue; ``source``: its CloudEvents
    source; ``said``: its other fields, without id and times. ``key``: of its message, the id of the case that it is
    about; otherwise its own id."""
    now, now_ms = clock.now(), clock.now_ms()
    event_id = (clock.process_ms() // 1000).to_bytes(4, "big") + secrets.token_bytes(12)
    value = {"event_id": event_id, "occurred_at_ms": now_ms, "written_at_ms": now_ms, **said}
    named = cloudevents.headers(event_id.hex(), schema, source, now)
    headers = {name: text.decode() for name, text in named}
    return outbox.Message(ACCESS_EVENTS, key or event_id, wire.encode(schema_id(schema), value), headers, now_ms)
