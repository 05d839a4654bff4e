"""The connection system's connector: what takes effect can be found, a no is final, an unknown outcome is never taken
for one."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

import connectors.utility_crm
from connectors.utility_crm.mapping import Call, read_streets, to_body, to_call
from hub.clock import SystemClock
from hub.connect import kit
from hub.connect.host import registry
from hub.connect.host.guard import GuardedSink
from hub.errors import Misconfigured, Unavailable
from hub.ports import Address, Refused
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from sandbox.launch import Running

NAME = "utility_crm"
REFERENCES = References(MasterKey(bytes(32)), NAME)
FOLDER = Path(connectors.utility_crm.__file__).parent


def sample(name: str) -> dict[str, Any]:
    """What the system is sent, as the connector's samples show it."""
    sent: dict[str, Any] = json.loads((FOLDER / f"samples/{name}.json").read_text("utf-8"))
    return sent


APPLICATION = {name: value for name, value in sample("application").items() if name != "externalAppNo"} | {
    "custType": "NON_RESIDENT"
}
"""In the hub's words."""
EVIDENCE = sample("evidence")


@pytest.fixture
def sink(sandbox: Running) -> Iterator[GuardedSink]:
    sink = registry.open_sink(NAME, sandbox.connectors()[NAME], SystemClock())
    yield sink
    sink.close()


def registration(number: str = "") -> Address:
    """Where a case of its own is registered."""
    case_id = uuid4().bytes
    return Address("connection", "registration", number or REFERENCES.hub_number(case_id), uuid4().hex)


def evidence(of: Address) -> Address:
    """Where a piece of evidence of the same case belongs."""
    return replace(of, kind="licence.business", key=uuid4().hex)


def test_the_package_describes_itself_and_what_it_takes() -> None:
    info = kit.check_package("connectors.utility_crm")
    assert info.direction == "sink"
    assert info.takes("connection", "registration") and info.takes("connection", "licence.property-title")
    assert info.takes("transfer", "registration") and not info.takes("outages", "registration")


def test_the_hubs_number_stands_where_the_platforms_is_wanted_and_the_channels_own_beside_it(
    sandbox: Running, sink: GuardedSink
) -> None:
    to = registration()
    sink.push(to, APPLICATION)
    effects = sandbox.control(NAME, "effects?bodies=1")["effects"]
    (sent,) = [effect["body"] for effect in effects if effect["externalAppNo"] == to.number]
    assert sent == sample("application") | {"externalAppNo": to.number}


@pytest.mark.parametrize(
    ("voltage", "customer", "codes"),
    [
        ("LOW", "RESIDENT", ("03", "LOW")),
        ("LOW", "NON_RESIDENT", ("02", "LOW")),
        ("HIGH_10KV", "NON_RESIDENT", ("01", "AC00101")),
        ("HIGH_35KV", "NON_RESIDENT", ("01", "HIGH_35KV")),
    ],
)
def test_a_registration_has_the_systems_own_codes(voltage: str, customer: str, codes: tuple[str, str]) -> None:
    body = APPLICATION | {"voltageCode": voltage, "custType": customer}
    sent = to_body(registration(), body, kit.codes_of("connectors.utility_crm"), {})
    assert (sent["custType"], sent["voltageCode"]) == codes
    assert to_body(evidence(registration()), EVIDENCE, kit.codes_of("connectors.utility_crm"), {}) == EVIDENCE


@pytest.mark.parametrize(("street", "unit"), [("长虹街道", "1240101"), ("鼓楼街道", "12401"), ("", "12401")])
def test_the_supply_unit_is_that_of_the_street_in_the_table(street: str, unit: str) -> None:
    table = read_streets("division,street,orgNo\n120104,长虹街道,1240101\n120104,,12401\n")
    sent = to_body(registration(), APPLICATION | {"street": street}, kit.codes_of("connectors.utility_crm"), table)
    assert sent["orgNo"] == unit
    other = to_body(registration(), APPLICATION | {"orgNo": "120101"}, kit.codes_of("connectors.utility_crm"), table)
    assert other["orgNo"] == "120101", "a division that the table does not have stays"


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", "division,street,orgNo\n120104,长虹街道\n", "division,street,orgNo\n,x,1\n"]
)
def test_a_street_table_that_is_none_is_told_at_the_start(tmp_path: Path, sandbox: Running, text: str) -> None:
    file = tmp_path / "streets.csv"
    file.write_text(text, "utf-8")
    with pytest.raises(Misconfigured, match="streets_file"):
        registry.open_sink(NAME, sandbox.connectors()[NAME] | {"streets_file": str(file)}, SystemClock())


def test_pushes_are_certified(sink: GuardedSink) -> None:
    """P2: application, evidence and dates, found by their keys, each once in the system's own count."""
    to = registration()
    kit.check_sink(sink, to, APPLICATION)
    kit.check_sink(sink, evidence(to), EVIDENCE)
    kit.check_sink(sink, replace(to, kind="dates", key=uuid4().hex), sample("dates"))
    kit.check_sink(sink, replace(to, kind="rating", key=uuid4().hex), sample("rating"))


def test_an_answer_lost_after_commit_is_unavailable_and_found_by_asking(sandbox: Running, sink: GuardedSink) -> None:
    """P2: unknown is not "no"; asking first finds the effect, so it is made once."""
    to = registration()
    sandbox.fault(NAME, "drop_after_commit", path="/applications")
    with pytest.raises(Unavailable):
        sink.push(to, APPLICATION)
    sandbox.clear(NAME)
    assert sink.find(to) is not None
    effects = sandbox.control(NAME, "effects")["effects"]
    assert sum(effect["externalAppNo"] == to.number for effect in effects) == 1


def test_a_final_no_carries_the_systems_words(sink: GuardedSink) -> None:
    with pytest.raises(Refused) as told:
        sink.push(evidence(registration()), EVIDENCE)
    assert told.value.code == "APPLICATION_UNKNOWN"


def test_a_wrong_token_is_for_the_operator(sandbox: Running) -> None:
    settings = sandbox.connectors()[NAME] | {"token": "wrong"}
    with pytest.raises(Misconfigured, match="credentials"):
        registry.open_sink(NAME, settings, SystemClock()).push(registration(), APPLICATION)


def test_too_many_requests_say_when_to_come_back(sandbox: Running, sink: GuardedSink) -> None:
    sandbox.fault(NAME, "too_many", retry_after_s=3)
    with pytest.raises(Unavailable) as told:
        sink.push(registration(), APPLICATION)
    assert told.value.retry_after_s == 3


def test_p2_each_piece_of_a_joint_transfer_has_a_path_of_its_own() -> None:
    kinds = ("registration", "check", "transfer", "cancellation", "notice")
    addresses = [Address("transfer", kind, "80SP0B4W5XKX2R", f"key-{kind}") for kind in kinds]
    calls = [to_call(one) for one in addresses]
    assert calls[0] == Call("/transfers", {"transferNo": "80SP0B4W5XKX2R"}, "receiptNo")
    paths = [one.path.removeprefix("/transfers/80SP0B4W5XKX2R/") for one in calls[1:]]
    assert paths == ["checks", "pushes", "cancellations", "notices"]


def test_p2_a_joint_transfer_is_registered_asked_for_and_found_again(sandbox: Running, sink: GuardedSink) -> None:
    to = replace(registration(), procedure="transfer")
    check = replace(to, kind="check", key=uuid4().hex)
    with pytest.raises(Refused):  # a question about what was never registered
        sink.push(check, {"questionNo": 1, "consNo": "1200045678", "oldHolders": []})
    told = ("channel", "channelNo", "reason", "consNo", "keepTariff", "acceptedAt")
    first = sink.push(to, dict.fromkeys(told, "x"))
    assert sink.find(to) == first
    receipt = sink.push(check, {"questionNo": 1, "consNo": "1200045678", "oldHolders": []})
    assert sink.find(check) == receipt and sink.find(replace(check, key="another")) is None
