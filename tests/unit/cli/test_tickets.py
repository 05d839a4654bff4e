"""``hub application ticket`` and ``titles``: a ticket for a registered application, and what its refusal says."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from hub.cli import cli
from sandbox.identity.tickets import Issuer
from tests import samples
from tests.casework import body

ISSUER = Issuer(7)
Run = Callable[..., Result]
PERSON = {"applicant": {"resident_id": samples.PERSON}, "customer_class": "RESIDENT"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text(
        '[connectors.identity_check]\nurl = "http://127.0.0.1:9"\ntoken = "t"\n'
        f'key_id = "{ISSUER.key_id}"\npublic_key = "{ISSUER.public_key}"\n'
    )

    def run(*arguments: str, given: str = "") -> Result:
        return CliRunner().invoke(cli, list(arguments), input=given)

    return run


def test_a_ticket_for_an_application_that_is_registered(run: Run) -> None:
    made = run("application", "submit", "-", "--json", given=json.dumps(body(**PERSON)))
    shown = json.loads(made.stdout)
    assert {one["kind"]: one["reason"] for one in shown["evidence"]}["licence.resident-id"] == "TICKET_NEEDED"
    ticket = ISSUER.ticket("gov-platform", "A-1", samples.PERSON)
    done = run("application", "ticket", shown["application_id"], "-", "--json", given=f"{ticket}\n")
    assert done.exit_code == 0, done.output
    assert "identity.check" in {one["kind"] for one in json.loads(done.stdout)["evidence"]}
    other = ISSUER.ticket("gov-platform", "A-2", samples.PERSON)
    refused = run("application", "ticket", shown["application_id"], "-", given=other)
    assert refused.exit_code == 1
    assert "TICKET_OTHER_APPLICATION" in refused.stderr


def test_p3_titles_are_not_listed_without_a_good_ticket_or_a_source(run: Run) -> None:
    asked = {
        "external_no": "A-1",
        "channel": "gov-platform",
        "applicant": {"resident_id": samples.PERSON},
        "purpose": "connection-application",
        "legal_basis": "action-plan-6",
    }
    for ticket, code in (("x", "TICKET_FORM"), (ISSUER.ticket("gov-platform", "A-1", samples.PERSON), "NO_SOURCE")):
        refused = run("application", "titles", "-", given=json.dumps(asked | {"ticket": ticket}))
        assert refused.exit_code == 1, refused.output
        assert code in refused.stderr
        assert samples.PERSON not in refused.stderr
