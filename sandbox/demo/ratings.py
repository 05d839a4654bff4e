"""The customers of the demonstration rate the service when electricity is on, each with its application's token."""

import json
import urllib.request
from collections.abc import Sequence
from itertools import cycle
from typing import Any, Final

from sqlalchemy import func, select

from hub.bootstrap import Hub
from hub.cases.ratings.grades import RATING
from hub.cases.ratings.tables import rating
from hub.cases.tables import piece

GRADES: Final = (5, 4, 5, 3)
"""The grades that are given, then from the beginning again."""
_WAIT_S: Final = 30


def rate(hub: Hub, url: str, ids: Sequence[bytes]) -> None:
    """Rate the service for these applications. A rating that was given already stays as it is."""
    tokens = hub.customers().tokens
    for case_id, grade in zip(ids, cycle(GRADES), strict=False):
        _post(f"{url}/applications/{case_id.hex()}/rating", tokens.text(case_id), {"grade": grade})


def _post(url: str, token: str, body: dict[str, Any]) -> None:
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    request = urllib.request.Request(url, json.dumps(body).encode(), headers, method="POST")  # noqa: S310
    with urllib.request.urlopen(request, timeout=_WAIT_S) as answer:  # noqa: S310
        answer.read()


def count(hub: Hub) -> tuple[int, int]:
    """Ratings that were given, and those that the utility has."""
    with hub.store.read() as connection:
        given = connection.execute(select(func.count()).select_from(rating)).scalar_one()
        passed = select(func.count()).where(piece.c.kind == RATING, piece.c.state == "acknowledged")
        return int(given), int(connection.execute(passed).scalar_one())
