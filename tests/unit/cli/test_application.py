"""``hub application``, ``hub token`` and ``hub rebuild``, as a newcomer runs them: without a server, and with one."""

import json
import os
import pwd
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import update

from hub import settings as hub_settings
from hub.bootstrap import open_hub
from hub.cases.connection.tables import application
from hub.cli import cli
from hub.cli.parts.applications import by_user
from hub.errors import Misconfigured, Unavailable
from hub.web.server import serve
from tests.casework import body

Run = Callable[..., Result]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hub.toml").write_text("[web]\nport = 0\n")

    def run(*arguments: str, given: str | bytes | None = None) -> Result:
        return CliRunner().invoke(cli, list(arguments), input=given)

    return run


@pytest.fixture
def url(run: Run) -> Iterator[str]:
    hub = open_hub(hub_settings.load())
    try:
        with serve(hub) as url:
            yield url
    finally:
        hub.close()


def test_submit_show_list_hold_and_release_without_a_server(run: Run) -> None:
    first = run("application", "submit", "-", "--json", given=json.dumps(body()))
    assert first.exit_code == 0, first.output
    application_id = json.loads(first.stdout)["application_id"]
    again = run("application", "submit", "-", given=json.dumps(body()))
    assert "submitted before" in again.stdout
    shown = run("application", "show", "--channel", "gov-platform", "--external-no", "A-1", "--json")
    assert json.loads(shown.stdout)["application_id"] == application_id
    assert json.loads(run("application", "hold", application_id, "--json").stdout)["state"] == "held"
    assert json.loads(run("application", "release", application_id, "--json").stdout)["state"] == "open"
    listed = run("application", "list", "--json").stdout.splitlines()
    assert [json.loads(line)["application_id"] for line in listed] == [application_id]
    assert application_id in run("application", "list").stdout  # whole, so that it can be copied


def test_submit_from_options_and_many_a_file(run: Run, tmp_path: Path) -> None:
    options = (
        "--external-no",
        "O-1",
        "--uscc",
        "91110000600037341L",
        "--address",
        "天津市和平区南京路128号1号楼2单元301室",
    )
    made = run("application", "submit", *options, "--capacity-kw", "50", "--json")
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["customer_class"] == "NON_RESIDENT"
    file = tmp_path / "many.jsonl"
    lines = [json.dumps(body("M-1")), "not json", json.dumps(body("M-2", extra=1)), json.dumps(body("M-3"))]
    file.write_text("\n".join(lines))
    many = run("application", "submit", str(file), "--json")
    assert many.exit_code == 1
    assert [json.loads(line)["external_no"] for line in many.stdout.splitlines()] == ["M-1", "M-3"]
    assert "NOT_ASKED" in many.stderr and "UNREADABLE" in many.stderr


@pytest.mark.parametrize("verb", ["show", "clock", "progress", "materials", "steps"])
def test_one_is_named_by_its_number_where_the_id_is_not_known(run: Run, verb: str) -> None:
    options = ["--person", "王伟"] if verb == "steps" else []
    assert run("application", "submit", "-", given=json.dumps(body("A-1"))).exit_code == 0
    named = run("application", verb, "--external-no", "A-1", "--channel", "gov-platform", *options)
    assert named.exit_code == 0, named.output
    assert run("application", verb, "--external-no", "A-9", "--channel", "gov-platform", *options).exit_code == 1
    assert run("application", verb, *options).exit_code == 2


def test_people_see_times_of_china_and_what_others_wrote_is_no_markup(run: Run) -> None:
    given = body("[/red] A-9", channel="counter")
    application_id = json.loads(run("application", "submit", "-", "--json", given=json.dumps(given)).stdout)[
        "application_id"
    ]
    for command in (("show", application_id), ("story", application_id), ("list",)):
        told = run("application", *command)
        assert told.exit_code == 0, told.exception
        assert "[/red] A-9" in told.stdout or command[0] == "list"
    shown = json.loads(run("application", "show", application_id, "--json").stdout)
    moment = datetime.fromisoformat(shown["submitted_at"]) + timedelta(hours=8)
    people = run("application", "show", application_id).stdout
    assert f"{moment:%Y-%m-%d %H:%M:%S} (China time)" in people
    last = shown["clock"]["counted_days"][-1]
    assert f"{last[5:]} ({len(shown['clock']['counted_days'])})" in " ".join(people.split())
    assert "the day of submission does not count" in " ".join(people.split())


def test_what_is_not_there_is_said(run: Run) -> None:
    assert run("application", "show", "0" * 32).exit_code == 1
    assert run("application", "show", "--external-no", "none").exit_code == 1
    assert run("application", "show", "xyz").exit_code == 2
    assert run("application", "show").exit_code == 2
    assert run("application", "steps", "0" * 32, "--person", "李明").exit_code == 1
    made = json.loads(run("application", "submit", "-", "--json", given=json.dumps(body())).stdout)
    assert "no step was reported" in run("application", "steps", made["application_id"], "--person", "李明").stdout


@pytest.mark.parametrize("content", ["", " \n\n"])
def test_a_file_without_an_application_is_no_success(run: Run, content: str) -> None:
    """P1: who submits nothing hears it."""
    done = run("application", "submit", "-", given=content)
    assert done.exit_code == 2, done.output
    assert "no application in the file" in done.output


@pytest.mark.parametrize(
    ("url", "token", "said"),
    [
        ("nonsense", "t", "no address of a hub"),
        ("ftp://127.0.0.1", "t", "no address of a hub"),
        ("http://", "t", "no address of a hub"),
        ("http://[::1", "t", "no address of a hub"),
        ("http://127.0.0.1:1", "", "no token"),
        ("http://127.0.0.1:1", "令牌", "no token has"),
        ("http://127.0.0.1:1", "a b", "no token has"),
        ("http://127.0.0.1:1", "a\n", "no token has"),
    ],
)
def test_an_address_or_a_token_that_cannot_be_used_is_a_fault_of_the_settings(
    run: Run, url: str, token: str, said: str
) -> None:
    refused = run("application", "list", "--url", url, "--token", token).exception
    assert isinstance(refused, Misconfigured)
    assert said in str(refused)
    assert "HUB_" in refused.remedy
    assert not token or token not in str(refused).split()


@pytest.mark.parametrize("wrong", ["nonsense", "../cases", "0" * 31, "0" * 31 + "g"])
def test_what_is_no_id_is_said_with_and_without_a_server(run: Run, url: str, wrong: str) -> None:
    for where in ((), ("--url", url, "--token", "t")):
        for verb in ("show", "hold", "release"):
            done = run("application", verb, wrong, *where)
            assert done.exit_code == 2, done.output
            assert "32 hex digits" in done.output


def test_a_hub_that_does_not_answer_is_named_with_what_to_do(run: Run) -> None:
    away = run("application", "list", "--url", "http://127.0.0.1:1", "--token", "t").exception
    assert isinstance(away, Unavailable)
    assert "HUB_URL" in str(away)


def objects(result: Result) -> list[dict]:
    """What was printed, without the log lines of the server in this process."""
    return [json.loads(line) for line in result.stdout.splitlines() if line.startswith("{")]


def test_an_unknown_channel_is_refused_and_named(run: Run) -> None:
    done = run("application", "submit", "-", given=json.dumps(body(channel="elsewhere")))
    assert done.exit_code == 1
    assert "CHANNEL_UNKNOWN" in done.stderr
    made = run("client", "create", "x", "--channel", "elsewhere", "--purpose", "connection-application")
    assert made.exit_code != 0
    assert "no channel 'elsewhere'" in str(made.exception)


def test_a_list_by_state_and_a_channel_that_is_misspelt(run: Run) -> None:
    assert run("application", "submit", "-", given=json.dumps(body())).exit_code == 0
    for state, count in (("waiting", 1), ("refused", 0), ("held", 0)):  # no source of its evidence is configured
        assert len(run("application", "list", "--state", state, "--json").stdout.splitlines()) == count
    (one,) = map(json.loads, run("application", "list", "--json").stdout.splitlines())
    assert run("application", "hold", one["application_id"]).exit_code == 0
    held = run("application", "list", "--state", "held").stdout
    assert one["application_id"][:8] in held and "submitted (China)" in held
    assert run("application", "list", "--state", "stcuk").exit_code == 2
    for misspelt in (("list", "--channel", "countre"), ("show", "--channel", "countre", "--external-no", "A-1")):
        told = run("application", *misspelt)
        assert told.exit_code == 1
        assert "CHANNEL_UNKNOWN" in told.stderr and "allowed: counter, gov-platform" in told.stderr
    for verb in ("show", "story", "clock"):
        told = run("application", verb, "--channel", "gov-platform", "--external-no", "A-404")
        assert told.exit_code == 1
        assert "NO_SUCH_APPLICATION" in told.stderr and "looked in the channel gov-platform" in told.stderr


def test_a_token_to_fetch_names_a_sink_whose_system_fetches(run: Run, tmp_path: Path) -> None:
    with (tmp_path / "hub.toml").open("a") as settings:
        settings.write('[connectors.utility_pull]\n[connectors.utility_crm]\nurl = "http://127.0.0.1:9"\ntoken = "t"\n')
    assert run("client", "create", "utility").exit_code == 0
    made = run("token", "create", "--client", "utility", "--scope", "deliveries:utility_pull", "--json")
    assert json.loads(made.stdout)["scopes"] == ["deliveries:utility_pull"]
    for name in ("utility_crm", "utility_pul"):
        refused = run("token", "create", "--client", "utility", "--scope", f"deliveries:{name}").exception
        assert f"no sink {name} whose system fetches" in str(refused)
        assert "there are: utility_pull" in str(refused)
    assert run("token", "create", "--client", "utility", "--scope", "deliveries").exit_code == 2


def test_the_same_over_http_with_a_token(run: Run, url: str) -> None:
    scopes = ("--scope", "applications:write", "--scope", "applications:read")
    owned = ("--channel", "gov-platform", "--purpose", "connection-application")
    assert run("client", "create", "tests", *owned).exit_code == 0
    made = run("token", "create", "--client", "tests", *scopes, "--json")
    token = json.loads(made.stdout)
    there = ("--url", url, "--token", token["token"])
    (shown,) = objects(run("application", "submit", "-", "--json", *there, given=json.dumps(body())))
    again = run("application", "submit", "-", *there, given=json.dumps(body())).stdout
    own = shown.pop("application_token")
    assert "submitted before" in again and own in again
    assert objects(run("application", "show", shown["application_id"], "--json", *there)) == [shown]
    progress = ("application", "progress", shown["application_id"], "--url", url, "--token")
    (told,) = objects(run(*progress, own, "--json"))
    assert told == objects(run("application", "progress", shown["application_id"], "--json"))[0]
    assert told["where_zh"] in run(*progress, own).stdout and "营业执照" in run(*progress, own).stdout
    assert type(run(*progress, token["token"]).exception).__name__ == "Misconfigured"
    request = ("application", "request", shown["application_id"], "--segment", "completion")
    for who in ((*there,), ("--url", url, "--token", own), ()):
        early = run(*request, *who)
        assert early.exit_code == 1 and "REQUEST_NOT_NEXT" in early.stderr and "附件2" in early.stderr
    assert type(run(*request, "--url", url, "--token", "oct_x").exception).__name__ == "Misconfigured"
    story = objects(run("application", "story", shown["application_id"], "--json"))
    kept = [one for one in story if one["what"] == "connection.requested"]
    assert [one["value"]["refused"] for one in kept] == ["REQUEST_NOT_NEXT"], "once, whoever asks, on one day"
    (ticks,) = objects(run("application", "clock", shown["application_id"], "--json", *there))
    assert [ticks] == objects(run("application", "clock", shown["application_id"], "--json"))
    assert "低压" in run("application", "clock", shown["application_id"], *there).stdout
    assert len(objects(run("application", "list", "--json", *there))) == 1
    assert run("application", "show", "--external-no", "none", *there).exit_code == 1
    refused = run("application", "submit", "-", *there, given=json.dumps(body(extra=1)))
    assert refused.exit_code == 1 and "NOT_ASKED" in refused.stderr
    beyond = run("application", "submit", "-", *there, given=json.dumps(body(purpose="capacity-increase")))
    assert beyond.exit_code == 1 and "PURPOSE_NOT_YOURS" in beyond.stderr
    assert type(run("application", "hold", shown["application_id"], *there).exception).__name__ == "Misconfigured"
    assert run("token", "revoke", token["id"]).exit_code == 0
    assert run("token", "revoke", token["id"]).exit_code == 1
    assert type(run("application", "list", *there).exception).__name__ == "Misconfigured"
    assert token["token"] not in run("token", "list").stdout


def test_p4_rebuild_names_a_row_that_was_edited_by_hand(run: Run) -> None:
    shown = json.loads(run("application", "submit", "-", "--json", given=json.dumps(body())).stdout)
    fine = run("rebuild", "--check", "--json")
    assert fine.exit_code == 0, fine.output
    assert json.loads(fine.stdout)["equal"]
    hub = open_hub(hub_settings.load())
    with hub.store.write() as connection:
        connection.execute(update(application).values(due_on="2099-01-01"))
    hub.close()
    found = run("rebuild")
    assert found.exit_code == 1
    assert f"changed application {shown['application_id']} (due_on)" in found.stdout
    assert run("rebuild", "--replace").exit_code == 1
    assert run("rebuild").exit_code == 0


def test_p4_the_environment_cannot_say_who_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LOGNAME", "USER", "LNAME", "USERNAME"):
        monkeypatch.setenv(name, "someone-else")
    assert by_user().principal == f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
