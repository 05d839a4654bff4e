"""Clients that a generator of others makes of our OpenAPI files work: one of the hub's own API against a hub that
serves as ``hub run`` does, one of the connection system's side against a system that keeps the contract."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from hub.bootstrap import open_hub
from hub.cli.crm import samples
from hub.web.server import serve
from tests import transfers
from tests.callers import token
from tests.casework import body
from tests.crm import serving
from tests.feeding import settings
from tests.unit.crm.systems import TOKEN, Good

DOCS = Path(__file__).parents[2] / "docs"
Generate = Callable[[str, str], ModuleType]


@pytest.fixture
def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generate]:
    """``generate(file, name)``: the package that the generator makes of a file in docs/."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(file: str, name: str) -> ModuleType:
        said = ["--path", str(DOCS / file), "--meta", "none", "--output-path", str(tmp_path / name)]
        script = Path(sys.executable).with_name("openapi-python-client")
        subprocess.run([script, "generate", *said], check=True, capture_output=True, timeout=120)
        return importlib.import_module(name)

    yield make
    for module in set(sys.modules) - before:
        if module.partition(".")[0] in ("hub_client", "crm_client"):
            del sys.modules[module]


def of(package: ModuleType, path: str) -> Any:
    return importlib.import_module(f"{package.__name__}.{path}")


def test_a_generated_client_submits_shows_lists_and_holds_an_application(tmp_path: Path, generate: Generate) -> None:
    package = generate("openapi.json", "hub_client")
    calls = {name: of(package, f"api.applications.{name}") for name in ("submit", "show", "list_", "hold", "release")}
    models = of(package, "models")
    hub = open_hub(settings(tmp_path, {}, web={"port": 0}))
    try:
        with serve(hub) as url:
            client = package.AuthenticatedClient(base_url=url, token=token(hub.store, hub.clock))
            sent = models.Application.from_dict(body())
            first = calls["submit"].sync_detailed(client=client, body=sent)
            again = calls["submit"].sync_detailed(client=client, body=sent)
            assert (first.status_code, again.status_code) == (201, 200)
            shown = calls["show"].sync(first.parsed.application_id, client=client)
            assert isinstance(shown, models.ApplicationShown)
            assert (shown.external_no, shown.voltage) == ("A-1", "LOW")
            assert [one.application_id for one in calls["list_"].sync(client=client).items] == [
                first.parsed.application_id
            ]
            assert calls["hold"].sync(first.parsed.application_id, client=client).state == "held"
            assert calls["release"].sync(first.parsed.application_id, client=client).state == "open"
            missing = calls["show"].sync(uuid4().hex, client=client)
            assert isinstance(missing, models.Problem) and missing.status == 404
            stranger = package.AuthenticatedClient(base_url=url, token="no-token")
            assert calls["show"].sync_detailed(first.parsed.application_id, client=stranger).status_code == 401
    finally:
        hub.close()


def test_a_generated_client_submits_shows_and_cancels_a_joint_transfer(tmp_path: Path, generate: Generate) -> None:
    package = generate("openapi.json", "hub_client")
    names = ("submit_transfers", "list_transfers", "show_transfer", "transfer_story", "cancel_transfer")
    submit, listed, show, story, cancel = (of(package, f"api.transfers.{name}") for name in names)
    models = of(package, "models")
    hub = open_hub(settings(tmp_path, {}, web={"port": 0}))
    try:
        with serve(hub) as url:
            text = token(hub.store, hub.clock, purposes=["joint-transfer"])
            client = package.AuthenticatedClient(base_url=url, token=text)
            (made,) = submit.sync(client=client, body=models.Submission.from_dict(transfers.body())).items
            assert [one.transfer_id for one in listed.sync(client=client).items] == [made.transfer_id]
            shown = show.sync(made.transfer_id, client=client)
            assert isinstance(shown, models.TransferShown) and shown.state == "checking"
            assert [one.what for one in story.sync(made.transfer_id, client=client).items] == ["submitted"]
            assert cancel.sync(made.transfer_id, client=client).state == "cancelled"
    finally:
        hub.close()


def test_a_client_of_the_connection_systems_side_registers_and_finds(generate: Generate) -> None:
    package = generate("crm-openapi.json", "crm_client")
    register, find = (of(package, f"api.default.{name}") for name in ("register", "find_application"))
    models, given, key = of(package, "models"), samples()["registration"], uuid4().hex
    with serving(Good()) as system:
        client = package.AuthenticatedClient(base_url=system.url, token=TOKEN)
        sent = models.Registration.from_dict(given)
        made = register.sync(client=client, body=sent, idempotency_key=key)
        found = find.sync(client=client, external_app_no=given["externalAppNo"])
        assert [(one.app_no, one.idempotency_key) for one in found.items] == [(made.app_no, key)]
        assert system.pieces[0]["sent"] == given
        wrong = package.AuthenticatedClient(base_url=system.url, token="wrong")
        refused = register.sync(client=wrong, body=sent, idempotency_key=uuid4().hex)
        assert isinstance(refused, models.Error) and refused.error_code == "UNAUTHORISED"
