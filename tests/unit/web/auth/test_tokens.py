"""Tokens: of a client and its channels, hashed at rest, shown once (P5), and named in what is asked for (P4)."""

import hashlib
from typing import Any

import pytest

from hub.errors import Misconfigured
from hub.stores.database import Database
from hub.web.auth.tables import token
from hub.web.auth.tokens import SCOPES, Tokens
from tests.casework import rows
from tests.clocks import HandClock

CHANNELS = frozenset({"gov-platform"})


@pytest.fixture
def tokens(store: Database, clock: HandClock) -> Tokens:
    return Tokens(store, clock)


@pytest.mark.parametrize("wrong", [("", SCOPES, CHANNELS), ("a b", SCOPES, CHANNELS), ("x", ["operate"], ())])
def test_a_token_without_a_client_or_channel_is_not_made(tokens: Tokens, wrong: Any) -> None:
    client, scopes, channels = wrong
    with pytest.raises(Misconfigured):
        tokens.create(client, frozenset(scopes), frozenset(channels))


def test_p4_a_token_says_who_asks(tokens: Tokens) -> None:
    token_id, text = tokens.create("x", frozenset({"operate"}), CHANNELS)
    found = tokens.check(text)
    assert found and found.by("gov-platform") == (f"token:{token_id}", "x", "gov-platform")


def test_tokens_are_hashed_at_rest(store: Database, tokens: Tokens) -> None:
    _, text = tokens.create("x", frozenset({"operate"}), CHANNELS)
    secret = text.split("_", 2)[2]
    with store.read() as connection:
        found = rows(connection, token)
    assert secret not in repr(found)
    assert hashlib.sha256(secret.encode()).digest() in [row.hash for row in found]


def test_a_revoked_token_is_nobodys(tokens: Tokens) -> None:
    token_id, text = tokens.create("x", frozenset({"operate"}), CHANNELS)
    assert tokens.check(text)
    assert tokens.revoke(token_id) and not tokens.revoke(token_id)
    assert tokens.check(text) is None
    with pytest.raises(Misconfigured):
        tokens.create("y", frozenset({"everything"}))
