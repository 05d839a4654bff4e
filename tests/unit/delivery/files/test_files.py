"""The file of a licence beside its evidence: wanted only where the purpose needs it (P3), settled once (P2), waited for
a moment at most (P1), sealed (P5), and given only while its evidence stands (P3, P4)."""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete

from hub.cases.by import By
from hub.cases.events import Piece
from hub.cases.procedure import installed
from hub.cases.tables import piece
from hub.codec import wire
from hub.delivery import sending
from hub.delivery.claims import Claimed, Claims, let_go
from hub.delivery.filed import WAIT_S, Why, told_digest
from hub.delivery.files.fetch import RETRY_S
from hub.delivery.tables import attempt, licence_file
from hub.errors import NotSent, RecordRejected, Unavailable, Unconfirmed
from hub.operate import filed as operated
from hub.operate.story import story
from hub.ports import Fetched
from hub.privacy.references import References
from hub.privacy.vault import MasterKey
from hub.records.files.licence import FILE_BYTES_MAX, OFD
from hub.records.tables import current, record
from hub.stores.tables import outbox
from hub.topics.declared import ACCESS_EVENTS
from tests import filing, samples
from tests.casework import BY, ConnectionSystem, House, body
from tests.filing import CANARY, FILE, TERM_DAYS, Giving

SINK = "utility_crm"
TOKEN = By("token:1", "crm")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path, filing=frozenset({filing.SOURCE}))
    yield house
    house.close()


@pytest.fixture
def case_id(house: House) -> bytes:
    house.verified(samples.title(), samples.business())
    house.project()
    case_id = house.submit(body()).case_id
    house.due()
    return case_id


def evidence(sink: ConnectionSystem) -> dict[str, Any]:
    (found,) = [one for sent in sink.effects.values() for one in sent if one["kind"] == "licence.business"]
    return found


def delivery_id(house: House) -> str:
    (found,) = [one for one in house.rows(piece) if one.kind == "licence.business"]
    return References(MasterKey(bytes(32)), SINK).delivery_id(bytes(found.case_id), found.piece)


def refusal(house: House, which: str = "", sink: str = SINK) -> str:
    with pytest.raises(RecordRejected) as refused:
        filing.files(house).give(sink, which or delivery_id(house), TOKEN)
    return refused.value.code


def told(house: House) -> list[tuple[str, str | None, str | None]]:
    """Action, reason and sink of each event about a file."""
    found = [wire.decode(bytes(one.value))[1] for one in house.rows(outbox) if one.topic == ACCESS_EVENTS]
    return [(one["action"], one["reason"], one["sink"]) for one in found if "action" in one]


def raising(error: Exception) -> Any:
    def answer() -> Fetched:
        raise error

    return answer


@pytest.mark.usefixtures("case_id")
def test_the_evidence_says_what_the_file_is_and_the_system_gets_it(house: House) -> None:
    source, sink = Giving(), ConnectionSystem()
    assert filing.fetch(house, source) == 1
    house.deliver(sink)
    said, which = evidence(sink)["file"], delivery_id(house)
    given = filing.files(house).give(SINK, which, TOKEN)
    assert given == (FILE, OFD, sha256(FILE).digest())
    assert said["href"] == f"/deliveries/{which}/file"
    assert (said["mediaType"], said["size"], said["digest"][:9]) == (OFD, len(FILE), "sha-256=:")
    assert told(house) == [("FETCHED", None, None), ("GIVEN", None, SINK)]
    (asked,) = source.asked
    assert (asked.key, asked.purpose, asked.business_number) == ("B1", "connection-application", "A-1")


@pytest.mark.usefixtures("case_id")
def test_p3_no_file_is_wanted_of_what_the_purpose_does_not_have_files_of(house: House) -> None:
    assert [one.kind for one in house.rows(licence_file)] == ["licence.business"]


@pytest.mark.parametrize("relation", ["OTHER", "CO_OWNER"])
def test_p3_no_file_is_wanted_of_another_person(house: House, case_id: bytes, relation: str) -> None:
    about = filing.row(house)
    with house.store.write() as connection:
        connection.execute(delete(licence_file))
        connection.execute(delete(attempt))
        one = Piece(7, SINK, about.kind, record_id=bytes(about.record_id), holder_relation=relation)
        house.journal.on_pieces(connection, case_id, [one])
    assert house.rows(licence_file) == []


@pytest.mark.usefixtures("case_id")
def test_p1_evidence_waits_for_its_file_a_moment_and_no_longer(house: House) -> None:
    sink = ConnectionSystem()
    house.deliver(sink)
    assert not [one for sent in sink.effects.values() for one in sent if one["kind"] == "licence.business"]
    house.clock.pass_s(WAIT_S + 1)
    house.deliver(sink)
    assert evidence(sink)["file"] == {"href": f"/deliveries/{delivery_id(house)}/file"}
    assert refusal(house) == Why.NOT_YET
    filing.fetch(house, Giving())
    assert filing.files(house).give(SINK, delivery_id(house), TOKEN).content == FILE


@pytest.mark.usefixtures("case_id")
def test_p2_evidence_that_was_taken_before_its_file_came_says_the_same_at_every_attempt(house: House) -> None:
    house.deliver(ConnectionSystem())
    house.clock.pass_s(WAIT_S + 1)
    claims = Claims(house.store, SINK, "hub-1")
    (claimed,) = [one for one in claims.claim(8, house.clock.process_ms()) if one.piece.kind == "licence.business"]
    let_go([claimed.key])
    before = made(house, claimed)
    filing.fetch(house, Giving())
    assert made(house, claimed) == before
    assert before["file"].keys() == {"href"}


def made(house: House, claimed: Claimed) -> dict[str, Any]:
    references = References(MasterKey(bytes(32)), SINK)
    with house.store.read() as connection:
        return sending.body(house.journal, house.opener, references, connection, claimed)


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (lambda: Fetched(b"<html>please log in</html>"), Why.TYPE),
        (lambda: Fetched(FILE + bytes(FILE_BYTES_MAX)), Why.TOO_LARGE),
        (lambda: Fetched(FILE, bytes(32)), Why.DIGEST),
        (lambda: None, Why.NONE),
        (raising(RecordRejected("PURPOSE_NOT_GRANTED")), Why.NOT_GRANTED),
        (raising(RecordRejected("FILE_NOT_GRANTED")), Why.NOT_GRANTED),
        (raising(RecordRejected("LOOKUP_REFUSED")), Why.REFUSED),
    ],
)
@pytest.mark.usefixtures("case_id")
def test_a_file_that_does_not_fit_is_named_missing_with_its_reason(house: House, answer: Any, reason: str) -> None:
    sink = ConnectionSystem()
    filing.fetch(house, Giving(answer))
    house.deliver(sink)
    assert evidence(sink)["file"] == {"reason": reason}
    assert told(house) == [("MISSING", reason, None)]
    assert refusal(house) == reason
    assert filing.row(house).sealed is None


@pytest.mark.parametrize("trouble", [Unavailable("away"), Unconfirmed("a page of a proxy")])
@pytest.mark.usefixtures("case_id")
def test_a_source_that_is_away_is_asked_again_for_days_and_then_the_file_is_missing(
    house: House, trouble: Exception
) -> None:
    source = Giving(raising(trouble))
    for wait_s in RETRY_S:
        assert filing.fetch(house, source) == 1
        assert filing.row(house).state == "wanted"
        house.clock.pass_s(wait_s + 1)
    filing.fetch(house, source)
    assert (filing.row(house).state, filing.row(house).reason) == ("missing", Why.UNAVAILABLE)
    assert len(source.asked) == len(RETRY_S) + 1


@pytest.mark.usefixtures("case_id")
def test_a_call_that_our_own_bounds_put_off_counts_as_none(house: House) -> None:
    source = Giving(raising(NotSent("quota", 7.0)))
    filing.fetch(house, source)
    assert (filing.row(house).attempts, filing.row(house).state) == (0, "wanted")
    source.answer = Giving().answer
    assert filing.fetch(house, source) == 0
    house.clock.pass_s(8)
    assert filing.fetch(house, source) == 1


@pytest.mark.usefixtures("case_id")
def test_p2_of_two_that_fetched_one_settles(house: House) -> None:
    first, second = Giving(), Giving(lambda: Fetched(filing.ofd("OFD.xml", "other")))

    def die() -> Fetched:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        filing.fetch(house, Giving(die))
    assert filing.fetch(house, first) == 0
    house.clock.pass_s(200)
    found = second.answer()

    def slow() -> Fetched | None:
        house.clock.pass_s(200)
        assert filing.fetch(house, first) == 1
        return found

    second.answer = slow
    filing.fetch(house, second)
    assert [action for action, _, _ in told(house)] == ["FETCHED"]
    assert filing.files(house).give(SINK, delivery_id(house), TOKEN).content == FILE


@pytest.mark.usefixtures("case_id")
def test_p5_no_plain_byte_of_a_file_is_at_rest(house: House, tmp_path: Path) -> None:
    sink = ConnectionSystem()
    filing.fetch(house, Giving())
    house.deliver(sink)
    house.relay()
    filing.files(house).give(SINK, delivery_id(house), TOKEN)
    assert CANARY in FILE
    stored = [one for one in tmp_path.rglob("*") if one.is_file()]
    assert stored
    for one in stored:
        content = one.read_bytes()
        for needle in (CANARY, sha256(FILE).digest(), sha256(FILE).hexdigest().encode()):
            assert needle not in content, one


@pytest.mark.usefixtures("case_id")
def test_p3_evidence_that_does_not_stand_has_no_file(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    house.verified(samples.business(version=2))
    house.project()
    assert refusal(house) == Why.RECALLED
    assert told(house)[-1] == ("REFUSED", Why.RECALLED, SINK)


def test_p3_an_application_that_was_taken_back_has_no_file(house: House, case_id: bytes) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    house.applications.cancel(case_id, BY)
    assert refusal(house) == Why.RECALLED


@pytest.mark.usefixtures("case_id")
def test_a_file_is_erased_after_the_term_of_its_grant(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    house.clock.pass_s((TERM_DAYS - 1) * 86_400)
    filing.fetch(house, Giving())
    assert filing.row(house).state == "stored"
    house.clock.pass_s(2 * 86_400)
    filing.fetch(house, Giving())
    assert (filing.row(house).state, filing.row(house).sealed) == ("erased", None)
    assert refusal(house) == Why.ERASED
    assert ("ERASED", None, None) in told(house)


def again_s(house: House, seconds: float) -> None:
    """A stage that begins so much later looks which files are no use any more."""
    house.clock.pass_s(seconds)
    filing.fetch(house, Giving())


@pytest.mark.usefixtures("case_id")
def test_p3_the_bytes_of_withdrawn_evidence_are_erased_before_their_term(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    again_s(house, 60)
    assert filing.row(house).state == "stored"
    house.verified(samples.business(version=2) | {"status": "REVOKED"})
    house.project()
    again_s(house, 60)
    assert (filing.row(house).state, filing.row(house).sealed) == ("erased", None)
    assert told(house)[-1] == ("ERASED", Why.RECALLED, None)
    assert refusal(house) == Why.RECALLED


def test_p3_the_bytes_of_an_application_that_was_taken_back_are_erased(house: House, case_id: bytes) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    house.applications.cancel(case_id, BY)
    again_s(house, 60)
    assert (filing.row(house).state, filing.row(house).sealed) == ("erased", None)
    assert told(house)[-1] == ("ERASED", Why.RECALLED, None)
    assert refusal(house) == Why.RECALLED


@pytest.mark.usefixtures("case_id")
def test_p2_a_record_that_was_read_again_keeps_its_file_and_a_table_without_records_erases_nothing(
    house: House,
) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    with house.store.write() as connection:
        connection.execute(current.update().values(reading=1))
    again_s(house, 60)
    assert filing.row(house).state == "stored"
    with house.store.write() as connection:
        connection.execute(delete(current))
    again_s(house, 60)
    assert filing.row(house).state == "stored"


@pytest.mark.usefixtures("case_id")
def test_p5_with_its_holder_the_file_is_erased(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    (held,) = [one for one in house.rows(record) if one.kind == "licence.business"]
    message = house.log.read(held.topic, held.partition, held.offset)
    assert message is not None
    parts = wire.decode(message.value or b"")[1]["parts"]
    house.vault.erase(parts[0]["subject_id"])
    assert refusal(house) == Why.ERASED


@pytest.mark.usefixtures("case_id")
def test_p4_a_stored_file_that_was_changed_is_not_given(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    with house.store.write() as connection:
        sealed = bytearray(filing.row(house).sealed)
        sealed[40] ^= 1
        connection.execute(licence_file.update().values(sealed=bytes(sealed)))
    assert refusal(house) == Why.DAMAGED


def test_p4_an_operator_sees_the_digest_and_what_happened_to_the_file(house: House, case_id: bytes) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    filing.files(house).give(SINK, delivery_id(house), TOKEN)
    about = bytes(filing.row(house).record_id)
    (seen,) = operated.files(house.store, house.log, house.opener, [about])
    assert (seen.record_id, seen.case_id, seen.state, seen.size) == (about, case_id, "stored", len(FILE))
    assert seen.digest == told_digest(sha256(FILE).digest())
    house.relay()
    shown = story(filing.parts(house), installed(), case_id)
    actions = [wire.decode(one.message.value or b"")[1]["action"] for one in shown if one.topic == ACCESS_EVENTS]
    assert actions == ["FETCHED", "GIVEN"]


@pytest.mark.usefixtures("case_id")
def test_p3_only_the_deliveries_of_a_system_have_files_for_it(house: House) -> None:
    filing.fetch(house, Giving())
    house.deliver(ConnectionSystem())
    other = References(MasterKey(bytes(32)), "utility_pull")
    assert refusal(house, other.delivery_id(bytes(16), 0)) == "NO_SUCH_DELIVERY"
    assert refusal(house, sink="utility_pull") == "NO_SUCH_DELIVERY"
    assert refusal(house, "x" * 48) == "NO_SUCH_DELIVERY"
