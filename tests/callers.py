"""Clients of the API for tests, with their tokens."""

from collections.abc import Collection

from hub.ports import Clock, Store
from hub.privacy.purposes import shipped
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import SCOPES, Tokens

CHANNELS = ("counter", "gov-platform")


def token(
    store: Store,
    clock: Clock,
    name: str = "tests",
    channels: Collection[str] = ("gov-platform",),
    scopes: Collection[str] = SCOPES,
    purposes: Collection[str] = ("connection-application",),
    divisions: Collection[str] = (),
) -> str:
    """A token of a client, which is made where there is none of that name."""
    clients = Clients(store, clock, CHANNELS, shipped().names())
    if name not in (one.name for one in clients.all()):
        clients.create(name, channels, purposes, divisions)
    return Tokens(store, clock).create(name, frozenset(scopes)).text
