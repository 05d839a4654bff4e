"""Tokens: of a client, hashed at rest, shown once (P5), named in what is asked for (P4); they expire and rotate."""

import hashlib
from typing import Any

import pytest

from hub.errors import Misconfigured
from hub.stores.database import Database
from hub.web.auth.clients import Clients
from hub.web.auth.tables import client, token
from hub.web.auth.tokens import DAY_MS, LIFETIME_DAYS, Tokens, ending
from tests.callers import CHANNELS
from tests.casework import rows
from tests.clocks import HandClock

PURPOSES = ("connection-application",)
OPERATE = frozenset({"operate"})


@pytest.fixture
def clients(store: Database, clock: HandClock) -> Clients:
    clients = Clients(store, clock, CHANNELS, ("capacity-increase", *PURPOSES))
    clients.create("x", ["gov-platform"], PURPOSES)
    clients.create("none")
    return clients


@pytest.fixture
def tokens(store: Database, clock: HandClock, clients: Clients) -> Tokens:
    return Tokens(store, clock)


@pytest.mark.parametrize(
    "wrong", [("y", OPERATE, 1), ("none", OPERATE, 1), ("x", frozenset(), 1), ("x", {"all"}, 1), ("x", OPERATE, 9_999)]
)
def test_a_token_without_a_client_a_channel_a_scope_or_an_end_is_not_made(tokens: Tokens, wrong: Any) -> None:
    client, scopes, days = wrong
    with pytest.raises(Misconfigured):
        tokens.create(client, frozenset(scopes), days)


def test_p4_a_token_says_who_asks(tokens: Tokens) -> None:
    made = tokens.create("x", OPERATE)
    found = tokens.check(made.text)
    assert found and found.by("gov-platform") == (f"token:{made.token_id}", "x", "gov-platform")


def test_tokens_are_hashed_at_rest(store: Database, tokens: Tokens) -> None:
    secret = tokens.create("x", OPERATE).text.split("_", 2)[2]
    with store.read() as connection:
        found = rows(connection, token)
    assert secret not in repr(found)
    assert hashlib.sha256(secret.encode()).digest() in [row.hash for row in found]


@pytest.mark.parametrize("text", ["", "oct", "oct__", "oct_\x00_x", "oct_\ud800_x", "x_y_z", "oct_" + "9" * 100_000])
def test_a_text_that_is_no_token_is_nobodys(tokens: Tokens, text: str) -> None:
    assert tokens.check(text) is None


def test_a_revoked_token_is_nobodys(tokens: Tokens) -> None:
    made = tokens.create("x", OPERATE)
    assert tokens.check(made.text)
    assert tokens.revoke(made.token_id) and not tokens.revoke(made.token_id)
    assert tokens.check(made.text) is None


def test_a_token_expires(tokens: Tokens, clock: HandClock) -> None:
    short, usual = tokens.create("x", OPERATE, 1), tokens.create("x", OPERATE)
    clock.pass_s(86_400)
    assert tokens.check(short.text) is None and tokens.check(usual.text)
    clock.pass_s(86_400 * LIFETIME_DAYS)
    assert tokens.check(usual.text) is None


def test_a_token_from_before_expires_too(store: Database, tokens: Tokens, clock: HandClock) -> None:
    made = tokens.create("x", OPERATE)
    with store.write() as connection:
        connection.execute(token.update().values(expires_ms=None))
    assert tokens.check(made.text)
    clock.pass_s(86_400 * LIFETIME_DAYS)
    assert tokens.check(made.text) is None


def test_a_rotated_token_is_valid_beside_the_next_one_for_a_while(tokens: Tokens, clock: HandClock) -> None:
    old = tokens.create("x", OPERATE)
    new = tokens.rotate(old.token_id, DAY_MS)
    first, second = tokens.check(old.text), tokens.check(new.text)
    assert first and second and (first.client, first.scopes) == (second.client, second.scopes)
    clock.pass_s(86_400)
    assert tokens.check(old.text) is None and tokens.check(new.text)
    with pytest.raises(Misconfigured):
        tokens.rotate(old.token_id, DAY_MS)


def test_an_overlap_never_makes_a_token_valid_for_longer(tokens: Tokens, clock: HandClock) -> None:
    old = tokens.create("x", OPERATE, 1)
    tokens.rotate(old.token_id, 9 * DAY_MS)
    clock.pass_s(86_400)
    assert tokens.check(old.text) is None


def test_a_channel_belongs_to_one_client(clients: Clients) -> None:
    with pytest.raises(Misconfigured, match="belongs to x"):
        clients.create("y", ["gov-platform"], PURPOSES)
    with pytest.raises(Misconfigured, match="belongs to x"):
        clients.change("none", channels=["gov-platform"], purposes=PURPOSES)
    assert clients.end("x") and not clients.end("x")
    clients.create("y", ["gov-platform"], PURPOSES)


@pytest.mark.parametrize(
    "wrong",
    [
        ("a b", [], [], []), ("x", [], [], []), ("y", ["elsewhere"], PURPOSES, []), ("y", ["counter"], [], []),
        ("y", ["counter"], ["everything"], []), ("y", ["counter"], PURPOSES, ["99"]),
        ("y", ["counter"], PURPOSES, ["999999"]), ("y", ["counter"], PURPOSES, ["天津"]),
    ],
)  # fmt: skip
def test_a_client_that_cannot_be_is_not_registered(clients: Clients, wrong: Any) -> None:
    with pytest.raises(Misconfigured):
        clients.create(*wrong)


def test_the_tokens_of_a_client_have_what_it_has_now_and_end_with_it(clients: Clients, tokens: Tokens) -> None:
    made = tokens.create("x", OPERATE)
    clients.change("x", channels=["counter", "gov-platform"], divisions=["120104"])
    found = tokens.check(made.text)
    assert found and found.channels == {"counter", "gov-platform"} and found.client.divisions == {"120104"}
    clients.end("x")
    assert tokens.check(made.text) is None
    with pytest.raises(Misconfigured):
        tokens.create("x", OPERATE)


def test_a_token_that_ends_soon_without_a_successor_is_told(tokens: Tokens, clock: HandClock) -> None:
    short, other = tokens.create("x", OPERATE, 20), tokens.create("x", frozenset({"cases"}), 400)
    soon = ending(tokens.all(), clock.process_ms(), 30 * DAY_MS)
    assert [row.token_id for row in soon] == [short.token_id]
    tokens.rotate(short.token_id, DAY_MS)
    assert ending(tokens.all(), clock.process_ms(), 30 * DAY_MS) == []
    tokens.revoke(other.token_id)
    assert ending(tokens.all(), clock.process_ms(), 30 * DAY_MS) == []


def test_a_channel_that_two_clients_have_from_before_is_told(store: Database, clients: Clients) -> None:
    assert clients.shared() == {}
    with store.write() as connection:
        connection.execute(client.update().where(client.c.client == "none").values(channels="gov-platform"))
    assert clients.shared() == {"gov-platform": ["none", "x"]}
