"""A client that a generator of others makes of docs/crm-openapi.json works against a system that keeps the contract;
that of the hub's own API is in test_generated_operations.py."""

import importlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

import pytest

from hub.cli.crm import samples
from tests.crm import serving
from tests.unit.crm.systems import TOKEN, Good

DOCS = Path(__file__).parents[2] / "docs"
Generate = Callable[[str, str], ModuleType]


@pytest.fixture
def generate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Generate]:
    """``generate(file, name)``: the package that the generator makes of a file in docs/."""
    monkeypatch.syspath_prepend(str(tmp_path))
    before = set(sys.modules)

    def make(file: str, name: str) -> ModuleType:
        return generated(file, name, tmp_path)

    yield make
    for module in set(sys.modules) - before:
        if module.partition(".")[0] == "crm_client":
            del sys.modules[module]


def generated(file: str, name: str, folder: Path) -> ModuleType:
    """The package ``name`` that the generator makes of a file in docs/, in a folder from which Python imports."""
    said = ["--path", str(DOCS / file), "--meta", "none", "--output-path", str(folder / name)]
    script = Path(sys.executable).with_name("openapi-python-client")
    subprocess.run([script, "generate", *said], check=True, capture_output=True, timeout=120)
    return importlib.import_module(name)


def of(package: ModuleType, path: str) -> Any:
    return importlib.import_module(f"{package.__name__}.{path}")


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
