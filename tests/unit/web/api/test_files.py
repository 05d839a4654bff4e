"""The file of a licence over HTTP: the token of the system that has its evidence gets it, and no other one (P3)."""

import base64
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from hub.cases.procedure import SinkInfo
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from hub.web.api.app import create
from hub.web.api.files import router
from hub.web.auth.access import Access
from hub.web.auth.tokens import Tokens
from tests import filing, samples
from tests.callers import token
from tests.casework import ConnectionSystem, House, body
from tests.filing import FILE, Giving

SINKS = (SinkInfo("utility_crm", ("connection:*",)), SinkInfo("utility_pull", ("connection:*",)))


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, sinks=SINKS, filing=frozenset({filing.SOURCE}))
    house.verified(samples.title(), samples.business())
    house.project()
    house.submit(body())
    house.due()
    house.deliver(ConnectionSystem())
    yield house
    house.close()


def caller(house: House, *scopes: str) -> TestClient:
    access = Access(Tokens(house.store, house.clock), house.clock)
    app = create(house.clock, router(filing.files(house), frozenset(one.name for one in SINKS), access))
    headers = {"Authorization": f"Bearer {token(house.store, house.clock, scopes=scopes)}"}
    return TestClient(app, headers=headers, raise_server_exceptions=False)


def path(house: House, sink: str = "utility_crm") -> str:
    from hub.cases.tables import piece

    (one,) = [one for one in house.rows(piece) if (one.sink, one.kind) == (sink, "licence.business")]
    return f"/deliveries/{References(MasterKey(bytes(32)), sink).delivery_id(bytes(one.case_id), one.piece)}/file"


def code(answer: object) -> tuple[int, str]:
    return answer.status_code, answer.json()["error_code"]  # type: ignore[attr-defined]


@pytest.mark.parametrize("sink", ["utility_crm", "utility_pull"])
def test_the_system_that_has_the_evidence_gets_the_file_with_its_digest(house: House, sink: str) -> None:
    filing.fetch(house, Giving())
    answer = caller(house, f"deliveries:{sink}").get(path(house, sink))
    assert (answer.status_code, answer.content) == (200, FILE)
    assert answer.headers["content-type"] == "application/ofd"
    assert answer.headers["content-length"] == str(len(FILE))
    digest = base64.b64encode(sha256(FILE).digest()).decode()
    assert answer.headers["repr-digest"] == f"sha-256=:{digest}:"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_p3_no_other_caller_gets_it(house: House) -> None:
    filing.fetch(house, Giving())
    assert code(caller(house, "deliveries:utility_pull").get(path(house))) == (404, "NO_SUCH_DELIVERY")
    assert code(caller(house, "deliveries:else").get(path(house))) == (403, "FORBIDDEN")
    assert code(caller(house, "applications:read").get(path(house))) == (403, "FORBIDDEN")
    assert code(caller(house, "deliveries:utility_crm").get("/deliveries/x/file")) == (404, "NO_SUCH_DELIVERY")


def test_what_is_not_there_has_a_status_and_a_reason(house: House) -> None:
    utility = caller(house, "deliveries:utility_crm")
    assert code(utility.get(path(house))) == (404, "FILE_NOT_YET")
    assert code(utility.get(path(house) + "?page=2")) == (422, "QUERY_UNKNOWN")
    filing.fetch(house, Giving(lambda: None))
    assert code(utility.get(path(house))) == (404, "FILE_NONE")
    house.verified(samples.business(version=2))
    house.project()
    assert code(utility.get(path(house))) == (410, "FILE_RECALLED")
