"""One running sandbox for the tests that leave it as it was, and signed calls to its gateway."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from sandbox.gateway.auth import Caller, sign_call
from sandbox.launch import Running, start

SEED, SIZE = 7, 1_200


class Gateway:
    """A caller of the licence gateway that signs as a connector must."""

    def __init__(self, running: Running) -> None:
        secrets = running.secrets["business_licence"]
        self.caller = Caller(secrets["rid"], secrets["sid"], secrets["secret"])
        self.http = httpx.Client(base_url=running.urls["business_licence"], timeout=10)

    def get(self, path: str, **query: Any) -> httpx.Response:
        target = path + ("?" + urlencode(query) if query else "")
        return self.http.get(target, headers=sign_call(self.caller, "GET", target))

    def query(self, **body: Any) -> httpx.Response:
        content = json.dumps(body).encode()
        headers = sign_call(self.caller, "POST", "/licences/query", content)
        return self.http.post("/licences/query", content=content, headers=headers)

    def pages(self, limit: int = 500) -> Iterator[dict[str, Any]]:
        after, more = "", True
        while more:
            page = self.get("/licences/changes", after=after, limit=limit).raise_for_status().json()
            yield page
            after, more = page["next"], page["more"]


@pytest.fixture(scope="session")
def world_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sandbox")


@pytest.fixture(scope="session")
def running(world_home: Path) -> Iterator[Running]:
    with start(SEED, SIZE, world_home, defect_share=0.1, applications_count=60) as sandbox:
        yield sandbox


@pytest.fixture
def quiet(running: Running) -> Iterator[Running]:
    """The running sandbox, without faults before and after."""
    yield running
    for role in ("business_licence", "property_title", "utility_crm"):
        running.clear(role)


@pytest.fixture(scope="session")
def gateway(running: Running) -> Gateway:
    return Gateway(running)


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Callable[..., Running]]:
    """Starts sandboxes of one's own, and ends them."""
    started: list[Running] = []

    def begin(size: int = 100, **options: Any) -> Running:
        started.append(start(3, size, tmp_path / "own", **options))
        return started[-1]

    yield begin
    for sandbox in started:
        sandbox.stop()
