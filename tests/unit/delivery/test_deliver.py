"""The deliver stage: P2 (each piece once), P3 (only what is verified, needed and still true leaves)."""

import multiprocessing
import sqlite3
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import hub.crash
from hub.cases.case import Case, find
from hub.cases.events import Acknowledged, Piece, Stopped, ToSeal
from hub.cases.tables import piece
from hub.delivery import claims, endings
from hub.delivery.attempts import UNCONFIRMED_MAX
from hub.delivery.claims import LEASE_S, SETTLE_S, Claimed
from hub.errors import Misconfigured, NotSent, Unavailable
from hub.ports import Address, Receipt, Refused
from hub.stores.tables import outbox
from tests import samples
from tests.casework import BY, ConnectionSystem, House, body


def states(house: House) -> list[str]:
    return [row.state for row in house.rows(piece)]


def ready(house: House, *records: dict) -> None:
    """An application whose evidence is there."""
    house.verified(*(records or (samples.title(), samples.business())))
    house.project()
    house.submit(body())
    house.due()


def test_registration_first_then_each_piece_once(house: House, sink: ConnectionSystem) -> None:
    ready(house)
    assert house.deliver(sink) == 3
    assert states(house) == ["acknowledged"] * 3
    sent = [effect for effects in sink.effects.values() for effect in effects]
    assert sent[0]["kind"] == "registration"
    assert {one["kind"] for one in sent[1:]} == {"licence.business", "licence.property-title"}
    assert len({one["number"] for one in sent}) == 1
    assert sink.asked == 0
    assert house.deliver(sink) == 0


def test_the_registration_says_what_the_connection_system_needs(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    house.deliver(sink)
    ((sent,),) = sink.effects.values()
    assert sent == {
        "kind": "registration", "number": sent["number"], "channel": "gov-platform", "channelAppNo": "A-1",
        "busiType": "NEW", "orgNo": "120101",
        "custName": "津门电气有限公司", "elecAddr": f"不动产单元 {samples.UNIT_NO}", "voltageCode": "LOW",
        "contractCap": 50.0, "custType": "NON_RESIDENT", "dueOn": "2026-03-11", "segment": None,
        "segmentDueOn": None, "provisional": False, "workingDays": 7, "workingDaysLeft": 7,
        "acceptedAt": "2026-03-02T09:00+08:00", "custIdType": "USCC", "custIdNo": samples.USCC, "sources": 1,
        "important": False, "sanling": True, "sanlingClaim": {"by": "APPLICANT", "channel": "gov-platform"},
    }  # fmt: skip


def test_p3_evidence_holds_just_what_the_purpose_allows(house: House, sink: ConnectionSystem) -> None:
    ready(house, samples.title())
    house.deliver(sink)
    sent = next(one for (one,) in sink.effects.values() if one["kind"] != "registration")
    assert sent["holderRelation"] == "CO_OWNER"
    assert sent["assurance"] == "CHANNEL_ONLY"
    assert sent["fields"]["holders"] == [{"name": "王伟", "share": "1/2"}, {"name": "津门电气有限公司", "share": "1/2"}]
    assert set(sent["fields"]["unit"]) == {"unit_no", "title_no", "address", "usage", "co_ownership"}
    assert samples.PERSON not in repr(sent)


def test_p2_a_connection_dropped_after_commit_is_asked_for_not_repeated(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    sink.failures = ["dropped"]
    house.deliver(sink)
    assert states(house) == ["pending"]
    house.clock.pass_s(10)
    house.deliver(sink)
    assert states(house) == ["acknowledged"]
    assert (sink.pushed, sink.asked) == (1, 1)
    (shown,) = house.applications.show(bytes(house.rows(piece)[0].case_id))["deliveries"]
    assert (shown["receipt"], shown["found_by_asking"]) == ("FOUND", True)


@pytest.mark.parametrize("says", [None, Unavailable("503"), Misconfigured("404", "x"), ValueError("a defect")], ids=str)
def test_p1_what_is_acknowledged_and_not_there_when_it_is_read_back_is_no_delivery(
    house: House, sink: ConnectionSystem, monkeypatch: pytest.MonkeyPatch, says: Exception | None
) -> None:
    """A success code is no acknowledgement: a system that can be asked is asked."""

    def find(address: Address) -> None:
        if says:
            raise says

    house.submit(body())
    with monkeypatch.context() as patched:
        patched.setattr(sink, "find", find)
        house.deliver(sink, reads_back=True)
        assert states(house) == ["pending"]
    house.clock.pass_s(40)
    house.deliver(sink, reads_back=True)
    assert (states(house), sink.pushed) == (["acknowledged"], 1)


def test_p2_a_system_that_acknowledges_and_forgets_gets_a_piece_a_few_times_and_then_a_person_looks(
    house: House, sink: ConnectionSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sink, "find", lambda address: None)
    house.submit(body())
    for _ in range(200):
        house.deliver(sink, reads_back=True)
        house.clock.pass_s(300)
    assert (states(house), sink.pushed) == (["stopped"], UNCONFIRMED_MAX)


def test_what_is_there_when_it_is_read_back_is_delivered_at_once(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    house.deliver(sink, reads_back=True)
    assert (states(house), sink.pushed, sink.asked) == (["acknowledged"], 1, 1)
    (row,) = house.applications.show(bytes(house.rows(piece)[0].case_id))["deliveries"]
    assert (row["receipt"], row["found_by_asking"]) == ("R1", False)


def test_an_outage_backs_off_and_waits_as_long_as_the_sink_asks(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    sink.failures = [NotSent("later", retry_after_s=60)]
    house.deliver(sink)
    house.clock.pass_s(59)
    assert house.deliver(sink) == 0
    house.clock.pass_s(2)
    house.deliver(sink)
    assert states(house) == ["acknowledged"]


def test_a_permanent_refusal_is_kept_with_its_reason_until_an_operator_releases(
    house: House, sink: ConnectionSystem
) -> None:
    house.submit(body())
    house.submit(body("A-2"))
    sink.failures = [Refused("BLACKLISTED", "客户王伟在黑名单")]
    house.deliver(sink)
    assert sorted(states(house)) == ["acknowledged", "refused"]
    refused = next(row for row in house.rows(piece) if row.state == "refused")
    assert "王伟" not in repr(house.rows(piece))
    shown = house.applications.show(bytes(refused.case_id))["deliveries"][0]
    assert (shown["reason"], shown["said"]) == ("BLACKLISTED", "客户王伟在黑名单")
    house.applications.release(bytes(refused.case_id), BY)
    house.deliver(sink)
    assert states(house) == ["acknowledged"] * 2
    assert sink.asked == 1


def test_p5_a_sinks_code_that_could_be_somebodys_number_is_sealed(house: House, sink: ConnectionSystem) -> None:
    case_id = house.submit(body()).case_id
    sink.failures = [Refused(samples.PERSON, "no")]
    house.deliver(sink)
    assert samples.PERSON not in repr([house.rows(table) for table in (piece, outbox)])
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert (shown["state"], shown["reason"], shown["said"]) == ("refused", "REFUSED", f"{samples.PERSON} no")


def test_what_only_the_operator_can_change_is_told_and_tried_again(house: House, sink: ConnectionSystem) -> None:
    case_id = house.submit(body()).case_id
    sink.failures = [Misconfigured("utility_crm: refuses our credentials (HTTP 401)", "set its token")]
    house.deliver(sink)
    (shown,) = house.applications.show(case_id)["deliveries"]
    assert shown["state"] == "pending"
    assert "set its token" in shown["trouble"]
    house.clock.pass_s(5)
    house.deliver(sink)
    assert states(house) == ["acknowledged"]


def test_a_held_application_waits_and_the_others_go_on(house: House, sink: ConnectionSystem) -> None:
    held = house.submit(body()).case_id
    house.submit(body("A-2"))
    house.applications.hold(held, BY)
    assert house.deliver(sink) == 1
    house.applications.release(held, BY)
    assert house.deliver(sink) == 1


def test_one_poison_application_does_not_stop_the_others(house: House, sink: ConnectionSystem) -> None:
    house.submit(body())
    house.submit(body("A-2"))
    sink.failures = [ValueError("a defect")]
    house.deliver(sink)
    assert sorted(states(house)) == ["acknowledged", "pending"]


def test_p3_a_record_revoked_before_it_left_is_withdrawn_and_looked_for_again(
    house: House, sink: ConnectionSystem
) -> None:
    ready(house, samples.title())
    revoked = samples.title(version=2)
    revoked["status"] = "REVOKED"
    house.verified(revoked)
    house.project()
    house.deliver(sink)
    # The licence, and the piece that would have taken it back.
    assert states(house) == ["acknowledged", "withdrawn", "withdrawn"]
    house.due()
    (need,) = [one for one in shown_evidence(house) if one["kind"] == "licence.property-title"]
    assert (need["state"], need["reason"]) == ("open", "NOT_CURRENT")
    house.verified(samples.title(version=3))
    house.project()
    house.deliver(sink)
    assert states(house) == ["acknowledged", "withdrawn", "withdrawn", "acknowledged"]


def test_p3_a_licence_that_ended_this_year_is_withdrawn_once(house: House, sink: ConnectionSystem) -> None:
    licence = samples.business()
    licence["enterprise"]["valid_until"] = date(2026, 3, 1)
    ready(house, licence)
    for _ in range(3):
        house.deliver(sink)
        house.due()
    assert states(house) == ["acknowledged", "withdrawn"]
    (need,) = [one for one in shown_evidence(house) if one["kind"] == "licence.business"]
    assert (need["state"], need["reason"]) == ("open", "EXPIRED")


def test_p3_a_record_that_was_read_again_leaves_in_its_new_reading_only(house: House, sink: ConnectionSystem) -> None:
    ready(house, samples.title())
    corrected = samples.title()
    corrected["unit"]["usage"] = "商业服务"
    again = house.seal(corrected, reading=1)
    house._put("received", [again], {"hub_reading": "1", "source": "property_title"}, 0)
    house._put("verified", [again], {"hub_reading": "1"}, 0)
    house.project()
    house.deliver(sink)
    house.due()
    house.deliver(sink)
    assert states(house) == ["acknowledged", "withdrawn", "acknowledged"]
    (sent,) = [one for (one,) in sink.effects.values() if one["kind"] == "licence.property-title"]
    assert (sent["reading"], sent["fields"]["unit"]["usage"]) == (1, "商业服务")


def shown_evidence(house: House) -> list[dict[str, Any]]:
    case_id = house.applications.find("gov-platform", "A-1")
    assert case_id
    return house.applications.show(case_id)["evidence"]


def test_p5_an_erased_subject_is_stopped_not_sent(house: House, sink: ConnectionSystem) -> None:
    ready(house, samples.title())
    person = house.vault.find([("person", samples.PERSON)])[0]
    assert person and house.vault.erase(person)
    house.deliver(sink)
    assert states(house) == ["acknowledged", "stopped"]
    assert house.rows(piece)[1].reason == "ERASED"


def test_a_dead_processs_claim_is_taken_over_after_its_lease_and_asked_for(
    house: House, sink: ConnectionSystem
) -> None:
    house.submit(body())
    assert len(house.parts(sink, "hub-2").claims.claim(8, house.clock.process_ms())) == 1
    assert house.deliver(sink) == 0
    house.clock.pass_s(LEASE_S + 1)
    assert house.deliver(sink) == 1
    assert (sink.pushed, sink.asked) == (0, 1), "its call may have ended just now: it may still take effect"
    house.clock.pass_s(SETTLE_S)
    assert house.deliver(sink) == 1
    assert (sink.pushed, sink.asked) == (1, 2)


def test_a_claim_whose_outcome_could_not_be_written_down_is_taken_up_again_a_moment_later(
    house: House, sink: ConnectionSystem, monkeypatch: pytest.MonkeyPatch
) -> None:
    house.submit(body())
    with monkeypatch.context() as patched:
        patched.setattr(endings, "end", _database_away)
        with pytest.raises(Unavailable):
            house.deliver(sink)
    assert (states(house), sink.pushed) == (["pending"], 1)
    assert house.deliver(sink) == 0
    house.clock.pass_s(3)
    assert house.deliver(sink) == 1
    assert (states(house), sink.pushed, sink.asked) == (["acknowledged"], 1, 1)


def test_p4_a_sink_that_took_a_piece_while_it_was_withdrawn_has_it(house: House, sink: ConnectionSystem) -> None:
    ready(house, samples.title())
    house.deliver(sink)
    (title,) = [one for one in house.rows(piece) if one.kind == "licence.property-title"]
    with house.store.write() as connection:
        connection.execute(update(piece).where(piece.c.piece == title.piece).values(state="withdrawn"))
        claims.enqueue(connection, bytes(title.case_id), [Piece(title.piece, "utility_crm", title.kind)])
    claimed = Claimed(cases_find(house, title.case_id), Piece(title.piece, "utility_crm", title.kind), 0)
    told = {"piece": title.piece, "sink": "utility_crm", "attempts": 1}
    endings.end(house.parts(sink), claimed, Stopped(reason="ERASED", **told))
    assert states(house) == ["acknowledged", "withdrawn"]
    endings.end(house.parts(sink), claimed, Acknowledged(found=False, sealed_receipt=ToSeal(b"{}"), **told))
    assert states(house) == ["acknowledged", "acknowledged"]


def cases_find(house: House, case_id: bytes) -> Case:
    with house.store.read() as connection:
        found = find(connection, bytes(case_id))
    assert found
    return found


def _database_away(*_: Any, **__: Any) -> None:
    raise Unavailable("the database is away")


def test_p2_deliver_puts_each_outcome_on_its_topic_once(house: House, sink: ConnectionSystem) -> None:
    ready(house, samples.title())
    house.deliver(sink)
    assert [row.topic for row in house.rows(outbox)].count("delivery.events") == 2


# ---- killed between two lines ----


class Durable:
    """A connection system whose effects survive the process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        with sqlite3.connect(path) as db:
            db.execute("CREATE TABLE IF NOT EXISTS effect(key TEXT)")

    def push(self, address: Address, body: Any) -> Receipt:
        with sqlite3.connect(self.path) as db:
            db.execute("INSERT INTO effect VALUES (?)", (address.key,))
        return Receipt("R", "2026-03-02T09:00:00+08:00")

    def find(self, address: Address) -> Receipt | None:
        return Receipt("F", "2026-03-02T09:00:00+08:00") if address.key in self.keys() else None

    def keys(self) -> list[str]:
        with sqlite3.connect(self.path) as db:
            return [key for (key,) in db.execute("SELECT key FROM effect")]

    def close(self) -> None: ...


def _run(folder: Path, point: str, count: int) -> None:
    hub.crash._name, hub.crash._left = point, count
    house = House(folder)
    house.deliver(Durable(folder / "crm.db"))
    house.close()


def _start(folder: Path) -> None:
    house = House(folder)
    ready(house)
    house.close()


def _finish(folder: Path) -> None:
    house = House(folder)
    house.clock.pass_s(3 * LEASE_S)
    house.deliver(Durable(folder / "crm.db"))
    house.close()


def spawn(target: Any, *arguments: Any) -> int:
    process = multiprocessing.get_context("fork").Process(target=target, args=arguments)
    process.start()
    process.join(60)
    return process.exitcode or 0


@pytest.mark.parametrize("point", ["deliver.claimed", "deliver.posted", "deliver.receipted"])
@pytest.mark.parametrize("count", [1, 2])
def test_p2_killed_at_each_point_every_piece_takes_effect_once(tmp_path: Path, point: str, count: int) -> None:
    assert spawn(_start, tmp_path) == 0
    assert spawn(_run, tmp_path, point, count) == -9
    assert spawn(_finish, tmp_path) == 0
    keys = Durable(tmp_path / "crm.db").keys()
    assert len(keys) == len(set(keys)) == 3
