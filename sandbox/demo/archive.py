"""The utility's archive in the demonstration: it fetches the file of each licence whose evidence says where it is."""

import urllib.request
from collections import Counter
from hashlib import sha256
from typing import Final, NamedTuple

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.case import PieceState
from hub.cases.tables import piece
from hub.delivery.filed import FileState, told_digest
from hub.delivery.tables import licence_file
from hub.web.auth.clients import Clients
from hub.web.auth.tokens import DELIVERIES, Tokens

SINK: Final = "utility_crm"
_CLIENT: Final = "utility-archive"
_WAIT_S: Final = 30


class Archived(NamedTuple):
    """Files that the hub has beside evidence that the utility has, and those that the archive was given whole."""

    fetched: int
    given: int


def settled(hub: Hub) -> bool:
    """Whether no file is waited for."""
    query = select(func.count()).where(licence_file.c.state == FileState.WANTED.value)
    with hub.store.read() as connection:
        return connection.execute(query).scalar_one() == 0


def fetch(hub: Hub, url: str) -> Archived:
    """Fetch the files of all evidence that the utility has."""
    same = (piece.c.case_id == licence_file.c.case_id) & (piece.c.record_id == licence_file.c.record_id)
    has_it = piece.c.sink == SINK, piece.c.state == PieceState.ACKNOWLEDGED.value
    stored = licence_file.c.state == FileState.STORED.value
    query = select(piece.c.case_id, piece.c.piece).join(licence_file, same).where(*has_it, stored)
    with hub.store.read() as connection:
        evidence = connection.execute(query).all()
    references, token = hub.parts.references(SINK), _token(hub)
    answers = Counter(_get(url, token, references.delivery_id(bytes(row.case_id), row.piece)) for row in evidence)
    return Archived(len(evidence), answers[True])


def _token(hub: Hub) -> str:
    clients = Clients(hub.store, hub.clock, (), ())
    if _CLIENT not in (one.name for one in clients.all()):
        clients.create(_CLIENT)
    return Tokens(hub.store, hub.clock).create(_CLIENT, frozenset({f"{DELIVERIES}{SINK}"})).text


def _get(url: str, token: str, delivery_id: str) -> bool:
    request = urllib.request.Request(  # noqa: S310
        f"{url}/deliveries/{delivery_id}/file", headers={"Authorization": f"Bearer {token}"}
    )
    with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310
        content: bytes = answer.read()
        return bool(answer.headers["Repr-Digest"] == told_digest(sha256(content).digest()))
